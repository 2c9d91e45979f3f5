"""What the filter does to real processes that attack, seen from outside."""

from __future__ import annotations

import os
import platform
import pty
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.locked_child import answers, can_gain_privileges, filtered, run_child

on_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of x86 processors")


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]) as it:
        yield it
        it.kill()


@filtered
def test_a_file_keeps_its_mode_owner_times_attributes_and_size(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(0o640)
    before = file.stat()
    body = """
path = sys.argv[1]
descriptor = os.open(path, os.O_RDWR)
lock()
attempt(os.chmod, path, 0o777)
attempt(os.fchmod, descriptor, 0o777)
attempt(os.chown, path, os.getuid(), os.getgid())
attempt(os.fchown, descriptor, os.getuid(), os.getgid())
attempt(os.utime, path, (1, 1))
attempt(os.setxattr, path, "user.mark", b"1")
attempt(os.truncate, path, 0)
attempt(os.mkfifo, path + ".fifo")
"""
    assert answers(body, file) == ["EPERM"] * 8
    assert file.stat() == before
    assert os.listxattr(file) == []
    assert os.listdir(tmp_path) == ["file"]


@filtered
def test_no_listener_hears_of_a_program(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as named,
    ):
        udp.bind(("127.0.0.1", 0))
        named.bind(str(tmp_path / "socket"))
        named.listen()
        body = """
tcp, udp, named = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lock()
def connect(family, kind, address):
    with socket.socket(family, kind) as connection:
        connection.connect(address)
        connection.send(b"heard")
attempt(connect, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", tcp))
attempt(connect, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", udp))
attempt(connect, socket.AF_UNIX, socket.SOCK_STREAM, named)
attempt(connect, socket.AF_UNIX, socket.SOCK_STREAM, "\\0abstract")
attempt(connect, socket.AF_NETLINK, socket.SOCK_RAW, (0, 0))
attempt(socket.socketpair, socket.AF_INET)
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
attempt(one.sendto, b"x", named)
"""
        ports = tcp.getsockname()[1], udp.getsockname()[1]
        assert answers(body, *ports, tmp_path / "socket") == ["EPERM"] * 7
        assert select.select([tcp, udp, named], [], [], 0)[0] == []


@filtered
def test_sockets_it_already_has_can_be_read_and_written_and_nothing_else() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"question")
        body = """
with socket.socket(fileno=0) as connection:
    lock()
    attempt(socket.send_fds, connection, [b"x"], [1])
    attempt(socket.recv_fds, connection, 1, 1)
    attempt(connection.shutdown, socket.SHUT_RD)
    assert os.read(0, 99) == b"question"
    os.write(0, b"answer")
"""
        assert answers(body, stdin=theirs.fileno()) == ["EPERM"] * 3
        assert ours.recv(99) == b"answer"


@filtered
def test_no_process_outside_is_signalled_or_traced(victim: subprocess.Popen[bytes]) -> None:
    body = """
victim = int(sys.argv[1])
lock(True, True)
attempt(os.kill, victim, signal.SIGKILL)
attempt(os.kill, os.getppid(), 0)
attempt(os.kill, -1, 0)
attempt(os.killpg, 0, 0)
attempt(os.pidfd_open, victim)
attempt(os.sched_setaffinity, victim, {0})
attempt(os.setpriority, os.PRIO_PROCESS, victim, 19)
attempt(os.setsid)
"""
    assert answers(body, victim.pid) == ["EPERM"] * 8
    assert victim.poll() is None
    assert os.getpriority(os.PRIO_PROCESS, victim.pid) == os.getpriority(os.PRIO_PROCESS, 0)


@filtered
@pytest.mark.parametrize("policy", ["", "True", "True, True"])
def test_no_process_is_started(tmp_path: Path, policy: str) -> None:
    marker = tmp_path / "marker"
    body = """
marker = sys.argv[1]
import _posixsubprocess, subprocess
libc = ctypes.CDLL(None)
lock(POLICY)
def start(fork):
    if fork() == 0:
        open(marker, "w").close()
        os._exit(0)
attempt(start, os.fork)
attempt(subprocess.call, ["/usr/bin/touch", marker])
attempt(os.posix_spawn, "/usr/bin/touch", ["touch", marker], {})
print(libc.fork(), libc.system(b"touch " + marker.encode()) != 0)
attempt_call(syscalls.find_architecture().numbers["clone"], signal.SIGCHLD, 0, 0, 0, 0)
attempt_call(syscalls.find_architecture().numbers["clone3"], 0, 0)
""".replace("POLICY", policy)
    assert answers(body, marker) == ["EPERM"] * 3 + ["-1", "True", "EPERM", "ENOSYS"]
    assert not marker.exists()


