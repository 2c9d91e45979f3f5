r"""From inputs and outputs as contests publish them to tests that the sandbox can run.

    tests_of({"inputs": ["1\n"], "outputs": ["2\n"]}, starter="")             # StdioCases
    tests_of({"fn_name": "f", "inputs": [[1]], "outputs": [[2]]}, starter="") # Cases

Where a function is named, an input is the list of its arguments, and the result often stands in a
list of one: where it does in every test, it is taken out. Where the starter code has a class
`Solution`, the function is a method of it. Every third test is hidden where there are three: hidden
ones are counted and admit nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from lit_coder.corpora.datasets.cells import RowFault
from lit_coder.problems.benchmarks.records import unix_lines
from lit_coder.problems.problem import (
    Case,
    Cases,
    CheckProgram,
    Construct,
    MethodCall,
    ProblemKind,
    ProgramTests,
    StdioCase,
    StdioCases,
)

_CLASS = "Solution"
_Test = TypeVar("_Test")
_ASSERTED_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
# What stands around the call of the function that is tested.
_WRAPPERS = frozenset(
    (
        *(
            "abs",
            "all",
            "any",
            "bool",
            "dict",
            "float",
            "frozenset",
            "int",
            "isclose",
            "isinstance",
        ),
        *("len", "list", "max", "min", "not", "round", "set", "sorted", "str", "sum", "tuple"),
        *("type", "assert"),
    )
)


class JudgedBy(NamedTuple):
    """Tests, the name they use ("" for a whole program), and what kind of problem that makes."""

    tests: ProgramTests
    entry_point: str
    kind: ProblemKind


def tests_of(published: Any, starter: str) -> JudgedBy:
    """The tests of an object with inputs and outputs.

    Raises:
        RowFault: there are none, or they are of another form.
    """
    if not isinstance(published, Mapping) or not published:
        raise RowFault("there are no tests")
    inputs, outputs = published.get("inputs"), published.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise RowFault("the tests are no lists of inputs and outputs")
    if len(inputs) != len(outputs):
        raise RowFault("there are more inputs than outputs, or fewer")
    if not inputs:
        raise RowFault("there are no tests")
    function = published.get("fn_name")
    if not function:
        return JudgedBy(stdio_tests(inputs, outputs), "", "program")
    if not isinstance(function, str) or not function.isidentifier():
        raise RowFault("the name of the tested function is none")
    return _call_tests(function, inputs, outputs, f"class {_CLASS}" in starter)


def stdio_tests(inputs: Sequence[Any], outputs: Sequence[Any]) -> StdioCases:
    """Tests of a program that reads one text and writes another.

    Raises:
        RowFault: an input or output is no text.
    """
    return StdioCases(*split_tests(stdio_cases(inputs, outputs)))


def stdio_cases(inputs: Sequence[Any], outputs: Sequence[Any]) -> list[StdioCase]:
    """Each input with its output.

    Raises:
        RowFault: there are more of one than of the other, or one is no text.
    """
    if len(inputs) != len(outputs):
        raise RowFault("there are more inputs than outputs, or fewer")
    return [StdioCase(_text(given), _text(out)) for given, out in zip(inputs, outputs, strict=True)]


def assert_tests(asserts: Sequence[str], setup: str = "") -> JudgedBy:
    """Tests that are asserts; the function is the first that the first assert calls.

    Raises:
        RowFault: there are none, or they call no function.
    """
    tests = tuple(text for text in asserts if text.strip())
    if not tests:
        raise RowFault("there are no tests")
    called = (name for name in _ASSERTED_CALL.findall(tests[0]) if name not in _WRAPPERS)
    entry_point = next(called, None)
    if entry_point is None:
        raise RowFault("the tests call no function")
    return JudgedBy(CheckProgram(tests, setup=setup), entry_point, "function")


def split_tests(tests: Sequence[_Test]) -> tuple[tuple[_Test, ...], tuple[_Test, ...]]:
    """Visible ones and hidden ones: every third, where there are three."""
    visible = tuple(test for number, test in enumerate(tests) if number % 3 != 2)
    return visible, tuple(tests[2::3])


def _call_tests(function: str, inputs: list[Any], outputs: list[Any], has_class: bool) -> JudgedBy:
    if not all(isinstance(arguments, list) for arguments in inputs):
        raise RowFault("an input is no list of arguments")
    if all(isinstance(result, list) and len(result) == 1 for result in outputs):
        outputs = [result[0] for result in outputs]
    pairs = [
        (tuple(_with_whole_keys(a) for a in arguments), _with_whole_keys(result))
        for arguments, result in zip(inputs, outputs, strict=True)
    ]
    if has_class:
        cases = [
            Case((Construct(_CLASS, ()), MethodCall(function, arguments)), (None, result))
            for arguments, result in pairs
        ]
        return JudgedBy(Cases(*split_tests(cases)), _CLASS, "class")
    calls = [Case.call(function, arguments, result) for arguments, result in pairs]
    return JudgedBy(Cases(*split_tests(calls)), function, "function")


def _with_whole_keys(value: Any) -> Any:
    """The value, where an object's keys are numbers with these: JSON has texts for keys only."""
    if not isinstance(value, dict) or not value:
        return value
    if all(isinstance(key, str) and re.fullmatch(r"-?\d{1,18}", key) for key in value):
        return {int(key): item for key, item in value.items()}
    return value


def _text(value: Any) -> str:
    """What a program reads or writes: a text, or the lines of one."""
    if isinstance(value, list) and all(isinstance(line, str | int | float) for line in value):
        return "\n".join(str(line) for line in value) + "\n"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise RowFault("an input or output is no text")
    return unix_lines(value)
