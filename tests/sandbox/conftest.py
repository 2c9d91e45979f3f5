import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Execution, Job, Limits, SandboxUnavailable
from lit_coder.sandbox.inside.settings import ZygoteSettings
from lit_coder.sandbox.kernel_wall import KernelWall
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import Isolation, SandboxOptions
from lit_coder.sandbox.packages import Packages
from lit_coder.sandbox.pool_runner import PoolRunner

CallF = Callable[..., Execution]


class ChangedWall(KernelWall):
    """The kernel's wall, its zygotes told something else than they should be."""

    name = "changed"

    def __init__(self, packages: Packages, **settings: object) -> None:
        super().__init__(packages)
        self._changes = settings

    def command(self, control: int, folder: Path) -> list[str]:
        *command, settings = super().command(control, folder)
        fields = ZygoteSettings.from_json(settings)._asdict() | self._changes
        return [*command, ZygoteSettings(**fields).to_json()]


@pytest.fixture(scope="session")
def runner() -> Iterator[PoolRunner]:
    with open_runner(SandboxOptions(workers=2)) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can enter, as root's programs, who are another one, must."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def unwalled() -> Iterator[PoolRunner]:
    """No walls: for what a program has to do before its traces can be seen to be removed."""
    with open_runner(SandboxOptions(backend="unsafe", workers=2)) as running:
        yield running


@pytest.fixture(scope="session", params=["bubblewrap", "kernel"])
def walled(request: pytest.FixtureRequest) -> Iterator[PoolRunner]:
    """Every wall of this machine in turn."""
    isolation: Isolation = request.param
    running = open_runner(SandboxOptions(isolation=isolation, workers=1))
    try:
        running.__enter__()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield running
    running.close()


def isolation_of(running: PoolRunner) -> Isolation:
    """The option that opens another runner behind the same wall."""
    return "bubblewrap" if running.wall.name == "bubblewrap" else "kernel"


def executing(running: PoolRunner) -> Callable[[Job], Execution]:
    def execute_one(job: Job) -> Execution:
        (execution,) = running.run([job])
        return execution

    return execute_one


def calling(running: PoolRunner) -> CallF:
    def call_f(program: str, *arguments: Value, limits: Limits | None = None) -> Execution:
        job = CallJob(program, ((Call("f", arguments),),), limits or Limits())
        return executing(running)(job)

    return call_f


@pytest.fixture
def execute(runner: PoolRunner) -> Callable[[Job], Execution]:
    return executing(runner)


@pytest.fixture
def call(runner: PoolRunner) -> CallF:
    """Run a program and call its `f` once with the arguments."""
    return calling(runner)


@pytest.fixture
def call_unwalled(unwalled: PoolRunner) -> CallF:
    """The same without walls."""
    return calling(unwalled)


@pytest.fixture
def call_walled(walled: PoolRunner) -> CallF:
    """The same behind every wall of this machine in turn."""
    return calling(walled)
