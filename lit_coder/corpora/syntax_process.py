"""Parses texts that nobody vouches for, in a process that may die of it.

    with SyntaxProcess() as parser:
        parser.parses(text)                # whether there is a tree
        parser.program(text)               # fingerprint of the normalized tree, or None
        parser.bodies(text, {("Return",)}) # fingerprints of runs of statements, or None

A text can end the process that parses it: deep nesting overflows C's stack, a short text can ask
for gigabytes. So it is parsed in a bare interpreter beside this one, which has limits on memory
and time, is started when it is first needed, and again after it died. None says that there is no
tree: the text is no Python of this version, or the process died of it; `num_crashes` counts the
second. What the text says is never executed, and what comes back is read as JSON.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from lit_coder.corpora.syntax_fingerprints import Kinds

MOST_SECONDS = 30.0
_ROOT = Path(__file__).parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from lit_coder.corpora.syntax_worker import serve; serve()"
)
_LENGTH = struct.Struct(">I")


class SyntaxProcess:
    """A process that parses.

    Attributes:
        num_crashes: texts that it died of, or took too long with.
    """

    def __init__(self) -> None:
        self.num_crashes = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    def parses(self, text: str) -> bool:
        """Whether the text is a program; False, too, where the process died of it."""
        return self._ask({"text": text, "parses": True}) is True

    def program(self, text: str) -> str | None:
        """The fingerprint of the whole program, without comments, docstrings and layout."""
        return cast("str | None", self._ask({"text": text}))

    def bodies(self, text: str, kinds: Collection[Kinds]) -> list[str] | None:
        """The fingerprints of all runs of statements of these classes."""
        return cast("list[str] | None", self._ask({"text": text, "kinds": sorted(kinds)}))

    def close(self) -> None:
        """End the process, if there is one."""
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._finalizer = None

    def __enter__(self) -> SyntaxProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, question: dict[str, Any]) -> object:
        with self._lock:
            process = self._process or self._start()
            try:
                return _exchange(process, question)
            except (EOFError, BrokenPipeError):
                self.num_crashes += 1
                self.close()
                return None

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-c", _START, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("PATH",) if name in os.environ},
        )
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process)
        try:
            ready = _exchange(process, {"text": "x = 1"})
        except (EOFError, BrokenPipeError):
            ready = None
        if ready is None:
            self.close()
            raise OSError(f"a process of {sys.executable} that parses programs does not start")
        return process


def _exchange(process: subprocess.Popen[bytes], question: dict[str, Any]) -> object:
    assert process.stdin is not None and process.stdout is not None
    message = json.dumps(question).encode()
    process.stdin.write(_LENGTH.pack(len(message)) + message)
    process.stdin.flush()
    # No `threading.Timer`: Ctrl+C while one is started or cancelled can leave it for ever.
    answers = select.poll()
    answers.register(process.stdout, select.POLLIN)
    if not answers.poll(MOST_SECONDS * 1000):
        process.kill()
        raise EOFError
    header = process.stdout.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(header)
    answer = process.stdout.read(length)
    if len(answer) < length:
        raise EOFError
    return json.loads(answer)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            # What a dead process has not read any more cannot be flushed.
            try:
                stream.close()
            except OSError:
                continue
