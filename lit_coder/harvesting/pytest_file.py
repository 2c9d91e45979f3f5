"""The text of a pytest file with what functions were seen to do.

    text = pytest_text("package.module", tested, left_out)

One test a function, and one for each error that it names and raises. Rounded numbers are compared
by `pytest.approx`. The head says how many wrong versions of each function the tests tell apart:
they record what the functions do, and cannot know what they should do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import Examined
from lit_coder.harvesting.literals import literal
from lit_coder.problems.problem import Value

_WIDTH = 88
_MOST_RAISING = 3
# Digits of a fraction that is what it looks like.
_SHORT = 8


class Tested(NamedTuple):
    """A function with what was found."""

    candidate: Candidate
    examined: Examined


def pytest_text(module: str, tested: Sequence[Tested], left_out: Sequence[tuple[str, str]]) -> str:
    """The whole file.

    Args:
        module: the name under which tests import the functions.
        tested: the functions, in the order of the tests.
        left_out: names of those that cannot be tested so, with why.
    """
    tests = [line for each in tested for line in _tests(each)]
    imports = ["import pytest\n"] if any("pytest." in line for line in tests) else []
    names = sorted(each.candidate.name for each in tested)
    line = f"from {module} import {', '.join(names)}"
    if len(line) > _WIDTH:
        line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    head = "\n".join([_head(module, tested, left_out), "", *imports, line])
    return head + "\n" + "".join(tests)


def _head(module: str, tested: Sequence[Tested], left_out: Sequence[tuple[str, str]]) -> str:
    killed = sum(len(each.examined.chosen.killed) for each in tested)
    missed = sum(each.examined.num_missed for each in tested)
    lines = [
        f'"""What the functions of `{module}` do, as they were found; mutation score '
        f"{killed / max(killed + missed, 1):.2f}.",
        "",
        "Written by `lit-coder data make-tests`. A mutation score is the share of a function's",
        "wrong versions that its values here tell apart, of those that differ on any argument",
        "that was tried.",
        "",
    ]
    for each in tested:
        found = each.examined
        told = len(found.chosen.killed)
        lines.append(
            f"    {each.candidate.name}: {found.score:.2f} ({told} of {told + found.num_missed} "
            f"wrong versions, {found.num_mutants - told - found.num_missed} more change nothing)"
        )
    lines += [f"    {name}: left out, for it {reason}" for name, reason in left_out]
    return "\n".join([*lines, '"""'])


def _tests(tested: Tested) -> Iterator[str]:
    candidate, found = tested
    name = candidate.name
    yield f"\n\ndef test_{name.strip('_')}():\n"
    for index in (*found.chosen.visible, *found.chosen.hidden):
        yield _assertion(name, found.inputs[index], found.values[index])
    by_error: dict[str, list[tuple[Value, ...]]] = {}
    for arguments, error in found.raising:
        # What the function names itself is meant; the rest may be another one tomorrow.
        if re.search(rf"\b{error}\b", candidate.source):
            by_error.setdefault(error, []).append(arguments)
    for error in sorted(by_error):
        yield f"\n\ndef test_{name.strip('_')}_raises_{_snake(error)}():\n"
        for arguments in sorted(by_error[error], key=lambda each: len(literal(each)))[
            :_MOST_RAISING
        ]:
            yield f"    with pytest.raises({error}):\n"
            yield f"        {_call(name, arguments, 8, 0)}\n"


def _assertion(name: str, arguments: tuple[Value, ...], value: Value) -> str:
    if value is None or isinstance(value, bool):
        end = f" is {value}"
    elif _is_approximate(value):
        end = f" == pytest.approx({_text(value)}, rel=1e-9)"
    else:
        end = f" == {_text(value)}"
    line = "    assert " + _call(name, arguments, 4, len("assert ") + len(end)) + end
    if len(line.rpartition("\n")[2]) > _WIDTH and end.startswith(" == ") and "approx" not in end:
        line = line.removesuffix(end) + " == " + _laid_out(value, 4)
    return line + "\n"


def _call(name: str, arguments: tuple[Value, ...], indent: int, num_beside: int) -> str:
    """The call on one line, or with one argument a line where that is too long.

    `num_beside`: characters on the line beside the call and its indentation.
    """
    line = f"{name}({', '.join(map(_text, arguments))})"
    if indent + len(line) + num_beside <= _WIDTH:
        return line
    inner = indent + 4
    members = "".join(f"{' ' * inner}{_laid_out(each, inner)},\n" for each in arguments)
    return f"{name}(\n{members}{' ' * indent})"


def _laid_out(value: Value, indent: int) -> str:
    """The value on one line, or with one member a line where that is too long."""
    text = _text(value)
    if indent + len(text) < _WIDTH or not isinstance(value, (list, tuple, dict)) or not value:
        return text
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        members = [f"{_text(key)}: {_laid_out(item, indent + 4)}" for key, item in value.items()]
    else:
        members = [_laid_out(each, indent + 4) for each in value]
    opening, closing = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}")}[type(value)]
    lines = "".join(f"{inner}{member},\n" for member in members)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def _is_approximate(value: Value) -> bool:
    """A rounded number, or a flat container with one, which is all that approx compares."""
    if isinstance(value, (list, tuple)):
        members: list[Value] = list(value)
    elif isinstance(value, dict):
        members = list(value.values())
    else:
        members = [value]
    is_rounded = any(isinstance(each, float) and len(repr(each)) > _SHORT for each in members)
    return is_rounded and all(type(each) in (int, float) for each in members)


def _text(value: Value) -> str:
    return literal(value, prefers_double_quotes=True)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
