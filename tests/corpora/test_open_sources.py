"""What a user may write in data.corpus, and what comes of what cannot be used."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from lit_coder.corpora.open_sources import open_source, open_sources
from lit_coder.corpora.python_sources import FolderSource, StandardLibrary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("a = 1\n")
    return tmp_path


def test_the_words_name_sources_and_a_path_is_a_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert isinstance(open_source("stdlib"), StandardLibrary)
    source = open_source("src")
    assert isinstance(source, FolderSource)
    assert source.name == "src"


def test_a_path_may_hold_a_colon(folder: Path) -> None:
    odd = folder / "a:b.jsonl"
    odd.write_text(json.dumps({"code": "a", "id": "b"}) + "\n")
    assert [d.text for d in open_source(str(odd)).documents()] == ["a"]
    assert [d.text for d in open_source(f"{odd}:id").documents()] == ["b"]


@pytest.mark.parametrize("spec", ["stdlb", "no/such/folder", "rows.csv", "a.jsonl:code", ""])
def test_a_mistyped_name_is_an_error_even_beside_good_ones(folder: Path, spec: str) -> None:
    with pytest.raises(ValueError, match=r"data\.corpus: "):
        open_sources([str(folder / "src"), spec])


def test_an_empty_or_damaged_source_is_named_and_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "empty").mkdir()
    (folder / "rows.parquet").write_bytes(b"PAR1")
    names = [str(folder / name) for name in ("empty", "src", "rows.parquet")]
    logger = logging.getLogger("lit_coder.corpora")
    logger.addHandler(caplog.handler)
    sources = open_sources(names)
    logger.removeHandler(caplog.handler)
    assert [source.name for source in sources] == [names[1]]
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert f"{names[0]} is left out: the folder {names[0]} holds no .py file" in said
    assert f"{names[2]} is left out: " in said


def test_nothing_left_is_an_error(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match=r"data\.corpus: none of .*empty can be read"):
        open_sources([str(folder / "empty")])


def test_the_programs_of_this_machine_are_read_without_torch_or_tables(folder: Path) -> None:
    code = (
        "import sys\nfrom lit_coder.corpora.open_sources import open_source\n"
        f"assert list(open_source({str(folder / 'src')!r}).documents())\n"
        "assert not {'torch', 'pyarrow', 'lance', 'datasets', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
