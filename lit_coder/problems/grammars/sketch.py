"""From what a grammar drew to a problem: prompt, reference, tests, checked.

    sketch = Sketch(
        names=("total",),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=("Return the sum of the numbers.",),
        body=("return sum(numbers)",),
        inputs=NUMBER_LISTS,
    )
    problem = function_problem("loops", 1, sketch, random)

The words decide the behaviour; chance decides the function's and the arguments' names, whether
types are annotated, how the docstring is laid out and whether it shows examples. An argument that
the words mention stands between backticks, and is renamed with it. Prompt and reference are laid
out as formatters lay out Python, 88 columns wide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from lit_coder.problems.checks import (
    MIN_DISTINCT_OUTPUTS,
    DegenerateProblem,
    num_distinct_outputs,
    refuse_degenerate,
)
from lit_coder.problems.family import prompt_task_id
from lit_coder.problems.grammars.inputs import Inputs
from lit_coder.problems.grammars.layout import WIDTH, docstring
from lit_coder.problems.problem import Case, Cases, Problem, Value
from lit_coder.problems.reference import TrustedProgram, known_program

MAX_OUTPUT_CHARACTERS = 300
_SMALL_TYPES = (bool, int, type(None))
_MAX_EXAMPLE_CHARACTERS = 70
_ANNOTATED_SHARE = 0.35
_NUMS_EXAMPLES = (0, 0, 0, 1, 2)

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "numbers": ("numbers", "numbers", "values", "nums", "data"),
    "n": ("n", "n", "num", "k"),
    "text": ("text", "text", "s", "string"),
    "words": ("words", "words", "names", "strings"),
    "grid": ("grid", "grid", "matrix", "table"),
    "a": ("a", "a", "first", "x"),
    "b": ("b", "b", "second", "y"),
    "pairs": ("pairs", "pairs", "entries", "items"),
    "intervals": ("intervals", "intervals", "spans", "ranges"),
    "edges": ("edges", "edges", "links", "roads"),
}
"""What an argument may be called instead; "a" and "b" go together."""

_PAIRED = {"b": "a"}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A function as a grammar drew it.

    Attributes:
        names: what it may be called.
        parameters: name and type of each.
        returns: the type of what it returns.
        words: paragraphs of the docstring; the first is a sentence, "- " begins an item.
        body: the function's lines, not indented.
        inputs: what its tests ask.
        imports: lines above the function.
        min_examples: how many examples the docstring shows at least.
        without: bodies that lack one of the rules each; what behaves like one of them is refused.
            A function that leaves its arguments alone stands for the body that gives the same.
        most_outputs: where it is known that few distinct outputs are possible, how many.
    """

    names: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    returns: str
    words: tuple[str, ...]
    body: tuple[str, ...]
    inputs: Inputs
    imports: tuple[str, ...] = ()
    min_examples: int = 0
    without: tuple[tuple[str, ...] | Callable[..., Value], ...] = ()
    most_outputs: int = MIN_DISTINCT_OUTPUTS


def function_problem(source: str, difficulty: int, sketch: Sketch, random: Random) -> Problem:
    """The problem of a sketch.

    Raises:
        DegenerateProblem: it proves nothing, or an output is too large.
    """
    if any(len(line) > WIDTH - 4 for line in sketch.body):
        raise DegenerateProblem("a line is too long")
    name = random.choice(sketch.names)
    renaming = _renaming(sketch.parameters, random)
    is_annotated = random.random() < _ANNOTATED_SHARE
    num_examples = max(random.choice(_NUMS_EXAMPLES), sketch.min_examples)
    signature = _signature(sketch, name, renaming, is_annotated)
    reference = _renamed("".join(_indented(sketch.body)), renaming)
    if renaming and any(len(line) > WIDTH for line in reference.split("\n")):
        raise DegenerateProblem("a line is too long")
    if sketch.most_outputs < MIN_DISTINCT_OUTPUTS:
        raise DegenerateProblem(f"{source}: too few distinct outputs")
    program = TrustedProgram(f"{signature}{reference}\n")
    visible, hidden = sketch.inputs.operations(name)
    tests = Cases(program.cases(visible), program.cases(hidden))
    refuse_unfit(source, tests)
    _refuse_idle(sketch, tests)
    words = [_said(text, renaming) for text in sketch.words]
    examples = _examples(name, tests.visible, num_examples, random) if num_examples else []
    prompt = f"{signature}\n    {docstring(words, examples, indent=4)}"
    problem = Problem(
        task_id=prompt_task_id(source, prompt),
        prompt=prompt,
        entry_point=name,
        tests=tests,
        kind="function",
        source=source,
        difficulty=difficulty,
        reference=reference,
    )
    refuse_degenerate(problem, program)
    return problem


