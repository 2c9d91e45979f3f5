"""How many problems of each family and difficulty a round draws, and the drawing of so many.

    plan = ProblemPlan({("arithmetic", 3): 40, ("arithmetic", 4): 10}, task_ids=("mine/7",))
    problems = draw_planned(families, plan, round=3, seed=0, excluded=measured_behaviours)

A plan with equal numbers draws what `fresh_problems` draws: each family and difficulty has its
own random stream, of which a larger number takes more. Where a source is used up, the others
make up for what it lacks. Who decides on the numbers is the curriculum's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple, TypeAlias

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.mixed_family import members_of
from lit_coder.problems.problem import Problem
from lit_coder.problems.sampling import fresh_problems

Cell: TypeAlias = tuple[str, int]
"""A family's name and one of its difficulties."""


class ProblemPlan(NamedTuple):
    """What a round shall draw.

    Attributes:
        per_cell: problems to make, by family and difficulty.
        task_ids: problems of finite sources, in the order in which they are asked.
    """

    per_cell: Mapping[Cell, int]
    task_ids: tuple[str, ...] = ()


def cells_of(families: Sequence[ProblemFamily], difficulties: Sequence[int]) -> tuple[Cell, ...]:
    """Each family with each of the difficulties that it offers, easiest first.

    Of a mixture each of its families, each once: that is what problems name as their source.
    """
    return tuple(
        dict.fromkeys(
            (member.name, difficulty)
            for difficulty in sorted(set(difficulties))
            for family in families
            if difficulty in family.difficulties
            for member in members_of(family)
        )
    )


def draw_planned(
    families: Sequence[ProblemFamily],
    plan: ProblemPlan,
    round: int,
    seed: int,
    excluded: Set[str],
) -> tuple[Problem, ...]:
    """The made problems of a plan, each behaviour once, in the order of its cells."""
    by_name = {member.name: member for family in families for member in members_of(family)}
    found: dict[Cell, tuple[Problem, ...]] = {}

    def draw(cell: Cell, count: int) -> None:
        others = [problem for other in found if other != cell for problem in found[other]]
        found[cell] = fresh_problems(
            [by_name[cell[0]]],
            round_index=round,
            count=count,
            seed=seed,
            difficulties=(cell[1],),
            excluded=excluded | frozenset(map(behaviour, others)),
        ).problems

    for cell, count in plan.per_cell.items():
        draw(cell, count)
    missing = sum(plan.per_cell.values()) - sum(map(len, found.values()))
    open_cells = [cell for cell, count in plan.per_cell.items() if 0 < count == len(found[cell])]
    for index, cell in enumerate(open_cells if missing else ()):
        more = missing // len(open_cells) + (index < missing % len(open_cells))
        draw(cell, plan.per_cell[cell] + more)
    return tuple(problem for problems in found.values() for problem in problems)
