r"""Repair: a body with one wrong token is made right.

    problem = REPAIR.sample(2, Random(0))
    problem.prompt       # "def f(x):\n    # 12468:92840"
    problem.draft        # "\n    x = (x+2)%10\n    x = (x-3)%10\n    return x"
    problem.reference    # "\n    x = (x+2)%10\n    x = (x*3)%10\n    return x"

Difficulty is the number of operations, 1 to 4 (`line_programs.py`). The draft differs from the
reference in one constant or one operator and fails a visible test; no line moves. A completion is
judged as any program, by visible and hidden tests: another repair that behaves the same passes.
Drafts and references of `repair` have none of the templates of `repair_held_out_templates`.

The problems of `repair_hinted` are those of `repair` with a hint in the prompt at the line where
the error may be, as a repairer is shown it in rounds (`line_hints.py`). It names the wrong line as
often as the search by tests alone does, and else another one, so that a model learns how far to
trust it:

    REPAIR_HINTED.sample(2, Random(0)).prompt     # "def f(x):\n    # 12468:92840 4"

`single_edits` lists what a search would try: the baseline that a model has to beat at the same
number of verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import require_difficulty
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.line_programs import (
    CONSTANTS,
    OPERATORS,
    STEPS,
    body_of,
    is_held_out_template,
    line_problem,
    random_steps,
    template_of,
    visible_outputs,
)
from lit_coder.problems.problem import Problem

_CHANGEABLE = re.compile(r"(?<= x = \(x)(.)(\d)(?=\)%10$)", re.MULTILINE)


class HintShares(NamedTuple):
    """How often a hint names another line than the wrong one.

    The defaults are what `environment/suspicion.py` does on 400 problems of `repair` with two
    operations: its first suspect was the wrong line of 80 %, the line before of 17 % (an edit of it
    can make up for the fault behind), the line behind of 3 %, and never the return. Half of the
    wrong lines stand first, so these are shares of 34 % and 6 % where there is such a line. Of 100
    problems with three operations it was right in 66 %. All had a suspect; drafts that do not parse
    have none, and a model should know such prompts, too.
    """

    earlier: float = 0.34
    """An earlier operation, where there is one."""

    later: float = 0.06
    """A later operation, where there is one."""

    none: float = 0.05
    """There is no hint."""


@dataclass(frozen=True, slots=True)
class RepairFamily:
    """Bodies with one wrong token.

    Args:
        name: name of the family.
        has_held_out_templates: draw only the held-out templates, or only the others.
        difficulties: numbers of operations.
        hints: how often the prompt's hint is right; None = prompts bear no hints.
    """

    name: str
    has_held_out_templates: bool
    difficulties: tuple[int, ...]
    hints: HintShares | None = None

    def num_problems(self, difficulty: int) -> int | None:
        """Of one operation there are 48 functions; nobody will draw all of the others."""
        return len(STEPS) if difficulty == 1 else None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A body of `difficulty` operations, one of them wrong.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        steps = random_steps(difficulty, random)
        # Drawn here until it fits: with one template in eight, the family would seem exhausted.
        while is_held_out_template(template_of(body_of(steps))) != self.has_held_out_templates:
            steps = random_steps(difficulty, random)
        problem = line_problem(self.name, steps, self._draft(body_of(steps), random))
        if self.hints is None:
            return problem
        # Drawn last: the same chance gives the same body with and without.
        lines = _drawn_hint(problem, self.hints, random)
        return replace(problem, prompt=hinted_prompt(problem.prompt, lines))

    def _draft(self, reference: str, random: Random) -> str:
        """The reference with one edit that a visible test notices."""
        outputs = visible_outputs(reference)
        edits = list(single_edits(reference))
        for edited in random.sample(edits, len(edits)):
            may_be_seen = self.has_held_out_templates or not is_held_out_template(
                template_of(edited)
            )
            if may_be_seen and visible_outputs(edited) != outputs:
                return edited
        raise DegenerateProblem(f"{self.name}: no edit changes an output")


def wrong_line(problem: Problem) -> int:
    """The line of prompt and draft that is not the reference's, from 1."""
    drafted, right = problem.draft.split("\n"), (problem.reference or "").split("\n")
    differing = [drafted[place] != right[place] for place in range(len(right))]
    # The first piece of a draft ends the prompt's last line.
    return problem.prompt.count("\n") + 1 + differing.index(True)


def _drawn_hint(problem: Problem, shares: HintShares, random: Random) -> tuple[int, ...]:
    """The lines of a hint."""
    first = problem.prompt.count("\n") + 2
    wrong, behind = wrong_line(problem), first + problem.difficulty
    if random.random() < shares.none:
        return ()
    for others, share in (
        (range(first, wrong), shares.earlier),
        (range(wrong + 1, behind), shares.later),
    ):
        if others and random.random() < share:
            return (random.choice(others),)
    return (wrong,)


def single_edits(body: str) -> Iterator[str]:
    """Every text with one constant or operator of an assignment to x replaced by another one.

    In the order of their places; the body itself is not among them.
    """
    for line in _CHANGEABLE.finditer(body):
        for group, choices in ((1, OPERATORS), (2, CONSTANTS)):
            before, after = body[: line.start(group)], body[line.end(group) :]
            for other in choices:
                if other != line[group]:
                    yield before + other + after


REPAIR = RepairFamily("repair", has_held_out_templates=False, difficulties=(1, 2, 3, 4))

REPAIR_HINTED = RepairFamily(
    "repair_hinted", has_held_out_templates=False, difficulties=(1, 2, 3, 4), hints=HintShares()
)

REPAIR_HELD_OUT_TEMPLATES = RepairFamily(
    "repair_held_out_templates", has_held_out_templates=True, difficulties=(2, 3, 4)
)
