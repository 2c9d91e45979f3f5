"""The Docker daemon, as far as the sandbox needs it; the only file that imports docker-py.

    with contextlib.closing(DockerDaemon()) as daemon:      # by DOCKER_HOST, as the docker command
        image = daemon.find_image("python:3.10-slim")
        started = daemon.start(image, ["python3", "-c", program], flags)
        daemon.remove(started.identifier)

Whatever the daemon refuses becomes one `SandboxUnavailable` with the remedy. Nothing is ever
pulled or built. It does not know what runs in a container.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import docker
import docker.errors
from docker.utils import kwargs_from_env, parse_host

from lit_coder.sandbox.container_flags import ContainerFlags
from lit_coder.sandbox.contract import SandboxUnavailable

logger = logging.getLogger("lit_coder.sandbox")

_REMOVAL_SECONDS = 15.0
_POLL_SECONDS = 0.01
# What the library below docker-py raises is an OSError.
_FAILURES = (docker.errors.DockerException, OSError)
_NO_SUCH_PROGRAM = ("executable file not found", "no such file or directory", "error finding exec")


class Image(NamedTuple):
    """An image that is on the daemon's machine; `volumes` are paths it wants to be writable."""

    name: str
    identifier: str
    volumes: tuple[str, ...]


class StartedContainer(NamedTuple):
    """A container that runs; `attachment` is docker-py's end of its standard streams."""

    identifier: str
    attachment: Any


class FoundContainer(NamedTuple):
    """A container that somebody has left or is using."""

    identifier: str
    labels: dict[str, str]
    is_ended: bool


class NoSuchProgramError(SandboxUnavailable):
    """The image has no program of the command's name."""


class DockerDaemon:
    """A connection to the daemon; one thread uses it, another may call `remove` meanwhile."""

    def __init__(self) -> None:
        """Connect.

        Raises:
            SandboxUnavailable: no daemon answers, or this user may not talk to it.
        """
        try:
            arguments = kwargs_from_env()
            _knock(arguments.get("base_url"))
            self._client = docker.APIClient(version="auto", **arguments)
        except (*_FAILURES, ImportError) as error:
            raise SandboxUnavailable(_no_daemon_message(error)) from error

    def close(self) -> None:
        """Give the connection back; containers stay as they are."""
        self._client.close()

    def find_image(self, name: str) -> Image:
        """The image of this name.

        Raises:
            SandboxUnavailable: it is not on the daemon's machine.
        """
        try:
            found = self._client.inspect_image(name)
        except docker.errors.ImageNotFound:
            raise SandboxUnavailable(
                f"The image {name!r} is not on Docker's machine: run `docker pull {name}`, or name "
                "an image with Python 3.10 or newer in sandbox.docker_image."
            ) from None
        except _FAILURES as error:
            raise SandboxUnavailable(
                f"Docker cannot use the image {name!r} of sandbox.docker_image: {error}."
            ) from error
        return Image(name, found["Id"], tuple((found["Config"] or {}).get("Volumes") or ()))

    def start(
        self, image: Image, command: Sequence[str], flags: ContainerFlags
    ) -> StartedContainer:
        """Start a container, attached to its standard streams.

        Raises:
            NoSuchProgramError: the image has no program of the command's name.
            SandboxUnavailable: the daemon refuses for another reason.
        """
        container = ""
        try:
            host = self._client.create_host_config(**flags.host)
            container = self._client.create_container(
                image.identifier, entrypoint=list(command), host_config=host, **flags.container
            )["Id"]
            # Before it starts: what it says first must not be missed.
            attachment = self._client.attach_socket(
                container, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            try:
                self._client.start(container)
            except BaseException:
                close_attachment(attachment)
                raise
        except _FAILURES as error:
            self.remove(container)
            raise _refusal(error, image, command[0], flags.runtime) from error
        return StartedContainer(container, attachment)

    def process_id(self, container: str) -> int | None:
        """The container's first process, as the daemon's machine counts."""
        try:
            return int(self._client.inspect_container(container)["State"]["Pid"]) or None
        except _FAILURES:
            return None

    def remove(self, container: str) -> None:
        """End a container and everything in it; one that is not there is no matter."""
        if not container:
            return
        deadline = time.monotonic() + _REMOVAL_SECONDS
        try:
            while time.monotonic() < deadline:
                try:
                    self._client.remove_container(container, force=True, v=True)
                except docker.errors.NotFound:
                    return
                except docker.errors.APIError:
                    # It ended by itself, and the daemon is about to remove it.
                    time.sleep(_POLL_SECONDS)
        except _FAILURES as error:
            logger.warning("sandbox: container %s may be left: %s", container[:12], error)

    def find_containers(self, label: str) -> Iterator[FoundContainer]:
        """Every container with the label, whoever made it.

        Raises:
            SandboxUnavailable: the daemon does not answer.
        """
        try:
            found = self._client.containers(all=True, filters={"label": label})
        except _FAILURES as error:
            raise SandboxUnavailable(f"Docker does not list its containers: {error}.") from error
        for each in found:
            is_ended = each["State"] in ("exited", "dead")
            yield FoundContainer(each["Id"], each["Labels"], is_ended)


def close_attachment(attachment: Any) -> None:
    """Close the streams of a container; it sees the end of its standard input."""
    # docker-py keeps the response with it, which holds the socket as well.
    response = getattr(attachment, "_response", None)
    if response is not None:
        response.close()
    attachment.close()


def _knock(address: str | None) -> None:
    """Connect to a local daemon and leave: docker-py does not close a socket on which it failed."""
    kind, _, path = parse_host(address, is_win32=sys.platform == "win32").partition("://")
    if kind == "http+unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(path)


def _refusal(
    error: Exception, image: Image, program: str, runtime: str | None
) -> SandboxUnavailable:
    text = str(getattr(error, "explanation", None) or error).strip().rstrip(".")
    if runtime is not None and runtime in text and "runtime" in text.lower():
        return SandboxUnavailable(
            f"Docker knows no runtime {runtime!r}: enter it in the daemon's configuration "
            "(daemon.json), or leave sandbox.docker_runtime at null."
        )
    if program in text and any(phrase in text for phrase in _NO_SUCH_PROGRAM):
        return NoSuchProgramError(f"The image {image.name!r} has no program {program!r}.")
    return SandboxUnavailable(f"Docker cannot start a container of {image.name!r}: {text}.")


def _no_daemon_message(error: BaseException) -> str:
    numbers = {each.errno for each in _causes(error) if isinstance(each, OSError)}
    if numbers & {errno.EACCES, errno.EPERM}:
        return (
            "This user may not talk to the Docker daemon: add the user to the group docker "
            "(`sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST to a daemon "
            "that it may use."
        )
    if numbers & {errno.ENOENT, errno.ECONNREFUSED, errno.ENOTSOCK}:
        return (
            "No Docker daemon answers: start it (`sudo systemctl start docker`, or Docker "
            "Desktop), or set DOCKER_HOST to the address of one."
        )
    reasons = [each.strerror for each in _causes(error) if isinstance(each, OSError)]
    text = next(filter(None, reasons), str(error)).rstrip(".")
    return f"No Docker daemon answers: check that one runs and what DOCKER_HOST says ({text})."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it: docker-py and its libraries wrap in several ways."""
    waiting: list[object] = [error]
    seen: list[object] = []
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and not any(each is other for other in seen):
            seen.append(each)
            waiting += [each.__cause__, each.__context__, *each.args]
            yield each
