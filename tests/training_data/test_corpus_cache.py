"""What is cached is there whole or not at all, made once, and removed when nobody uses it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lit_coder.corpora.cache_root import cache_root
from lit_coder.training_data.cache_folder import cached, key_of

DAY_SECONDS = 24 * 3600


def make(folder: Path) -> None:
    (folder / "content").write_text("whole")


def read(folder: Path) -> str:
    text = (folder / "content").read_text()
    if text != "whole":
        raise ValueError("it is damaged")
    return text


def never(folder: Path) -> None:
    raise AssertionError("it was made before")


def names(folder: Path) -> list[str]:
    """What is there, without the folders of the locks, which hold nothing else."""
    work = [path for path in folder.iterdir() if path.name.endswith(".work")]
    assert all([file.name for file in path.iterdir()] == [".lock"] for path in work)
    return sorted(path.name for path in folder.iterdir() if path not in work)


def test_it_is_made_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    assert cached(tmp_path / "kind", "key", make, read) == "whole"
    assert cached(tmp_path / "kind", "key", never, read) == "whole"
    assert names(tmp_path / "kind") == ["key"]


def test_what_was_broken_off_is_not_there(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        make(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(tmp_path, "key", interrupted, read)
    assert not list(tmp_path.rglob("content"))
    assert cached(tmp_path, "key", make, read) == "whole"


def test_a_killed_process_s_half_is_made_anew(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from lit_coder.training_data.cache_folder import cached\n"
        "def die(folder):\n"
        "    (folder / 'content').write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "cached(Path(sys.argv[1]), 'key', die, str)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60)
    assert ended.returncode == -9
    assert [path.read_text() for path in tmp_path.rglob("content")] == ["half"]
    assert cached(tmp_path, "key", make, read) == "whole"
    assert names(tmp_path) == ["key"]


def test_of_two_processes_one_makes_it_and_the_other_waits(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from lit_coder.training_data.cache_folder import cached\n"
        "def make(folder):\n"
        "    time.sleep(0.5)\n"
        "    with open(sys.argv[1] + '/made', 'a') as stream: stream.write('x')\n"
        "cached(Path(sys.argv[1]) / 'kind', 'key', make, str)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert (tmp_path / "made").read_text() == "x"
    assert names(tmp_path / "kind") == ["key"]


def test_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    cached(tmp_path, "key", make, read)
    (tmp_path / "key/content").write_text("who")
    assert cached(tmp_path, "key", make, read) == "whole"
    assert (tmp_path / "key/content").read_text() == "whole"


def test_what_was_not_used_for_a_month_goes_when_something_new_is_made(tmp_path: Path) -> None:
    for key in ("old", "used", "young"):
        cached(tmp_path, key, make, read)
    for key, days in (("old", 31), ("used", 31), ("young", 29)):
        then = time.time() - days * DAY_SECONDS
        os.utime(tmp_path / key / "last_use", (then, then))
        os.utime(tmp_path / f"{key}.work/.lock", (then, then))
    cached(tmp_path, "used", never, read)
    assert names(tmp_path) == ["old", "used", "young"]
    cached(tmp_path, "new", make, read)
    assert names(tmp_path) == ["new", "used", "young"]
    assert not (tmp_path / "old.work").exists()


def test_what_a_cache_did_not_write_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep")
    os.utime(tmp_path / "mine/notes.txt", (1, 1))
    os.utime(tmp_path / "mine", (1, 1))
    cached(tmp_path, "key", make, read)
    assert (tmp_path / "mine/notes.txt").read_text() == "keep"


def test_a_folder_that_cannot_be_made_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cannot be written .* data\.cache_dir"):
        cached(tmp_path / "file" / "kind", "key", make, read)


def test_a_full_disk_names_the_option_and_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "content").write_text("half")
        with Path("/dev/full").open("w") as stream:
            stream.write("x")

    with pytest.raises(ValueError, match=r"No space left on device.*free some space"):
        cached(tmp_path, "key", fill, read)
    assert not list(tmp_path.rglob("content"))


def test_the_root_is_the_given_one_the_environment_s_or_the_user_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LIT_CODER_CACHE_DIR", "~/mine")
    assert cache_root("given") == Path("given")
    assert cache_root(None) == tmp_path / "mine"
    monkeypatch.delenv("LIT_CODER_CACHE_DIR")
    assert cache_root(None) == tmp_path / ".cache/lit_coder"


def test_a_key_is_of_the_settings_not_of_their_order() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})
