"""Runs a trusted reference in this process and records what its operations give.

    program = TrustedProgram(problem.program(problem.reference))
    outcomes = program.outcomes([case.operations for case in problem.tests.visible])

Only for text that our own grammars wrote. Whatever a model generated, a user brought or a
repository held is run by `sandbox/` and never comes here: nothing is isolated or limited.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType

from lit_coder.problems.problem import Call, Case, Construct, Operation, Value

_IMMUTABLE = frozenset((int, str, bool, float, bytes, type(None)))


class TrustedProgram:
    """A program of our own, compiled and executed once in a fresh namespace.

    Args:
        text: the whole program, prompt and completion.
    """

    def __init__(self, text: str) -> None:
        self._namespace: dict[str, object] = {"__name__": "reference"}
        exec(compile(text, "<reference>", "exec"), self._namespace)

    def outcomes(self, cases: Iterable[tuple[Operation, ...]]) -> tuple[tuple[Value, ...], ...]:
        """The value of every operation of every case; what the program raises passes through."""
        return tuple(self._run(operations) for operations in cases)

    def call(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """What the function gives for copies of these arguments."""
        return self._callable(name)(*_copies(arguments))

    def cases(self, cases: Iterable[tuple[Operation, ...]]) -> tuple[Case, ...]:
        """The operations as test cases that expect what this program gives."""
        return tuple([Case(operations, self._run(operations)) for operations in cases])

    def _run(self, operations: tuple[Operation, ...]) -> tuple[Value, ...]:
        """Execute one case: its operations in order, on one object where there is one."""
        call = operations[0]
        if len(operations) == 1 and isinstance(call, Call):
            return (self._namespace[call.function](*_copies(call.arguments)),)  # type: ignore[operator]
        values: list[Value] = []
        instance: object = None
        for operation in operations:
            # A program may change its arguments in place; the test case must not change with it.
            arguments = _copies(operation.arguments)
            if isinstance(operation, Call):
                values.append(self._callable(operation.function)(*arguments))
            elif isinstance(operation, Construct):
                instance = self._callable(operation.class_name)(*arguments)
                values.append(None)
            else:
                values.append(getattr(instance, operation.method)(*arguments))
        return tuple(values)

    def _callable(self, name: str) -> type[object]:
        """The function or class `name` of the program."""
        found = self._namespace[name]
        assert callable(found), f"{name} of a trusted program is not callable"
        return found  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def known_program(text: str) -> TrustedProgram:
    """A program of our own that was perhaps asked before; it must keep no state."""
    return TrustedProgram(text)


def trusted_output(code: CodeType, stdin: str) -> str:
    """What a whole program of our own prints; it may use `input` and `print` as they are."""
    lines = iter(stdin.splitlines())
    printed: list[str] = []

    def read(prompt: str = "") -> str:
        return next(lines)

    def write(*values: object, sep: str = " ", end: str = "\n") -> None:
        printed.append(sep.join(map(str, values)) + end)

    exec(code, {"__name__": "__main__", "input": read, "print": write})
    return "".join(printed)


_MOST_KNOWN_COPIES = 8192
_KNOWN_COPIES: dict[int, tuple[tuple[Value, ...], bytes]] = {}


def _copies(arguments: tuple[Value, ...]) -> tuple[Value, ...]:
    """Copies of the arguments that share nothing changeable with them.

    A family hands the very same tuple to each of its programs, so what copies are made from is kept
    by the tuple's identity, which no other one has meanwhile.
    """
    known = _KNOWN_COPIES.get(id(arguments))
    if known is None:
        if len(_KNOWN_COPIES) >= _MOST_KNOWN_COPIES:
            _KNOWN_COPIES.clear()
        is_plain = all(type(value) in _IMMUTABLE for value in arguments)
        # Version 2 knows no references: what stands twice in the arguments becomes two objects.
        packed = b"" if is_plain else marshal.dumps(arguments, 2)  # type: ignore[arg-type]
        known = _KNOWN_COPIES[id(arguments)] = (arguments, packed)
    copies: tuple[Value, ...] = marshal.loads(known[1]) if known[1] else arguments
    return copies
