"""Runs of a tiny configuration, killed and gone on with, and what is left of them.

with RunServer() as server:
    run = server.run(["fit", *TINY], folder, kill_at="while generating")
fingerprint_of(folder / "runs" / "run")
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch

from lit_coder.recursion.round_record import read_records
from lit_coder.training_data.pool import SamplePool

REPOSITORY = Path(__file__).parents[2]

TINY = (
    "--trainer.accelerator=cpu",
    "--trainer.max_steps=24",
    "--trainer.logger=false",
    "--model=GPTModule",
    "--model.hidden_size=32",
    "--model.num_hidden_layers=1",
    "--model.num_attention_heads=2",
    "--model.learning_rate=0.01",
    "--model.warmup_steps=2",
    "--data.num_labelled=40",
    "--data.difficulties=[1,2]",
    "--data.held_out_difficulties=[1,2]",
    "--data.num_held_out=3",
    "--data.num_validation=2",
    "--data.batch_size=8",
    "--data.max_sequence_length=64",
    "--data.tokenizer_vocab_size=300",
    "--recursion.start_after_steps=6",
    "--recursion.every_n_steps=6",
    "--recursion.num_problems=8",
    "--recursion.num_samples=3",
    "--recursion.held_out_samples=2",
    "--recursion.max_new_tokens=24",
    # A model this small passes nothing: let everything in, so that the pool is trained on.
    "--recursion.gate=lit_coder.recursion.gates.NoTests",
    "--checkpoint.every_n_train_steps=2",
    "--sandbox.workers=1",
)
"""A run of four rounds that ends in about two seconds."""


FEATURES: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "accumulation": ("--trainer.accumulate_grad_batches=2", "--data.batch_size=4"),
    "a save at every step, few kept": (
        "--checkpoint.every_n_train_steps=1",
        "--checkpoint.keep_last_n=1",
        "--checkpoint.keep_best_n=2",
    ),
    "saves that training waits for": (
        "--checkpoint.in_background=false",
        "--data.pack_examples=true",
    ),
    "a corpus and a worker": (
        f"--data.corpus=[{REPOSITORY / 'lit_coder' / 'problems'}]",
        "--data.fim_rate=0.5",
        "--data.num_workers=1",
        # Each round starts a worker anew.
        "--trainer.max_steps=12",
    ),
    "Muon and gradient checkpointing": (
        "--model.optimizer=muon",
        "--model.gradient_checkpointing=1",
    ),
    "a TRM": (
        "--model=TRMModule",
        "--model.num_registers=1",
        "--model.num_outer_cycles=2",
        "--model.num_inner_cycles=1",
        "--model.supervision_steps=4",
        "--data.families=[sudoku]",
        "--data.difficulties=[1]",
        "--data.held_out_difficulties=[1]",
        "--data.max_sequence_length=16",
        "--data.canvas_length=16",
    ),
}
"""What a run may do that a kill could hit; each is compared with an undisturbed run of its own."""


@dataclass(frozen=True)
class Ended:
    """A run that ended: its status (negative = killed by that signal) and what it printed."""

    status: int
    text: str


class RunServer:
    """Talks to `run_server.py`."""

    def __enter__(self) -> RunServer:
        self._cache = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runs.run_server"],
            cwd=REPOSITORY,
            env=os.environ | {"LIT_CODER_CACHE_DIR": self._cache.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._answer() == {"ready": True}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._cache.cleanup()

    def run(
        self,
        arguments: list[str],
        folder: Path,
        kill_at: str | None = None,
        signals: tuple[tuple[float, signal.Signals], ...] = (),
    ) -> Ended:
        """Run a command line in `folder` to its end.

        Args:
            arguments: of `main.py`.
            folder: working directory.
            kill_at: a place of `run_server.PLACES`, or "step N".
            signals: signals to send, each after that many seconds.
        """
        log = folder / "log.txt"
        start = log.stat().st_size if log.exists() else 0
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "log": str(log),
            "kill_at": kill_at,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        pid = self._answer()["pid"]
        for after_seconds, number in signals:
            time.sleep(after_seconds)
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
        status = self._answer()["status"]
        return Ended(status, log.read_bytes()[start:].decode(errors="replace"))

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the run server died"
        answer: dict[str, int] = json.loads(line)
        return answer


def fingerprint_of(run: Path) -> dict[str, str]:
    """Hashes of what a run must give however often it was killed: weights, pool, rounds."""
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    optimizer = hashlib.sha256()
    for index, state in sorted(checkpoint["optimizer_states"][0]["state"].items()):
        for name, value in sorted(state.items()):
            optimizer.update(f"{index}{name}".encode() + value.numpy().tobytes())
    version = int(checkpoint["CodeDataModule"]["pool_version"])
    samples = SamplePool(run / "pool.lance", "").read(version)
    pool = hashlib.sha256(repr([dataclasses.astuple(sample) for sample in samples]).encode())
    records = [
        dataclasses.replace(record, seconds={}, run_id="", pool_version=0)
        for record in read_records(run / "rounds")
    ]
    return {
        "step": str(checkpoint["global_step"]),
        "weights": _hash_of(checkpoint["state_dict"]),
        "slots": _hash_of(checkpoint.get("trm_carries", {})),
        "optimizer": optimizer.hexdigest(),
        "pool": f"{len(samples)} {pool.hexdigest()}",
        "rounds": hashlib.sha256(repr(records).encode()).hexdigest(),
    }


def _hash_of(tensors: dict[str, torch.Tensor]) -> str:
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(name.encode() + tensor.numpy().tobytes())
    return found.hexdigest()
