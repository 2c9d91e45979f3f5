"""What a problem asks for, as a hash of inputs and outputs: equal behaviour, equal hash.

    if behaviour(problem) in held_out_behaviours: ...

Two prompts in different words that want the same outputs for the same operations are one
problem: text comparison would miss that "add 2; add 3" is "add 5". A family asks every problem
of one interface the same operations, so its behaviours can be compared. The hash needs no
reference solution and is the same in every process and on every machine. What the problem calls
its own function or class makes no difference.

Its limits: behaviours are compared exactly where the same inputs are asked, which inside a
family they always are. Problems of a user's files that ask other inputs, or whose tests are code
(compared as text), can want the same behaviour unnoticed: their hashes differ.
"""

from __future__ import annotations

from hashlib import sha256

from lit_coder.problems.maze_grid import canonical_maze
from lit_coder.problems.problem import (
    Answer,
    Call,
    Cases,
    CheckProgram,
    MethodCall,
    Operation,
    Problem,
    Value,
)
from lit_coder.problems.sudoku import sudoku_identity

_PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes))


def behaviour(problem: Problem) -> str:
    """Hash of the operations and expected values of all tests, visible and hidden.

    Which tests are visible, and their order, makes no difference. For test code (CheckProgram)
    it is the hash of the code, for an Answer that of its puzzle, up to the puzzle's symmetries.
    """
    return sha256("\n".join(_facts(problem)).encode()).hexdigest()[:32]


def canonical_text(value: Value) -> str:
    """Text that is equal where values and types are, whatever the order of sets and dicts."""
    kind = type(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is list or kind is tuple:
        # Asked many thousand times a second, mostly of flat lists and of tuples of one value.
        inner = ",".join(
            [
                repr(member) if type(member) in _PLAIN else canonical_text(member)
                for member in value  # type: ignore[attr-defined]
            ]
        )
        return f"[{inner}]" if kind is list else f"({inner},)"
    if isinstance(value, dict):
        entries = sorted((canonical_text(key), canonical_text(item)) for key, item in value.items())
        return "{" + ",".join(f"{key}:{item}" for key, item in entries) + "}"
    if isinstance(value, (set, frozenset)):
        inner = ",".join(sorted(canonical_text(member) for member in value))
        return f"{type(value).__name__}({inner})"
    return repr(value)


def _facts(problem: Problem) -> list[str]:
    """One line of text for every test, sorted."""
    tests = problem.tests
    if isinstance(tests, Cases):
        name = problem.entry_point
        return sorted(
            [
                f"{_operations_text(case.operations, name)}={canonical_text(case.expected)}"
                for case in tests.visible + tests.hidden
            ]
        )
    if isinstance(tests, CheckProgram):
        return [tests.setup, *sorted(tests.visible + tests.hidden)]
    if isinstance(tests, Answer):
        return [tests.kind, *_answer_facts(tests)]
    return sorted(repr((case.stdin, case.expected_stdout)) for case in tests.visible + tests.hidden)


def _answer_facts(answer: Answer) -> list[str]:
    """The puzzle, in a form that is equal for those that count as the same."""
    if answer.kind == "sudoku":
        return [sudoku_identity(answer.puzzle, answer.expected)]
    if answer.kind == "maze":
        return [canonical_maze(answer.puzzle)]
    return [answer.puzzle]


_MOST_KNOWN_TEXTS = 8192
_KNOWN_TEXTS: dict[int, tuple[tuple[Operation, ...], str, str]] = {}


def _operations_text(operations: tuple[Operation, ...], entry_point: str) -> str:
    """A case's operations as text, known where the very same tuple was asked before.

    A family asks its problems the same operations again and again. Their arguments may be lists,
    so a tuple is known by its identity, which no other one has while it is kept here.
    """
    known = _KNOWN_TEXTS.get(id(operations))
    if known is None or known[1] != entry_point:
        if len(_KNOWN_TEXTS) >= _MOST_KNOWN_TEXTS:
            _KNOWN_TEXTS.clear()
        text = " ".join(_operation_text(each, entry_point) for each in operations)
        known = _KNOWN_TEXTS[id(operations)] = (operations, entry_point, text)
    return known[2]


def _operation_text(operation: Operation, entry_point: str) -> str:
    """The operation with its arguments, without the name that the problem gave its entry point."""
    if isinstance(operation, MethodCall):
        return "." + operation.method + canonical_text(operation.arguments)
    if isinstance(operation, Call):
        kind, name = "call", operation.function
    else:
        kind, name = "new", operation.class_name
    return f"{kind} {'' if name == entry_point else name}{canonical_text(operation.arguments)}"
