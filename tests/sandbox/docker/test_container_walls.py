"""The flags as they are in force: a process in a container, without the lockdown of our own."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lit_coder.sandbox.container_flags import container_flags
from lit_coder.sandbox.container_stream import ContainerStream
from lit_coder.sandbox.contract import Execution
from lit_coder.sandbox.docker_daemon import DockerDaemon, Image
from lit_coder.sandbox.pool_runner import PoolRunner
from tests.sandbox.docker.conftest import OPTIONS

PROBE = """
import errno, json, os, socket, sys
def name_of_error(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
def field(name):
    return next(l.split()[1] for l in open("/proc/self/status") if l.startswith(name + ":"))
def is_writable(path):
    return os.path.isdir(path) and os.access(path, os.W_OK)
mounts = [line.split()[4] for line in open("/proc/self/mountinfo")]
os.write(1, json.dumps({
    "write to the root": name_of_error(open, "/new", "w"),
    "network": [name for _, name in socket.if_nameindex()],
    "capabilities": int(field("CapEff"), 16) | int(field("CapBnd"), 16),
    "no new privileges": field("NoNewPrivs"),
    "user": [os.getuid(), os.getgid(), os.getgroups()],
    "writable folders": [path for path in mounts if is_writable(path)],
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
}).encode().ljust(4096))
"""


@pytest.fixture(scope="module")
def probed(daemon: DockerDaemon, image: Image) -> Iterator[dict[str, Any]]:
    flags = container_flags(OPTIONS.limits(), image.volumes, {}, None)
    started = daemon.start(image, ["python3", "-c", PROBE], flags)
    stream = ContainerStream(started.attachment)
    try:
        yield json.loads(stream.read_exactly(4096, time.monotonic() + 20))
    finally:
        daemon.remove(started.identifier)
        stream.close()


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("write to the root", "EROFS"),
        ("network", ["lo"]),
        ("capabilities", 0),
        ("no new privileges", "1"),
        ("user", [65534, 65534, [65534]]),
        ("writable folders", ["/scratch"]),
        ("processes", 1),
    ],
)
def test_a_process_in_a_container_has(probed: dict[str, Any], what: str, value: object) -> None:
    assert probed[what] == value


@pytest.mark.parametrize("victim", ["getppid()", "getpid() - os.getpid() + 1"])
@pytest.mark.parametrize("file", ["mem", "environ", "maps", "fd/0", "cwd"])
def test_a_program_cannot_look_into_the_processes_above_it(
    call: Callable[..., Execution], victim: str, file: str
) -> None:
    program = f"import os\ndef f(): return os.open(f'/proc/{{os.{victim}}}/{file}', os.O_RDONLY)"
    assert call(program).outcomes[0][0].exception == "PermissionError"


@pytest.mark.parametrize("pid", [1, -1])
def test_a_program_cannot_signal_what_is_in_its_container(
    call: Callable[..., Execution], pid: int
) -> None:
    execution = call(f"import os\ndef f(): os.kill({pid}, 9)")
    assert execution.outcomes[0][0].exception == "PermissionError"


LOOK = """
import os, sys
found = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        for name in ("mem", "environ", "fd/0"):
            try:
                found.append(open(f"/proc/{pid}/{name}", "rb") and f"{pid} {name}")
            except PermissionError:
                found.append("denied")
print(*sorted(set(found)), len(found))
"""


def test_not_even_a_process_without_landlock_can_look_into_relay_and_zygote(
    runner: PoolRunner, daemon: DockerDaemon
) -> None:
    import docker

    client = docker.from_env()
    try:
        (container,) = client.containers.list(filters={"label": "lit_coder.sandbox=worker"})
        done = container.exec_run(["python3", "-c", LOOK])
        assert done.output == b"denied 6\n"
    finally:
        client.close()
