"""Sudoku boards of 4x4, 6x6 and 9x9 cells: what is complete, how one is solved and made.

    solution = random_grid(SHAPES[81], Random(0))
    puzzle = minimal_puzzle(SHAPES[81], solution, Random(0))   # one solution, no clue too many
    assert solve(SHAPES[81], puzzle) == solution

A board is text, row by row: digits from 1, `.` for a blank, nothing between the rows. The search
takes the cell with the fewest digits left first and is exact; how hard a puzzle is for a person
is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

BLANK = "."


@dataclass(frozen=True)
class Shape:
    """A board's size: `box_rows` times `box_columns` cells make a box, a row and a column."""

    box_rows: int
    box_columns: int

    @property
    def size(self) -> int:
        """Cells of a row, and how many digits there are."""
        return self.box_rows * self.box_columns

    @property
    def digits(self) -> str:
        """The digits from 1."""
        return "123456789"[: self.size]

    def places(self) -> tuple[tuple[int, int, int], ...]:
        """Row, column and box of each cell."""
        boxes_across = self.size // self.box_columns
        return tuple(
            (row, column, row // self.box_rows * boxes_across + column // self.box_columns)
            for row in range(self.size)
            for column in range(self.size)
        )


SHAPES = {shape.size**2: shape for shape in (Shape(2, 2), Shape(2, 3), Shape(3, 3))}
"""The shapes by their number of cells."""

_PLACES = {shape: shape.places() for shape in SHAPES.values()}


def is_complete(board: str) -> bool:
    """Whether the text is a whole board with each digit once in every row, column and box."""
    shape = SHAPES.get(len(board))
    if shape is None or not set(board) <= set(shape.digits):
        return False
    placed = {
        (unit, place[unit], digit)
        for place, digit in zip(_PLACES[shape], board, strict=True)
        for unit in range(3)
    }
    return len(placed) == 3 * len(board)


def keeps_clues(puzzle: str, board: str) -> bool:
    """Whether the board has every clue of the puzzle where it was."""
    return len(puzzle) == len(board) and all(
        clue in (BLANK, digit) for clue, digit in zip(puzzle, board, strict=True)
    )


def solve(shape: Shape, puzzle: str) -> str | None:
    """A solution, the only one of a proper puzzle, or None."""
    search = _Search(shape, enumerate(puzzle))
    return search.board() if search.is_possible and search.fill() else None


def random_grid(shape: Shape, random: Random) -> str:
    """A complete board; every one can come, not all with the same chance."""
    search = _Search(shape, ())
    filled = search.fill(random)
    assert filled, "an empty board can be filled"
    return search.board()


def minimal_puzzle(shape: Shape, solution: str, random: Random) -> str:
    """Clues that have this one solution, and without any one of them several."""
    clues = dict(enumerate(solution))
    for cell in random.sample(range(len(solution)), len(solution)):
        digit = clues.pop(cell)
        if _Search(shape, clues.items()).can_differ(cell, digit):
            clues[cell] = digit
    return "".join(clues.get(cell, BLANK) for cell in range(len(solution)))


class _Search:
    """A board while it is filled; a digit is a bit."""

    def __init__(self, shape: Shape, clues: Iterable[tuple[int, str]]) -> None:
        self._shape = shape
        self._places = _PLACES[shape]
        self._all = (1 << shape.size) - 1
        self._rows = [0] * shape.size
        self._columns = [0] * shape.size
        self._boxes = [0] * shape.size
        self._bits = [0] * shape.size**2
        self.is_possible = True
        for cell, digit in clues:
            if digit != BLANK:
                bit = 1 << int(digit) - 1
                self.is_possible = self.is_possible and bool(self._free(cell) & bit)
                self._put(cell, bit)
        self._empty = [cell for cell, bit in enumerate(self._bits) if not bit]

    def board(self) -> str:
        """The board as text, once it is filled."""
        return "".join(str(bit.bit_length()) for bit in self._bits)

    def can_differ(self, cell: int, digit: str) -> bool:
        """Whether there is a solution with another digit in this empty cell."""
        self._empty.remove(cell)
        others = self._free(cell) & ~(1 << int(digit) - 1)
        while others:
            bit = others & -others
            others ^= bit
            self._put(cell, bit)
            if self.fill():
                return True
            self._remove(cell, bit)
        return False

    def fill(self, random: Random | None = None) -> bool:
        """Fill the empty cells, in random order where `random` is given; False changes nothing."""
        empty = self._empty
        if not empty:
            return True
        rows, columns, boxes, places = self._rows, self._columns, self._boxes, self._places
        fewest, chosen, left = 99, 0, 0
        for index, cell in enumerate(empty):
            row, column, box = places[cell]
            free = self._all & ~(rows[row] | columns[column] | boxes[box])
            count = free.bit_count()
            if count < fewest:
                fewest, chosen, left = count, index, free
                if count < 2:
                    break
        cell = empty[chosen]
        empty[chosen] = empty[-1]
        empty.pop()
        bits = [1 << number for number in range(self._shape.size) if left >> number & 1]
        if random is not None:
            random.shuffle(bits)
        for bit in bits:
            self._put(cell, bit)
            if self.fill(random):
                return True
            self._remove(cell, bit)
        empty.append(cell)
        empty[chosen], empty[-1] = empty[-1], empty[chosen]
        return False

    def _free(self, cell: int) -> int:
        """The digits that may stand in a cell."""
        row, column, box = self._places[cell]
        return self._all & ~(self._rows[row] | self._columns[column] | self._boxes[box])

    def _put(self, cell: int, bit: int) -> None:
        row, column, box = self._places[cell]
        self._rows[row] |= bit
        self._columns[column] |= bit
        self._boxes[box] |= bit
        self._bits[cell] = bit

    def _remove(self, cell: int, bit: int) -> None:
        row, column, box = self._places[cell]
        self._rows[row] ^= bit
        self._columns[column] ^= bit
        self._boxes[box] ^= bit
        self._bits[cell] = 0
