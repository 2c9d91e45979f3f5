r"""A program is loaded, and one case after another is tried on it; runs in the sandbox.

    answers = try_case(names, ("operations", [("call", "f", (1,))]))     # [Answer(value=2)]
    answers = try_script(code, "1 2\n")                                  # [Answer(value="3\n")]

A case is ("operations", operations), ("check", setup, text) - a test that raises where it fails -
or ("stdin", text), for which the program is a script. Values that cannot cross are `unsupported`.
"""

from __future__ import annotations

import builtins
import io
import math
import sys
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from lit_coder.environment.inside.states import MODULE_NAME
from lit_coder.harvesting.inside.execution import Late

LATE = "Late"
"""The fault of what was stopped because it took too long."""

MOST_CHARACTERS = 4000
_MOST_DEPTH = 40


class Answer(NamedTuple):
    """What one operation gave; the name of a built-in exception, "Late" or "unsupported", or ""."""

    value: Any = None
    fault: str = ""


def load(code: CodeType, name: str = MODULE_NAME) -> dict[str, Any]:
    """The names of the program after its first level was executed.

    Raises:
        BaseException: whatever the program's first level raises.
    """
    module = ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    # Dataclasses and typing look a class's module up by its name.
    sys.modules[name] = module
    exec(code, module.__dict__)
    return module.__dict__


def try_case(
    names: dict[str, Any], case: tuple[Any, ...], tell: Callable[[Answer], None] = lambda _: None
) -> list[Answer]:
    """The answers of one case, which ends at the first fault; each value is told at once."""
    answers: list[Answer] = []
    try:
        if case[0] == "check":
            own = dict(names)
            exec(case[1], own)
            exec(case[2], own)
            return [Answer(True)]
        made: Any = None
        for action, name, arguments in case[1]:
            if action == "method":
                value = getattr(made, name)(*arguments)
            else:
                value = names[name](*arguments)
            if action == "construct":
                made, value = value, None
            answers.append(Answer(value) if crosses(value) else Answer(fault="unsupported"))
            tell(answers[-1])
    except Late:
        return [*answers, Answer(fault=LATE)]
    # The tried program ran: whatever it raised is what it gave, SystemExit as well.
    except BaseException as error:
        return [*answers, Answer(fault=exception_name(error))]
    return answers


def try_script(code: CodeType, stdin: str) -> list[Answer]:
    """What the program prints as a script that reads this text."""
    former = sys.stdin, sys.stdout
    sys.stdin, sys.stdout = io.StringIO(stdin), io.StringIO()
    try:
        load(code, "__main__")
        return [Answer(printed()[-MOST_CHARACTERS:])]
    except Late:
        return [Answer(fault=LATE)]
    except SystemExit as end:
        ok = end.code in (None, 0)
        return [Answer(printed()[-MOST_CHARACTERS:]) if ok else Answer(fault="SystemExit")]
    except BaseException as error:
        return [Answer(fault=exception_name(error))]
    finally:
        sys.stdin, sys.stdout = former


def printed() -> str:
    """What was printed so far, where that is kept."""
    return sys.stdout.getvalue() if isinstance(sys.stdout, io.StringIO) else ""


def exception_name(error: BaseException) -> str:
    """The nearest built-in class of an exception."""
    for kind in type(error).__mro__:
        if vars(builtins).get(kind.__name__) is kind:
            return str(kind.__name__)
    return "BaseException"


def crosses(value: Any) -> bool:
    """Whether the value can be sent, and is not too long for many of its kind."""
    return _size(value, 0) <= MOST_CHARACTERS


def _size(value: Any, depth: int) -> float:
    kind = type(value)
    if kind in (str, bytes):
        return len(value) + 2.0
    if kind is int:
        return float(value.bit_length() // 3 + 1)
    if value is None or kind in (bool, float, complex):
        return 6.0
    is_container = kind in (list, tuple, set, frozenset, dict)
    if not is_container or depth > _MOST_DEPTH or len(value) > MOST_CHARACTERS:
        return math.inf
    total = 2.0
    for each in value:
        total += _size(each, depth + 1) + (_size(value[each], depth + 1) if kind is dict else 0)
        if total > MOST_CHARACTERS:
            break
    return total
