r"""Tracing: what a straight-line program assigns in each line takes the place of the expression.

    problem = TRACING.sample(4, Random(0))
    problem.draft        # "b=7\na=2\nc=b\na=c\n"
    problem.reference    # "b=7\na=2\nc=7\na=7\n"

Difficulty is the number of lines, 3 to 12; the first two assign different digits to two variables,
so that every copy has something to choose from; some line reads a variable. `tracing` assigns
digits and copies variables; `tracing_sums` adds two of them modulo 10 in each line (`c=a+3` becomes
`c=4` and two blanks). All lines of a family are equally long, so nothing moves. The digits are what
Python gives when it executes the lines. Programs that differ in the names of their variables or in
the order of two operands count as the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import answer_problem, require_difficulty
from lit_coder.problems.problem import Answer, Problem

_NAMES = "abcdef"
_DIGITS = "0123456789"
_NEW_NAME_SHARE = 0.6
_NUM_DIGIT_LINES = 2


@dataclass(frozen=True, slots=True)
class TracingFamily:
    """Straight-line programs over single digits.

    Args:
        name: name of the family.
        num_operands: digits and variables in each line, which are added.
        digit_share: share of digits among them, once there are variables.
        difficulties: numbers of lines.
    """

    name: str
    num_operands: int
    digit_share: float
    difficulties: tuple[int, ...] = tuple(range(3, 13))

    def num_problems(self, difficulty: int) -> int | None:
        """Nobody will draw them all."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A program of this many lines.

        Raises:
            DegenerateProblem: the first values are the same, or no variable is read; draw again.
        """
        require_difficulty(self, difficulty)
        lines = self._lines(difficulty, random)
        values = traced(lines)
        if len(set(values[:_NUM_DIGIT_LINES])) < _NUM_DIGIT_LINES:
            raise DegenerateProblem(f"{self.name}: the first lines have the value {values[0]}")
        if longest_chain(lines) < 1:
            raise DegenerateProblem(f"{self.name}: no line reads a variable")
        draft = "".join(f"{line}\n" for line in lines)
        reference = "".join(
            f"{line[:2]}{value}".ljust(len(line)) + "\n"
            for line, value in zip(lines, values, strict=True)
        )
        answer = Answer("exact", without_names(lines), reference)
        return answer_problem(self.name, difficulty, draft, answer)

    def _lines(self, num_lines: int, random: Random) -> list[str]:
        """Assignments; a variable is read only once it has a value."""
        unused = random.sample(_NAMES, len(_NAMES))
        assigned: list[str] = []
        lines = []
        for index in range(num_lines):
            starts = index < _NUM_DIGIT_LINES
            operands = [
                random.choice(_DIGITS)
                if starts or random.random() < self.digit_share
                else random.choice(assigned)
                for _ in range(self.num_operands)
            ]
            # A copy of itself would be no assignment.
            others = [name for name in assigned if [name] != operands]
            if starts or (unused and random.random() < _NEW_NAME_SHARE):
                name = unused.pop()
                assigned.append(name)
            else:
                name = random.choice(others)
            lines.append(f"{name}={'+'.join(operands)}")
        return lines


def traced(lines: Sequence[str]) -> list[int]:
    """What each line assigns, modulo 10: the lines are executed, so they must be our own."""
    variables: dict[str, int] = {}
    values = []
    for line in lines:
        name, _, expression = line.partition("=")
        variables[name] = eval(expression, {"__builtins__": {}}, variables) % 10
        values.append(variables[name])
    return values


def longest_chain(lines: Sequence[str]) -> int:
    """How many variables must be read in a row, at most, to know what a line assigns."""
    depths: dict[str, int] = {}
    longest = 0
    for line in lines:
        name, _, expression = line.partition("=")
        read = [depths[operand] for operand in expression.split("+") if operand in depths]
        depths[name] = 1 + max(read) if read else 0
        longest = max(longest, depths[name])
    return longest


def without_names(lines: Sequence[str]) -> str:
    """The program with its variables numbered as they come, and operands in order."""
    names: dict[str, str] = {}
    renamed = []
    for line in lines:
        name, _, expression = line.partition("=")
        operands = sorted(names.get(operand, operand) for operand in expression.split("+"))
        if name not in names:
            names[name] = _NAMES[len(names)]
        renamed.append(f"{names[name]}={'+'.join(operands)}")
    return "\n".join(renamed)


TRACING = TracingFamily("tracing", num_operands=1, digit_share=0.4)

TRACING_SUMS = TracingFamily("tracing_sums", num_operands=2, digit_share=0.3)
