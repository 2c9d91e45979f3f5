"""The standard streams of a container on the one socket that Docker gives for them.

    stream = ContainerStream(started.attachment)
    stream.send(data, deadline)
    data = stream.read_exactly(100, deadline)
    stream.error_text           # the last of what came on standard error

Docker precedes every piece of output with eight bytes: which stream it belongs to, and its size.
The socket may be a local one, TLS or SSH: only what all of these have is used.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from typing import Any

from lit_coder.sandbox.docker_daemon import close_attachment

_HEADER = struct.Struct("!BxxxI")
_STANDARD_OUTPUT = 1
_READ_BYTES = 2**18
_MOST_ERROR_BYTES = 4096
_LEAST_WAIT_SECONDS = 0.001


class ContainerStream:
    """Sends to standard input and reads standard output; belongs to one thread at a time."""

    def __init__(self, attachment: Any) -> None:
        # docker-py gives a file object for a plain socket, and the socket itself for others.
        self._socket = getattr(attachment, "_sock", attachment)
        self._attachment = attachment
        self._received = bytearray()
        self._output = bytearray()
        self._errors = bytearray()

    @property
    def error_text(self) -> str:
        """The last of what came on standard error."""
        return self._errors.decode("utf-8", "backslashreplace").strip()

    def send(self, data: bytes, deadline: float) -> None:
        """Write to standard input.

        Raises:
            OSError: the container is gone, or it does not read.
        """
        self._wait_until(deadline)
        self._socket.sendall(data)

    def read_exactly(self, num_bytes: int, deadline: float) -> bytes:
        """Wait for this many bytes of standard output.

        Raises:
            EOFError: the container ended.
            OSError: the connection is gone, or the time is over.
        """
        while len(self._output) < num_bytes:
            self._receive(deadline)
        data = bytes(self._output[:num_bytes])
        del self._output[:num_bytes]
        return data

    def shut_down(self) -> None:
        """End both directions; a thread that waits for output then sees its end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; nobody may be waiting on it."""
        close_attachment(self._attachment)

    def _receive(self, deadline: float) -> None:
        self._wait_until(deadline)
        data = self._socket.recv(_READ_BYTES)
        if not data:
            raise EOFError("the container ended")
        self._received += data
        start = 0
        while len(self._received) - start >= _HEADER.size:
            stream, size = _HEADER.unpack_from(self._received, start)
            body = start + _HEADER.size
            if len(self._received) - body < size:
                break
            start = body + size
            if stream == _STANDARD_OUTPUT:
                self._output += self._received[body:start]
            else:
                self._errors += self._received[body:start]
                del self._errors[:-_MOST_ERROR_BYTES]
        del self._received[:start]

    def _wait_until(self, deadline: float) -> None:
        self._socket.settimeout(max(_LEAST_WAIT_SECONDS, deadline - time.monotonic()))
