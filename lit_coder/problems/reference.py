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
from typing import NamedTuple

from lit_coder.problems.problem import Call, Case, MethodCall, Operation, Value

_IMMUTABLE = frozenset((int, str, bool, float, bytes, type(None)))


class _Batch(NamedTuple):
    """Operations of several cases, with what fresh copies of all their arguments are made from.

    `function` is what each case calls, once; "" where cases do anything else. `packed` is b""
    where no argument can be changed.
    """

    cases: tuple[tuple[Operation, ...], ...]
    function: str
    arguments: tuple[Value, ...]
    packed: bytes

    def fresh_arguments(self) -> tuple[Value, ...]:
        """The arguments of every case, which share nothing changeable with the cases'.

        Of calls a tuple for each case; else a tuple for each operation of each case.
        """
        return marshal.loads(self.packed) if self.packed else self.arguments


class TrustedProgram:
    """A program of our own, compiled and executed once in a fresh namespace.

    Args:
        text: the whole program, prompt and completion.
    """

    def __init__(self, text: str) -> None:
        self._namespace: dict[str, object] = {"__name__": "reference"}
        self._asked: list[tuple[tuple[Case, ...], _Batch]] = []
        exec(compile(text, "<reference>", "exec"), self._namespace)

    def outcomes(self, cases: Iterable[tuple[Operation, ...]]) -> tuple[tuple[Value, ...], ...]:
        """The value of every operation of every case; what the program raises passes through."""
        return self._run(_batch(tuple(cases)))

    def cases(self, cases: Iterable[tuple[Operation, ...]]) -> tuple[Case, ...]:
        """The operations as test cases that expect what this program gives."""
        batch = _known_batch(cases) if isinstance(cases, tuple) else _batch(tuple(cases))
        made = tuple(map(Case, batch.cases, self._run(batch)))
        self._asked.append((made, batch))
        return made

    def outcomes_of(self, cases: tuple[Case, ...]) -> tuple[tuple[Value, ...], ...]:
        """What the operations of test cases give now, whatever is expected of them."""
        for made, batch in self._asked:
            if made is cases:
                return self._run(batch)
        return self.outcomes(case.operations for case in cases)

    def call(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """What the function gives for copies of these arguments."""
        return self._callable(name)(*_copies(arguments))

    def outcome(self, operations: tuple[Operation, ...]) -> tuple[Value, ...]:
        """The value of every operation of one case."""
        return self._script(operations, tuple([_copies(each.arguments) for each in operations]))

    def _run(self, batch: _Batch) -> tuple[tuple[Value, ...], ...]:
        """The value of every operation, on fresh arguments."""
        # A program may change its arguments in place; the test cases must not change with them.
        arguments = batch.fresh_arguments()
        if batch.function:
            function = self._callable(batch.function)
            return tuple([(function(*given),) for given in arguments])  # type: ignore[misc]
        return tuple(map(self._script, batch.cases, arguments))  # type: ignore[arg-type]

    def _script(
        self, operations: tuple[Operation, ...], arguments: tuple[tuple[Value, ...], ...]
    ) -> tuple[Value, ...]:
        """Execute one case: its operations in order, on one object where there is one."""
        values: list[Value] = []
        instance: object = None
        for operation, given in zip(operations, arguments, strict=True):
            if type(operation) is MethodCall:
                values.append(getattr(instance, operation.method)(*given))
            elif type(operation) is Call:
                values.append(self._callable(operation.function)(*given))
            else:
                instance = self._callable(operation.class_name)(*given)  # type: ignore[union-attr]
                values.append(None)
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


def _batch(cases: tuple[tuple[Operation, ...], ...]) -> _Batch:
    """The cases with their arguments packed."""
    first = cases[0][0] if cases else None
    function = first.function if isinstance(first, Call) else ""
    is_calls = function and all(
        len(operations) == 1
        and isinstance(operations[0], Call)
        and operations[0].function == function
        for operations in cases
    )
    arguments: tuple[Value, ...]
    if is_calls:
        arguments = tuple(operations[0].arguments for operations in cases)
    else:
        function = ""
        arguments = tuple(tuple(each.arguments for each in operations) for operations in cases)
    asked = [each.arguments for operations in cases for each in operations]
    is_plain = all(type(value) in _IMMUTABLE for given in asked for value in given)
    packed = b"" if is_plain else _packed(arguments)
    return _Batch(cases, function, arguments, packed)


def _packed(arguments: tuple[Value, ...]) -> bytes:
    """What `marshal.loads` makes separate copies of."""
    # Version 2 knows no references: what stands twice in the arguments becomes two objects. In
    # those, only texts and numbers stand twice, which later versions write once and load faster.
    separate = marshal.loads(marshal.dumps(arguments, 2))  # type: ignore[arg-type]
    return marshal.dumps(separate)


_MOST_KNOWN_BATCHES = 1024
_KNOWN_BATCHES: dict[int, _Batch] = {}


def _known_batch(cases: tuple[tuple[Operation, ...], ...]) -> _Batch:
    """The batch of these very cases, packed once.

    A family hands the very same tuple to each of its programs, so a batch is known by the tuple's
    identity, which no other one has while it is kept here.
    """
    known = _KNOWN_BATCHES.get(id(cases))
    if known is None:
        if len(_KNOWN_BATCHES) >= _MOST_KNOWN_BATCHES:
            _KNOWN_BATCHES.clear()
        known = _KNOWN_BATCHES[id(cases)] = _batch(cases)
    return known


_MOST_KNOWN_COPIES = 8192
_KNOWN_COPIES: dict[int, tuple[tuple[Value, ...], bytes]] = {}


def _copies(arguments: tuple[Value, ...]) -> tuple[Value, ...]:
    """Copies of one operation's arguments, made from what is kept by the tuple's identity."""
    known = _KNOWN_COPIES.get(id(arguments))
    if known is None:
        if len(_KNOWN_COPIES) >= _MOST_KNOWN_COPIES:
            _KNOWN_COPIES.clear()
        is_plain = all(type(value) in _IMMUTABLE for value in arguments)
        packed = b"" if is_plain else _packed(arguments)
        known = _KNOWN_COPIES[id(arguments)] = (arguments, packed)
    copies: tuple[Value, ...] = marshal.loads(known[1]) if known[1] else arguments
    return copies
