"""Seconds of a TRM's training step, compiled and not, and how often its weights are cast.

    python -m benchmarks.trm_speed                 # a minute or two on two CPU cores
    python -m benchmarks.trm_speed --device cuda   # the published 9x9 size

A step is a supervision step of every slot with its loss, backward pass, clipping and AdamW: a
`TRMModule` under Lightning's Trainer, `compile` on and off, the same random boards, turn by turn.
States and activations are bfloat16. On the CPU the size is one that a CPU can train: hidden
size 128, 2 layers, 4 heads, 36 cells and a register, T = 2, n = 3, 96 slots. On a GPU it is the
published one: hidden size 512, 8 heads, 81 cells and 16 registers, T = 3, n = 6, 768 slots, with
both mixers. A ratio is the median over the turns. Both must find the same first loss.

The second figure is how often a step converts weights to bfloat16, in eager mode, which must not
depend on how deep the recursion is. Exits with 1 below a floor: 1.3 times on a CPU, 1.5 on a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.train_step import device_name, milliseconds
from benchmarks.training_turns import Turn, Turns
from benchmarks.weight_casts import WeightCasts
from lit_coder.cli.screen import quiet_loggers, quiet_warnings
from lit_coder.modules.code_module import CompileMode
from lit_coder.modules.trm_module import TRMModule
from lit_coder.networks.trm import TRM, TRMConfig
from lit_coder.networks.trm_halting import initial_carry, supervision_step
from lit_coder.objectives.deep_supervision import DeepSupervision
from lit_coder.tokenizer import CodeTokenizer

FLOORS = {"cpu": 1.3, "cuda": 1.5}
MOST_LOSS_APART = 0.02
COMPILED, EAGER = "compiled", "eager"
DEPTHS = ((2, 2), (6, 3))
"""n and T for which casts are counted."""


class Setting(NamedTuple):
    """What is trained: options of the module, cells of a board, slots."""

    title: str
    options: dict[str, Any]
    num_cells: int
    num_slots: int


def settings_for(device: str) -> list[Setting]:
    """The sizes of a device; what is not named is as published."""
    both: dict[str, Any] = {"compute_dtype": "bfloat16", "warmup_steps": 0}
    if device == "cpu":
        small = {
            "hidden_size": 128,
            "num_attention_heads": 4,
            "num_registers": 1,
            "num_outer_cycles": 2,
            "num_inner_cycles": 3,
        }
        return [Setting("small", both | small, num_cells=36, num_slots=96)]
    return [
        Setting(f"published, {mixer}", both | {"mixer": mixer}, num_cells=81, num_slots=768)
        for mixer in ("mlp", "attention")
    ]


def tokenizer() -> CodeTokenizer:
    """Every byte has a token, and so has every cell of a board."""
    return CodeTokenizer.train(["123456789."], vocab_size=261)


def boards(setting: Setting, device: str) -> Tensor:
    """Random cells (B, T), the same every time; pinned for a GPU."""
    ids = torch.tensor(tokenizer().encode("123456789"))
    torch.manual_seed(1)
    ids_BT = ids[torch.randint(len(ids), (setting.num_slots, setting.num_cells))]
    return ids_BT.pin_memory() if device == "cuda" else ids_BT


class FirstLoss(pl.Callback):
    """The loss of a fit's first step."""

    def __init__(self) -> None:
        self.value = float("nan")

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        """Read it once."""
        if trainer.global_step == 1:
            self.value = float(outputs["loss"])


class Boards:
    """A loader of boards that are their own solutions."""

    def __init__(self, batches: Iterator[Tensor], num_steps: int) -> None:
        self._batches, self._num_steps = batches, num_steps

    def __len__(self) -> int:
        return self._num_steps

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        for ids_BT in self._batches:
            yield {"ids_BT": ids_BT, "labels_BT": ids_BT}


def training_loop(
    device: str,
    setting: Setting,
    compile_mode: CompileMode,
    first: FirstLoss,
    batches: Iterator[Tensor],
    num_steps: int,
) -> None:
    """Train on the batches of its turns."""
    torch.manual_seed(0)
    words = tokenizer()
    module = TRMModule(
        vocab_size=words.vocab_size,
        max_position_embeddings=setting.num_cells,
        canvas_length=setting.num_cells,
        compile=compile_mode,
        **setting.options,
    )
    module.tokenizer = words
    trainer = pl.Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        max_steps=num_steps,
        max_epochs=-1,
        limit_val_batches=0,
        logger=False,
        callbacks=[first],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, Boards(batches, num_steps))
    if (module.network._compiled_call_impl is not None) != (compile_mode == "on"):
        raise SystemExit("benchmarks.trm_speed: compiling failed, see above")


