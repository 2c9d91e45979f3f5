"""Files of problem datasets in their published formats, made from a seed, with their traps."""

from __future__ import annotations

import base64
import csv
import json
import pickle
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
from pyarrow import parquet

NUM_ROWS = 60
# Longer than what `int` and `str` take by default.
HUGE = int("7" * 4000) * 10**1500 + 1


class Made(NamedTuple):
    """A file, and what reading it should skip."""

    path: Path
    num_rows: int
    skipped: dict[str, int]


class RunsCode:
    """What a hostile pickle holds: reading it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return (open, (str(self.path), "w"))


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: list[dict[str, Any]], with_index: bool = True) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        names = list(rows[0])
        writer.writerow(["", *names] if with_index else names)
        for number, row in enumerate(rows):
            cells = ["" if row[name] is None else row[name] for name in names]
            writer.writerow([number, *cells] if with_index else cells)
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def write_arrow(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.Table.from_pylist(rows)
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return path


def dumps(value: Any) -> str:
    """JSON with integers of any length, as the published files have them."""
    text = json.dumps(value)
    return text.replace('"<huge>"', str_of(HUGE)).replace('\\"<huge>\\"', str_of(HUGE))


def str_of(number: int) -> str:
    """A number's digits, past the limit of `str`."""
    digits = []
    while number:
        number, rest = divmod(number, 10**1000)
        digits.append(f"{rest:01000d}")
    return "".join(reversed(digits)).lstrip("0") or "0"


def humaneval_csv(folder: Path) -> Made:
    rows = [
        {
            "task_id": f"HumanEval/{number}",
            "prompt": f'def add_{number}(a, b):\r\n    """Add, "quoted",\r\n    commas."""\r\n',
            "canonical_solution": f"    return a + b + {number}\r\n",
            "test": f"def check(candidate):\n    assert candidate(1, 2) == {number + 3}\n",
            "entry_point": f"add_{number}",
        }
        for number in range(NUM_ROWS)
    ]
    return Made(write_csv(folder / "test.csv", rows), NUM_ROWS, {})


def mbpp_csv(folder: Path) -> Made:
    rows: list[dict[str, Any]] = [
        {
            "task_id": number,
            "text": f"Write a function, to add {number}.",
            "code": f"def add(a):\r\n\treturn a + {number}",
            "test_list": repr([f"assert add({k}) == {k + number}" for k in range(3)]),
            "test_setup_code": None,
            "challenge_test_list": "[]",
        }
        for number in range(580, 580 + NUM_ROWS)
    ]
    # What `str` makes of an array of NumPy.
    rows[7]["test_list"] = "['assert add(1) == 2'\n 'assert add(2) == 3']"
    rows[8]["code"] = None
    return Made(
        write_csv(folder / "table.csv", rows),
        NUM_ROWS,
        {"the list 'test_list' has lost its commas": 1, "the solution is empty": 1},
    )


def apps_lines(folder: Path, name: str = "train.jsonl", num_rows: int = NUM_ROWS) -> Made:
    draw = random.Random(name)
    rows = []
    for number in range(num_rows):
        add = draw.randrange(9)
        texts = {
            "inputs": [f"{k}\r\n" for k in range(6)],
            "outputs": [f"{k + add}\n" for k in range(6)],
        }
        program = f"print(int(input()) + {add})\r\n"
        rows.append(
            {
                "problem_id": number,
                "question": f"Read a number, print it plus {add}. {{é}}\r\n",
                "solutions": json.dumps([f"print raw_input() + {add}", program]),
                "input_output": json.dumps(texts),
                "difficulty": "introductory",
                "url": None,
                "starter_code": "",
            }
        )
    rows[1]["input_output"] = ""
    rows[2]["solutions"] = ""
    calls = {
        "fn_name": "twice",
        "inputs": [[1], ["<huge>"], [3]],
        "outputs": [[2], ["<huge>"], [6]],
    }
    rows[3] |= {
        "input_output": dumps(calls),
        "starter_code": "def twice(n):\n\t",
        "solutions": json.dumps(["def twice(n):\n    return n * 2 if n < 99 else n\n"]),
    }
    methods = {"fn_name": "addUp", "inputs": [[[1, 2]], [[3]]], "outputs": [3, 3]}
    rows[4] |= {
        "input_output": json.dumps(methods),
        "starter_code": "class Solution:\n    def addUp(self, nums: List[int]) -> int:\n        ",
        "solutions": json.dumps(
            ["class Solution:\n    def addUp(self, nums: List[int]):\n        return sum(nums)\n"]
        ),
    }
    rows[5]["input_output"] = json.dumps({"inputs": [["1", "2"]], "outputs": [["3"]]})
    rows[5]["solutions"] = json.dumps(["print(int(input()) + int(input()))"])
    rows[6]["input_output"] = json.dumps({"inputs": ["1"], "outputs": []})
    rows[7]["question"] = None
    rows[8]["input_output"] = "{not json"
    skipped = {
        "there are no tests": 1,
        "there are more inputs than outputs, or fewer": 1,
        "question is missing": 1,
        "input_output is neither JSON nor a Python literal": 1,
    }
    return Made(write_lines(folder / name, rows), num_rows, skipped)


