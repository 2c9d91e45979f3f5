"""Square mazes as text: what one is, its shortest paths, and its images.

    distance, num_paths = shortest_paths("S.#" "#.." "..G")
    with_path("S.#" "#.." "..G")           # one shortest path, drawn with "o"

Row by row without separators: `#` is a wall, `.` is free, `S` the start, `G` the goal. Steps go
up, down, left and right. How mazes are drawn at random is `maze.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import isqrt

START, GOAL, WALL, FREE, PATH = "S", "G", "#", ".", "o"

SMALLEST_SIZE, LARGEST_SIZE = 2, 99


def is_maze(text: str) -> bool:
    """Whether the text is a square of walls and free cells with one start and one goal."""
    size = isqrt(len(text))
    return (
        SMALLEST_SIZE <= size <= LARGEST_SIZE
        and size * size == len(text)
        and set(text) <= {START, GOAL, WALL, FREE}
        and text.count(START) == text.count(GOAL) == 1
    )


def shortest_paths(maze: str, ground: str = FREE) -> tuple[int | None, int]:
    """Steps of a shortest path over cells of `ground`, and how many such paths there are.

    None and 0 where the goal cannot be reached.
    """
    start = maze.index(START)
    num_paths = {start: 1}
    layer, distance = [start], 0
    neighbours = _neighbours(isqrt(len(maze)))
    while layer:
        distance += 1
        reached: dict[int, int] = {}
        for cell in layer:
            for neighbour in neighbours[cell]:
                if neighbour not in num_paths and maze[neighbour] in (ground, GOAL):
                    reached[neighbour] = reached.get(neighbour, 0) + num_paths[cell]
        for cell, count in reached.items():
            if maze[cell] == GOAL:
                return distance, count
        num_paths |= reached
        layer = list(reached)
    return None, 0


def with_path(maze: str) -> str:
    """The maze with a shortest path drawn into it; it has one."""
    came_from = {maze.index(START): -1}
    neighbours = _neighbours(isqrt(len(maze)))
    queue = list(came_from)
    for cell in queue:
        for neighbour in neighbours[cell]:
            if neighbour not in came_from and maze[neighbour] != WALL:
                came_from[neighbour] = cell
                queue.append(neighbour)
    cells = list(maze)
    cell = came_from[maze.index(GOAL)]
    while cells[cell] != START:
        cells[cell] = PATH
        cell = came_from[cell]
    return "".join(cells)


def canonical_maze(maze: str) -> str:
    """The first of its images by turning, mirroring and exchanging start and goal."""
    return min(_images(maze))


def _images(maze: str) -> Iterator[str]:
    size = isqrt(len(maze))
    exchange = str.maketrans(START + GOAL, GOAL + START)
    rows = [maze[start : start + size] for start in range(0, size * size, size)]
    for _ in range(4):
        rows = ["".join(column) for column in zip(*rows[::-1], strict=True)]
        for image in ("".join(rows), "".join(row[::-1] for row in rows)):
            yield image
            yield image.translate(exchange)


@cache
def _neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    """The cells beside each cell."""
    return tuple(
        tuple(
            other_row * size + other_column
            for other_row, other_column in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            )
            if 0 <= other_row < size and 0 <= other_column < size
        )
        for row in range(size)
        for column in range(size)
    )
