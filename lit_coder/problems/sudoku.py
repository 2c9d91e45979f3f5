"""Sudoku: a board with blanks is filled, a pure test of reasoning on a canvas.

    problem = SUDOKU.sample(2, Random(0))
    problem.draft        # "...4..26....": 36 cells of a 6x6 board, row by row, "." = blank
    problem.reference    # the whole board

Difficulty 1 is 4x4, 2 is 6x6 in boxes of two rows and three columns, 3 is 9x9. A puzzle has one
solution and, in `sudoku`, no clue too many; in `sudoku_with_clues` up to 70 % of what would be
blank is given as well, which is where learning can begin. There is no prompt: the draft says
everything.

Which puzzles are the same (`sudoku_identity`) depends on how many grids there are that differ in
more than a symmetry: 2 of 4x4, 49 of 6x6, 5,472,730,538 of 9x9 (Jarvis and Russell). At 9x9 a
problem is its grid up to symmetry, so what is measured has another grid than all that is trained
on. At 6x6 it is the puzzle up to symmetry and at 4x4, where only 36 minimal puzzles would be
left, its clues as they stand. Grids are kept apart at 6x6 too: `sudoku` and `sudoku_with_clues`
draw none of the grids of `sudoku_held_out_grids`, which are one in eight, chosen by a hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from random import Random

from lit_coder.problems.family import answer_problem, require_difficulty
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.sudoku_grid import BLANK, SHAPES, Shape, minimal_puzzle, random_grid
from lit_coder.problems.sudoku_symmetry import canonical_grid, canonical_puzzle

_SHAPES: dict[int, Shape] = dict(enumerate(SHAPES.values(), start=1))
_HELD_OUT_ONE_IN = 8
_NUM_CELLS_OF_FEW_GRIDS = 16


@dataclass(frozen=True, slots=True)
class SudokuFamily:
    """Puzzles of three sizes.

    Args:
        name: name of the family.
        difficulties: 1 = 4x4, 2 = 6x6, 3 = 9x9.
        has_held_out_grids: from 6x6 on, draw only the held-out grids, or only the others.
        most_given: share of a minimal puzzle's blanks that are given, at most; each puzzle draws
            its own share.
    """

    name: str
    difficulties: tuple[int, ...]
    has_held_out_grids: bool
    most_given: float = 0.0

    def num_problems(self, difficulty: int) -> int | None:
        """Nobody will draw them all: there are more than 80,000 minimal puzzles of 4x4 alone."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A puzzle of this size."""
        require_difficulty(self, difficulty)
        shape = _SHAPES[difficulty]
        solution = random_grid(shape, random)
        # Drawn here until it fits: with one grid in eight, a family would seem exhausted.
        while len(solution) > _NUM_CELLS_OF_FEW_GRIDS and (
            is_held_out_grid(solution) != self.has_held_out_grids
        ):
            solution = random_grid(shape, random)
        puzzle = minimal_puzzle(shape, solution, random)
        if self.most_given:
            puzzle = _with_clues(puzzle, solution, random.uniform(0, self.most_given), random)
        return sudoku_problem(puzzle, solution, self.name, difficulty)


def _with_clues(puzzle: str, solution: str, share: float, random: Random) -> str:
    """The puzzle with this share of its blanks given."""
    blanks = [place for place, cell in enumerate(puzzle) if cell == BLANK]
    given = set(random.sample(blanks, round(share * len(blanks))))
    return "".join(solution[place] if place in given else cell for place, cell in enumerate(puzzle))


def sudoku_problem(puzzle: str, solution: str, source: str, difficulty: int) -> Problem:
    """The problem of a puzzle and its solution."""
    return answer_problem(source, difficulty, puzzle, Answer("sudoku", puzzle, solution))


def difficulty_of(puzzle: str) -> int:
    """The difficulty of a board of this size."""
    return 1 + list(SHAPES).index(len(puzzle))


def sudoku_identity(puzzle: str, solution: str) -> str:
    """Equal for puzzles that count as the same; see the module's docstring."""
    if len(puzzle) == 81:
        return canonical_grid(solution)
    return canonical_puzzle(puzzle, solution) if len(puzzle) == 36 else puzzle


def is_held_out_grid(solution: str) -> bool:
    """Whether a complete board of 6x6 or 9x9 belongs to the held-out grids, the same for ever."""
    digest = sha256(canonical_grid(solution).encode()).digest()
    return digest[0] % _HELD_OUT_ONE_IN == 0


SUDOKU = SudokuFamily("sudoku", (1, 2, 3), has_held_out_grids=False)

SUDOKU_WITH_CLUES = SudokuFamily(
    "sudoku_with_clues", (1, 2, 3), has_held_out_grids=False, most_given=0.7
)

SUDOKU_HELD_OUT_GRIDS = SudokuFamily("sudoku_held_out_grids", (2, 3), has_held_out_grids=True)
