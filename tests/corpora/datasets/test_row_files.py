"""Rows of files in every format, whole and damaged."""

from __future__ import annotations

import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import lance
import pyarrow
import pytest
from made_problem_sets import str_of, write_arrow, write_parquet

from lit_coder.corpora.datasets import json_stream
from lit_coder.corpora.datasets.cells import RowFault, long_integers, nested_value
from lit_coder.corpora.datasets.json_stream import JsonDamage, json_entries
from lit_coder.corpora.datasets.row_files import read_rows
from lit_coder.corpora.source import Fault

ROWS = [{"a": number, "b": ["x\n", {"ü": None}]} for number in range(40)]


def rows_of(path: Path) -> list[Any]:
    """Rows, and of damaged ones the reason."""
    return [row.reason if isinstance(row, Fault) else row for _, row in read_rows(path)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.json", json.dumps(ROWS)),
        ("pretty.json", json.dumps(ROWS, indent=4, ensure_ascii=False)),
        ("keyed.json", json.dumps({f"task/{row['a']}": row for row in ROWS})),
        ("keyed_pretty.json", json.dumps({f"{row['a']}": row for row in ROWS}, indent=1)),
        ("lines.json", "\n\n".join(json.dumps(row) for row in ROWS)),
        ("lines.jsonl", "".join(json.dumps(row) + "\r\n" for row in ROWS)),
        ("list.jsonl", json.dumps(ROWS)),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_json_is_read_in_every_form_packed_or_not(
    name: str, text: str, is_packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_BLOCK_BYTES", 16)
    data = text.encode()
    # Some are packed without their names saying so.
    (tmp_path / name).write_bytes(gzip.compress(data) if is_packed else data)
    assert rows_of(tmp_path / name) == ROWS


def test_tables_are_read_with_what_is_nested_in_them(tmp_path: Path) -> None:
    rows = [{"a": number, "b": {"c": ["x"]}} for number in range(50)]
    assert rows_of(write_parquet(tmp_path / "rows.parquet", rows)) == rows
    assert rows_of(write_arrow(tmp_path / "rows.arrow", rows)) == rows
    lance.write_dataset(pyarrow.Table.from_pylist(rows), str(tmp_path / "rows"))
    assert rows_of(tmp_path / "rows") == rows


def test_entries_before_a_cut_are_read_and_the_cut_is_told() -> None:
    whole = json.dumps(ROWS).encode()
    draw = random.Random(1)
    for cut in (1, 2, *(draw.randrange(len(whole)) for _ in range(60))):
        entries = []
        with pytest.raises(JsonDamage):
            for entry in json_entries(io.BytesIO(whole[:cut])):
                entries.append(entry)
        assert entries == ROWS[: len(entries)]


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "cut.csv", "cut.parquet", "cut.json"])
def test_a_file_that_breaks_off_ends_with_its_fault(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith(".gz"):
        lines = "".join(json.dumps(row) + "\n" for row in ROWS * 50).encode()
        path.write_bytes(gzip.compress(lines)[:-40])
    elif name.endswith(".csv"):
        path.write_bytes(gzip.compress(random.Random(0).randbytes(5000).hex().encode())[:-40])
    elif name.endswith(".parquet"):
        path.write_bytes(write_parquet(path, [{"a": 1}] * 50).read_bytes()[:-40])
    else:
        path.write_text(json.dumps(ROWS)[:-40])
    *_, last = rows_of(path)
    assert "cannot be read" in last


def test_values_nested_in_texts_are_read_without_running_them() -> None:
    assert nested_value('{"a": [1, null]}') == {"a": [1, None]}
    assert nested_value("{'a': [1, None], 'b': ('x',)}") == {"a": [1, None], "b": ("x",)}
    assert nested_value("array([1, 2], dtype=object)") == [1, 2]
    for text in ("__import__('os').getcwd()", "open('x')", "[" * 5000, "a b", "array([1], [2])"):
        with pytest.raises(RowFault, match="neither JSON nor a Python literal"):
            nested_value(text)
    for text in ("['a' 'b']", "['a'\n 'b']"):
        with pytest.raises(RowFault, match="lost the commas"):
            nested_value(text)
    assert nested_value(repr(["it's", 'a "b" c', "a' 'b", "\n'x'\n"])) == [
        "it's",
        'a "b" c',
        "a' 'b",
        "\n'x'\n",
    ]


def test_long_integers_are_read_only_where_that_was_asked_for() -> None:
    digits = "9" * 6000
    with long_integers():
        assert nested_value(f"({digits}, 1)")[1] == 1
        assert str(10**6000 - 1) == digits
    with pytest.raises(ValueError, match="limit"):
        int(digits)
    assert str_of(nested_value(f"[{digits}]")[0]) == digits


def test_memory_does_not_grow_with_a_list() -> None:
    import tracemalloc

    row = json.dumps({"text": "x" * 1000})
    peaks = []
    for number in (500, 5000):
        data = io.BytesIO(f"[{','.join([row] * number)}]".encode())
        tracemalloc.start()
        assert sum(1 for _ in json_entries(data)) == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
