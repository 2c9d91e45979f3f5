r"""Programs of equal lines: a number goes through operations with constants, one a line.

    def f(x):
        # 12468:92840
        x = (x+2)%10
        x = (x*3)%10
        return x

The grammar of `repair` and `synthesis`. The comment shows the visible tests: inputs that are the
same for every problem, and their outputs, a digit each, so that every one stands at the same place
in every prompt. After each step x is a digit: what a network has to learn of a step is a table of
ten. There are 6 operators, each of one sign that no tokenizer joins to what stands beside it, with
a constant from 2 to 9: 48 steps, each defined for every integer, so that no program raises.

A program's *template* is the sequence of its operators. Of those with two and more, one in eight
is held out, chosen by a hash: what learns from families of the others has never seen it.

The prompt ends before the line break, so that every line of the body starts with the same token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from itertools import product
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem, refuse_degenerate
from lit_coder.problems.family import prompt_task_id
from lit_coder.problems.problem import Call, Case, Cases, Problem
from lit_coder.problems.reference import TrustedProgram

# Of the single edits that change an output for any number from -20 to 99, these five miss one in
# a hundred, as a search over random programs found.
VISIBLE_INPUTS = (1, 2, 4, 6, 8)
HIDDEN_INPUTS = (0, 3, 5, 7, 9, 10, 12, 13, 19, 42, 64, 97)
OPERATORS = "+-*&|^"
CONSTANTS = "23456789"

_HELD_OUT_ONE_IN = 8
_ASSIGNED = re.compile(r"x = \(x(.)\d\)%10$", re.MULTILINE)


class Step(NamedTuple):
    """One line: what is done to x with which constant."""

    operator: str
    constant: str

    @property
    def expression(self) -> str:
        """The right side of the assignment."""
        return f"(x{self.operator}{self.constant})%10"


STEPS = tuple(sorted(Step(*pair) for pair in product(OPERATORS, CONSTANTS)))
"""Every step, in the order of their texts."""


def random_steps(count: int, random: Random) -> tuple[Step, ...]:
    """Steps of which each has the same chance."""
    return tuple(random.choice(STEPS) for _ in range(count))


def body_of(steps: Sequence[Step]) -> str:
    """The function's body as a completion."""
    lines = [f"x = {step.expression}" for step in steps]
    return "".join(f"\n    {line}" for line in (*lines, "return x"))


def template_of(body: str) -> str:
    """The operators of a body, in the order of its lines."""
    return "".join(_ASSIGNED.findall(body))


def is_held_out_template(template: str) -> bool:
    """Whether only the families of held-out templates draw it; single operations never are."""
    digest = sha256(template.encode()).digest()
    return len(template) > 1 and digest[0] % _HELD_OUT_ONE_IN == 0


def line_problem(source: str, steps: Sequence[Step], draft: str = "") -> Problem:
    """The problem of these steps, checked.

    Raises:
        DegenerateProblem: a step does nothing, one alone does the same, or see `checks.py`.
    """
    reference = body_of(steps)
    _refuse_idle(source, steps)
    program = TrustedProgram(f"def f(x):{reference}")
    tests = Cases(
        program.cases(map(_call, VISIBLE_INPUTS)), program.cases(map(_call, HIDDEN_INPUTS))
    )
    prompt = examples_prompt(tests.visible)
    problem = Problem(
        task_id=prompt_task_id(source, prompt + draft + reference),
        prompt=prompt,
        entry_point="f",
        tests=tests,
        kind="function",
        source=source,
        difficulty=len(steps),
        reference=reference,
        draft=draft,
    )
    refuse_degenerate(problem, program)
    return problem


def visible_outputs(body: str) -> tuple[object, ...]:
    """What a body of our own gives for the visible inputs."""
    outcomes = TrustedProgram(f"def f(x):{body}").outcomes(map(_call, VISIBLE_INPUTS))
    return tuple(value for (value,) in outcomes)


@cache
def on_many(step: Step) -> Callable[[list[int]], list[int]]:
    """The step as a function of a list of numbers."""
    function: Callable[[list[int]], list[int]] = eval(f"lambda xs: [{step.expression} for x in xs]")
    return function


def _outputs(steps: Sequence[Step]) -> list[int]:
    """What the steps give for all inputs."""
    numbers = [*VISIBLE_INPUTS, *HIDDEN_INPUTS]
    for step in steps:
        numbers = on_many(step)(numbers)
    return numbers


def _refuse_idle(source: str, steps: Sequence[Step]) -> None:
    """Raise where the steps do less than their number says."""
    outputs = _outputs(steps)
    for left_out, step in enumerate(steps):
        if _outputs([*steps[:left_out], *steps[left_out + 1 :]]) == outputs:
            raise DegenerateProblem(f"{source}: the step {step.expression!r} is idle")
    if len(steps) > 1 and tuple(outputs) in _outputs_of_one_step():
        raise DegenerateProblem(f"{source}: a single step does the same")


@cache
def _outputs_of_one_step() -> frozenset[tuple[int, ...]]:
    return frozenset(tuple(_outputs([step])) for step in STEPS)


def examples_prompt(cases: Sequence[Case]) -> str:
    """Signature and visible tests: what every problem of these programs asks with."""
    outputs = "".join(str(case.expected[0]) for case in cases)
    return f"def f(x):\n    # {''.join(map(str, VISIBLE_INPUTS))}:{outputs}"


def _call(number: int) -> tuple[Call]:
    """A case's operations: one call of f."""
    return (Call("f", (number,)),)
