"""Small classes: an object holds one number, and its methods change it or tell something of it.

    class Counter:
        \"\"\"start: add 3; step: double; jump: tell negate\"\"\"
        def __init__(self, x):
            self.x = x + 3
        def step(self):
            self.x = self.x + self.x
            return self.x
        def jump(self):
            return -self.x

The operations are those of arithmetic. A method either changes the number and returns it, or
*tells*: returns what the operation would give and changes nothing. Difficulty is the number of
methods beside `__init__`. Methods are named in a fixed order, and all problems of one difficulty
are asked the same sequences of calls, so their behaviours can be compared; problems of different
difficulties have different interfaces, and are never the same.

Beside what `checks.py` refuses, a class is refused where a method, or the start, could leave the
number as it is without any test noticing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.checks import DegenerateProblem, refuse_degenerate
from lit_coder.problems.family import prompt_task_id, require_difficulty
from lit_coder.problems.pipeline import Step, is_small
from lit_coder.problems.problem import Cases, Construct, MethodCall, Operation, Problem
from lit_coder.problems.reference import TrustedProgram

METHOD_NAMES = ("step", "jump", "turn", "push", "pull")
CLASS_NAME = "Counter"

_TELL_SHARE = 0.3
_VISIBLE_STARTS = (0, 2, 4, 8, 31, -37)
_HIDDEN_STARTS = (1, 3, 5, 6, 7, 9, -1, -4, -13, 19, 97)
_UNCHANGED = Step("", "x")


@dataclass(frozen=True, slots=True)
class _Method:
    """What one method does."""

    step: Step
    tells: bool


@dataclass(frozen=True, slots=True)
class ClassFamily:
    """The grammar of small classes."""

    name: str = "classes"
    difficulties: tuple[int, ...] = tuple(range(1, len(METHOD_NAMES) + 1))

    def num_problems(self, difficulty: int) -> int | None:
        """How many texts of this difficulty there are; None from the second on."""
        num_steps = sum(map(len, ARITHMETIC.operations))
        return num_steps * 2 * num_steps if difficulty == 1 else None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A class of `difficulty` methods.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        start = _random_step(random)
        methods = tuple(
            _Method(_random_step(random), random.random() < _TELL_SHARE) for _ in range(difficulty)
        )
        prompt, reference = _texts(start, methods)
        task_id = prompt_task_id(self.name, prompt)
        _refuse_idle_or_large(task_id, start, methods)
        program = TrustedProgram(prompt + reference)
        visible, hidden = _operations(difficulty)
        problem = Problem(
            task_id=task_id,
            prompt=prompt,
            entry_point=CLASS_NAME,
            tests=Cases(program.cases(visible), program.cases(hidden)),
            kind="class",
            source=self.name,
            difficulty=difficulty,
            reference=reference,
        )
        refuse_degenerate(problem, program)
        return problem


CLASSES = ClassFamily()


def _random_step(random: Random) -> Step:
    """One arithmetic operation."""
    return random.choice(random.choice(ARITHMETIC.operations))


def _texts(start: Step, methods: tuple[_Method, ...]) -> tuple[str, str]:
    """Prompt and completion."""
    words = [f"start: {start.words}"]
    lines = ["    def __init__(self, x):", f"        self.x = {start.expression}"]
    for name, method in zip(METHOD_NAMES, methods, strict=False):
        expression = _of_attribute(method.step)
        lines.append(f"    def {name}(self):")
        if method.tells:
            words.append(f"{name}: tell {method.step.words}")
            lines.append(f"        return {expression}")
        else:
            words.append(f"{name}: {method.step.words}")
            lines += [f"        self.x = {expression}", "        return self.x"]
    prompt = f'class {CLASS_NAME}:\n    """{"; ".join(words)}"""'
    return prompt, "".join(f"\n{line}" for line in lines)


def _of_attribute(step: Step) -> str:
    """The step's expression over `self.x` in place of `x`."""
    return re.sub(r"\bx\b", "self.x", step.expression)


@cache
def _orders(difficulty: int) -> tuple[tuple[int, ...], ...]:
    """Which methods each case calls, by index: every one comes first, and every one twice."""
    num_cases = len(_VISIBLE_STARTS) + len(_HIDDEN_STARTS)
    orders = []
    for case in range(num_cases):
        order = tuple((case + place) % difficulty for place in range(difficulty))
        # Forth and back, so that each method is met before and after each other one.
        orders.append(order + order[::-1])
    return tuple(orders)


@cache
def _operations(
    difficulty: int,
) -> tuple[tuple[tuple[Operation, ...], ...], tuple[tuple[Operation, ...], ...]]:
    """The visible and the hidden sequences of operations."""
    sequences: tuple[tuple[Operation, ...], ...] = tuple(
        (
            Construct(CLASS_NAME, (start,)),
            *(MethodCall(METHOD_NAMES[index], ()) for index in order),
        )
        for start, order in zip(_VISIBLE_STARTS + _HIDDEN_STARTS, _orders(difficulty), strict=True)
    )
    return sequences[: len(_VISIBLE_STARTS)], sequences[len(_VISIBLE_STARTS) :]


def _refuse_idle_or_large(task_id: str, start: Step, methods: tuple[_Method, ...]) -> None:
    """Raise where a part could do nothing unnoticed, or an output grows too large."""
    outputs = _outputs(start, methods)
    if not all(map(is_small, outputs)):
        raise DegenerateProblem(f"{task_id}: an output is too large")
    if _outputs(_UNCHANGED, methods) == outputs:
        raise DegenerateProblem(f"{task_id}: the start is idle")
    for index, method in enumerate(methods):
        without = (*methods[:index], _Method(_UNCHANGED, method.tells), *methods[index + 1 :])
        if _outputs(start, without) == outputs:
            raise DegenerateProblem(f"{task_id}: the method {METHOD_NAMES[index]} is idle")


def _outputs(start: Step, methods: tuple[_Method, ...]) -> list[int]:
    """What all calls of all cases return, computed without building the class."""
    outputs = []
    first = _function(start.expression)
    functions = [(_function(method.step.expression), method.tells) for method in methods]
    for given, order in zip(_VISIBLE_STARTS + _HIDDEN_STARTS, _orders(len(methods)), strict=True):
        number = first(given)
        for index in order:
            function, tells = functions[index]
            told = function(number)
            outputs.append(told)
            number = number if tells else told
    return outputs


@cache
def _function(expression: str) -> Callable[[int], int]:
    """The expression as a function of x."""
    function: Callable[[int], int] = eval(f"lambda x: {expression}")
    return function
