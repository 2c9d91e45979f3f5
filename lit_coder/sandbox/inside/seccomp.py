"""The list of system calls a program may make, as a filter that the kernel runs for each call.

    architecture = find_architecture()
    filter_bytes = build_filter(Policy(threads=True), architecture)    # once, in the zygote
    set_no_new_privs(); install(filter_bytes)                         # in every child, last

What is not on the list fails with EPERM; what the C library can do without, and what is newer
than our table, with ENOSYS, so that it falls back. A call by another processor's numbers (i386,
x32) kills the process. Of sockets there is only what an event loop wakes itself with: a connected
pair of its own, on which nothing is sent to an address and no descriptor travels. Which files may
be reached is Landlock's matter: a call on the list may still fail there.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import NamedTuple

from .credentials import prctl_function
from .syscalls import Architecture

_ALWAYS = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek
open openat creat close close_range dup dup2 dup3 pipe pipe2
stat fstat lstat newfstatat statx statfs fstatfs access faccessat readlink readlinkat
getdents getdents64 getcwd chdir fchdir umask mkdir mkdirat rmdir unlink unlinkat
rename renameat renameat2 link linkat symlink symlinkat
ftruncate fallocate fadvise64 fsync fdatasync sendfile copy_file_range
mmap munmap mprotect mremap madvise msync brk
poll ppoll select pselect6
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait recvfrom
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait
sigaltstack pause restart_syscall
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
alarm getitimer setitimer
futex set_robust_list rseq sched_yield sched_getaffinity getcpu
getpid gettid getppid getpgid getpgrp getsid getgroups
getuid geteuid getgid getegid getresuid getresgid
getrlimit getrusage getpriority sysinfo uname getrandom
exit exit_group wait4 waitid
"""
# What another interpreter needs to start and to turn its event loop.
_WITH_EXECUTE = """
execve arch_prctl set_tid_address capget membarrier eventfd2
"""
# Newer forms of calls on the list, whose arguments a filter cannot see or that bring nothing.
_NOT_THERE = "clone3 openat2 faccessat2 epoll_pwait2 futex_waitv"

_ARGUMENTS = 16
"""Where a call's arguments begin in what the kernel shows a filter: 8 bytes each, low half first
on both processors."""
_CLONE_THREAD = 0x10000
# All that the C libraries set to start a thread: memory, files and signals shared, and no new
# namespace, tracer or exit signal.
_THREAD_FLAGS = 0x7D0F00
# F_DUPFD to F_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: none that sends signals or takes leases. A
# lock on a part of a file is what a database takes on its own.
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)
# TCGETS and its successor (is it a terminal?), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_IOCTL_REQUESTS = (0x5401, 0x802C542A, 0x541B, 0x5421, 0x5450, 0x5451)
_AF_UNIX = 1
# PR_SET_NAME, PR_GET_NAME.
_PRCTL_OPTIONS = (15, 16)

_X32_BIT = 0x40000000
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_LOAD_NUMBER, _LOAD_ARCHITECTURE = 0, 4
_ACTIONS = {
    "allow": 0x7FFF0000,
    "deny": 0x00050000 | errno.EPERM,
    "not there": 0x00050000 | errno.ENOSYS,
    "kill": 0x80000000,
}
_MAX_JUMP = 255
_INSTRUCTION = struct.Struct("=HBBI")

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2


class Policy(NamedTuple):
    """What a program may do beside computing and reaching the files it is given.

    Args:
        threads: start threads; processes never.
        execute: start a program in its own place, as an interpreter is started.
    """

    threads: bool = False
    execute: bool = False


class _Step(NamedTuple):
    """One instruction; a jump names a label, or goes on with the next where the name is empty."""

    code: int
    value: int
    if_true: str = ""
    if_false: str = ""
    label: str = ""


def build_filter(policy: Policy, architecture: Architecture) -> bytes:
    """The filter program for a policy on a processor."""
    checks = _argument_checks(policy)
    steps = [
        _Step(_LOAD, _LOAD_ARCHITECTURE),
        _Step(_JUMP_EQUAL, architecture.audit_arch, "", "kill"),
        _Step(_LOAD, _LOAD_NUMBER),
    ]
    if architecture.name == "x86_64":
        steps.append(_Step(_JUMP_GREATER_EQUAL, _X32_BIT, "kill"))
    _, tree = _search(_ranges(policy, checks, architecture.numbers))
    steps += tree
    for check in checks.values():
        steps += check
    steps += [_Step(_RETURN, value, label=label) for label, value in _ACTIONS.items()]
    return _assemble(steps)


