"""The walls around the file system, by real processes that attack them, seen from outside."""

from __future__ import annotations

import os
import select
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.sandbox.inside import landlock
from tests.sandbox.locked_child import answers, can_gain_privileges, run_child

VERSION = landlock.abi_version()
pytestmark = pytest.mark.skipif(VERSION < 3, reason="this kernel has no Landlock of version 3")
WALL = """
def wall(ruleset):
    credentials.set_no_new_privs()
    landlock.restrict(ruleset)
def read(path):
    with open(path) as file:
        print(file.read())
def write(path):
    with open(path, "w") as file:
        file.write("written")
"""


class Folders(NamedTuple):
    """A folder for each kind of rule, and one that no rule names; a file `file` in each."""

    read: Path
    listed: Path
    written: Path
    outside: Path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(*(tmp_path / name for name in Folders._fields))
    for folder in made:
        folder.mkdir()
        (folder / "file").write_text(f"of-{folder.name}")
    return made


def walled(body: str, folders: Folders, *arguments: object) -> list[str]:
    start = """
inside, listed, written, outside = sys.argv[1:5]
wall(landlock.make_ruleset([inside], [listed], [written]))
"""
    return answers(WALL + start + body, *folders, *arguments)


def test_a_folder_to_read_can_be_read_and_not_changed(folders: Folders) -> None:
    body = """
file = inside + "/file"
attempt(read, file)
attempt(os.listdir, inside)
attempt(write, file)
attempt(write, inside + "/new")
attempt(os.truncate, file, 0)
attempt(os.unlink, file)
attempt(os.rename, file, inside + "/moved")
attempt(os.mkdir, inside + "/folder")
attempt(os.symlink, "file", inside + "/link")
"""
    assert walled(body, folders) == ["of-read", "done", "done", *["EACCES"] * 7]
    assert os.listdir(folders.read) == ["file"]
    assert (folders.read / "file").read_text() == "of-read"


def test_a_listed_folder_can_be_listed_and_nothing_more(folders: Folders) -> None:
    body = """
print(*os.listdir(listed))
attempt(read, listed + "/file")
attempt(write, listed + "/new")
"""
    assert walled(body, folders) == ["file", "EACCES", "EACCES"]
    assert os.listdir(folders.listed) == ["file"]


def test_nothing_outside_can_be_read_listed_or_changed(folders: Folders) -> None:
    body = """
file = outside + "/file"
attempt(read, file)
attempt(read, inside + "/../outside/file")
attempt(os.listdir, outside)
attempt(write, file)
attempt(write, outside + "/new")
attempt(os.open, file, os.O_WRONLY | os.O_TRUNC)
attempt(os.truncate, file, 0)
attempt(os.unlink, file)
attempt(os.mkdir, outside + "/folder")
attempt(os.rmdir, outside)
attempt(os.open, outside, os.O_RDWR | os.O_TMPFILE)
attempt(read, "/etc/passwd")
attempt(read, "/proc/self/environ")
attempt(read, "/dev/null")
"""
    assert set(walled(body, folders)) == {"EACCES"}
    assert os.listdir(folders.outside) == ["file"]
    assert (folders.outside / "file").read_text() == "of-outside"


def test_a_writable_folder_is_no_way_out(folders: Folders) -> None:
    body = """
file = outside + "/file"
attempt(os.symlink, file, written + "/link")
attempt(read, written + "/link")
attempt(write, written + "/link")
attempt(os.link, file, written + "/hard")
attempt(os.link, inside + "/file", written + "/hard")
attempt(os.rename, file, written + "/moved")
attempt(os.rename, written + "/file", outside + "/moved")
"""
    first, *others = walled(body, folders)
    assert first == "done"
    assert set(others) <= {"EACCES", "EXDEV"}
    assert sorted(os.listdir(folders.written)) == ["file", "link"]
    assert os.listdir(folders.outside) == ["file"]
    assert (folders.outside / "file").read_text() == "of-outside"
    assert (folders.read / "file").stat().st_nlink == 1


def test_files_and_folders_can_be_made_in_a_writable_folder(folders: Folders) -> None:
    body = """
os.makedirs(written + "/a/b")
write(written + "/a/b/new")
os.truncate(written + "/a/b/new", 3)
os.rename(written + "/a/b/new", written + "/moved")
os.link(written + "/moved", written + "/a/hard")
os.symlink("moved", written + "/link")
os.unlink(written + "/a/hard")
os.rmdir(written + "/a/b")
read(written + "/link")
"""
    assert walled(body, folders) == ["wri"]
    assert sorted(os.listdir(folders.written)) == ["a", "file", "link", "moved"]


def test_no_device_pipe_or_socket_can_be_made_in_a_writable_folder(folders: Folders) -> None:
    body = """
import stat
attempt(os.mkfifo, written + "/pipe")
attempt(os.mknod, written + "/character", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
attempt(os.mknod, written + "/block", 0o600 | stat.S_IFBLK, os.makedev(7, 0))
attempt(socket.socket(socket.AF_UNIX).bind, written + "/socket")
"""
    assert set(walled(body, folders)) <= {"EACCES", "EPERM"}
    assert os.listdir(folders.written) == ["file"]


def test_no_program_of_a_readable_or_writable_folder_is_executed(folders: Folders) -> None:
    marker = folders.written / "marker"
    for folder in (folders.read, folders.written):
        (folder / "file").write_text(f"#!/bin/sh\n: > {marker}\n")
        (folder / "file").chmod(0o755)
    body = """
for folder in (inside, written):
    attempt(os.execv, folder + "/file", ["file"])
attempt(os.execv, "/bin/sh", ["sh", "-c", ": > " + written + "/marker"])
"""
    assert walled(body, folders) == ["EACCES"] * 3
    assert not marker.exists()


