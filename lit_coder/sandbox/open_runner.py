"""Chooses the runner that the options ask for.

    with open_runner(SandboxOptions()) as runner:
        executions = list(runner.run(jobs))

Walls are tried in order of strength, and the first that a self-test proves is taken. None is
chosen that was not asked for: without a wall that holds there is no runner.
"""

from __future__ import annotations

from collections.abc import Sequence

from lit_coder.sandbox.bubblewrap_wall import BubblewrapWall
from lit_coder.sandbox.docker_wall import DockerWall
from lit_coder.sandbox.kernel_wall import KernelWall
from lit_coder.sandbox.no_wall import NoWall
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.packages import find_packages
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.sandbox.wall import Wall


def open_runner(options: SandboxOptions) -> PoolRunner:
    """A runner of the options' backend; its processes start when it is entered.

    Raises:
        ValueError: `packages` names one that is not installed.
    """
    return PoolRunner(options, walls_for(options))


def walls_for(options: SandboxOptions) -> Sequence[Wall]:
    """The walls that the options admit, the strongest first."""
    packages = find_packages(options.packages)
    if options.backend == "unsafe":
        return [NoWall(packages)]
    if options.backend == "docker":
        return [DockerWall(options, packages)]
    walls: list[Wall] = []
    if options.isolation in ("auto", "bubblewrap"):
        walls.append(BubblewrapWall(packages))
    if options.backend == "auto":
        walls.append(DockerWall(options, packages))
    if options.isolation in ("auto", "kernel"):
        walls.append(KernelWall(packages))
    return walls
