"""A runner's work folder where other users can write beside it, and what becomes of strays."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lit_coder.sandbox.inside.folders import is_emptied, remove
from lit_coder.sandbox.trainer_identity import is_gone, trainer_identity
from lit_coder.sandbox.work_folder import make_work_folder, remove_strays

NOBODY = 65534
REPOSITORY = Path(__file__).parents[2]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture(scope="module")
def gone() -> str:
    """The identity of a process that has ended."""
    code = (
        "from lit_coder.sandbox.trainer_identity import trainer_identity as t; print(t(), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert is_gone(done.stdout)
    return done.stdout


@pytest.fixture
def shared(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, with everyone's in it."""
    open_folder.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    return open_folder


@pytest.fixture(params=["this user", pytest.param("an ordinary user", marks=needs_root)])
def as_user(request: pytest.FixtureRequest) -> Iterator[None]:
    """Root may do everything in any folder: what an ordinary one has to do is tried as well."""
    if request.param == "this user":
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def make_stray(folder: Path, mark: str) -> Path:
    folder.mkdir()
    (folder / "trainer").write_text(mark)
    return folder


def make_deep(folder: Path) -> None:
    """3000 folders in one another, a file and a folder of mode 0 in the lowest one."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("below", dir_fd=descriptor)
        below = os.open("below", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.mkdir("closed", 0, dir_fd=descriptor)
    os.close(descriptor)


def make_closed(folder: Path) -> None:
    """A full folder of mode 0 in another one."""
    (folder / "outer" / "inner" / "lowest").mkdir(parents=True)
    (folder / "outer" / "inner" / "file").touch()
    for name in ("outer/inner/lowest", "outer/inner", "outer"):
        (folder / name).chmod(0)


def make_links(folder: Path) -> None:
    (folder / "names").mkdir()
    for name in ("a\nb", "-rf", os.fsdecode(b"\xff\xfe"), "x" * 255):
        (folder / "names" / name).symlink_to("/nonexistent")


@pytest.mark.usefixtures("as_user")
@pytest.mark.parametrize("make", [make_deep, make_closed, make_links])
def test_a_stray_is_removed_whatever_is_in_it(
    shared: Path, gone: str, make: Callable[[Path], None]
) -> None:
    make(make_stray(shared / "lit_coder_stray", gone))
    remove_strays()
    assert list(shared.iterdir()) == []


@pytest.mark.usefixtures("as_user")
@pytest.mark.parametrize("make", [make_deep, make_closed, make_links])
def test_a_folder_that_stays_is_emptied(shared: Path, make: Callable[[Path], None]) -> None:
    folder = make_stray(shared / "scratch", "file")
    make(folder)
    assert is_emptied(str(folder))
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("as_user")
def test_the_folder_of_a_running_process_stays(shared: Path) -> None:
    folder = make_stray(shared / "lit_coder_running", trainer_identity())
    remove_strays()
    assert (folder / "trainer").is_file()


def test_a_mark_that_is_a_pipe_does_not_make_a_start_wait(shared: Path) -> None:
    (shared / "lit_coder_evil").mkdir()
    os.mkfifo(shared / "lit_coder_evil" / "trainer")
    code = "from lit_coder.sandbox.work_folder import make_work_folder; print(make_work_folder())"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "TMPDIR": str(shared)}
    subprocess.run(command, cwd=REPOSITORY, env=environment, timeout=30, check=True)
    assert (shared / "lit_coder_evil" / "trainer").is_fifo()


def test_a_mark_that_is_a_link_is_not_read(shared: Path, gone: str) -> None:
    (shared / "forged").write_text(gone)
    (shared / "lit_coder_evil").mkdir()
    (shared / "lit_coder_evil" / "trainer").symlink_to(shared / "forged")
    remove_strays()
    assert (shared / "lit_coder_evil").is_dir()


def test_a_link_to_a_folder_with_a_mark_is_not_followed(shared: Path, gone: str) -> None:
    target = make_stray(shared / "target", gone)
    target.chmod(0o750)
    (shared / "lit_coder_evil").symlink_to(target)
    remove_strays()
    assert (target / "trainer").read_text() == gone
    assert target.stat().st_mode & 0o777 == 0o750


@pytest.mark.usefixtures("as_user")
def test_what_a_link_in_a_stray_leads_to_keeps_its_mode_and_content(
    shared: Path, gone: str
) -> None:
    target = make_stray(shared / "target", "content")
    target.chmod(0o750)
    stray = make_stray(shared / "lit_coder_stray", gone)
    (stray / "below").mkdir()
    (stray / "link").symlink_to(target)
    (stray / "below" / "link").symlink_to(target)
    remove_strays()
    assert list(shared.iterdir()) == [target]
    assert (target / "trainer").read_text() == "content"
    assert target.stat().st_mode & 0o777 == 0o750


@pytest.mark.usefixtures("as_user")
def test_a_link_to_a_folder_is_not_removed_through(shared: Path) -> None:
    target = make_stray(shared / "target", "content")
    (shared / "link").symlink_to(target)
    remove(str(shared / "link"))
    assert not is_emptied(str(shared / "link"))
    assert (target / "trainer").read_text() == "content"


@needs_root
@pytest.mark.parametrize("name", ["", "trainer"])
def test_a_folder_or_mark_of_another_user_s_is_left_alone(
    shared: Path, gone: str, name: str
) -> None:
    stray = make_stray(shared / "lit_coder_evil", gone)
    os.chown(stray / name, NOBODY, NOBODY)
    remove_strays()
    assert (stray / "trainer").read_text() == gone


KILLED = """
import os, sys
from lit_coder.sandbox.inside.folders import remove
left = int(sys.argv[2])
def count(event, arguments):
    global left
    if event in ("os.remove", "os.rmdir", "os.rename"):
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(count)
remove(sys.argv[1])
"""


@pytest.mark.parametrize("steps", range(6))
def test_a_removal_that_was_killed_is_finished_by_the_next_start(
    shared: Path, gone: str, steps: int
) -> None:
    stray = make_stray(shared / "lit_coder_stray", gone)
    (stray / "a" / "b").mkdir(parents=True)
    (stray / "a" / "file").touch()
    (stray / "a" / "b" / "file").touch()
    command = [sys.executable, "-c", KILLED, str(stray), str(steps)]
    assert subprocess.run(command, cwd=REPOSITORY).returncode == 9
    remove_strays()
    assert list(shared.iterdir()) == []


def test_a_folder_whose_mark_cannot_be_written_does_not_stay(shared: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            make_work_folder()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(shared.iterdir()) == []
