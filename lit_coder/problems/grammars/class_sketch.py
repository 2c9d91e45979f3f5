"""From a class that a grammar drew to a problem; what `sketch.py` is for functions.

    sketch = ClassSketch(("Meter",), words, (("add", "number"), ("read", "")), body, scripts)
    problem = class_problem("stateful_classes", 1, sketch, random)

The prompt is the class line with its docstring, which says what every method does; the completion
holds the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from lit_coder.problems.checks import DegenerateProblem, refuse_degenerate
from lit_coder.problems.family import prompt_task_id, require_difficulty
from lit_coder.problems.grammars.inputs import Sequences
from lit_coder.problems.grammars.layout import WIDTH, docstring
from lit_coder.problems.grammars.sketch import refuse_unfit
from lit_coder.problems.problem import Cases, Construct, MethodCall, Operation, Problem, Value
from lit_coder.problems.reference import TrustedProgram

Script = tuple[tuple[Value, ...], tuple[tuple[str, tuple[Value, ...]], ...]]
"""Arguments of the class, then the calls: the method and its arguments."""


@dataclass(frozen=True, eq=False)
class Scripts:
    """What every problem of one interface is asked: objects, and the calls of their methods."""

    visible: tuple[Script, ...]
    hidden: tuple[Script, ...]

    @cached_property
    def _known(self) -> dict[str, tuple[Sequences, Sequences]]:
        return {}

    def operations(self, name: str) -> tuple[Sequences, Sequences]:
        """The visible and the hidden sequences on objects of the class `name`."""
        if name not in self._known:
            self._known[name] = (
                tuple(_sequence(name, script) for script in self.visible),
                tuple(_sequence(name, script) for script in self.hidden),
            )
        return self._known[name]


def scripts_of(arguments: Iterable[tuple[int, ...]], texts: Iterable[str], visible: int) -> Scripts:
    """Scripts of calls that are written as "put 3, take, size"."""
    made: list[Script] = []
    for given, text in zip(arguments, texts, strict=True):
        calls = []
        for call in text.split(", "):
            method, *numbers = call.split(" ")
            calls.append((method, tuple(map(int, numbers))))
        made.append((given, tuple(calls)))
    return Scripts(tuple(made[:visible]), tuple(made[visible:]))


def _sequence(name: str, script: Script) -> tuple[Operation, ...]:
    arguments, calls = script
    return (Construct(name, arguments), *(MethodCall(method, given) for method, given in calls))


@dataclass(frozen=True, slots=True)
class ClassSketch:
    """A class as a grammar drew it.

    Attributes:
        names: what it may be called.
        words: paragraphs of the docstring.
        methods: head and lines of every method, not indented: ("add(self, n)", ("return n",)).
        scripts: what its tests ask.
        without: lists of methods that lack one rule each; what behaves like one is refused.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    methods: tuple[tuple[str, tuple[str, ...]], ...]
    scripts: Scripts
    without: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = ()


def class_problem(source: str, difficulty: int, sketch: ClassSketch, random: Random) -> Problem:
    """The problem of a sketch.

    Raises:
        DegenerateProblem: it proves nothing, or an output is too large.
    """
    name = random.choice(sketch.names)
    prompt = f"class {name}:\n    {docstring(sketch.words, [], indent=4)}"
    reference = _body(sketch.methods)
    if any(len(line) > WIDTH for line in reference.split("\n")):
        raise DegenerateProblem("a line is too long")
    program = TrustedProgram(f"class {name}:{reference}\n")
    visible, hidden = sketch.scripts.operations(name)
    tests = Cases(program.cases(visible), program.cases(hidden))
    refuse_unfit(source, tests)
    for methods in sketch.without:
        other = TrustedProgram(f"class {name}:{_body(methods)}\n")
        if all(
            other.outcome(case.operations) == case.expected for case in tests.visible + tests.hidden
        ):
            raise DegenerateProblem("a rule is idle")
    problem = Problem(
        task_id=prompt_task_id(source, prompt),
        prompt=prompt,
        entry_point=name,
        tests=tests,
        kind="class",
        source=source,
        difficulty=difficulty,
        reference=reference,
    )
    refuse_degenerate(problem, program)
    return problem


def _body(methods: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """The methods as a completion, each after an empty line."""
    lines: list[str] = []
    for head, body in methods:
        lines += ["", f"    def {head}:", *(f"        {line}" for line in body)]
    return "\n" + "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnClassFamily:
    """A family of classes; see `drawn_family.DrawnFamily`.

    Args:
        name: name of the family.
        grammars: what draws a class; each has the same chance.
        difficulties: numbers of rules.
    """

    name: str
    grammars: tuple[Callable[[int, Random], ClassSketch], ...]
    difficulties: tuple[int, ...] = (1, 2, 3, 4, 5)

    def num_problems(self, difficulty: int) -> int | None:
        """None: nobody will draw them all."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A class of `difficulty` rules.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        grammar = random.choice(self.grammars)
        return class_problem(self.name, difficulty, grammar(difficulty, random), random)
