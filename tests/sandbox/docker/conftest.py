import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Execution, Limits, SandboxUnavailable
from lit_coder.sandbox.docker_daemon import DockerDaemon, FoundContainer, Image
from lit_coder.sandbox.docker_wall import SANDBOX_LABEL, TRAINER_LABEL
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner

IMAGE_NAME = os.environ.get("LIT_CODER_DOCKER_IMAGE", "python:3.10-slim")
OPTIONS = SandboxOptions(
    backend="docker", docker_image=IMAGE_NAME, workers=1, scratch_megabytes=1.0, scratch_files=8
)


@pytest.fixture(scope="session")
def daemon() -> Iterator[DockerDaemon]:
    try:
        connected = DockerDaemon()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with contextlib.closing(connected):
        yield connected


@pytest.fixture(scope="session")
def image(daemon: DockerDaemon) -> Image:
    try:
        return daemon.find_image(IMAGE_NAME)
    except SandboxUnavailable as error:
        pytest.skip(f"{error} Tests take the name from LIT_CODER_DOCKER_IMAGE.")


@pytest.fixture(scope="session")
def runner(image: Image) -> Iterator[PoolRunner]:
    with open_runner(OPTIONS) as running:
        yield running


@pytest.fixture
def call(runner: PoolRunner) -> Callable[..., Execution]:
    """Run a program in a container and call its `f` once with the arguments."""

    def call_f(program: str, *arguments: Value, limits: Limits | None = None) -> Execution:
        job = CallJob(program, ((Call("f", arguments),),), limits or Limits())
        (execution,) = runner.run([job])
        return execution

    return call_f


def containers_of(daemon: DockerDaemon, pid: int) -> list[FoundContainer]:
    """The containers of the trainer with this process number."""
    return [
        each
        for each in daemon.find_containers(SANDBOX_LABEL)
        if each.labels[TRAINER_LABEL].split()[-2] == str(pid)
    ]