def measure(
    device: str, setting: Setting, num_turns: int, warm_up: int
) -> tuple[dict[str, list[Turn]], dict[str, float]]:
    """What a step took in each turn of both loops, and their first losses."""
    firsts = {COMPILED: FirstLoss(), EAGER: FirstLoss()}
    # A GPU's queue would run empty if every step were waited for.
    steps_per_turn = 1 if device == "cpu" else 5
    with Turns(boards(setting, device), num_turns + warm_up, steps_per_turn) as turns:
        for name, first in firsts.items():
            mode: CompileMode = "on" if name == COMPILED else "off"
            turns.add(name, partial(training_loop, device, setting, mode, first))
        times = turns.take(warm_up)
    return times, {name: first.value for name, first in firsts.items()}


def casts_of_a_step(num_inner_cycles: int, num_outer_cycles: int) -> int:
    """Conversions of weights in a supervision step with its backward pass."""
    torch.manual_seed(0)
    network = TRM(
        TRMConfig(
            vocab_size=16,
            sequence_length=16,
            hidden_size=64,
            num_inner_cycles=num_inner_cycles,
            num_outer_cycles=num_outer_cycles,
            compute_dtype="bfloat16",
        )
    )
    ids_BT = torch.randint(16, (2, 16))
    batch = {"ids_BT": ids_BT, "labels_BT": ids_BT}
    with WeightCasts(network) as casts:
        step = supervision_step(network, initial_carry(network, batch), batch, max_steps=16)
        labels_BT = step.carry.data["labels_BT"]
        DeepSupervision()(step.logits_BLV, step.halt_B, labels_BT).total.backward()
    return casts.num_casts


def show(title: str, times: dict[str, list[Turn]], losses: dict[str, float]) -> None:
    """The table of both loops."""
    table = Table("step", "median", "fastest", "CPU", "steps/s", "first loss", title=title)
    for name, turns in times.items():
        found = milliseconds(turns)
        columns = [f"{value:.1f} ms" for value in found.values()]
        table.add_row(name, *columns, f"{1e3 / found['median']:.2f}", f"{losses[name]:.4f}")
    Console(width=110).print(table)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=tuple(FLOORS), default=default)
    parser.add_argument("--turns", type=int, default=20, help="turns that count")
    parser.add_argument("--warm-up", type=int, default=3, help="turns before, with compiling")
    arguments = parser.parse_args()
    device, floor = arguments.device, FLOORS[arguments.device]
    quiet_warnings()
    quiet_loggers()
    misses: list[str] = []
    record: dict[str, Any] = {"benchmark": "trm_speed", "device": device_name(device)}
    for setting in settings_for(device):
        times, losses = measure(device, setting, arguments.turns, arguments.warm_up)
        show(f"{setting.title}, {setting.num_slots} slots, {device_name(device)}", times, losses)
        pairs = zip(times[EAGER], times[COMPILED], strict=True)
        found = median(eager.seconds / compiled.seconds for eager, compiled in pairs)
        said = f"{setting.title}: compiled is {found:.2f} times as fast as eager"
        print(f"{said} (floor {floor})")
        record[setting.title] = {name: milliseconds(turns) for name, turns in times.items()}
        record[setting.title]["ratio"] = found
        if found < floor:
            misses.append(f"{said}, not {floor}")
        if not abs(losses[COMPILED] - losses[EAGER]) < MOST_LOSS_APART:
            misses.append(f"{setting.title}: the first losses differ: {losses}")
    casts = {depth: casts_of_a_step(*depth) for depth in DEPTHS}
    for (n, t), number in casts.items():
        print(f"n = {n}, T = {t}: {number} casts of weights in a step")
    record["casts"] = list(casts.values())
    if len(set(casts.values())) > 1:
        misses.append(f"casts of weights depend on the depth of the recursion: {casts}")
    print(json.dumps(record))
    for miss in misses:
        print(f"FLOOR MISSED: {miss}")
    return bool(misses)


if __name__ == "__main__":
    sys.exit(main())
