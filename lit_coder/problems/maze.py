"""Mazes: a shortest path is drawn into a square of walls and free cells.

    problem = MAZES.sample(1, Random(0))
    problem.draft        # 25 cells row by row: "#" wall, "." free, "S" start, "G" goal
    problem.reference    # the same with "o" on the shortest path

Difficulty 1 is 5x5, 2 is 9x9, 3 is 15x15. The corridors are a random tree with some of its walls
broken, so that there are ways around; of 5x5, where that gives only about 2,000 different mazes,
every second one has its walls scattered at random. Start and goal are two free cells whose
shortest path is the only one and has at least as many steps as the maze is wide. Mazes that
differ in turning, mirroring or the exchange of start and goal count as the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lit_coder.problems.family import answer_problem, require_difficulty
from lit_coder.problems.maze_grid import (
    FREE,
    GOAL,
    START,
    WALL,
    shortest_paths,
    with_path,
)
from lit_coder.problems.problem import Answer, Problem

_SIZES = {1: 5, 2: 9, 3: 15}
_BROKEN_SHARE = 0.15
_NUM_PLACINGS = 20
_SCATTERED_SIZE = 5
_SCATTERED_SHARES = (0.25, 0.45)


@dataclass(frozen=True, slots=True)
class MazeFamily:
    """Mazes with one shortest path."""

    name: str = "maze"
    difficulties: tuple[int, ...] = tuple(_SIZES)

    def num_problems(self, difficulty: int) -> int | None:
        """Nobody will draw them all."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A maze of this size."""
        require_difficulty(self, difficulty)
        size = _SIZES[difficulty]
        while True:
            is_scattered = size == _SCATTERED_SIZE and random.random() < 0.5
            corridors = (_scattered if is_scattered else _corridors)(size, random)
            free = [cell for cell, mark in enumerate(corridors) if mark == FREE]
            for _ in range(_NUM_PLACINGS if len(free) > 1 else 0):
                start, goal = random.sample(free, 2)
                cells = list(corridors)
                cells[start], cells[goal] = START, GOAL
                maze = "".join(cells)
                distance, num_paths = shortest_paths(maze)
                if distance is not None and distance >= size and num_paths == 1:
                    return maze_problem(maze, self.name, difficulty)


def maze_problem(maze: str, source: str, difficulty: int) -> Problem:
    """The problem of a maze whose goal can be reached."""
    return answer_problem(source, difficulty, maze, Answer("maze", maze, with_path(maze)))


def _scattered(size: int, random: Random) -> list[str]:
    """Walls anywhere."""
    share = random.uniform(*_SCATTERED_SHARES)
    return [WALL if random.random() < share else FREE for _ in range(size * size)]


def _corridors(size: int, random: Random) -> list[str]:
    """Free cells and walls: every second cell of every second row, joined by a tree and more."""
    cells = [WALL] * size * size
    rooms = [row * size + column for row in range(0, size, 2) for column in range(0, size, 2)]
    trail = [random.choice(rooms)]
    cells[trail[0]] = FREE
    walls = []
    while trail:
        row, column = divmod(trail[-1], size)
        ways = [
            (cell, (cell + trail[-1]) // 2)
            for is_inside, cell in (
                (row > 0, trail[-1] - 2 * size),
                (row < size - 1, trail[-1] + 2 * size),
                (column > 0, trail[-1] - 2),
                (column < size - 1, trail[-1] + 2),
            )
            if is_inside and cells[cell] == WALL
        ]
        if not ways:
            trail.pop()
            continue
        cell, between = random.choice(ways)
        walls += [wall for _, wall in ways]
        cells[cell] = cells[between] = FREE
        trail.append(cell)
    for wall in walls:
        if cells[wall] == WALL and random.random() < _BROKEN_SHARE:
            cells[wall] = FREE
    return cells


MAZES = MazeFamily()
