"""A function in its module, called with bounds; what a call gave, if it is plain; in the sandbox.

    function = Loaded(program).named("f")
    outcome = call(function, (1, 2))            # Outcome(value=3) or Outcome(exception="...")

A call that takes too much processor time is stopped from inside, which a loop of Python notices; a
call into C that does not return ends with the whole process. Values that cannot cross, that are
long, not finite or not text are `unsupported`.
"""

from __future__ import annotations

import builtins
import math
import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple, NoReturn

FILE_NAME = "<harvested>"
CALL_SECONDS = 0.25
# A wrong version that takes so much longer than the right one is told apart.
MUTANT_SECONDS = 0.05
LONGEST_VALUE = 400
_SCALARS = (type(None), bool, int, float, str, bytes)
_MOST_DEPTH = 6


class Late(BaseException):
    """A call took too long."""


class Outcome(NamedTuple):
    """What a call gave: a value, or an exception's name; `unsupported` where it cannot cross."""

    value: Any = None
    exception: str = ""
    unsupported: bool = False

    @property
    def is_value(self) -> bool:
        """Whether a case can expect it."""
        return not self.exception and not self.unsupported


class Loaded:
    """A program that was executed once; mutants of its functions live beside it.

    Raises:
        BaseException: whatever the program's first level raises.
    """

    def __init__(self, program: str) -> None:
        module = ModuleType("candidate")
        sys.modules["candidate"] = module
        exec(compile(program, FILE_NAME, "exec", dont_inherit=True), module.__dict__)
        self._names = module.__dict__

    def named(self, name: str) -> Callable[..., Any]:
        """One of its functions."""
        found: Callable[..., Any] = self._names[name]
        return found

    def replaced(self, name: str, code: CodeType) -> Callable[..., Any]:
        """The function `name` as other code defines it, among the same helpers."""
        names = dict(self._names)
        exec(code, names)
        found: Callable[..., Any] = names[name]
        return found


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Late


def prepare() -> None:
    """Have late calls stopped; once in a process."""
    signal.signal(signal.SIGPROF, _stop)


def call(
    function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float = CALL_SECONDS
) -> Outcome:
    """What a call with copies of the arguments gives, in so much processor time."""
    given = [copied(each) for each in arguments]
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            value = function(*given)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except Late:
        return Outcome(exception="Late")
    # The tried code ran: whatever it raised is what it gave, SystemExit as well.
    except BaseException as error:
        return Outcome(exception=_builtin_name(error))
    return Outcome(value) if is_plain(value) else Outcome(unsupported=True)


def copied(value: Any) -> Any:
    """A copy that shares nothing changeable."""
    kind = type(value)
    if kind is list:
        return [copied(each) for each in value]
    if kind is tuple:
        return tuple([copied(each) for each in value])
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}
    return set(value) if kind is set else value


def is_plain(value: Any) -> bool:
    """Whether a problem file can hold the value, and a reader can look at it."""
    return _cost(value, 0) <= LONGEST_VALUE


def _cost(value: Any, depth: int) -> float:
    kind = type(value)
    if kind in _SCALARS:
        if kind is str:
            return float(len(value) + 2) if _is_text(value) else math.inf
        if kind is bytes:
            return 2.0 * len(value)
        if kind is int:
            return float(value.bit_length() // 3 + 1)
        return 6 if kind is not float or math.isfinite(value) else math.inf
    if kind not in (list, tuple, set, frozenset, dict) or depth > _MOST_DEPTH:
        return math.inf
    if len(value) > LONGEST_VALUE:
        return math.inf
    total = 2.0
    for each in value:
        total += _cost(each, depth + 1)
        if kind is dict:
            total += _cost(value[each], depth + 1)
        if total > LONGEST_VALUE:
            return math.inf
    return total


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _builtin_name(error: BaseException) -> str:
    for kind in type(error).__mro__:
        if vars(builtins).get(kind.__name__) is kind:
            return str(kind.__name__)
    return "BaseException"
