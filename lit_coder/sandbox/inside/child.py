"""A freshly forked child: leaves the zygote behind, locks itself, reads its job, does it.

    child = Child(descriptors, zygote_pid)
    child.run(lock, folder="")        # never returns

Only here is a job read, and only after the process is bounded: what it holds is in no memory that
a later child inherits.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from .candidate import run_job
from .codec import decode, encode
from .frames import MAX_JOB_BYTES, read_frame, write_frame
from .judge import run_judge
from .processes import die_with_parent

_SETUP_FAILED_EXIT_CODE = 99
_JOB = 3
_CHANNEL = 4
NUM_DESCRIPTORS = 5
"""No descriptor that is handed to a child may have a number below this one in the zygote."""
_MAX_DESCRIPTOR = 1024


class Child(NamedTuple):
    """What a forked process is to become.

    `descriptors`: standard input, output, error, the job's socket, and for a candidate and its
    judge the channel between them. `command` is executed where a language is not Python.
    """

    descriptors: tuple[int, ...]
    zygote_pid: int
    command: tuple[str, ...] = ()

    def run(self, lock: Callable[[], None], folder: str) -> NoReturn:
        """Bound this process by `lock`, then do its job; ends the process."""
        # Never back into the zygote's loop, whatever happens.
        try:
            self._leave_zygote(folder)
            lock()
            os.closerange(len(self.descriptors), _MAX_DESCRIPTOR)
            if self.command:
                # It reads the job in this process's place.
                os.execv(self.command[0], self.command)
            _do_job(has_channel=len(self.descriptors) > _CHANNEL)
            os._exit(0)
        finally:
            os._exit(_SETUP_FAILED_EXIT_CODE)

    def _leave_zygote(self, folder: str) -> None:
        os.setsid()
        die_with_parent(self.zygote_pid)
        signal.set_wakeup_fd(-1)
        for number, descriptor in enumerate(self.descriptors):
            os.dup2(descriptor, number)
        if folder:
            os.chdir(folder)
            os.environ.update(HOME=folder, TMPDIR=folder)


def _do_job(has_channel: bool) -> None:
    """Read the job, now that this process is bounded, and do it."""
    tag, payload = read_frame(_JOB, MAX_JOB_BYTES)
    job: Any = decode(payload, MAX_JOB_BYTES // 3)
    del payload

    def send(message: tuple[object, ...]) -> None:
        write_frame(_JOB, tag, encode(message))

    channel = _CHANNEL if has_channel else None
    if job[0] == "judge":
        assert channel is not None
        run_judge(send, channel, *job[1:])
    else:
        run_job(job, send, channel)
