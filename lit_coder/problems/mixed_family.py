"""Several families as one: each draw first chooses the family, then the problem.

    family = MixedFamily("classic_algorithms", (SORTING, SEARCHING))
    family.sample(2, Random(0)).source          # "sorting" or "searching"

Problems keep the name of the family that made them as their source, and are told apart by their
behaviour as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import ProblemFamily, require_difficulty
from lit_coder.problems.problem import Problem

_PATIENCE = 50


@dataclass(frozen=True, slots=True, eq=False)
class MixedFamily:
    """Families that are drawn from with the same chance.

    Args:
        name: name of the mixture.
        families: its members; the mixture has the difficulties that all of them have.
    """

    name: str
    families: tuple[ProblemFamily, ...]

    @property
    def difficulties(self) -> tuple[int, ...]:
        """The difficulties that every member offers."""
        first, *others = self.families
        return tuple(
            difficulty
            for difficulty in first.difficulties
            if all(difficulty in other.difficulties for other in others)
        )

    def num_problems(self, difficulty: int) -> int | None:
        """The sum of the members' numbers, None where one of them is None."""
        numbers = [family.num_problems(difficulty) for family in self.families]
        known = [number for number in numbers if number is not None]
        return sum(known) if len(known) == len(numbers) else None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A problem of one of the members.

        Raises:
            DegenerateProblem: that member gave none in many draws.
        """
        require_difficulty(self, difficulty)
        family = random.choice(self.families)
        # The same member again: one that often refuses its draws would else be drawn less.
        for _ in range(_PATIENCE):
            try:
                return family.sample(difficulty, random)
            except DegenerateProblem:
                continue
        raise DegenerateProblem(f"{self.name}: {family.name} gave no problem")


def members_of(family: ProblemFamily) -> tuple[ProblemFamily, ...]:
    """The families of a mixture; any other family is its own."""
    return family.families if isinstance(family, MixedFamily) else (family,)
