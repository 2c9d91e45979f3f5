"""What the filter says, by an interpreter of its programs; what it does: test_seccomp_processes."""

from __future__ import annotations

import ctypes
import errno
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.sandbox.inside.seccomp import Policy, build_filter
from lit_coder.sandbox.inside.syscalls import Architecture, find_architecture

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
I386, ARM, X32_BIT = 0x40000003, 0x40000028, 0x40000000
POLICIES = [Policy(), Policy(threads=True), Policy(threads=True, execute=True)]
NEVER = """
socket connect bind listen accept accept4 sendmsg sendmmsg recvmsg recvmmsg
shutdown getsockopt setsockopt getsockname getpeername
kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_open pidfd_getfd
fork vfork execveat ptrace process_vm_readv process_vm_writev kcmp process_madvise
chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat truncate
setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr getxattr listxattr mknod mknodat
memfd_create memfd_secret shmget shmat shmctl msgget msgsnd msgrcv semget semop mq_open
userfaultfd bpf perf_event_open add_key request_key keyctl
io_uring_setup io_uring_enter io_uring_register io_setup io_submit
mount umount2 move_mount fsopen open_tree mount_setattr pivot_root chroot unshare setns
personality setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
setrlimit sched_setaffinity sched_setscheduler sched_setparam sched_setattr setpriority ioprio_set
name_to_handle_at open_by_handle_at quotactl swapon swapoff reboot sethostname setdomainname
inotify_init1 fanotify_init setsid setpgid init_module finit_module delete_module kexec_load
clock_settime settimeofday adjtimex acct syslog vhangup seccomp landlock_create_ruleset
splice tee vmsplice timer_create timerfd_create signalfd4 flock sync syncfs lookup_dcookie
set_mempolicy mbind migrate_pages move_pages pkey_alloc mlock mlockall
"""


def known_architectures() -> list[Architecture]:
    found = [find_architecture(name) for name in ("x86_64", "aarch64")]
    return [architecture for architecture in found if architecture is not None]


both = pytest.mark.parametrize("architecture", known_architectures(), ids=lambda each: each.name)
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=str)
call_numbers = st.integers(0, 600) | st.integers(0, 2**32 - 1)
call_arguments = st.tuples(*[st.integers(0, 2**64 - 1) | st.integers(0, 70000)] * 6)


def trace(
    program: bytes, audit_arch: int, number: int, arguments: tuple[int, ...] = ()
) -> list[int]:
    """The classic BPF machine: where it went; the last entry is its answer."""
    data = struct.pack("=III", number, audit_arch, 0) + bytes(4)
    data += struct.pack("=6Q", *arguments, *[0] * (6 - len(arguments)))
    accumulator, position, path = 0, 0, []
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, position * 8)
        path.append(position)
        position += 1
        if code == 0x06:
            return [*path, value]
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        holds = {
            0x15: accumulator == value,
            0x35: accumulator >= value,
            0x45: accumulator & value != 0,
        }[code]
        position += if_true if holds else if_false


