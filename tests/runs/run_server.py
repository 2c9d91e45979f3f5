"""Starts runs quickly and kills them at chosen places: imports everything once, forks per run.

    python -m tests.runs.run_server          # one JSON request a line on stdin, one answer a line

A request is {"arguments": [...], "folder": cwd, "log": file, "kill_at": place or null}. The answer
is {"pid": ...}, then {"status": ...} when the run has ended (negative = killed by that signal).
The child that is forked runs the real command line; `kill_at` only makes it SIGKILL itself at a
place that a clock would hardly hit. The parent never runs a torch operation, so forking is safe.
Plots are not drawn: that is a third of the time of so small a run, and no run depends on them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

# As the command line sets it before it imports torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lit_coder.cli.lit_coder_cli
import lit_coder.cli.parser  # noqa: F401
from lit_coder.__main__ import main
from lit_coder.evaluation import round_reporter
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.recursion.round_record import RoundRecord
from lit_coder.recursion.solvers import ModelSolver
from lit_coder.trainer import checkpoint, checkpoint_writer
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.training_data.pool import SamplePool
from lit_coder.verification.verifier import Verifier


def _kill_before(owner: Any, name: str, occurrence: int, condition: Any = None) -> None:
    """SIGKILL this process when `owner.name` is called for the nth time."""
    _wrap(owner, name, occurrence, condition, before=True)


def _kill_after(owner: Any, name: str, occurrence: int) -> None:
    """SIGKILL this process when `owner.name` has returned for the nth time."""
    _wrap(owner, name, occurrence, None, before=False)


def _wrap(owner: Any, name: str, occurrence: int, condition: Any, before: bool) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if condition is None or condition(*args, **kwargs):
            calls += 1
        if before and calls == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if not before and calls == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapper)


def _kill_at_step(step: int) -> None:
    _kill_before(
        RunCheckpoint,
        "on_train_batch_end",
        1,
        lambda self, trainer, *rest: trainer.global_step == step,
    )


def _signal_at(number: int, where: str) -> None:
    """Send this process a signal, once, inside a step or while it generates."""
    if where == "while generating":
        owner: type = ModelSolver
        name = "solve"
        condition = None
        occurrence = 2
    else:
        step = int(where.removeprefix("at step "))
        owner, name, occurrence = GPTModule, "training_step", 1

        def condition(self: Any, *rest: Any) -> bool:
            return bool(self.trainer.global_step == step - 1)

    original = getattr(owner, name)
    calls = 0

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if condition is None or condition(*args):
            calls += 1
            if calls == occurrence:
                os.kill(os.getpid(), number)
        return original(*args, **kwargs)

    setattr(owner, name, wrapper)


PLACES: dict[str, Callable[[], None]] = {
    "before the first checkpoint": lambda: _kill_before(RunCheckpoint, "_save", 1),
    "after the first checkpoint": lambda: _kill_after(RunCheckpoint, "_save", 1),
    "while a checkpoint is written": lambda: _kill_before(checkpoint_writer._Stream, "write", 1000),
    "between a checkpoint and its links": lambda: _kill_before(checkpoint, "settle", 6),
    "at a round's last step": lambda: _kill_before(
        RunCheckpoint, "on_train_batch_end", 2, lambda self, trainer, *rest: trainer.is_last_batch
    ),
    "while generating": lambda: _kill_before(ModelSolver, "solve", 2),
    "while verifying": lambda: _kill_before(Verifier, "verify", 5),
    "between pool commit and checkpoint": lambda: _kill_after(SamplePool, "commit", 2),
    "between the round's record and checkpoint": lambda: _kill_after(RoundRecord, "write", 3),
    "after the round's checkpoint": lambda: _kill_after(RunCheckpoint, "on_train_epoch_end", 2),
}


def _child(request: dict[str, Any]) -> None:
    os.chdir(request["folder"])
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdin.close()
    place = request.get("kill_at")
    if place is not None:
        if place.startswith("step "):
            _kill_at_step(int(place.removeprefix("step ")))
        elif place.startswith("signal "):
            _, number, where = place.split(" ", 2)
            _signal_at(int(number), where)
        else:
            PLACES[place]()
    round_reporter.plot_rounds = lambda records, path: path
    sys.argv = ["main.py", *request["arguments"]]
    status = main(request["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve() -> None:
    """Answer requests until stdin closes."""
    warnings.simplefilter("ignore")
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                _child(request)
            finally:
                os._exit(70)
        print(json.dumps({"pid": pid}), flush=True)
        _, wait_status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(wait_status)}), flush=True)


if __name__ == "__main__":
    serve()