def taco_arrow(folder: Path) -> Made:
    rows = []
    for number in range(NUM_ROWS):
        texts = {"inputs": [f"{k} 1" for k in range(4)], "outputs": [str(k + 1) for k in range(4)]}
        rows.append(
            {
                "question": f"Add the two numbers ({number}).",
                "solutions": json.dumps(["a, b = map(int, input().split())\nprint(a + b)"]),
                "starter_code": "",
                "input_output": json.dumps(texts),
                "difficulty": "VERY_HARD" if number % 2 else "UNKNOWN_DIFFICULTY",
                "raw_tags": "['math', 'greedy']",
                "name": None,
                "source": "codeforces",
                "tags": "[]",
                "skill_types": "['Greedy algorithms']",
                "url": "https://example.org",
                "time_limit": None,
            }
        )
    rows[9]["input_output"] = json.dumps({"inputs": ["1"], "outputs": ["1"], "fn_name": "a b"})
    path = folder / "train" / "data-00000-of-00001.arrow"
    return Made(write_arrow(path, rows), NUM_ROWS, {"the name of the tested function is none": 1})


def contest_rows() -> list[dict[str, Any]]:
    def tests(numbers: range) -> dict[str, list[str]]:
        return {"input": [f"{k}\n" for k in numbers], "output": [f"{k * k}\n" for k in numbers]}

    rows: list[dict[str, Any]] = [
        {
            "name": f"{number}_A. Square",
            "description": "Read a number and print its square.",
            "public_tests": tests(range(2)),
            "private_tests": tests(range(2, 3)),
            "generated_tests": tests(range(3, 9)),
            "source": 2,
            "difficulty": 7,
            "solutions": {
                # Java, Python 2 and Python 3.
                "language": [4, 1, 3],
                "solution": ["class A {}", "print input() ** 2", "print(int(input()) ** 2)\r\n"],
            },
            "incorrect_solutions": {"language": [3], "solution": ["print(1)"]},
            "time_limit": {"seconds": 2, "nanos": 0},
            "input_file": "",
        }
        for number in range(NUM_ROWS)
    ]
    rows[1]["solutions"] = {"language": [2], "solution": ["int main() {}"]}
    rows[2]["input_file"] = "in.txt"
    for name in ("public_tests", "private_tests", "generated_tests"):
        rows[3][name] = {"input": [], "output": []}
    return rows


def code_contests_parquet(folder: Path) -> Made:
    skipped = {"its programs read a file": 1, "there are no tests": 1}
    return Made(write_parquet(folder / "part.parquet", contest_rows()), NUM_ROWS, skipped)


def code_contests_csv(folder: Path) -> Made:
    rows = contest_rows()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, dict):
                row[name] = repr(value)
    # As pandas writes a cell that holds arrays of NumPy.
    rows[5]["public_tests"] = "{'input': array(['3\\n'], dtype=object), 'output': array(['9\\n'])}"
    rows[6]["public_tests"] = "{'input': ['3\\n' '4\\n'], 'output': ['9\\n', '16\\n']}"
    rows[7]["public_tests"] = "{'input': array(['3\\n', ..., '4\\n']), 'output': array(['9\\n'])}"
    skipped = {
        "its programs read a file": 1,
        "there are no tests": 1,
        "public_tests has lost the commas between its texts": 1,
        "public_tests was abbreviated when it was written": 1,
    }
    return Made(write_csv(folder / "contests.csv", rows, with_index=False), NUM_ROWS, skipped)


