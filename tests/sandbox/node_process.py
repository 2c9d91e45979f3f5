"""The JavaScript driver in a real node on a socket, without the walls around it.

    reply = run_cases("const f = (x) => x", (("call", "f", (1,)),))
    reply.outcomes    # [(0, "value", 1)]

A module that imports this is skipped where node is not installed.
"""

import contextlib
import os
import socket
import tempfile
from typing import Any, NamedTuple

import pytest

from lit_coder.sandbox.inside.codec import MAX_VALUE_BYTES, decode, encode
from lit_coder.sandbox.inside.frames import FrameBuffer, pack_frame
from lit_coder.sandbox.inside.interpreters import find_interpreter

_TAG = bytes(range(16))

if find_interpreter("javascript") is None:
    pytest.skip("Node.js 18 or newer is not installed", allow_module_level=True)


class Reply(NamedTuple):
    """What the driver's process sent, what it printed and how it ended."""

    messages: list[Any]
    stdout: str
    stderr: str
    exit_code: int

    @property
    def kinds(self) -> list[str]:
        return [message[0] for message in self.messages]

    @property
    def outcomes(self) -> list[Any]:
        return [message[1:] for message in self.messages if message[0] == "outcome"]


def run_job(job: object, stdin: str = "") -> Reply:
    interpreter = find_interpreter("javascript")
    assert interpreter is not None
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        stack.enter_context(ours)
        streams[0].write(stdin.encode())
        streams[0].seek(0)
        sources = [*(stream.fileno() for stream in streams), theirs.fileno()]
        pid = os.posix_spawn(
            interpreter.command[0],
            interpreter.command,
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, old, new) for new, old in enumerate(sources)],
        )
        theirs.close()
        messages = exchange(ours, job)
        exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for stream in streams[1:]:
            stream.seek(0)
        stdout, stderr = (stream.read().decode() for stream in streams[1:])
    return Reply(messages, stdout, stderr, exit_code)


def exchange(connection: socket.socket, job: object) -> list[object]:
    connection.sendall(pack_frame(_TAG, encode(job)))
    received = b""
    while data := connection.recv(2**16):
        received += data
    payloads = FrameBuffer(_TAG, 2**24).feed(received)
    assert b"".join(pack_frame(_TAG, payload) for payload in payloads) == received
    return [decode(payload, MAX_VALUE_BYTES) for payload in payloads]


def run_cases(program: str, *cases: tuple[object, ...]) -> Reply:
    return run_job(("cases", program, cases))


def call(program: str, *arguments: object) -> Any:
    """The outcome of `f(*arguments)`: ("value", value) and the like."""
    reply = run_cases(program, (("call", "f", arguments),))
    assert reply.kinds == ["features", "loaded", "outcome", "done"], reply
    return reply.outcomes[0][1:]


def run_script(program: str, stdin: str = "") -> Reply:
    return run_job(("stdio", program), stdin)
