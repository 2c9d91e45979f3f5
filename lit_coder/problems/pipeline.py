"""Pipelines: a function that sends its argument through a few operations, one line each.

    def f(x):
        \"\"\"add 3; multiply by 4; negate\"\"\"
        x += 3
        x *= 4
        x = -x
        return x

A `PipelineFamily` is the grammar: the steps to choose from, and inputs that are the same for
every problem of the family, so that behaviours can be compared. Difficulty is the number of
operations. Prompt and completion are as regular and short as possible, because models of less
than a million parameters learn from them; the prompt ends before the line break, so that every
line of the body starts with the same token, a line break with its indent. A step may be an
*ending*: it stands last and is returned (`return sum(xs)`).

Beside what `checks.py` refuses, three kinds of pipelines are refused here: one in which a step is
idle (left out, all outputs stay the same) and one that a single step could replace ("add 2; add
3" is "add 5"), since their difficulty would be a lie; and one whose outputs grow too large to be
a sensible test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from lit_coder.problems.checks import (
    MIN_DISTINCT_OUTPUTS,
    DegenerateProblem,
    refuse_degenerate,
)
from lit_coder.problems.family import prompt_task_id, require_difficulty
from lit_coder.problems.problem import Call, Cases, Operation, Problem, Value
from lit_coder.problems.reference import TrustedProgram

MAX_MAGNITUDE = 2**63
MAX_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its words in the docstring and its expression over the argument."""

    words: str
    expression: str
    is_ending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PipelineFamily:
    """A grammar of pipelines.

    Args:
        name: name of the family.
        argument: name of the function's argument.
        operations: groups of steps; an operation is drawn first, then one of its steps.
        visible_inputs: arguments of the visible tests.
        hidden_inputs: arguments of the hidden tests; none of them is visible.
        endings: steps that may stand last, grouped as `operations`.
        ending_share: share of pipelines that get an ending.
        difficulties: numbers of operations.
    """

    name: str
    argument: str
    operations: tuple[tuple[Step, ...], ...]
    visible_inputs: tuple[Value, ...]
    hidden_inputs: tuple[Value, ...]
    endings: tuple[tuple[Step, ...], ...] = ()
    ending_share: float = 0.0
    difficulties: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)

    def num_problems(self, difficulty: int) -> int | None:
        """How many texts of this difficulty the grammar holds; None from the third on."""
        if difficulty > 2:
            return None
        inner = sum(map(len, self.operations))
        last = inner + sum(map(len, self.endings))
        return last if difficulty == 1 else inner * last

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A pipeline of `difficulty` operations.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        steps = [random.choice(random.choice(self.operations)) for _ in range(difficulty)]
        if self.endings and random.random() < self.ending_share:
            steps[-1] = random.choice(random.choice(self.endings))
        return self.problem_of(steps)

    def problem_of(self, steps: Sequence[Step]) -> Problem:
        """The problem of these steps, checked.

        Raises:
            DegenerateProblem: the steps make no sensible problem.
        """
        self._refuse_idle_or_large(steps)
        prompt = self._prompt(steps)
        reference = self._reference(steps)
        program = TrustedProgram(prompt + reference)
        problem = Problem(
            task_id=prompt_task_id(self.name, prompt),
            prompt=prompt,
            entry_point="f",
            tests=Cases(
                visible=program.cases(_calls(self)[0]),
                hidden=program.cases(_calls(self)[1]),
            ),
            kind="function",
            source=self.name,
            difficulty=len(steps),
            reference=reference,
        )
        refuse_degenerate(problem, program)
        return problem

    def _prompt(self, steps: Sequence[Step]) -> str:
        """Signature and docstring."""
        words = "; ".join(step.words for step in steps)
        return f'def f({self.argument}):\n    """{words}"""'

    def _reference(self, steps: Sequence[Step]) -> str:
        """The function's body: one line for each step, and a return."""
        lines = [
            f"return {step.expression}"
            if step.is_ending
            else _assignment(self.argument, step.expression)
            for step in steps
        ]
        if not steps[-1].is_ending:
            lines.append(f"return {self.argument}")
        return "".join(f"\n    {line}" for line in lines)

    def _refuse_idle_or_large(self, steps: Sequence[Step]) -> None:
        """Raise where the steps do less than their number says, or a value grows too large."""
        functions = [_step_function(self.argument, step.expression) for step in steps]
        before: list[list[Value]] = [[*self.visible_inputs, *self.hidden_inputs]]
        for function, step in zip(functions, steps, strict=True):
            before.append(list(map(function, before[-1])))
            if before[-1] == before[-2]:
                raise DegenerateProblem(f"{self.name}: the step {step.words!r} is idle")
        outputs = before[-1]
        # Long pipelines often end so, and their steps would be left out in vain.
        if len(set(map(repr, outputs))) < MIN_DISTINCT_OUTPUTS:
            raise DegenerateProblem(f"{self.name}: too few distinct outputs")
        if not all(map(is_small, outputs)):
            raise DegenerateProblem(f"{self.name}: an output is too large")
        for left_out, step in enumerate(steps):
            rest = functions[left_out + 1 :]
            if all(
                _through(rest, value) == output
                for value, output in zip(before[left_out], outputs, strict=True)
            ):
                raise DegenerateProblem(f"{self.name}: the step {step.words!r} is idle")
        if len(steps) > 1 and repr(outputs) in _one_step_outputs(self):
            raise DegenerateProblem(f"{self.name}: a single step does the same")


