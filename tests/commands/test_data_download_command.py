"""`data download` against a hub on this machine, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpora.datasets.loopback_hub import LoopbackHub, running

TRAIN = "full/train-00000-of-00001.parquet"
CONTENT = bytes(range(256)) * 8192
REST = "full/test-00000-of-00001.parquet"
FILES = {TRAIN: CONTENT, REST: b"small", "README.md": b"# not of the dataset"}


def download(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in another process: the hub's client reads its variables once, at import."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    kept.pop("LIT_CODER_DATA_DIR", None)
    script = (
        "import sys; from lit_coder.commands.data_download import run; sys.exit(run(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={
            **kept,
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_files_arrive_with_their_checksums_and_do_not_come_again(tmp_path: Path) -> None:
    with running(LoopbackHub(FILES, small=frozenset({REST}))) as (hub, address):
        ended = download(tmp_path, "mbpp_train", HF_ENDPOINT=address)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("mbpp_train: 2.1 MB of google-research-datasets/mbpp")
        folder = tmp_path / "data" / "mbpp"
        assert (folder / TRAIN).read_bytes() == CONTENT
        assert (folder / REST).read_bytes() == b"small"
        assert not (folder / "README.md").exists()
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        asked = len(hub.requests)
        again = download(tmp_path, "mbpp", "--cleanup", HF_ENDPOINT=address)
        assert "complete in data/mbpp" in again.stdout and len(hub.requests) == asked
        assert "nothing to clean up" in again.stdout and not (folder / ".partial").exists()
        # What was changed on this machine comes anew, and nothing else.
        (folder / REST).write_bytes(b"lllll")
        download(tmp_path, "mbpp", HF_ENDPOINT=address)
        assert [name for _, name, _ in hub.requests[asked:]] == [REST]
        assert (folder / REST).read_bytes() == b"small"


def test_an_interrupted_file_is_gone_on_with_by_another_process(tmp_path: Path) -> None:
    # The hub's client writes ten mebibytes at a time.
    content = CONTENT * 6
    with running(LoopbackHub({TRAIN: content}, breaks_at=11_000_000)) as (hub, address):
        broken = download(tmp_path, "--datasets", "mbpp_train", HF_ENDPOINT=address)
        assert broken.returncode == 2
        assert "the same command goes on with it" in broken.stderr
        assert "Traceback" not in broken.stderr
        assert not (tmp_path / "data" / "mbpp" / TRAIN).exists()
        (partial,) = (tmp_path / "data" / "mbpp" / ".partial").rglob("*.parquet.*")
        arrived = partial.stat().st_size
        assert 0 < arrived <= 11_000_000
        (tmp_path / "data" / "mbpp" / "own.txt").write_text("not the command's")
        hub.is_down = False
        ended = download(tmp_path, "mbpp_train", HF_ENDPOINT=address)
        assert ended.returncode == 0, ended.stderr
        assert hub.requests[-1] == ("GET", TRAIN, f"bytes={arrived}-")
        assert "of it missing" in ended.stdout
        assert (tmp_path / "data" / "mbpp" / TRAIN).read_bytes() == content
        # A part of another content is of no use to anybody.
        partial.parent.mkdir(parents=True)
        partial.with_suffix(".0123").write_bytes(b"old")
        cleaned = download(tmp_path, "mbpp_train", "--cleanup", HF_ENDPOINT=address)
        assert cleaned.stdout.endswith("removed data/mbpp/.partial (3 bytes)\n")
        kept = {path.name for path in (tmp_path / "data" / "mbpp").iterdir()}
        assert kept == {"full", "own.txt", "SHA256SUMS"}


def test_another_content_than_the_hub_lists_is_thrown_away(tmp_path: Path) -> None:
    with running(LoopbackHub({TRAIN: CONTENT}, lies=True)) as (_, address):
        ended = download(tmp_path, "mbpp_train", HF_ENDPOINT=address)
    assert ended.returncode == 2 and "another checksum than the hub lists" in ended.stderr
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_gated_offline_and_out_of_reach_are_one_sentence_with_the_way_by_hand(
    tmp_path: Path,
) -> None:
    with running(LoopbackHub({TRAIN: CONTENT}, is_gated=True)) as (_, address):
        gated = download(tmp_path, "mbpp_train", HF_ENDPOINT=address)
    assert "`hf auth login`" in gated.stderr
    offline = download(tmp_path, "mbpp_train", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in offline.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
    unreached = download(tmp_path, "mbpp_train", HF_ENDPOINT=closed)
    assert "cannot be reached" in unreached.stderr
    for ended in (gated, offline, unreached):
        assert ended.returncode == 2 and ended.stderr.count("\n") == 1
        assert "https://huggingface.co/datasets/google-research-datasets/mbpp" in ended.stderr
        assert "put them into data/mbpp" in ended.stderr and "test_list" in ended.stderr


def test_what_the_disk_has_no_room_for_is_refused_before_a_byte_comes(tmp_path: Path) -> None:
    # A file that is larger than any disk: only its listing is ever asked for.
    class Huge(LoopbackHub):
        def information(self) -> bytes:
            return super().information().replace(b'"size": 5', b'"size": 5000000000000000')

    with running(Huge({TRAIN: b"small"})) as (hub, address):
        ended = download(tmp_path, "mbpp_train", HF_ENDPOINT=address)
        left_out = download(tmp_path, "mbpp_train", "--max-size", "1", HF_ENDPOINT=address)
        assert hub.requests == []
    assert ended.returncode == 2 and "are needed; free some" in ended.stderr
    assert left_out.returncode == 0 and "left out by --max-size" in left_out.stdout
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mbpp_trian"], "did you mean mbpp_train?"),
        ([], "name a dataset, or give --all"),
        (["mbpp_train", "--all"], "leave the names out, or --all"),
        (["mbpp_train", "--max-size", "0"], "--max-size must be above 0"),
        (["apps", "--source", "kaggle"], "apps is not on Kaggle"),
        (["mbpp_train", "--sorce", "kaggle"], "see main.py data download --help"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from lit_coder.commands.data_download import run

    try:
        status = run(arguments)
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    assert said in capsys.readouterr().err
