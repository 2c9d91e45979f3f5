"""Reads a `.jsonl` or `.jsonl.gz` file line by line, and says where it is damaged.

    for line, record in read_json_lines(Path("problems.jsonl")):
        ...

Every line is one JSON object; blank lines are skipped. One line is in memory at a time: files of
benchmarks can be larger than that. What the fields mean is the reader's.
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Line numbers (from 1) and objects of a file, unpacked where its name ends in `.gz`.

    Raises:
        ValueError: the file is missing, or a line is no JSON object.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}; give the path of a .jsonl file")
    for number, text in enumerate(read_lines(path), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{path}, line {number}: not valid JSON ({error}); repair or delete the line"
            ) from error
        if not isinstance(record, dict):
            raise ValueError(
                f"{path}, line {number}: a {type(record).__name__} where an object is needed; "
                'write the line as {"field": value, ...}'
            )
        yield number, record


def read_text(path: Path) -> str:
    """The whole file as text, unpacked where its name ends in `.gz`.

    Raises:
        ValueError: the file cannot be read, or is no UTF-8 text.
    """
    return "".join(read_lines(path))


def read_lines(path: Path) -> Iterator[str]:
    """The lines with their ends; only line feeds end one.

    Raises:
        ValueError: the file cannot be read, or is no UTF-8 text.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for number, line in enumerate(stream):
                yield (line.removeprefix(codecs.BOM_UTF8) if number == 0 else line).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error}); save it as UTF-8") from error
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}); copy or download it again") from error
