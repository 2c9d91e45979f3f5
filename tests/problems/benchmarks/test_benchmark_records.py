"""Records of every file format, and what is said of a file that cannot be read."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from lit_coder.problems.benchmarks.records import SourceRecord, read_records

ROWS = [{"task_id": "a", "prompt": "x = '''\n\"é\"'''\n"}, {"task_id": "b", "prompt": ""}]
REMEDY = "take it from home"


def read(path: Path) -> list[object]:
    return [dict(record.fields) for record in read_records(path, REMEDY)]


def test_json_lines_a_list_an_object_and_a_table_give_the_same_records(tmp_path: Path) -> None:
    texts = {
        "rows.jsonl": "\n".join(map(json.dumps, ROWS)),
        "list.json": json.dumps(ROWS, indent=1),
        "object.json": json.dumps({row["task_id"]: row for row in ROWS}),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        assert read(tmp_path / name) == read(tmp_path / f"{name}.gz") == ROWS
    with (tmp_path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["", "task_id", "prompt"])
        writer.writeheader()
        writer.writerows({"": str(index), **row} for index, row in enumerate(ROWS))
    assert read(tmp_path / "table.csv") == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", b"[1]\n", "a.jsonl, line 1: a list where an object is needed"),
        ("a.jsonl", b"\xff\n", "a.jsonl is not UTF-8 text"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-20],
            "a.jsonl.gz cannot be read",
        ),
        ("a.jsonl.gz", b"no gzip", "a.jsonl.gz cannot be read"),
        ("a.json", b'{"a": 1}', "neither a list nor an object of records"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"{", "a.json is not valid JSON"),
        ("a.csv", b'a,b\n"1,2\n', "not valid CSV"),
        ("a.parquet", b"PAR1", "is none of .jsonl, .json, .csv"),
    ],
)
def test_a_damaged_file_is_named_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no file .*x\.jsonl; take it from home"):
        read(tmp_path / "x.jsonl")


def test_a_missing_field_is_named_with_place_and_remedy() -> None:
    record = SourceRecord({"prompt": 3}, "f.jsonl, line 7", REMEDY)
    with pytest.raises(ValueError, match=r"^f.jsonl, line 7: the text field 'prompt' is missing; "):
        record.text("prompt")
    with pytest.raises(ValueError, match=r"a list of texts, is missing; take it from home$"):
        record.texts("test_list")


def test_line_ends_become_line_feeds() -> None:
    record = SourceRecord({"code": "a\r\nb\rc\n", "tests": ["a\r\n"]}, "f")
    assert record.text("code") == "a\nb\nc\n"
    assert record.texts("tests") == ("a\n",)


def test_a_list_that_a_table_holds_as_text_is_read() -> None:
    record = SourceRecord({"tests": "['assert f(1)', \"assert f('a')\"]"}, "f")
    assert record.texts("tests") == ("assert f(1)", "assert f('a')")


def test_a_printed_array_without_commas_is_refused() -> None:
    record = SourceRecord({"tests": "['assert f(1)'\n 'assert f(2)']"}, "f")
    with pytest.raises(ValueError, match="has lost its commas"):
        record.texts("tests")
