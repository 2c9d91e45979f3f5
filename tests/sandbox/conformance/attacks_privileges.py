"""Attacks that want more rights: users, capabilities, namespaces, mounts, limits, devices.

Where a call would change the machine, its arguments are such that it cannot: `passes` says
whether the kernel refused it for want of permission or only for its arguments.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack


def _gain(
    name: str,
    condition: str,
    needs_root: bool = True,
    is_optional: bool = False,
    before: str = "pass",
) -> Attack:
    gained = f"gained: {name}"
    body = f"{before}\nreturn {gained!r} if {condition} else ''"
    return Attack(name, "gain", body, needs_root=needs_root, is_optional=is_optional)


def _opening(name: str, paths: str, mode: str, is_optional: bool = False) -> Attack:
    body = f"""
import glob
for pattern in {paths!r}.split():
    for path in glob.glob(pattern):
        try:
            open(path, '{mode}', buffering=0).close()
            return f'gained: {{path}}'
        except OSError:
            pass
"""
    return Attack(name, "gain", body, needs_root=True, is_optional=is_optional)


_USERS = (
    _gain("being root", "0 in (*os.getresuid(), *os.getresgid())"),
    _gain("becoming root", "os.geteuid() == 0", before="os.setuid(0)"),
    _gain(
        "becoming root by a raw call",
        "os.geteuid() == 0",
        before="syscall($sys_setresuid, 0, 0, 0)",
    ),
    _gain("other groups", "0 in os.getgroups()", before="os.setgroups([0])"),
    _gain(
        "capabilities",
        "any(sets)",
        before="head = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)()\n"
        "syscall($sys_capget, head, sets)",
    ),
    _gain(
        "rights of set-user-id programs",
        "syscall($sys_prctl, 39, 0, 0, 0, 0) == 0",
        needs_root=False,
    ),
    _gain(
        "a higher limit",
        "resource.getrlimit(resource.RLIMIT_AS)[1] == -1",
        before="import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    ),
    _gain(
        "a higher limit by a raw call",
        "resource.getrlimit(resource.RLIMIT_CPU)[1] == -1",
        before="import resource\n"
        "syscall($sys_prlimit64, 0, resource.RLIMIT_CPU, (ctypes.c_int64 * 2)(-1, -1), 0)",
    ),
    _gain("a better priority", "os.nice(-5) < 0"),
    _gain(
        "real-time scheduling",
        "os.sched_getscheduler(0) == os.SCHED_FIFO",
        before="os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    ),
    _gain(
        "immunity when memory is short",
        "open(path).read().strip() == '-1000'",
        before="path = '/proc/self/oom_score_adj'\nopen(path, 'w').write('-1000')",
    ),
)

_NAMESPACES = (
    _gain(
        "a user namespace",
        "syscall($sys_unshare, 0x10000000) == 0",
        needs_root=False,
        is_optional=True,
    ),
    _gain("a mount namespace", "syscall($sys_unshare, 0x20000) == 0"),
    _gain("a network namespace", "syscall($sys_unshare, 0x40000000) == 0"),
    _gain(
        "entering a namespace",
        "syscall($sys_setns, os.open('/proc/self/ns/net', os.O_RDONLY), 0) == 0",
    ),
    _gain(
        "entering the parent's namespaces",
        "syscall($sys_setns, os.pidfd_open(os.getppid()), 0x40000000) == 0",
    ),
    _gain("chroot", "os.listdir('/') == []", before="os.mkdir('cell')\nos.chroot('cell')"),
    _gain("pivot_root", "passes($sys_pivot_root, b'.', b'.')"),
    _gain("mount", "passes($sys_mount, b'none', b'/', b'no-such-type', 0, 0)"),
    Attack(
        "mounting over the target",
        "gain",
        """
        syscall($sys_mount, b'none', b'$target_folder', b'tmpfs', 0, 0)
        libc.umount2(b'$target_folder', 2)
        return 'gained: a mount'
        """,
        needs_root=True,
    ),
    _gain("fsopen", "syscall($sys_fsopen, b'tmpfs', 0) > 0"),
    _gain("open_tree", "syscall($sys_open_tree, -100, b'/', 1) > 0"),
    _gain(
        "sethostname",
        "syscall($sys_sethostname, name, len(name)) == 0",
        before="name = os.uname().nodename.encode()",
    ),
)

_MACHINE = (
    _gain("settimeofday", "syscall($sys_settimeofday, 0, 0) == 0"),
    _gain("reboot", "passes($sys_reboot, 0, 0, 0, 0)"),
    _gain("loading a module", "passes($sys_init_module, 0, 0, b'')", is_optional=True),
    _gain("the kernel's log", "passes($sys_syslog, 3, ctypes.create_string_buffer(100), 100)"),
    _gain("input/output ports", "syscall($sys_ioperm, 0x80, 1, 1) == 0", is_optional=True),
    _opening("core_pattern", "/proc/sys/kernel/core_pattern", "wb"),
    _opening("a kernel setting", "/proc/sys/kernel/hostname /proc/sys/vm/swappiness", "wb"),
    _opening("the magic key", "/proc/sysrq-trigger", "wb", is_optional=True),
    _opening("/sys", "/sys/kernel/mm/*/* /sys/module/*/parameters/*", "wb", is_optional=True),
    _opening("control groups", "/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/tasks", "wb", True),
    _opening("physical memory", "/dev/mem /proc/kcore", "rb", is_optional=True),
    _opening("a disk", "/dev/[svx]d[a-z] /dev/nvme0n1 /dev/loop0", "rb", is_optional=True),
    _opening("the log's device", "/dev/kmsg", "wb", is_optional=True),
    _opening("tunnels", "/dev/net/tun", "rb", is_optional=True),
    _opening("virtual machines", "/dev/kvm", "rb", is_optional=True),
    _opening("file systems of its own", "/dev/fuse", "rb", is_optional=True),
    Attack(
        "a terminal",
        "gain",
        "return f'gained: {os.openpty()}'",
    ),
    Attack(
        "typing into the terminal",
        "gain",
        """
        import fcntl, termios
        fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), termios.TIOCSTI, b'x')
        return 'gained: keys in the terminal'
        """,
        control="none",
        why_no_control="no program has a terminal, walls or not",
    ),
)

ATTACKS = _USERS + _NAMESPACES + _MACHINE
