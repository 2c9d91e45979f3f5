"""Writes one checkpoint at a time, in the background, whole or not at all.

    writer = CheckpointWriter()
    writer.hold(checkpoint, path, then=move_links)   # copied to host memory, not yet written
    writer.write_held()                              # a thread: file, fsync, rename, move_links()
    writer.wait()                                    # raises what went wrong, e.g. a full disk

The next `hold` waits for the write in flight, since it uses the same memory. The thread is no
daemon: an interpreter that ends waits for it. What a file is called, which links lead to it and
which older ones go is `checkpoint_files.py`'s business.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import torch

from lit_coder.trainer.checkpoint_copy import CopiedCheckpoint, HostCopier

PARTIAL_SUFFIX = ".partial"


class _Held(NamedTuple):
    copied: CopiedCheckpoint
    path: Path
    then: Callable[[], None]


class CheckpointWriter:
    """Copies, holds and writes checkpoints."""

    def __init__(self) -> None:
        self._copier = HostCopier()
        self._held: _Held | None = None
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def has_failed(self) -> bool:
        """Whether `wait` will raise."""
        return self._error is not None

    @property
    def held_path(self) -> Path | None:
        """Where the checkpoint in memory would be written, None where none is held."""
        return None if self._held is None else self._held.path

    @property
    def num_host_bytes(self) -> int:
        """Host memory kept for copies."""
        return self._copier.num_bytes

    def hold(self, checkpoint: Any, path: Path, then: Callable[[], None]) -> None:
        """Copy a checkpoint to host memory; `then` runs when its file is whole.

        Raises:
            OSError: the write before failed.
        """
        # First of all: a signal's handler may ask for what is held, and its memory is used again.
        self._held = None
        self.wait()
        self._held = _Held(self._copier.copy(checkpoint), path, then)

    def drop_held(self) -> None:
        """Forget the checkpoint in memory."""
        self._held = None

    def write_held(self) -> None:
        """Begin to write the checkpoint in memory, if there is one."""
        held, self._held = self._held, None
        if held is not None:
            self._thread = threading.Thread(target=self._run, args=(held,), name="checkpoint")
            self._thread.start()

    def write(self, checkpoint: Any, path: Path, then: Callable[[], None]) -> None:
        """Write at once, without a copy.

        Raises:
            OSError: this write or the one before failed.
        """
        self._held = None
        self.wait()
        write_file(checkpoint, path)
        then()

    def wait(self) -> None:
        """Wait for the write in flight.

        Raises:
            OSError: it failed; said once.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """Forget what is held and give the memory back; no write may be in flight."""
        assert self._thread is None, "wait first"
        self._held = None
        self._copier.release()

    def _run(self, held: _Held) -> None:
        try:
            held.copied.arrived()
            write_file(held.copied.content, held.path)
            held.then()
        except BaseException as error:
            # The thread's boundary: whoever waits gets it.
            self._error = error


def write_file(checkpoint: Any, path: Path) -> None:
    """Write a checkpoint so that `path` is the former file or the whole new one.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    partial = path.with_name(f".{path.name}{PARTIAL_SUFFIX}")
    try:
        with partial.open("wb", buffering=0) as file:
            stream = _Stream(file)
            torch.save(checkpoint, cast(BinaryIO, stream))
            if stream.error is not None:
                raise stream.error
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Stream:
    """What torch.save writes to. A full disk is kept until it has ended.

    Its own writer is not made for exceptions: it would end the process, or say another thing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: memoryview | bytes) -> int:
        """All of the data: a raw file may take a part of it."""
        rest = memoryview(data)
        try:
            while rest and self.error is None:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.error = error
        return len(data)

    def flush(self) -> None:
        """Nothing is kept here."""