def test_a_named_program_is_executed_and_no_other() -> None:
    body = (
        WALL
        + """
loader = os.path.realpath(sys.argv[1])
wall(landlock.make_ruleset(["/usr/lib", "/lib", "/etc/ld.so.cache"], execute=[sys.argv[2], loader]))
attempt(os.execv, "/usr/bin/touch", ["touch"])
sys.stdout.flush()
os.execv(sys.argv[2], ["echo", "executed"])
"""
    )
    loaders = [*Path("/lib64").glob("ld-linux*"), *Path("/lib").glob("ld-linux-aarch64*")]
    if not loaders:
        pytest.skip("no loader of the GNU C library")
    assert answers(body, loaders[0], os.path.realpath("/usr/bin/echo")) == ["EACCES", "executed"]


def test_a_single_file_can_be_named(folders: Folders) -> None:
    (folders.outside / "other").write_text("other")
    body = (
        WALL
        + """
file, other = sys.argv[1:]
wall(landlock.make_ruleset([file]))
attempt(read, file)
attempt(read, other)
"""
    )
    named, other = folders.outside / "file", folders.outside / "other"
    assert answers(body, named, other) == ["of-outside", "done", "EACCES"]


@pytest.mark.skipif(VERSION < 4, reason="this kernel's Landlock knows no TCP")
def test_tcp_neither_connects_nor_binds(folders: Folders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = """
attempt(socket.socket().connect, ("127.0.0.1", int(sys.argv[5])))
attempt(socket.socket().bind, ("127.0.0.1", 0))
"""
        assert walled(body, folders, server.getsockname()[1]) == ["EACCES"] * 2
        assert select.select([server], [], [], 0)[0] == []


@pytest.mark.skipif(VERSION < 6, reason="this kernel's Landlock knows no scopes")
def test_an_abstract_socket_outside_hears_nothing(folders: Folders) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("")
        server.listen()
        name = server.getsockname()[1:].decode()
        body = 'attempt(socket.socket(socket.AF_UNIX).connect, "\\0" + sys.argv[5])'
        assert walled(body, folders, name) == ["EPERM"]
        assert select.select([server], [], [], 0)[0] == []


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]) as it:
        yield it
        it.kill()


@pytest.mark.skipif(VERSION < 6, reason="this kernel's Landlock knows no scopes")
def test_a_process_outside_is_not_signalled(
    folders: Folders, victim: subprocess.Popen[bytes]
) -> None:
    body = "attempt(os.kill, int(sys.argv[5]), signal.SIGKILL)"
    assert walled(body, folders, victim.pid) == ["EPERM"]
    assert victim.poll() is None


@pytest.mark.parametrize("version", range(3, 8))
def test_the_file_system_is_walled_with_every_version(folders: Folders, version: int) -> None:
    if version > VERSION:
        pytest.skip(f"this kernel's Landlock is version {VERSION}")
    # A newer kernel takes an older version's rules for what they are: this is what it would do.
    body = f"""
inside, listed, written, outside = sys.argv[1:5]
landlock.abi_version = lambda: {version}
wall(landlock.make_ruleset([inside], [listed], [written]))
attempt(read, inside + "/file")
attempt(write, written + "/new")
attempt(read, outside + "/file")
attempt(os.truncate, outside + "/file", 0)
"""
    assert answers(WALL + body, *folders) == ["of-read", "done", "done", "EACCES", "EACCES"]
    assert (folders.outside / "file").read_text() == "of-outside"


def test_one_ruleset_restricts_many_processes(folders: Folders) -> None:
    body = (
        WALL
        + """
inside, outside = sys.argv[1:]
ruleset = landlock.make_ruleset([inside])
for _ in range(3):
    sys.stdout.flush()
    if os.fork() == 0:
        wall(ruleset)
        attempt(os.listdir, inside)
        attempt(os.listdir, outside)
        sys.stdout.flush()
        os._exit(0)
    os.wait()
attempt(os.listdir, outside)
"""
    )
    assert answers(body, folders.read, folders.outside) == ["done", "EACCES"] * 3 + ["done"]


def test_a_second_ruleset_gives_nothing_back(folders: Folders) -> None:
    body = """
inside, listed, written, outside = sys.argv[1:5]
everything = landlock.make_ruleset(["/"], (), ["/"])
wall(landlock.make_ruleset([inside]))
attempt(landlock.restrict, everything)
attempt(read, outside + "/file")
"""
    assert answers(WALL + body, *folders) == ["done", "EACCES"]


def test_a_path_that_does_not_exist_is_an_error_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        landlock.make_ruleset(["/", str(tmp_path / "missing")])
    assert os.listdir("/proc/self/fd") == before


def test_a_file_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        landlock.make_ruleset([], [str(tmp_path / "file")])


def test_a_ruleset_is_not_inherited() -> None:
    ruleset = landlock.make_ruleset(["/"])
    try:
        assert not os.get_inheritable(ruleset)
        assert not stat.S_ISREG(os.fstat(ruleset).st_mode)
    finally:
        os.close(ruleset)


@can_gain_privileges
def test_restrict_fails_without_the_right_or_the_ruleset() -> None:
    body = """
ruleset = landlock.make_ruleset(["/"])
credentials.drop_capabilities()
attempt(landlock.restrict, ruleset)
credentials.set_no_new_privs()
attempt(landlock.restrict, 63)
attempt(landlock.restrict, 0)
attempt(landlock.restrict, ruleset)
"""
    assert run_child(body).stdout.split() == ["EPERM", "EBADF", "EBADFD", "done"]
