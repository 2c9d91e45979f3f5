"""Columns of JSONL, Parquet and Lance: what is damaged is named, what is whole is read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import lance
import pyarrow
import pytest
from pyarrow import parquet

from lit_coder.corpora import json_lines_source
from lit_coder.corpora.lance_files import lance_columns, read_lance_rows
from lit_coder.corpora.open_sources import open_source, open_sources
from lit_coder.corpora.source import LONGEST_DOCUMENT_BYTES, CorpusSource, SourceError

ROWS = [{"id": number, "content": f"x = {number}\r\n"} for number in range(5)]
TEXTS = [f"x = {number}\n" for number in range(5)]
KINDS = ["rows.jsonl", "rows.jsonl.gz", "rows.parquet", "rows.lance"]


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=1000)
    elif name.endswith(".lance"):
        lance.write_dataset(pyarrow.Table.from_pylist(rows), str(path))
    else:
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def texts(source: CorpusSource) -> list[str]:
    return [document.text for document in source.documents()]


@pytest.mark.parametrize("name", KINDS)
def test_the_usual_column_is_read_in_order(tmp_path: Path, name: str) -> None:
    source = open_source(str(write(tmp_path, name, ROWS)))
    assert texts(source) == texts(source) == TEXTS
    assert source.num_documents in (None, 5)
    assert (source.skipped.total, source.licence) == (0, "not stated")


@pytest.mark.parametrize("name", KINDS)
def test_a_named_column_is_read(tmp_path: Path, name: str) -> None:
    rows = [{**row, "own": f"y = {row['id']}\n"} for row in ROWS]
    path = write(tmp_path, name, rows)
    assert texts(open_source(f"{path}:own")) == [f"y = {number}\n" for number in range(5)]
    assert open_source(f"{path}:own").fingerprint() != open_source(str(path)).fingerprint()


@pytest.mark.parametrize("name", KINDS)
def test_a_column_that_is_missing_or_no_text_names_those_that_are_there(
    tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, name, ROWS)
    with pytest.raises(
        ValueError, match=r"has no column 'nope'; its columns are id \(int.*content"
    ):
        open_source(f"{path}:nope")
    with pytest.raises(ValueError, match=r"the column 'id' of .* holds no text"):
        open_sources([f"{path}:id"])


def test_a_table_without_a_usual_column_asks_for_one(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", [{"essay": "x"}])
    with pytest.raises(ValueError, match=r"Write .*rows\.jsonl:COLUMN; its columns are essay"):
        open_source(str(path))


@pytest.mark.parametrize("name", KINDS)
def test_the_fingerprint_is_the_content_s_not_the_folder_s(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, ROWS)
    (tmp_path / "elsewhere").mkdir()
    before = open_source(str(path)).fingerprint()
    moved = path.rename(tmp_path / "elsewhere" / name)
    assert open_source(str(moved)).fingerprint() == before
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other", name, [*ROWS, ROWS[0]])
    assert open_source(str(other)).fingerprint() != before


def test_each_bad_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        rb'{"code": "a = 1"}',
        rb'{"code": "lone \ud800"}',
        rb'{"code": "NUL \u0000"}',
        b"",
        b"[1]",
        b'{"code": ',
        b'{"code": 5}',
        b'{"text": "no code"}',
        b'{"code": "\xff"}',
        b'{"code": null}',
        b"[" * 100_000,
        b'{"code": "' + b"x" * (LONGEST_DOCUMENT_BYTES + 1) + b'"}',
        b'{"code": "b = 2"}',
    ]
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    source = open_source(str(path))
    assert texts(source) == ["a = 1", "b = 2"]
    assert (source.skipped.total, source.skipped.num_empty) == (9, 1)
    assert str(source.skipped).startswith("rows.jsonl, line 2 holds a lone surrogate")
    assert source.skipped.end == ""


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_line_without_end_is_never_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(json_lines_source, "_LONGEST_LINE_BYTES", 64)
    lines = ['{"code": "a"}', json.dumps({"code": "x" * 500}), '{"code": "b"}', "[" * 200]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + end)
    source = open_source(str(path))
    assert texts(source) == ["a", "b"]
    assert (source.skipped.total, "line 2 is a line of more than" in str(source.skipped)) == (
        2,
        True,
    )


def test_a_packed_file_that_broke_off_is_read_up_to_there(tmp_path: Path) -> None:
    numbers = random.Random(0)
    rows: list[dict[str, object]] = [{"code": f"{numbers.random()}"} for _ in range(4000)]
    path = write(tmp_path, "rows.jsonl.gz", rows)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_source(str(path))
    found = texts(source)
    assert 100 < len(found) < 4000
    assert found == [row["code"] for row in rows[: len(found)]]
    assert source.skipped.end.startswith(f"rows.jsonl.gz, line {len(found) + 1} and all after it")


def test_a_table_that_is_damaged_inside_is_read_up_to_there(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"code": f"x = {number}\n" * 20} for number in range(5000)]
    path = write(tmp_path, "rows.parquet", rows)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    source = open_source(str(path))
    assert 1000 <= len(texts(source)) < 4000
    assert "and all after it cannot be read" in source.skipped.end


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("kept_bytes", [0, 40])
def test_a_truncated_file_is_left_out_and_named(tmp_path: Path, name: str, kept_bytes: int) -> None:
    path = write(tmp_path, name, ROWS)
    damaged = [path]
    if path.is_dir():
        damaged = [file for file in path.rglob("*") if file.suffix == ".manifest"]
    for file in damaged:
        file.write_bytes(file.read_bytes()[:kept_bytes])
    if name == "rows.jsonl" and kept_bytes:
        assert texts(open_source(str(path))) == ["x = 0\n"]
        return
    with pytest.raises(SourceError, match=name):
        open_source(str(path))


def test_a_lance_table_that_lance_panics_over_is_left_out_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.lance", ROWS)
    source = open_source(str(path))
    (manifest,) = (path / "_versions").glob("*.manifest")
    manifest.write_bytes(manifest.read_bytes()[16:])
    with pytest.raises(SourceError, match=r"rows\.lance is not a readable Lance table"):
        open_source(str(path))
    for read in (lance_columns, lambda it: list(read_lance_rows(it))):
        with pytest.raises(ValueError, match=r"rows\.lance is not a readable Lance table"):
            read(path)
    assert texts(source) == []
    assert source.skipped.end.startswith("rows.lance, row 1 and all after it cannot be read")


def test_a_lance_table_whose_data_are_gone_says_where_it_ends(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.lance", ROWS)
    source = open_source(str(path))
    for file in (path / "data").iterdir():
        file.unlink()
    assert texts(source) == []
    assert source.skipped.end.startswith("rows.lance, row 1 and all after it cannot be read")


def test_a_cell_of_broken_bytes_is_left_out(tmp_path: Path) -> None:
    ends = pyarrow.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 1, 3, 4)))
    cells = pyarrow.StringArray.from_buffers(3, ends, pyarrow.py_buffer(b"a\xff\xfeb"))
    parquet.write_table(pyarrow.table({"code": cells}), tmp_path / "rows.parquet")
    source = open_source(str(tmp_path / "rows.parquet"))
    assert texts(source) == ["a", "b"]
    assert str(source.skipped) == "rows.parquet, row 2 is not UTF-8"


def test_texts_behind_a_dictionary_are_read(tmp_path: Path) -> None:
    table = pyarrow.table({"code": pyarrow.array(["a", "b", "a", None]).dictionary_encode()})
    parquet.write_table(table, tmp_path / "rows.parquet")
    assert texts(open_source(str(tmp_path / "rows.parquet"))) == ["a", "b", "a"]
