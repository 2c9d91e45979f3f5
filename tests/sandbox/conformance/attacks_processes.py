"""Attacks on processes that are already there: signals, tracing, memory, priorities, /proc.

The parent (the zygote) is mostly tried with what does no harm, such as signal 0: what is granted
for that is granted for all. The victims are really attacked.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack, Kind


def _on_victims(
    name: str, proof: Kind, statement: str, needs_root: bool = False, is_optional: bool = False
) -> Attack:
    """Try a statement on every victim; those of other users may be out of reach without walls."""
    body = f"""
refused = None
for victim in [$victims]:
    try:
        {statement.replace(chr(10), chr(10) + "        ")}
    except (OSError, PermissionError) as error:
        refused = error
if refused:
    raise refused
"""
    return Attack(name, proof, body, needs_root=needs_root, is_optional=is_optional)


_SIGNALS = (
    _on_victims("kill", "victim", "os.kill(victim, 9)"),
    _on_victims("killpg", "victim", "os.killpg(victim, 15)"),
    _on_victims("stopping", "victim", "os.kill(victim, 19)"),
    _on_victims("raw tkill", "victim", "syscall($sys_tkill, victim, 9)"),
    _on_victims("raw tgkill", "victim", "syscall($sys_tgkill, victim, victim, 9)"),
    _on_victims(
        "a queued signal",
        "victim",
        "details = (ctypes.c_int * 32)(15, 0, -1)\n"
        "syscall($sys_rt_sigqueueinfo, victim, 15, details)",
    ),
    _on_victims(
        "a process descriptor",
        "victim",
        "import signal\nsignal.pidfd_send_signal(os.pidfd_open(victim), 9)",
    ),
    _on_victims(
        "the owner of a pipe's events",
        "victim",
        "import fcntl\n"
        "reader, writer = os.pipe()\n"
        "fcntl.fcntl(reader, fcntl.F_SETOWN, victim)\n"
        "fcntl.fcntl(reader, 10, 9)\n"
        "fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\n"
        "os.write(writer, b'x')\n"
        "time.sleep(0.05)",
    ),
    Attack(
        "the parent by a harmless signal",
        "gain",
        """
        os.kill(os.getppid(), 0)
        return 'gained: a way to kill the parent'
        """,
    ),
    Attack(
        "killing the parent",
        "status",
        """
        os.kill(os.getppid(), 9)
        time.sleep(60)
        """,
        statuses=("completed", "error"),
    ),
    Attack(
        "all processes by a harmless signal",
        "gain",
        """
        os.kill(-1, 0)
        return 'gained: a way to kill everything'
        """,
    ),
    Attack(
        "a process descriptor of the parent",
        "gain",
        """
        import signal
        signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)
        return 'gained: a way to kill the parent'
        """,
    ),
    Attack(
        "a life without the parent",
        "gain",
        """
        syscall($sys_prctl, 1, 0, 0, 0, 0)
        signal = ctypes.c_int(-1)
        syscall($sys_prctl, 2, ctypes.byref(signal), 0, 0, 0)
        return 'gained: nothing ends it when the parent dies' if signal.value == 0 else ''
        """,
    ),
)

_TRACING = (
    _on_victims(
        "ptrace",
        "victim",
        "syscall($sys_ptrace, 0x4206, victim, 0, 0x100000)",
        needs_root=True,
    ),
    _on_victims(
        "process_vm_readv",
        "leak",
        "line = [each for each in open(f'/proc/{victim}/maps') if '[stack]' in each][0]\n"
        "low, high = (int(each, 16) for each in line.split()[0].split('-'))\n"
        "text = ctypes.create_string_buffer(high - low)\n"
        "mine = (ctypes.c_uint64 * 2)(ctypes.addressof(text), high - low)\n"
        "theirs = (ctypes.c_uint64 * 2)(low, high - low)\n"
        "syscall($sys_process_vm_readv, victim, mine, 1, theirs, 1, 0)\n"
        "return text.raw[text.raw.find(b'LIT_CODER_VICTIM'):][:60]",
        needs_root=True,
    ),
    _on_victims(
        "/proc/PID/mem",
        "leak",
        "line = [each for each in open(f'/proc/{victim}/maps') if '[stack]' in each][0]\n"
        "low, high = (int(each, 16) for each in line.split()[0].split('-'))\n"
        "with open(f'/proc/{victim}/mem', 'rb') as memory:\n"
        "    memory.seek(low)\n"
        "    text = memory.read(high - low)\n"
        "return text[text.find(b'LIT_CODER_VICTIM'):][:60]",
        needs_root=True,
    ),
    _on_victims(
        "a descriptor of another process",
        "leak",
        "copied = syscall($sys_pidfd_getfd, os.pidfd_open(victim), 0, 0)\n"
        "return os.pread(copied, 100, 0)",
        needs_root=True,
    ),
    Attack(
        "tracing the parent",
        "gain",
        """
        parent = os.getppid()
        syscall($sys_ptrace, 16, parent, 0, 0)
        os.waitpid(parent, 0)
        syscall($sys_ptrace, 17, parent, 0, 0)
        return 'gained: control of the parent'
        """,
        needs_root=True,
    ),
    Attack(
        "reading the parent's memory",
        "gain",
        """
        text = ctypes.create_string_buffer(8)
        mine = (ctypes.c_uint64 * 2)(ctypes.addressof(text), 8)
        theirs = (ctypes.c_uint64 * 2)(id(sys.version), 8)
        syscall($sys_process_vm_readv, os.getppid(), mine, 1, theirs, 1, 0)
        return 'gained: memory of the parent'
        """,
        needs_root=True,
    ),
    Attack(
        "writing the parent's memory",
        "gain",
        """
        place = id(sys.version) + sys.getsizeof(sys.version) - 8
        text = ctypes.create_string_buffer(ctypes.string_at(place, 8), 8)
        mine = (ctypes.c_uint64 * 2)(ctypes.addressof(text), 8)
        theirs = (ctypes.c_uint64 * 2)(place, 8)
        syscall($sys_process_vm_writev, os.getppid(), mine, 1, theirs, 1, 0)
        return 'gained: memory of the parent'
        """,
        needs_root=True,
    ),
    Attack(
        "opening the parent's memory",
        "gain",
        """
        with open(f'/proc/{os.getppid()}/mem', 'rb') as memory:
            memory.seek(id(sys.version))
            memory.read(8)
        return 'gained: memory of the parent'
        """,
        needs_root=True,
    ),
    Attack(
        "the parent's descriptors",
        "gain",
        "return f'gained: {os.listdir(f\"/proc/{os.getppid()}/fd\")}'",
    ),
    Attack(
        "comparing with the parent",
        "gain",
        """
        syscall($sys_kcmp, os.getpid(), os.getppid(), 2, 0, 0)
        return 'gained: knowledge of the parent'
        """,
        is_optional=True,
    ),
    _on_victims(
        "the robust list",
        "gain",
        "head, size = ctypes.c_uint64(), ctypes.c_uint64()\n"
        "syscall($sys_get_robust_list, victim, ctypes.byref(head), ctypes.byref(size))\n"
        "return 'gained: an address in another process'",
        needs_root=True,
    ),
    _on_victims(
        "the pages of another process",
        "gain",
        "syscall($sys_move_pages, victim, 0, 0, 0, 0, 0)\nreturn 'gained: a say on its memory'",
        is_optional=True,
    ),
)

_TREATMENT = (
    _on_victims("nice of others", "victim", "os.setpriority(os.PRIO_PROCESS, victim, 19)"),
    _on_victims(
        "cores of others",
        "victim",
        "os.sched_setaffinity(victim, {min(os.sched_getaffinity(victim))})",
        is_optional=True,
    ),
    _on_victims(
        "scheduler of others",
        "victim",
        "os.sched_setscheduler(victim, os.SCHED_BATCH, os.sched_param(0))",
    ),
    _on_victims(
        "limits of others",
        "victim",
        "import resource\nresource.prlimit(victim, resource.RLIMIT_NOFILE, (64, 64))",
    ),
    _on_victims(
        "input/output priority of others",
        "gain",
        "syscall($sys_ioprio_set, 1, victim, 3 << 13)\nreturn 'gained: a say on its disk'",
    ),
    _on_victims(
        "sacrificing others",
        "victim",
        "with open(f'/proc/{victim}/oom_score_adj', 'w') as file:\n    file.write('900')",
    ),
)

_FACTS = (
    _on_victims(
        "the environment of others",
        "leak",
        "return open(f'/proc/{victim}/environ').read()",
    ),
    _on_victims(
        "files that others hold open", "leak", "return open(f'/proc/{victim}/fd/0').read()"
    ),
    Attack(
        "command lines of others",
        "leak",
        """
        import glob
        return [open(path, 'rb').read() for path in glob.glob('/proc/[0-9]*/cmdline')]
        """,
    ),
)

ATTACKS = _SIGNALS + _TRACING + _TREATMENT + _FACTS
