import os
import signal
import subprocess
import sys
import time

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.container_flags import container_flags
from lit_coder.sandbox.contract import CallJob, Limits
from lit_coder.sandbox.docker_daemon import DockerDaemon, Image, close_attachment
from lit_coder.sandbox.docker_wall import SANDBOX_LABEL, TRAINER_LABEL, remove_strays
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.sandbox.trainer_identity import trainer_identity
from tests.sandbox.docker.conftest import IMAGE_NAME, OPTIONS, containers_of

DOUBLE = "def f(x): return 2 * x"
TRAINER = f"""
import sys, time
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
with open_runner(SandboxOptions(backend="docker", docker_image={IMAGE_NAME!r}, workers=1)):
    print("ready", flush=True)
    time.sleep(100)
"""


def jobs(count: int) -> list[CallJob]:
    return [CallJob(DOUBLE, ((Call("f", (i,)),),)) for i in range(count)]


def test_a_closed_runner_leaves_no_container(daemon: DockerDaemon, image: Image) -> None:
    before = containers_of(daemon, os.getpid())
    with open_runner(OPTIONS):
        during = containers_of(daemon, os.getpid())
    assert len(during) == len(before) + 1
    assert containers_of(daemon, os.getpid()) == before


def test_many_jobs_share_a_container(runner: PoolRunner, daemon: DockerDaemon) -> None:
    before = containers_of(daemon, os.getpid())
    list(runner.run(jobs(20)))
    assert containers_of(daemon, os.getpid()) == before


def test_a_killed_container_costs_no_job(daemon: DockerDaemon, image: Image) -> None:
    known = {each.identifier for each in containers_of(daemon, os.getpid())}
    with open_runner(OPTIONS) as running:
        (own,) = (
            each.identifier
            for each in containers_of(daemon, os.getpid())
            if each.identifier not in known
        )
        executions = running.run(jobs(60))
        values = [next(executions).outcomes[0][0].value]
        daemon.remove(own)
        values += [each.outcomes[0][0].value for each in executions]
    assert values == [2 * i for i in range(60)]


def test_a_killed_trainer_leaves_no_container(daemon: DockerDaemon, image: Image) -> None:
    with subprocess.Popen([sys.executable, "-c", TRAINER], stdout=subprocess.PIPE) as trainer:
        assert trainer.stdout is not None and trainer.stdout.readline() == b"ready\n"
        assert len(containers_of(daemon, trainer.pid)) == 1
        trainer.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while containers_of(daemon, trainer.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert containers_of(daemon, trainer.pid) == []


@pytest.mark.parametrize(("is_alive", "num_left"), [(True, 1), (False, 0)])
def test_only_the_containers_of_trainers_that_are_gone_are_strays(
    daemon: DockerDaemon, image: Image, is_alive: bool, num_left: int
) -> None:
    identity = trainer_identity() if is_alive else trainer_identity() + "0"
    labels = {SANDBOX_LABEL: "stray", TRAINER_LABEL: identity}
    flags = container_flags(Limits(), image.volumes, labels, None)
    started = daemon.start(image, ["python3", "-c", "import time; time.sleep(100)"], flags)
    try:
        remove_strays(daemon)
        left = [each.identifier for each in daemon.find_containers(SANDBOX_LABEL)]
        assert left.count(started.identifier) == num_left
    finally:
        daemon.remove(started.identifier)
        close_attachment(started.attachment)
