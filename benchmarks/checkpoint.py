"""What saving a checkpoint costs: bytes, seconds that training stands still, memory.

    python -m benchmarks.checkpoint                 # 342 M parameters on CUDA, 45 M on a CPU

The same training, saved at the same steps, three times in one process: by RunCheckpoint in the
background, by RunCheckpoint while training waits, and by Lightning's own
`ModelCheckpoint(save_last=True)`. A stall is the time from the end of a step, with the device idle,
until the next one can begin and the device is idle again; each write has ended before the next
save. The first save of each is left out: it allocates memory, which is printed. Exits with 1 where

* a file is larger than 12 bytes a parameter (weights and AdamW's two moments) and 1 MB,
* more is written than that file, once,
* on CUDA: a save in the background stalls for more than 0.6 s, or takes device memory.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint

from lit_coder.cli.screen import quiet_loggers, quiet_warnings
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.run_folder import RunFolder
from tests.recursion.tiny_run import make_data, make_recursion

MOST_STALL_SECONDS = 0.6
MOST_OTHER_BYTES = 1_000_000
SIZES = {
    "cpu": {"hidden_size": 512, "num_hidden_layers": 8, "num_attention_heads": 8},
    "cuda": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
    },
}


class Measured:
    """What the saves of one way cost."""

    def __init__(self) -> None:
        self.stall_seconds: list[float] = []
        self.written_bytes: list[int] = []
        self.host_bytes: list[int] = []
        self.device_bytes: list[int] = []


class MeasuredSaves(pl.Callback):
    """Measures what a checkpoint callback does at the end of the steps that are saved."""

    def __init__(self, saving: Checkpoint, every_n_steps: int) -> None:
        self.measured = Measured()
        self._saving = saving
        original = saving.on_train_batch_end

        def on_train_batch_end(trainer: pl.Trainer, *rest: Any) -> None:
            if trainer.global_step % every_n_steps:
                original(trainer, *rest)
            else:
                self._measure(lambda: original(trainer, *rest))

        saving.on_train_batch_end = on_train_batch_end  # type: ignore[method-assign]

    def _measure(self, save: Any) -> None:
        self._wait_for_write()
        _wait_for_device()
        written, resident = _written_bytes(), _resident_bytes()
        device = _allocated_bytes(reset_peak=True)
        with _peak_resident_bytes() as peak:
            started = time.perf_counter()
            save()
            _wait_for_device()
            self.measured.stall_seconds.append(time.perf_counter() - started)
            self.measured.device_bytes.append(_allocated_bytes(peak=True) - device)
            self._wait_for_write()
        self.measured.host_bytes.append(max(peak) - resident)
        self.measured.written_bytes.append(_written_bytes() - written)

    def _wait_for_write(self) -> None:
        if isinstance(self._saving, RunCheckpoint):
            self._saving.wait()


def _wait_for_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _allocated_bytes(reset_peak: bool = False, peak: bool = False) -> int:
    if not torch.cuda.is_available():
        return 0
    if reset_peak:
        torch.cuda.reset_peak_memory_stats()
    return torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated()


def _written_bytes() -> int:
    """Bytes that this process has given to files so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@contextmanager
def _peak_resident_bytes() -> Iterator[list[int]]:
    """Resident memory, looked at every ten milliseconds."""
    seen, ended = [_resident_bytes()], threading.Event()

    def look() -> None:
        while not ended.wait(0.01):
            seen.append(_resident_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def train(folder: Path, saving: Checkpoint, num_steps: int, every: int) -> tuple[Measured, int]:
    """Train and save; what the saves cost, and the model's number of parameters."""
    data = make_data(num_steps, num_held_out=0, num_validation=0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    module = GPTModule(
        **SIZES[device], vocab_size=32768, max_position_embeddings=data.max_sequence_length
    )
    measuring = MeasuredSaves(saving, every)
    trainer = pl.Trainer(
        accelerator=device,
        devices=1,
        precision="bf16-mixed",
        max_epochs=-1,
        max_steps=num_steps,
        default_root_dir=folder,
        logger=False,
        callbacks=[
            RunFolder(None, moves_last=False),
            make_recursion(every_n_steps=num_steps, num_problems=0),
            measuring,
            saving,
        ],
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(module, datamodule=data)
    return measuring.measured, sum(p.numel() for p in module.parameters())


def report(name: str, measured: Measured, num_parameters: int) -> dict[str, float]:
    """Print a row; the figures behind it, without the first save."""
    figures = {
        "first_stall": measured.stall_seconds[0],
        "stall": statistics.median(measured.stall_seconds[1:]),
        "written": statistics.median(measured.written_bytes[1:]),
        "host": max(measured.host_bytes),
        "device": max(measured.device_bytes[1:]),
    }
    print(
        f"{name:30} stall {figures['stall']:6.2f} s (first {figures['first_stall']:.2f})   "
        f"written {figures['written'] / num_parameters:5.2f} B/parameter   "
        f"host +{figures['host'] / num_parameters:5.2f}   "
        f"device +{figures['device'] / num_parameters:5.2f} B/parameter",
        flush=True,
    )
    return figures


def main() -> int:
    """Train three times, compare, judge."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--saves", type=int, default=5)
    parser.add_argument("--every", type=int, default=4, help="steps between saves")
    arguments = parser.parse_args()
    quiet_warnings()
    quiet_loggers()
    # The last step is a round's end, which is saved by other rules.
    num_steps, every = arguments.saves * arguments.every + 2, arguments.every
    ways: dict[str, Any] = {
        "RunCheckpoint, background": lambda folder: RunCheckpoint(every, 0),
        "RunCheckpoint, training waits": lambda folder: RunCheckpoint(
            every, 0, in_background=False
        ),
        "ModelCheckpoint(save_last)": lambda folder: ModelCheckpoint(
            folder / "checkpoints", every_n_train_steps=every, save_last=True
        ),
    }
    figures: dict[str, dict[str, float]] = {}
    faults = []
    for name, make in ways.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            measured, num_parameters = train(folder, make(folder), num_steps, every)
            figures[name] = report(name, measured, num_parameters)
            most = 12 * num_parameters + MOST_OTHER_BYTES
            largest = max(p.stat().st_size for p in (folder / "checkpoints").glob("*.ckpt"))
            if "Run" in name and largest > most:
                faults.append(f"{name}: a file of {largest} bytes, at most {most}")
            if "Run" in name and figures[name]["written"] > most:
                faults.append(f"{name}: {figures[name]['written']:.0f} bytes written for one save")
    own = figures["RunCheckpoint, background"]
    for name in list(ways)[1:]:
        print(f"{name}: {figures[name]['stall'] / own['stall']:.1f} times the stall")
    if torch.cuda.is_available():
        if own["stall"] > MOST_STALL_SECONDS:
            faults.append(f"a stall of {own['stall']:.2f} s, at most {MOST_STALL_SECONDS}")
        if own["device"] > 0:
            faults.append(f"{own['device']:.0f} bytes of device memory")
    print("\n".join(faults) or "within the limits")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
