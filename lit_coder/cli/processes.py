"""The processes of one command: which one this is, and how they end together.

    plan = handed_plan(arguments)       # the launching process's plan, in those it launched
    status = ending.fail(error, ...)    # one sentence for all of them, none left behind

Lightning starts the command line again for each further device, with the environment that it set;
torchrun and SLURM start all of them themselves. The first process writes files and speaks; another
one speaks where the first cannot know what happened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_coder.cli.resume import CommandPlan

FOLDER_VARIABLE = "LIT_CODER_RUN_FOLDER"
"""The run's folder where several processes read the same line and none was started by another."""
_PLAN_VARIABLE = "LIT_CODER_COMMAND_PLAN"
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
_INTERACTIVE_JOBS = ("bash", "interactive")
_FIRST_WORD_SECONDS = 3.0
"""How long another process waits with its sentence: the first one may have the same to say."""
_LINGERING_SECONDS = 2.0
"""How long it stays afterwards: the first one notices, and takes its status over."""
_LAST_WORD_SECONDS = 10.0
"""How long the first process waits for another one's status."""
_LEAVING_SECONDS = 2.0
"""How long it waits for their ends: not until they say the same as it has said."""
_LOST = (
    "connection closed by peer",
    "connection reset by peer",
    "connection refused",
    "broken pipe",
    "gloo/transport",
    "remote process exited",
    "communicator was aborted",
    "ncclremoteerror",
)


def is_first_process() -> bool:
    """Whether this process writes and speaks; the only one of a command is."""
    return all(_number(name) == 0 for name in _RANKS)


def started_side_by_side() -> bool:
    """Whether torchrun, SLURM or the like starts this command line in several processes."""
    job = os.environ.get("SLURM_JOB_NAME")
    if _number("WORLD_SIZE") > 1 or "NODE_RANK" in os.environ:
        return True
    return _number("SLURM_NTASKS") > 1 and job not in _INTERACTIVE_JOBS


def hand_on(plan: CommandPlan) -> None:
    """Leave the plan to processes that this one launches: a folder may exist when they read it."""
    content = asdict(plan)
    for name in ("run_folder", "checkpoint"):
        content[name] = None if content[name] is None else str(content[name])
    os.environ[_PLAN_VARIABLE] = json.dumps(content)


def take_back() -> None:
    """Forget the plan that was handed on."""
    os.environ.pop(_PLAN_VARIABLE, None)


def handed_plan(arguments: Sequence[str]) -> CommandPlan | None:
    """The plan of the process that launched this one; None where none did."""
    from lit_coder.cli.resume import CommandPlan

    text = os.environ.get(_PLAN_VARIABLE)
    if text is None or is_first_process():
        return None
    content = json.loads(text)
    if content["arguments"] != list(arguments):
        return None  # of another command, which started this one by itself
    checkpoint = content["checkpoint"]
    return CommandPlan(
        tuple(content["arguments"]),
        Path(content["run_folder"]),
        None if checkpoint is None else Path(checkpoint),
        content["resumes"],
        content["config_name"],
    )


def is_lost_connection(error: BaseException) -> bool:
    """Whether it says no more than that another process of the run is gone."""
    if type(error).__name__ in ("DistNetworkError", "DistStoreError"):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _LOST)


class Ending:
    """How a command of several processes ends when one of them fails.

    Attributes:
        config: the command's options, as soon as they are read.
        trainer: the command's Trainer, as soon as there is one.
    """

    def __init__(self) -> None:
        self.config: Any = None
        self.trainer: Any = None

    @property
    def is_shared(self) -> bool:
        """Whether there are other processes."""
        return getattr(self.trainer, "world_size", 1) > 1 or not is_first_process()

    def fail(self, error: BaseException, status: int, sentence: str | None, go_on: str) -> int:
        """Say why, end what belongs to this process; the exit status.

        Args:
            error: what ended this process.
            status: that of this process alone.
            sentence: that of this process alone; None for a bug, "" where all is said.
            go_on: the command that goes on with the run.

        Raises:
            BaseException: the error itself, where it is a bug.
        """
        launched = self._take_launched()
        is_lost = self.is_shared and is_lost_connection(error)
        is_first = is_first_process()
        if is_first and is_lost:
            status, sentence = _last_word(launched, go_on)
        elif not is_first and type(error).__name__ == "RunInterrupted":
            # The first one says so, when all is saved; its status is the command's.
            status, sentence = 0, ""
        elif not is_first and is_lost:
            sentence = ""
        elif not is_first:
            time.sleep(_FIRST_WORD_SECONDS)
        if sentence:
            print(f"lit-coder: {sentence}", file=sys.stderr, flush=True)
        if self.is_shared:
            _part(launched, lingers=not is_first and not is_lost and status != 0)
        if sentence is None:
            raise error
        return status

    def _take_launched(self) -> list[subprocess.Popen[bytes]]:
        """Processes that Lightning started from this one; it watches them no longer.

        It would end this process at once, by SIGKILL, when one of them has failed.
        """
        strategy = getattr(self.trainer, "strategy", None)
        watched = getattr(getattr(strategy, "launcher", None), "procs", [])
        launched = list(watched)
        watched.clear()
        return launched


def _last_word(launched: Sequence[subprocess.Popen[bytes]], go_on: str) -> tuple[int, str]:
    """Status and sentence of the first process where another one ended the run."""
    deadline = time.monotonic() + _LAST_WORD_SECONDS
    while launched and time.monotonic() < deadline:
        for process in launched:
            code = process.poll() or 0
            if code > 0:
                return code, ""  # it has said why
            if code < 0:
                return 1, (
                    f"process {process.pid} of this run was killed by signal {-code}, which the "
                    f"kernel does where memory runs out; go on with: {go_on}"
                )
        time.sleep(0.1)
    return 1, f"another process of this run has ended, see what it said; go on with: {go_on}"


def _part(launched: Sequence[subprocess.Popen[bytes]], lingers: bool) -> None:
    """Let the others notice, and leave no process behind."""
    import torch.distributed

    is_joined = torch.distributed.is_available() and torch.distributed.is_initialized()
    if is_joined and torch.distributed.get_backend() == "gloo":
        torch.distributed.destroy_process_group()
        if lingers:
            time.sleep(_LINGERING_SECONDS)
    deadline = time.monotonic() + _LEAVING_SECONDS
    for process in launched:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _number(name: str) -> int:
    value = os.environ.get(name, "0")
    return int(value) if value.isdigit() else 0