def _argument_checks(policy: Policy) -> dict[str, list[_Step]]:
    """The calls that are allowed with some arguments only; each check begins at its own name."""
    checks = {
        "fcntl": _one_of("fcntl", 1, _FCNTL_COMMANDS),
        "ioctl": _one_of("ioctl", 1, _IOCTL_REQUESTS),
        "prctl": _one_of("prctl", 0, _PRCTL_OPTIONS),
        "socketpair": _one_of("socketpair", 0, (_AF_UNIX,)),
        "sendto": _null("sendto", 4),
        # Of this process, and without a new limit.
        "prlimit64": [
            _Step(_LOAD, _ARGUMENTS, label="prlimit64"),
            _Step(_JUMP_EQUAL, 0, "", "deny"),
            *_null("", 2),
        ],
    }
    if policy.threads:
        checks["clone"] = [
            _Step(_LOAD, _ARGUMENTS, label="clone"),
            _Step(_JUMP_ANY_BIT, ~_THREAD_FLAGS & 0xFFFFFFFF, "deny"),
            _Step(_JUMP_ANY_BIT, _CLONE_THREAD, "allow", "deny"),
        ]
    return checks


def _null(name: str, argument: int) -> list[_Step]:
    """Allow where the argument, a pointer, is null in both its halves."""
    return [
        _Step(_LOAD, _ARGUMENTS + 8 * argument, label=name),
        _Step(_JUMP_EQUAL, 0, "", "deny"),
        _Step(_LOAD, _ARGUMENTS + 8 * argument + 4),
        _Step(_JUMP_EQUAL, 0, "allow", "deny"),
    ]


def _one_of(name: str, argument: int, values: tuple[int, ...]) -> list[_Step]:
    """Allow where the argument's low half is one of the values; the kernel reads no more of it."""
    *others, last = values
    return [
        _Step(_LOAD, _ARGUMENTS + 8 * argument, label=name),
        *(_Step(_JUMP_EQUAL, value, "allow") for value in others),
        _Step(_JUMP_EQUAL, last, "allow", "deny"),
    ]


def _ranges(
    policy: Policy, checks: Mapping[str, object], numbers: Mapping[str, int]
) -> list[tuple[int, str]]:
    """Where each run of numbers that are treated alike begins, with the label they go to."""
    allowed = _ALWAYS + (_WITH_EXECUTE if policy.execute else "")
    targets = {
        **dict.fromkeys(allowed.split(), "allow"),
        **dict.fromkeys(_NOT_THERE.split(), "not there"),
        **{name: name for name in checks},
    }
    labels = {numbers[name]: label for name, label in targets.items() if name in numbers}
    newest = max(numbers.values())
    by_number = [(number, labels.get(number, "deny")) for number in range(newest + 1)]
    by_number.append((newest + 1, "not there"))
    return [next(run) for _, run in groupby(by_number, key=lambda pair: pair[1])]


def _search(ranges: list[tuple[int, str]]) -> tuple[str, list[_Step]]:
    """A binary search over the ranges: its first label, and its steps."""
    if len(ranges) == 1:
        return ranges[0][1], []
    middle = len(ranges) // 2
    start = ranges[middle][0]
    low_label, low_steps = _search(ranges[:middle])
    high_label, high_steps = _search(ranges[middle:])
    label = f"from {start}"
    choice = _Step(_JUMP_GREATER_EQUAL, start, high_label, low_label, label)
    return label, [choice, *low_steps, *high_steps]


def _assemble(steps: list[_Step]) -> bytes:
    positions = {step.label: index for index, step in enumerate(steps) if step.label}
    program = bytearray()
    for index, step in enumerate(steps):
        jumps = [
            positions[label] - index - 1 if label else 0 for label in (step.if_true, step.if_false)
        ]
        assert all(0 <= jump <= _MAX_JUMP for jump in jumps), "the filter is too long to jump in"
        program += _INSTRUCTION.pack(step.code, *jumps, step.value)
    return bytes(program)


class _Program(ctypes.Structure):
    """The kernel's `sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def prepare_install(filter_bytes: bytes) -> Callable[[], None]:
    """`install` of this filter, with all but the call done: for a process that forks often."""
    program = _Program(len(filter_bytes) // _INSTRUCTION.size, filter_bytes)
    zero = ctypes.c_ulong(0)
    arguments = (
        ctypes.c_int(_PR_SET_SECCOMP),
        ctypes.c_ulong(_SECCOMP_MODE_FILTER),
        ctypes.byref(program),
        zero,
        zero,
    )
    call = prctl_function()

    def install_now() -> None:
        if call(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the filter of system calls was refused")

    return install_now


def install(filter_bytes: bytes) -> None:
    """Put this process under the filter, with all it starts; it needs `set_no_new_privs`.

    Only the calling thread is filtered: call it before there is another one.

    Raises:
        OSError: the kernel refused the filter.
    """
    prepare_install(filter_bytes)()