def refuse_unfit(source: str, tests: Cases) -> None:
    """Raise where a test expects more than a test should hold, or too many the same.

    What is refused most is refused first, before prompts are written and rules left out.
    """
    if num_distinct_outputs(tests.visible + tests.hidden, MIN_DISTINCT_OUTPUTS) < (
        MIN_DISTINCT_OUTPUTS
    ):
        raise DegenerateProblem(f"{source}: too few distinct outputs")
    for case in tests.visible + tests.hidden:
        value = case.expected[-1]
        if type(value) not in _SMALL_TYPES and len(repr(value)) > MAX_OUTPUT_CHARACTERS:
            raise DegenerateProblem(f"{source}: an output is too large")
        if type(value) is int and not -(2**63) < value < 2**63:
            raise DegenerateProblem(f"{source}: an output is too large")


def _refuse_idle(sketch: Sketch, tests: Cases) -> None:
    """Raise where a body that lacks one of the rules gives the same."""
    cases = tests.visible + tests.hidden
    for lacking in sketch.without:
        if callable(lacking):
            is_idle = all(
                lacking(*case.operations[0].arguments) == case.expected[0] for case in cases
            )
        else:
            program = known_program(_lacking_text(sketch, lacking))
            is_idle = all(
                program.call("f", case.operations[0].arguments) == case.expected[0]
                for case in cases
            )
        if is_idle:
            raise DegenerateProblem("a rule is idle")


def _lacking_text(sketch: Sketch, body: Sequence[str]) -> str:
    """The function `f` with this body."""
    parameters = ", ".join(name for name, _ in sketch.parameters)
    above = "".join(f"{line}\n" for line in sketch.imports)
    return f"{above}def f({parameters}):{''.join(_indented(body))}\n"


def _renaming(parameters: Sequence[tuple[str, str]], random: Random) -> dict[str, str]:
    """Another name for each argument that changes its own."""
    chosen: dict[str, int] = {}
    renaming = {}
    for name, _ in parameters:
        others = OTHER_NAMES.get(name)
        if others is None or (name in "ab" and len(parameters) != 2):
            continue
        index = chosen.get(_PAIRED.get(name, ""), -1)
        if index < 0:
            index = random.randrange(len(others))
        chosen[name] = index
        if others[index] != name:
            renaming[name] = others[index]
    return renaming


def _signature(sketch: Sketch, name: str, renaming: dict[str, str], is_annotated: bool) -> str:
    """Imports and the line that begins the function."""
    shown = [
        f"{renaming.get(parameter, parameter)}: {kind}"
        if is_annotated
        else renaming.get(parameter, parameter)
        for parameter, kind in sketch.parameters
    ]
    above = "".join(f"{line}\n" for line in sketch.imports)
    above += "\n\n" if above else ""
    arrow = f" -> {sketch.returns}" if is_annotated else ""
    return f"{above}def {name}({', '.join(shown)}){arrow}:"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"\n    {line}" if line else "\n" for line in lines]


def _renamed(code: str, renaming: dict[str, str]) -> str:
    """The code with other names for its arguments."""
    for name, other in renaming.items():
        code = re.sub(rf"(?<![\"\\.])\b{name}\b(?!\")", other, code)
    return code


def _said(text: str, renaming: dict[str, str]) -> str:
    """The words with other names for the arguments, which stand between backticks."""
    for name, other in renaming.items():
        text = text.replace(f"`{name}`", f"`{other}`")
    return text


def _examples(name: str, cases: Sequence[Case], count: int, random: Random) -> list[str]:
    """Lines of doctest examples, of some tests that are short."""
    lines: list[str] = []
    seen: set[str] = set()
    mixed = random.sample(cases, len(cases))
    # An empty result tells little, so it is shown only where there are too few others.
    for case in sorted(mixed, key=lambda case: not case.expected[0]):
        (operation,), (value,) = case.operations, case.expected
        call = f"{name}({_shown_arguments(operation.arguments)})"
        text = shown(value)
        is_long = max(len(call), len(text)) > _MAX_EXAMPLE_CHARACTERS
        if value is None or is_long or text in seen:
            continue
        seen.add(text)
        lines += [f">>> {call}", repr(value)]
        count -= 1
        if not count:
            break
    return lines


_MOST_SHOWN = 4096
_SHOWN: dict[int, tuple[tuple[object, ...], str]] = {}


def _shown_arguments(arguments: tuple[object, ...]) -> str:
    """Arguments as code, written once for the very same tuple, which the inputs hand out again."""
    known = _SHOWN.get(id(arguments))
    if known is None:
        if len(_SHOWN) >= _MOST_SHOWN:
            _SHOWN.clear()
        known = _SHOWN[id(arguments)] = (arguments, ", ".join(map(shown, arguments)))
    return known[1]


def shown(value: object) -> str:
    """A value as code that a formatter leaves alone."""
    if isinstance(value, str) and '"' not in value and "\\" not in repr(value):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, tuple):
        inner = ", ".join(map(shown, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in value.items()) + "}"
    return repr(value)
