"""Real listeners of the host that notice who comes: TCP, UDP, unix path and abstract sockets.

    listeners = Listeners(folder)
    ...
    listeners.contacts()      # ["tcp: b'hello'"], and forgets them

Nothing waits here: the kernel keeps connections and datagrams until somebody asks.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from pathlib import Path
from typing import TypeAlias

_Address: TypeAlias = str | tuple[str, int]
_CONNECTION_SECONDS = 0.2


class Listeners:
    """Listening sockets, without a thread."""

    def __init__(self, folder: Path) -> None:
        self.abstract_name = f"conformance-{secrets.token_hex(8)}"
        self.unix_path = folder / "stream.sock"
        self.datagram_path = folder / "datagram.sock"
        self._streams: dict[str, socket.socket] = {}
        self._datagrams: dict[str, socket.socket] = {}
        self._listen("tcp", socket.AF_INET, ("127.0.0.1", 0))
        self._listen("unix stream", socket.AF_UNIX, str(self.unix_path))
        self._listen("abstract", socket.AF_UNIX, f"\0{self.abstract_name}")
        with contextlib.suppress(OSError):
            self._listen("tcp over IPv6", socket.AF_INET6, ("::1", 0))
        self._receive("udp", socket.AF_INET, ("127.0.0.1", 0))
        self._receive("unix datagram", socket.AF_UNIX, str(self.datagram_path))
        for path in (self.unix_path, self.datagram_path):
            os.chmod(path, 0o777)

    def _listen(self, name: str, family: int, address: _Address) -> None:
        self._streams[name] = _bound(family, socket.SOCK_STREAM, address)
        self._streams[name].listen(64)

    def _receive(self, name: str, family: int, address: _Address) -> None:
        self._datagrams[name] = _bound(family, socket.SOCK_DGRAM, address)

    def parts(self) -> dict[str, str]:
        """Where they listen; port 1 where the machine has no IPv6."""
        ipv6 = self._streams.get("tcp over IPv6")
        return {
            "tcp_port": str(self._streams["tcp"].getsockname()[1]),
            "tcp6_port": str(ipv6.getsockname()[1] if ipv6 else 1),
            "udp_port": str(self._datagrams["udp"].getsockname()[1]),
            "unix_path": str(self.unix_path),
            "datagram_path": str(self.datagram_path),
            "abstract_name": self.abstract_name,
        }

    def contacts(self) -> list[str]:
        """Who came since the last time, and what they said."""
        found = []
        for name, listener in self._streams.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(_CONNECTION_SECONDS)
                    with connection, contextlib.suppress(OSError):
                        found.append(f"{name}: connected")
                        found.append(f"{name}: {connection.recv(100)!r}")
        for name, receiver in self._datagrams.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    found.append(f"{name}: {receiver.recv(100)!r}")
        return found

    def close(self) -> None:
        """Stop listening."""
        for each in (*self._streams.values(), *self._datagrams.values()):
            each.close()


def _bound(family: int, kind: int, address: _Address) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.bind(address)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
