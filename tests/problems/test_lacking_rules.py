"""What stands for a program without one of its rules gives what that program would give."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from random import Random

from lit_coder.problems.grammars.grids import transform
from lit_coder.problems.grammars.inputs import Inputs
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.sorting import bubble_passes, sort_numbers
from lit_coder.problems.grammars.stories import (
    STORY_INPUTS,
    lacking_functions,
    random_story,
    returned_lines,
    shorter_stories,
)
from lit_coder.problems.reference import TrustedProgram


def answers(parameters: str, body: Sequence[str], inputs: Inputs) -> list[object]:
    program = TrustedProgram(f"def f({parameters}):\n" + "".join(f"    {x}\n" for x in body))
    return [program.call("f", given) for given in (*inputs.visible, *inputs.hidden)]


def lacking(sketch: Sketch, index: int) -> list[object]:
    function = sketch.without[index]
    assert callable(function)
    return [function(*given) for given in (*sketch.inputs.visible, *sketch.inputs.hidden)]


def test_numbers_sorted_by_the_first_key_alone() -> None:
    for seed in range(20):
        sketch = sort_numbers(3, Random(seed))
        text = ast.unparse(ast.parse("def f():\n" + "".join(f"    {x}\n" for x in sketch.body)))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Lambda) and isinstance(node.body, ast.Tuple):
                text = text.replace(ast.unparse(node.body), ast.unparse(node.body.elts[0]))
        body = [line[4:] for line in text.splitlines()[1:]]
        assert lacking(sketch, 0) == answers("numbers", body, sketch.inputs)


def test_a_sweep_with_one_condition_less() -> None:
    for seed in range(20):
        sketch = bubble_passes(3, Random(seed))
        (line,) = (each for each in sketch.body if each.lstrip().startswith("if "))
        tests = [f"({test})" for test in line.strip()[3:-1].split(" and ")]
        if " or " in line or len(tests) != len(sketch.without):
            continue
        for index in range(len(tests)):
            fewer = " and ".join(tests[:index] + tests[index + 1 :])
            body = [each.replace(line.strip(), f"if {fewer}:") for each in sketch.body]
            assert lacking(sketch, index) == answers("numbers", body, sketch.inputs)


def test_a_grid_with_one_step_less() -> None:
    for seed in range(20):
        sketch = transform(3, Random(seed))
        steps = [*sketch.body[:-1], sketch.body[-1].replace("return ", "grid = ", 1)]
        for index in range(len(steps)):
            body = [*steps[:index], *steps[index + 1 :], "return grid"]
            assert lacking(sketch, index) == answers("grid", body, sketch.inputs)


def test_a_story_with_one_step_less() -> None:
    for seed in range(60):
        told = random_story(4, Random(seed))
        shorter, functions = shorter_stories(told), lacking_functions(told)
        assert len(shorter) == len(functions)
        for story, function in zip(shorter, functions, strict=True):
            given = (*STORY_INPUTS.visible, *STORY_INPUTS.hidden)
            expected = answers(", ".join(told.numbers), returned_lines(story), STORY_INPUTS)
            assert [function(*each) for each in given] == expected  # type: ignore[arg-type]
