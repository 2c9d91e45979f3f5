r"""What a programming problem is: a prompt, an entry point, tests, perhaps a reference solution.

    tests = Cases(visible=(Case.call("f", (2,), 4),))
    problem = Problem("demo/0", "def f(x):\n", "f", tests, kind="function", source="demo")
    program = problem.program(completion)      # what the sandbox runs

A problem is plain frozen data. It does not run anything (`sandbox/`), does not judge
(`verification/`), and holds no text that depends on a model or a tokenizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = object
"""A plain Python value that crosses between processes by exact type: None, bool, int, float,
complex, str, bytes, and list, tuple, set, frozenset, dict of such values."""

ProblemKind: TypeAlias = Literal["function", "class", "program", "answer"]

AnswerKind: TypeAlias = Literal["sudoku", "maze", "exact"]


@dataclass(frozen=True, slots=True)
class Call:
    """Call the module-level function `function` with positional `arguments`."""

    function: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Construct:
    """Build an object of class `class_name`; it becomes the case's object. Its outcome is None."""

    class_name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class MethodCall:
    """Call `method` of the case's object with positional `arguments`."""

    method: str
    arguments: tuple[Value, ...]


Operation: TypeAlias = Call | Construct | MethodCall


@dataclass(frozen=True, slots=True)
class Case:
    """A sequence of operations, each with its expected value.

    Each case starts with its own arguments and object. The program is loaded once for all cases
    of a run: its module-level state lives through them. `expected` is as long as `operations`; a
    Construct is expected to give None.
    """

    operations: tuple[Operation, ...]
    expected: tuple[Value, ...]

    @staticmethod
    def call(function: str, arguments: tuple[Value, ...], expected: Value) -> Case:
        """A case of one function call."""
        return Case((Call(function, arguments),), (expected,))


@dataclass(frozen=True, slots=True)
class Cases:
    """Operations with expected values. `visible` may admit a sample, `hidden` is only counted."""

    visible: tuple[Case, ...]
    hidden: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckProgram:
    """Test code, as HumanEval's `check` or MBPP's asserts: executed by a judge process.

    `setup` runs once; then each text of `visible` and `hidden` is one test, executed in the
    judge's namespace, where the entry point is a proxy of the candidate's.
    """

    visible: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    setup: str = ""


@dataclass(frozen=True, slots=True)
class StdioCase:
    """Text on standard input and the whole expected standard output."""

    stdin: str
    expected_stdout: str


@dataclass(frozen=True, slots=True)
class StdioCases:
    """Input/output texts; compared whole, after normalization of line ends and trailing space."""

    visible: tuple[StdioCase, ...]
    hidden: tuple[StdioCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The completion is an answer and no program: plain text, judged without running anything.

    Attributes:
        kind: the rules that judge it: "sudoku" (a filled board that keeps the puzzle's clues),
            "maze" (a shortest path drawn into the puzzle), "exact" (the expected text itself).
        puzzle: what was asked, as the rules read it. Exact answers are judged without it; there
            it only says which problems are the same.
        expected: a right answer; of exact answers the only one.
    """

    kind: AnswerKind
    puzzle: str
    expected: str


ProgramTests: TypeAlias = Cases | CheckProgram | StdioCases
"""Tests that run a program."""

Tests: TypeAlias = ProgramTests | Answer


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Attributes:
        task_id: unique name, `<source>/<name>`.
        prompt: program text up to where the completion starts (imports, signature, docstring);
            "" where the draft says everything.
        entry_point: name of the function or class the tests use; "" for a whole program.
        tests: how a completion is judged.
        kind: "function", "class", "program", or "answer" where the tests are an `Answer`.
        source: family or benchmark the problem comes from.
        difficulty: the source's own knob, 1 = easiest; 0 where the source has none.
        language: "python", or another one that the sandbox runs ("javascript").
        reference: completion that passes the tests, or None where no solution is known.
        suffix: program text that follows the completion (fill in the middle).
        draft: text that stands in the completion's place and is to be made right: a body with an
            error, a board with blanks. A model that fills a canvas starts from it; "" = empty.
    """

    task_id: str
    prompt: str
    entry_point: str
    tests: Tests
    kind: ProblemKind
    source: str
    difficulty: int = 0
    language: str = "python"
    reference: str | None = None
    suffix: str = ""
    draft: str = ""

    def program(self, completion: str) -> str:
        """The whole program text: prompt, completion, suffix."""
        return self.prompt + completion + self.suffix
