"""Which Sudoku boards are the same but for a symmetry, and random symmetries to learn from.

    if canonical_grid(one) == canonical_grid(other): ...   # the same grid up to symmetry
    puzzle, solution = symmetric(puzzle, solution, random)

A symmetry renames the digits, swaps bands of boxes or rows within one, the same for columns, and,
where boxes are square, mirrors the board at its diagonal. The canonical form of a grid is the
lexicographically first of all its images, so it is exact: equal for symmetric grids, different
for others.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import permutations, product
from operator import itemgetter
from random import Random
from typing import NamedTuple

from lit_coder.problems.sudoku_grid import BLANK, SHAPES, Shape


class _Image(NamedTuple):
    """A grid seen through a symmetry: its text, and the rows and columns it took in their order."""

    board: str
    is_mirrored: bool
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def cells(self) -> Iterator[int]:
        """Which cell of the grid stands at each place of the image."""
        size = len(self.rows)
        for row, column in product(self.rows, self.columns):
            yield column * size + row if self.is_mirrored else row * size + column


@lru_cache(maxsize=2**14)
def canonical_grid(grid: str) -> str:
    """The first of all images of a complete board: equal exactly where boards are symmetric."""
    return min(image.board for image in _first_images(grid))


@lru_cache(maxsize=2**14)
def canonical_puzzle(puzzle: str, solution: str) -> str:
    """The puzzle as the first of its images whose solution is canonical.

    Equal exactly where one puzzle with this one solution is an image of the other.
    """
    images = list(_first_images(solution))
    board = min(image.board for image in images)
    return min(
        "".join(
            digit if puzzle[cell] != BLANK else BLANK
            for digit, cell in zip(board, image.cells(), strict=True)
        )
        for image in images
        if image.board == board
    )


def symmetric(puzzle: str, solution: str, random: Random) -> tuple[str, str]:
    """The same puzzle and solution seen through a random symmetry."""
    shape = SHAPES[len(solution)]
    is_mirrored = shape.box_rows == shape.box_columns and random.random() < 0.5
    rows = _shuffled(shape.size, shape.box_rows, random)
    columns = _shuffled(shape.size, shape.box_columns, random)
    seen = itemgetter(*_Image("", is_mirrored, rows, columns).cells())
    names = str.maketrans(shape.digits, "".join(random.sample(shape.digits, shape.size)))
    return "".join(seen(puzzle)).translate(names), "".join(seen(solution)).translate(names)


def _shuffled(size: int, group: int, random: Random) -> tuple[int, ...]:
    """Lines in groups of boxes: the groups shuffled, and the lines of each."""
    starts = random.sample(range(0, size, group), size // group)
    return tuple(
        line for start in starts for line in random.sample(range(start, start + group), group)
    )


def _first_images(grid: str) -> Iterator[_Image]:
    """The images whose first row is 1, 2, 3, ... and whose second row is the least of all.

    In that order of columns the other rows are sorted, which makes each the least of its kind;
    the canonical form is among them.
    """
    shape = SHAPES[len(grid)]
    size = shape.size
    views = [[grid[start : start + size] for start in range(0, size * size, size)]]
    if shape.box_rows == shape.box_columns:
        views.append(["".join(column) for column in zip(*views[0], strict=True)])
    least = ""
    found: list[tuple[bool, int, tuple[int, ...]]] = []
    for is_mirrored, rows in enumerate(views):
        for start in range(0, size, shape.box_rows):
            for first, second in permutations(range(start, start + shape.box_rows), 2):
                columns = bytes(map(rows[first].index, rows[second]))
                second_row, orders = _least_second_row(shape, columns)
                if not least or second_row < least:
                    least, found = second_row, []
                if second_row == least:
                    found += [(bool(is_mirrored), first, order) for order in orders]
    for is_mirrored, first, order in found:
        yield _image(shape, views[is_mirrored], is_mirrored, first, order)


def _image(
    shape: Shape, rows: list[str], is_mirrored: bool, first: int, order: tuple[int, ...]
) -> _Image:
    """The image with these columns in which the row `first` reads 1, 2, 3, ..."""
    reordered = ["".join(itemgetter(*order)(row)) for row in rows]
    names = str.maketrans(reordered[first], shape.digits)
    seen = [row.translate(names) for row in reordered]
    bands = [
        sorted(range(start, start + shape.box_rows), key=seen.__getitem__)
        for start in range(0, shape.size, shape.box_rows)
    ]
    bands.sort(key=lambda band: seen[band[0]])
    row_order = tuple(row for band in bands for row in band)
    return _Image("".join(seen[row] for row in row_order), is_mirrored, row_order, order)


@cache
def _least_second_row(shape: Shape, columns: bytes) -> tuple[str, tuple[tuple[int, ...], ...]]:
    """The least second row under a first one of 1, 2, 3, ..., and the orders that give it.

    `columns` says for each cell of the second row in which column the first has its digit.
    """
    best = b""
    found: list[tuple[int, ...]] = []
    for order, take, place in _column_orders(shape):
        row = bytes(take(columns)).translate(place)
        if not best or row < best:
            best, found = row, []
        if row == best:
            found.append(order)
    return best.decode(), tuple(found)


@cache
def _column_orders(shape: Shape) -> tuple[tuple[tuple[int, ...], itemgetter[object], bytes], ...]:
    """Every order of columns, how to take it, and a table from a column to its place's digit."""
    group = shape.box_columns
    starts = range(0, shape.size, group)
    orders = [
        tuple(start + line for start, lines in zip(stacks, inner, strict=True) for line in lines)
        for stacks in permutations(starts)
        for inner in product(permutations(range(group)), repeat=len(starts))
    ]
    found = []
    for order in orders:
        table = bytearray(256)
        for place, column in enumerate(order):
            table[column] = ord(shape.digits[place])
        found.append((order, itemgetter(*order), bytes(table)))
    return tuple(found)
