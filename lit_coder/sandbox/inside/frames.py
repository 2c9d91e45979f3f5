"""Frames on a stream socket: length, a tag of 16 bytes, then the payload.

The reader knows the tag beforehand, so bytes that a program writes on every descriptor it finds
are not taken for a message. A wrong tag or an oversized length is a `FrameError`, for good: a
stream that went wrong once is never read again.
"""

from __future__ import annotations

import socket
import struct

TAG_BYTES = 16
NO_TAG = bytes(TAG_BYTES)
MAX_FRAME_BYTES = 4 * 2**20
MAX_JOB_BYTES = 64 * 2**20

_HEADER = struct.Struct(f"!I{TAG_BYTES}s")


class FrameError(ValueError):
    """The stream holds something that is not one of our frames."""


def pack_frame(tag: bytes, payload: bytes) -> bytes:
    """The bytes of one frame."""
    return _HEADER.pack(len(payload), tag) + payload


def read_frame(connection: socket.socket, max_bytes: int = MAX_FRAME_BYTES) -> tuple[bytes, bytes]:
    """Wait for one frame: its tag and payload.

    Raises:
        EOFError: the other side closed the stream.
        FrameError: the length is beyond `max_bytes`.
    """
    length, tag = _HEADER.unpack(_read_exactly(connection, _HEADER.size))
    if length > max_bytes:
        raise FrameError("a frame is too large")
    return tag, _read_exactly(connection, length)


def _read_exactly(connection: socket.socket, num_bytes: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < num_bytes:
        piece = connection.recv(min(num_bytes - len(pieces), 2**20))
        if not piece:
            raise EOFError("the stream was closed")
        pieces += piece
    return bytes(pieces)


class FrameBuffer:
    """Takes bytes as they come and gives whole payloads; for a reader that may not wait."""

    def __init__(self, tag: bytes, max_total_bytes: int) -> None:
        self._tag = tag
        self._remaining_bytes = max_total_bytes
        self._pending = bytearray()

    @property
    def has_partial_frame(self) -> bool:
        """Whether a frame began and did not end."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes.

        Raises:
            FrameError: a wrong tag, a frame that is too large, or too much in all.
        """
        self._remaining_bytes -= len(data)
        if self._remaining_bytes < 0:
            raise FrameError("the reply is too large")
        self._pending += data
        payloads = []
        while len(self._pending) >= _HEADER.size:
            length, tag = _HEADER.unpack_from(self._pending)
            if tag != self._tag:
                raise FrameError("bytes on the result channel that are not a reply")
            if length > MAX_FRAME_BYTES:
                raise FrameError("a frame is too large")
            end = _HEADER.size + length
            if len(self._pending) < end:
                break
            payloads.append(bytes(self._pending[_HEADER.size : end]))
            del self._pending[:end]
        return payloads
