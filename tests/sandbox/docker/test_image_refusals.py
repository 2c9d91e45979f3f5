import contextlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest

from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.docker_daemon import DockerDaemon, Image
from lit_coder.sandbox.docker_wall import SANDBOX_LABEL
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from tests.sandbox.docker.conftest import OPTIONS

EMPTY_IMAGE = "lit_coder/empty:test"


def refusal(options: SandboxOptions) -> str:
    with pytest.raises(SandboxUnavailable) as caught, open_runner(options):
        pass
    return str(caught.value)


@pytest.fixture
def empty_image(daemon: DockerDaemon) -> Iterator[str]:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    with contextlib.closing(docker.from_env()) as client:
        client.api.import_image_from_data(data.getvalue(), *EMPTY_IMAGE.split(":"))
        yield EMPTY_IMAGE
        client.images.remove(EMPTY_IMAGE)


def test_an_image_that_is_not_there_is_not_pulled(daemon: DockerDaemon) -> None:
    message = refusal(replace(OPTIONS, docker_image="lit_coder/nothing:1"))
    assert "docker pull lit_coder/nothing:1" in message


def test_a_runtime_that_docker_does_not_know_is_named(image: Image) -> None:
    assert "no runtime 'runnothing'" in refusal(replace(OPTIONS, docker_runtime="runnothing"))


def test_an_image_without_python_is_named(daemon: DockerDaemon, empty_image: str) -> None:
    message = refusal(replace(OPTIONS, docker_image=empty_image))
    assert empty_image in message and "sandbox.docker_image" in message


def test_a_refused_image_leaves_no_container(daemon: DockerDaemon, empty_image: str) -> None:
    before = list(daemon.find_containers(SANDBOX_LABEL))
    refusal(replace(OPTIONS, docker_image=empty_image))
    assert list(daemon.find_containers(SANDBOX_LABEL)) == before
