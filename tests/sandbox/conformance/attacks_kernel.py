"""Attacks through parts of the kernel that a program does not need: rings, keys, memory objects.

They matter because other walls do not see them (io_uring does its own file operations), because
they outlive the program (System V, keys), or because most holes of the kernel were in them.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack

_X86_GETPID = "b8140000" + "00" + "cd80" + "c3"


def _gain(name: str, statement: str, needs_root: bool = False, is_optional: bool = False) -> Attack:
    gained = f"gained: {name}"
    body = f"{statement}\nreturn {gained!r}"
    return Attack(name, "gain", body, needs_root=needs_root, is_optional=is_optional)


_MEMORY_OBJECTS = (
    _gain("memfd", "os.memfd_create('memory')"),
    _gain("secret memory", "syscall($sys_memfd_secret, 0)", is_optional=True),
    Attack("System V memory", "change", "syscall($sys_shmget, $ipc_key, 4096, 0o1666)"),
    Attack("System V messages", "change", "syscall($sys_msgget, $ipc_key, 0o1666)"),
    Attack("System V semaphores", "change", "syscall($sys_semget, $ipc_key, 1, 0o1666)"),
    _gain(
        "POSIX messages",
        "syscall($sys_mq_open, b'$marker', 0o102, 0o600, 0)\nsyscall($sys_mq_unlink, b'$marker')",
        is_optional=True,
    ),
    _gain(
        "a POSIX semaphore",
        "import _multiprocessing\n_multiprocessing.SemLock(1, 1, 1, '/$marker', True)",
    ),
    Attack(
        "shared memory by name",
        "change",
        """
        import _posixshmem
        number = _posixshmem.shm_open('/$marker', os.O_CREAT | os.O_RDWR, 0o666)
        os.ftruncate(number, 4096)
        """,
    ),
    _gain(
        "a key",
        "syscall($sys_add_key, b'user', b'$marker', b'x', 1, -1)",
        is_optional=True,
    ),
)

_INTERFACES = (
    _gain(
        "io_uring",
        "syscall($sys_io_uring_setup, 1, ctypes.create_string_buffer(120))",
        is_optional=True,
    ),
    _gain(
        "BPF",
        "syscall($sys_bpf, 0, (ctypes.c_uint32 * 32)(2, 4, 4, 1), 128)",
        needs_root=True,
        is_optional=True,
    ),
    _gain(
        "performance counters",
        "attributes = (ctypes.c_uint32 * 32)(1, 128)\n"
        "attributes[10] = 0x60\n"
        "syscall($sys_perf_event_open, attributes, 0, -1, -1, 0)",
        needs_root=True,
        is_optional=True,
    ),
    _gain("userfaultfd", "syscall($sys_userfaultfd, 1)", is_optional=True),
    _gain("fanotify", "syscall($sys_fanotify_init, 0, 0)", needs_root=True, is_optional=True),
    _gain("personality", "syscall($sys_personality, 0x0040000)"),
    _gain(
        "a segment of its own",
        "syscall($sys_modify_ldt, 1, (ctypes.c_uint32 * 4)(0, 0, 4096, 0x51), 16)",
        is_optional=True,
    ),
)

_OTHER_ABI = (
    _gain("x32 calls", "syscall($sys_x32_getpid)", is_optional=True),
    Attack(
        "i386 calls",
        "gain",
        f"""
        import mmap
        if os.uname().machine != 'x86_64':
            return ''
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex('{_X86_GETPID}'))
        address = ctypes.addressof(ctypes.c_char.from_buffer(code))
        if ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid():
            return 'gained: calls that the filter of this architecture does not see'
        """,
        top="import ctypes",
        is_optional=True,
    ),
)

ATTACKS = _MEMORY_OBJECTS + _INTERFACES + _OTHER_ABI