def _assignment(argument: str, expression: str) -> str:
    """The expression assigned to the argument: `x += 3` for "x + 3"."""
    augmented = re.fullmatch(rf"{argument} (\+|-|\*|//|%) (\S+)", expression)
    if augmented:
        return f"{argument} {augmented[1]}= {augmented[2]}"
    return f"{argument} = {expression}"


def steps(words: str, expression: str, constants: Sequence[object] = ("",)) -> tuple[Step, ...]:
    """One step for each constant; `{}` in words and expression is where it stands."""
    return tuple(
        Step(words.format(constant), expression.format(constant)) for constant in constants
    )


def ending(words: str, expression: str) -> tuple[Step, ...]:
    """A step that stands last and is returned."""
    return (Step(words, expression, is_ending=True),)


def is_small(value: Value) -> bool:
    """Whether the value is of a size that a test should hold."""
    if isinstance(value, int):
        return -MAX_MAGNITUDE < value < MAX_MAGNITUDE
    if isinstance(value, str):
        return len(value) <= MAX_LENGTH
    assert isinstance(value, list), f"no family makes values like {value!r}"
    return len(value) <= MAX_LENGTH and (
        not value or -MAX_MAGNITUDE < min(value) <= max(value) < MAX_MAGNITUDE
    )


@cache
def _one_step_outputs(family: PipelineFamily) -> frozenset[str]:
    """The output vectors that one step alone can give."""
    inputs = family.visible_inputs + family.hidden_inputs
    return frozenset(
        repr([_step_function(family.argument, step.expression)(value) for value in inputs])
        for group in family.operations + family.endings
        for step in group
    )


@lru_cache(maxsize=4096)
def _step_function(argument: str, expression: str) -> Callable[[Value], Value]:
    """The step as a function of one argument."""
    function: Callable[[Value], Value] = eval(f"lambda {argument}: {expression}")
    return function


def _through(functions: Sequence[Callable[[Value], Value]], value: Value) -> Value:
    """The value after all steps."""
    for function in functions:
        value = function(value)
    return value


@cache
def _calls(
    family: PipelineFamily,
) -> tuple[tuple[tuple[Operation, ...], ...], tuple[tuple[Operation, ...], ...]]:
    """One call of f for each visible and for each hidden input."""
    return (
        tuple((Call("f", (argument,)),) for argument in family.visible_inputs),
        tuple((Call("f", (argument,)),) for argument in family.hidden_inputs),
    )
