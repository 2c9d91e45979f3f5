"""Reads MBPP (google-research): 974 short functions, each judged by three asserts.

    test = read_mbpp(find_benchmark_file("mbpp"), split="test")        # tasks 11 to 510

The prompt is the docstring form of InCoder and bigcode-evaluation-harness: the text and the
first assert, which is what names the function, between triple quotes. All three asserts are
visible tests; `challenge_test_list` is left out, as every published protocol leaves it out.
Line ends are normalized: 972 of the 974 solutions hold carriage returns.

Two tasks (367 and 927) have set-up code that builds objects of the candidate's own class, so it
has to come after the solution. It is the judge's `setup`, executed once the candidate is there;
the class itself cannot cross to a separate judge, so a verdict on these two needs candidate and
tests in one process, and is then marked as not trusted. Nothing is executed here.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from lit_coder.problems.json_lines import read_json_lines
from lit_coder.problems.problem import CheckProgram, Problem
from lit_coder.problems.python_text import parse_quietly

MBPPSplit: TypeAlias = Literal["prompt", "test", "validation", "train", "all"]

_SPLITS: dict[str, range] = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
    "all": range(1, 975),
}


def read_mbpp(path: str | Path, split: MBPPSplit = "test") -> list[Problem]:
    """The problems of one split of an `mbpp.jsonl` file, in the file's order.

    Raises:
        ValueError: the file is missing, damaged, or no MBPP file, or the split is unknown.
    """
    path = Path(path)
    if split not in _SPLITS:
        raise ValueError(f"MBPP has no split {split!r}; choose from {', '.join(_SPLITS)}")
    problems = []
    for line, record in read_json_lines(path):
        try:
            number = int(str(record["task_id"]))
            text, code = _unix(record["text"]), _unix(record["code"])
            setup = _unix(record.get("test_setup_code") or "")
            asserts = tuple(_unix(test) for test in _list(record["test_list"]))
            entry_point = _entry_point(asserts, code)
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise ValueError(
                f"{path}, line {line}: no MBPP task ({error!r}); "
                "take mbpp.jsonl from google-research-datasets/mbpp"
            ) from error
        if number not in _SPLITS[split]:
            continue
        problems.append(
            Problem(
                task_id=f"MBPP/{number}",
                prompt=f'"""\n{text}\n{asserts[0]}\n"""\n',
                entry_point=entry_point,
                tests=CheckProgram(visible=asserts, setup=setup),
                kind="function",
                source="mbpp",
                reference=code.rstrip("\n") + "\n",
            )
        )
    return problems


def _unix(text: object) -> str:
    """The text with line feeds alone at its line ends."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _list(value: object) -> list[object]:
    """The value, which must be a list with something in it."""
    if not isinstance(value, list) or not value:
        raise TypeError(f"{value!r} is not a list of tests")
    return value


def _entry_point(asserts: tuple[str, ...], code: str) -> str:
    """The function the tests call: of the names called, the one that the solution defines."""
    called = list(_called_names(asserts[0]))
    defined = {
        node.name
        for node in parse_quietly(code).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    for name in called:
        if name in defined:
            return name
    for name in called:
        if not hasattr(builtins, name):
            return name
    raise ValueError(f"the test {asserts[0]!r} calls no function of the solution")


def _called_names(test: str) -> Iterator[str]:
    """Names of the plain functions that an assert calls, outermost first."""
    for node in ast.walk(parse_quietly(test)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