def decide(program: bytes, audit_arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    return trace(program, audit_arch, number, arguments)[-1]


class Judge:
    """The answers of one filter to calls by name."""

    def __init__(self, policy: Policy, architecture: Architecture) -> None:
        self._architecture = architecture
        self._program = build_filter(policy, architecture)

    def __call__(self, name: str, *arguments: int) -> int:
        number = self._architecture.numbers[name]
        return decide(self._program, self._architecture.audit_arch, number, arguments)


def header_numbers(machine: str) -> dict[str, int]:
    """All numbers by the kernel's headers for programs."""
    places = {
        "x86_64": ("x86_64-linux-gnu/asm/unistd_64.h", "asm/unistd_64.h"),
        "aarch64": ("asm-generic/unistd.h",),
    }[machine]
    found = [path for place in places if (path := Path("/usr/include", place)).exists()]
    if not found:
        pytest.skip("the kernel's headers (linux-libc-dev) are not installed")
    pairs: list[tuple[str, str]] = re.findall(r"#define\s+(__NR\w*)\s+(\w+)", found[0].read_text())
    defined = dict(pairs)
    names = {name: defined.get(value, value) for name, value in defined.items()}
    return {
        name.removeprefix("__NR_"): int(value)
        for name, value in names.items()
        if name.startswith("__NR_") and value.isdigit()
    }


def libseccomp_numbers(machine: str, names: list[str]) -> dict[str, int]:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not installed")
    resolve = library.seccomp_syscall_resolve_name_arch
    audit_arch = {each.name: each.audit_arch for each in known_architectures()}[machine]
    numbers = {name: resolve(ctypes.c_uint32(audit_arch), name.encode()) for name in names}
    return {name: number for name, number in numbers.items() if number >= 0}


def differing(ours: Mapping[str, int], theirs: Mapping[str, int], names: list[str]) -> list[str]:
    newest = max(theirs.values())
    return [
        name for name in names if ours.get(name) != theirs.get(name) and ours.get(name, 0) <= newest
    ]


def all_names() -> list[str]:
    return sorted({name for each in known_architectures() for name in each.numbers})


@both
def test_the_numbers_are_those_of_the_kernels_headers(architecture: Architecture) -> None:
    theirs = {
        name: number
        for name, number in header_numbers(architecture.name).items()
        if name in all_names()
    }
    assert len(theirs) > 90
    assert differing(architecture.numbers, theirs, all_names()) == []


@both
def test_the_numbers_are_those_of_libseccomp(architecture: Architecture) -> None:
    theirs = libseccomp_numbers(architecture.name, all_names())
    assert len(theirs) > 90
    assert differing(architecture.numbers, theirs, all_names()) == []


@pytest.mark.parametrize("machine", ["riscv64", "i686", "armv7l", "aarch64_be", "arm64", ""])
def test_an_unknown_processor_has_no_table(machine: str) -> None:
    assert find_architecture(machine) is None


@both
@every_policy
def test_every_jump_stays_inside_the_program(policy: Policy, architecture: Architecture) -> None:
    steps = list(struct.iter_unpack("=HBBI", build_filter(policy, architecture)))
    for index, (code, if_true, if_false, _) in enumerate(steps):
        assert code == 0x06 or index + 1 + max(if_true, if_false) < len(steps)


@both
@every_policy
def test_no_decision_takes_many_steps(policy: Policy, architecture: Architecture) -> None:
    program = build_filter(policy, architecture)
    assert len(program) // 8 <= 170
    longest = max(len(trace(program, architecture.audit_arch, number)) for number in range(600))
    assert longest <= 24


@both
@every_policy
@given(number=call_numbers, arguments=call_arguments)
def test_only_calls_of_the_table_are_ever_allowed(
    policy: Policy, architecture: Architecture, number: int, arguments: tuple[int, ...]
) -> None:
    answer = decide(build_filter(policy, architecture), architecture.audit_arch, number, arguments)
    assert answer in (ALLOW, EPERM, ENOSYS, KILL)
    assert answer != ALLOW or number in architecture.numbers.values()


@both
@every_policy
def test_dangerous_calls_are_refused(policy: Policy, architecture: Architecture) -> None:
    theirs = header_numbers(architecture.name)
    program = build_filter(policy, architecture)
    numbers = {name: theirs[name] for name in NEVER.split() if name in theirs}
    assert len(numbers) > 120
    answers = {name: decide(program, architecture.audit_arch, numbers[name]) for name in numbers}
    assert {name for name, answer in answers.items() if answer != EPERM} == set()


@both
@every_policy
@given(number=call_numbers, arguments=call_arguments)
def test_another_processors_calls_kill(
    policy: Policy, architecture: Architecture, number: int, arguments: tuple[int, ...]
) -> None:
    program = build_filter(policy, architecture)
    others = {I386, ARM, *(each.audit_arch for each in known_architectures())}
    for audit_arch in others - {architecture.audit_arch}:
        assert decide(program, audit_arch, number, arguments) == KILL


@every_policy
@given(number=st.integers(0, 2**30 - 1))
def test_x32_calls_kill(policy: Policy, number: int) -> None:
    (architecture,) = (each for each in known_architectures() if each.name == "x86_64")
    program = build_filter(policy, architecture)
    assert decide(program, architecture.audit_arch, number | X32_BIT) == KILL


@both
@given(beyond=st.integers(1, 10_000))
def test_calls_newer_than_the_table_are_not_there(architecture: Architecture, beyond: int) -> None:
    number = max(architecture.numbers.values()) + beyond
    assert decide(build_filter(Policy(), architecture), architecture.audit_arch, number) == ENOSYS


@both
@pytest.mark.parametrize("name", ["clone3", "openat2", "faccessat2", "epoll_pwait2"])
def test_calls_the_c_library_can_do_without_are_not_there(
    architecture: Architecture, name: str
) -> None:
    assert Judge(Policy(threads=True, execute=True), architecture)(name) == ENOSYS


@both
@pytest.mark.parametrize("flags", [0x3D0F00, 0x7D0F00, 0x10100])
def test_clone_starts_threads_only_where_the_policy_says_so(
    architecture: Architecture, flags: int
) -> None:
    assert Judge(Policy(threads=True), architecture)("clone", flags) == ALLOW
    assert Judge(Policy(), architecture)("clone", flags) == EPERM


@both
@given(flags=st.integers(0, 2**64 - 1), bit=st.sampled_from([0x11, 0x2000, 0x20000, 0x10000000]))
def test_clone_makes_no_process_and_no_namespace(
    architecture: Architecture, flags: int, bit: int
) -> None:
    judge = Judge(Policy(threads=True, execute=True), architecture)
    assert judge("clone", flags & ~0x10000) == EPERM
    assert judge("clone", 0x3D0F00 | bit) == EPERM


@both
def test_a_program_is_executed_only_where_the_policy_says_so(architecture: Architecture) -> None:
    assert Judge(Policy(threads=True), architecture)("execve") == EPERM
    assert Judge(Policy(execute=True), architecture)("execve") == ALLOW


@both
@given(pointer=st.integers(1, 2**64 - 1), pid=st.integers(1, 2**32 - 1))
def test_limits_can_be_read_and_never_set(
    architecture: Architecture, pointer: int, pid: int
) -> None:
    judge = Judge(Policy(), architecture)
    assert judge("prlimit64", 0, 7, 0, 4096) == ALLOW
    for new_limit in (pointer, pointer & -(2**32) or 2**32, pointer % 2**32 or 1):
        assert judge("prlimit64", 0, 7, new_limit, 4096) == EPERM
    assert judge("prlimit64", pid, 7, 0, 4096) == EPERM


@both
@given(junk=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize(
    ("name", "position", "allowed"),
    [
        ("ioctl", 1, {0x5401, 0x802C542A, 0x541B, 0x5421, 0x5450, 0x5451}),
        ("fcntl", 1, {0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032}),
        ("prctl", 0, {15, 16}),
    ],
)
def test_the_low_half_of_a_request_decides(
    architecture: Architecture, name: str, position: int, allowed: set[int], junk: int
) -> None:
    judge = Judge(Policy(), architecture)
    for low in allowed | {0x5412, 0x5423, 8, 10, 1024, 1026, 1031, 38, 4, junk}:
        arguments = [0, 0, 0]
        arguments[position] = junk << 32 | low
        assert judge(name, *arguments) == (ALLOW if low in allowed else EPERM)