def packed(value: Any) -> str:
    """As LiveCodeBench packs private tests."""
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


def livecodebench_lines(folder: Path) -> Made:
    rows = []
    for number in range(NUM_ROWS):
        tests = [
            {"input": f"{k}\n", "output": f"{k + number}\n", "testtype": "stdin"} for k in (1, 2)
        ]
        rows.append(
            {
                "question_title": f"Add {number}",
                "question_content": f"Read a number, print it plus {number}.",
                "platform": "atcoder",
                "question_id": f"abc{number}_a",
                "contest_date": "2024-01-01T00:00:00",
                "starter_code": "",
                "difficulty": "easy",
                "public_test_cases": json.dumps(tests[:1]),
                "private_test_cases": packed(json.dumps(tests)),
                "metadata": "{}",
            }
        )
    method = [{"input": "[1, 2]\n<huge>", "output": "<huge>", "testtype": "functional"}]
    method[0] = {k: v.replace("<huge>", str_of(HUGE)) for k, v in method[0].items()}
    rows[1] |= {
        "starter_code": "class Solution:\n    def f(self, a, b):\n        ",
        "metadata": '{"func_name": "f"}',
        "public_test_cases": json.dumps(method),
        "private_test_cases": json.dumps(method),
    }
    rows[2]["private_test_cases"] = packed(RunsCode(folder / "created"))
    rows[3]["private_test_cases"] = packed(["no", "text"])
    rows[4]["private_test_cases"] = "!!"
    rows[5] = dict(rows[6])
    fault = "the private tests cannot be read: "
    pickled = f"{fault}the pickle is no plain text: its operation "
    skipped = {
        f"{pickled}STACK_GLOBAL is refused": 1,
        f"{pickled}EMPTY_LIST is refused": 1,
        f"{fault}neither JSON nor base64": 1,
        "repeats an earlier row": 1,
    }
    return Made(write_lines(folder / "test6.jsonl", rows), NUM_ROWS, skipped)


def opc_parquet(folder: Path) -> Made:
    rows: list[dict[str, Any]] = [
        {
            "seq_id": number,
            "instruction": f"Write a function that adds {number}.",
            "output": f"```python\ndef add(a):\n    return a + {number}\n```",
            "code": f"def add(a):\n    return a + {number}\n",
            "entry_point": "add",
            "testcase": [f"assert add({k}) == {k + number}" for k in range(3)],
        }
        for number in range(NUM_ROWS)
    ]
    rows[1]["entry_point"] = None
    rows[2]["testcase"] = None
    rows[3]["code"] = " "
    rows[4]["testcase"] = ["assert 1 == 1"]
    skipped = {"there are no tests": 1, "code is empty": 1, "the tests call no function": 1}
    path = folder / "educational_instruct" / "train-00000-of-00001.parquet"
    return Made(write_parquet(path, rows), NUM_ROWS, skipped)


def verifiable_parquet(folder: Path) -> Made:
    rows = []
    for number in range(NUM_ROWS):
        tests = [
            {"type": "stdin_stdout", "input": f"{k}\n", "output": f"{k + 1}\n", "fn_name": None}
            for k in range(3)
        ]
        rows.append(
            {
                "problem_id": f"vcp_{number}",
                "prompt": "Read a number and print the next.",
                "gold_standard_solution": "```python\nprint(int(input()) + 1)\n```",
                "verification_info": json.dumps({"language": "python", "test_cases": tests}),
                "metadata": "{}",
                "task_type": "verifiable_code",
            }
        )
    rows[1]["verification_info"] = json.dumps({"language": "javascript", "test_cases": []})
    rows[2]["verification_info"] = "{}"
    skipped = {
        "is to be solved in javascript": 1,
        "verification_info holds no list of tests": 1,
    }
    return Made(write_parquet(folder / "train.parquet", rows), NUM_ROWS, skipped)


def ace_code_parquet(folder: Path) -> Made:
    rows = [
        {
            "id": f"oss_{number}",
            "source": "oss",
            "question": f"Add {number}.",
            "test_cases": [f"assert round(add({k}), 2) == {k + number}" for k in range(5)],
        }
        for number in range(NUM_ROWS)
    ]
    return Made(write_parquet(folder / "train.parquet", rows), NUM_ROWS, {})
