"""What is said where Docker cannot be had; no daemon is needed to see it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.docker_daemon import DockerDaemon
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.privileges import NOBODY, is_root


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What is said with this DOCKER_HOST."""

    def refusal_of(address: str) -> str:
        monkeypatch.setenv("DOCKER_HOST", address)
        options = SandboxOptions(backend="docker", workers=1)
        with pytest.raises(SandboxUnavailable) as caught, open_runner(options):
            pass
        return str(caught.value)

    return refusal_of


def test_without_a_daemon_it_says_how_to_start_one(
    refusal: Callable[[str], str], tmp_path: Path
) -> None:
    message = refusal(f"unix://{tmp_path}/docker.sock")
    assert "No Docker daemon answers: start it" in message and "DOCKER_HOST" in message


def test_a_daemon_that_was_left_behind_is_none(
    refusal: Callable[[str], str], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/docker.sock")
    assert "No Docker daemon answers: start it" in refusal(f"unix://{tmp_path}/docker.sock")


def test_a_daemon_of_another_machine_that_refuses_is_none(refusal: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "No Docker daemon answers: start it" in refusal(f"tcp://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1", "ssh://nobody@127.0.0.1:1"])
def test_an_address_that_is_none_is_said_to_be_docker_hosts(
    refusal: Callable[[str], str], address: str
) -> None:
    assert "DOCKER_HOST" in refusal(address)


def test_a_socket_that_this_user_may_not_use_names_the_group(
    monkeypatch: pytest.MonkeyPatch, open_folder: Path
) -> None:
    path = open_folder / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        if is_root():
            os.seteuid(NOBODY)
        try:
            with pytest.raises(SandboxUnavailable, match="usermod -aG docker"):
                DockerDaemon()
        finally:
            if is_root() or os.getuid() == 0:
                os.seteuid(0)


def test_auto_goes_on_without_a_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    options = SandboxOptions(backend="auto", isolation="kernel", workers=1)
    try:
        with open_runner(options) as running:
            assert running.wall.name == "kernel"
    except SandboxUnavailable as error:
        assert "docker: No Docker daemon answers" in str(error)