@filtered
def test_no_program_is_executed_without_the_policy(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    body = """
lock(True)
attempt(os.execv, "/usr/bin/touch", ["touch", sys.argv[1]])
descriptor = os.open("/usr/bin/touch", os.O_RDONLY)
attempt(os.execve, descriptor, ["touch", sys.argv[1]], {})
"""
    assert answers(body, marker) == ["EPERM"] * 2
    assert not marker.exists()


@filtered
def test_limits_are_read_and_not_changed() -> None:
    body = """
before = resource.getrlimit(resource.RLIMIT_NOFILE)
lock()
for limit in (before, (10, 10)):
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    except ValueError:
        print("refused")
attempt(resource.prlimit, os.getppid(), resource.RLIMIT_NOFILE)
print(resource.getrlimit(resource.RLIMIT_NOFILE) == before)
"""
    assert answers(body) == ["refused", "refused", "EPERM", "True"]


@filtered
def test_nothing_is_typed_into_a_terminal() -> None:
    controller, terminal = pty.openpty()
    body = """
numbers = syscalls.find_architecture().numbers
lock()
letter = ctypes.create_string_buffer(b"x")
for request in (0x5412, 0xFFFFFFFF00005412):
    attempt_call(numbers["ioctl"], 0, request, ctypes.addressof(letter))
print(os.isatty(0))
"""
    try:
        assert answers(body, stdin=terminal) == ["EPERM", "EPERM", "True"]
        assert select.select([controller, terminal], [], [], 0)[0] == []
    finally:
        os.close(controller)
        os.close(terminal)


@filtered
def test_descriptors_send_no_signals_and_take_no_leases(tmp_path: Path) -> None:
    body = """
folder = os.open(sys.argv[1], os.O_RDONLY)
pipe, _ = os.pipe()
lock()
attempt(fcntl.fcntl, pipe, fcntl.F_SETOWN, os.getppid())
attempt(fcntl.fcntl, pipe, fcntl.F_SETSIG, signal.SIGKILL)
attempt(fcntl.fcntl, folder, fcntl.F_NOTIFY, fcntl.DN_CREATE)
attempt(fcntl.fcntl, folder, fcntl.F_SETLEASE, fcntl.F_RDLCK)
attempt(fcntl.fcntl, pipe, 1031, 2**20)
attempt(fcntl.fcntl, pipe, fcntl.F_DUPFD_CLOEXEC, 10)
"""
    assert answers(body, tmp_path) == ["EPERM"] * 5 + ["done"]


@filtered
def test_a_process_cannot_undo_how_it_was_bound() -> None:
    body = """
lock()
for option, argument in ((1, 0), (4, 1), (35, 1), (36, 1), (22, 2)):
    attempt(credentials.prctl, option, argument)
attempt(os.setuid, os.getuid())
attempt(credentials.prctl, 15, ctypes.addressof(ctypes.create_string_buffer(b"name")))
"""
    assert answers(body) == ["EPERM"] * 6 + ["done"]


@filtered
def test_abort_ends_the_process_by_a_signal() -> None:
    assert run_child("lock(); os.abort()").returncode < 0


@filtered
@on_x86_64
@pytest.mark.parametrize("is_locked", [True, False])
def test_i386_calls_kill_the_process(is_locked: bool) -> None:
    body = """
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000 cd80 c3"))    # mov eax, getpid of i386; int 0x80; ret
get_pid = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if sys.argv[1] == "True":
    lock()
sys.exit(get_pid() != os.getpid())
"""
    returncode = run_child(body, is_locked).returncode
    if not is_locked and returncode != 0:
        pytest.skip("this kernel does not run i386 calls")
    assert returncode == (-signal.SIGSYS if is_locked else 0)


@filtered
@on_x86_64
def test_x32_calls_kill_the_process() -> None:
    assert run_child("lock(); attempt_call(0x40000000 | 39)").returncode == -signal.SIGSYS


@filtered
def test_another_processors_filter_is_valid_and_kills_at_the_first_call() -> None:
    body = """
other = {"x86_64": "aarch64", "aarch64": "x86_64"}[os.uname().machine]
credentials.set_no_new_privs()
program = seccomp.build_filter(seccomp.Policy(True, True), syscalls.find_architecture(other))
seccomp.install(program)
"""
    assert run_child(body).returncode == -signal.SIGSYS


@filtered
@can_gain_privileges
def test_a_filter_is_refused_to_a_process_that_may_still_gain_privileges() -> None:
    body = """
credentials.drop_capabilities()
program = seccomp.build_filter(seccomp.Policy(), syscalls.find_architecture())
attempt(seccomp.install, program)
credentials.set_no_new_privs()
attempt(seccomp.install, b"")
attempt(seccomp.install, program[:-8])
attempt(seccomp.install, program)
"""
    assert answers(body) == ["EACCES", "EINVAL", "EINVAL", "done"]
