"""Seconds of a training step: ours under Lightning, a raw loop, Hugging Face Transformers.

    python -m benchmarks.train_step                        # about two minutes on two CPU cores
    python -m benchmarks.train_step --steps 40             # steadier
    python -m benchmarks.train_step --device cuda          # also MFU and memory of the presets

Six loops train the same network on the same batch in bfloat16, step by step in turn: ours and the
raw loop compiled and not, `LlamaForCausalLM` of the same sizes and weights under the `Trainer` of
transformers as shipped, and compiled in a raw loop. On the CPU it has 9.5 M parameters (320 x 6, 10
heads, 5 of keys and values) and 8 x 256 tokens; on a GPU it is gpt_tiny with 16 x 1024. A ratio is
the median over the turns of one loop's seconds by another's. The loops' first losses must agree.

On a GPU the presets gpt_medium and gpt_350m follow under our Trainer, on packed rows of four
documents (`--documents 1`: on rows of one): MFU at 32 x 1024 tokens without checkpointing, and the
peak memory of 8 x 1024 with it. MFU counts attention as if a row were one document. A last line
is JSON. Exits with 1 below a floor (`FLOORS`, `PRESETS`); peers that are not installed are named
and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.memory import preset_options
from benchmarks.training_loops import (
    COMPILED,
    OURS,
    OURS_EAGER,
    RAW,
    RAW_EAGER,
    TRAINER,
    Setting,
    loops,
    missing_peers,
)
from benchmarks.training_presets import DOCUMENTS_PER_ROW, PresetFigures, preset_figures
from benchmarks.training_turns import Turn, Turns
from lit_coder.cli.screen import quiet_loggers, quiet_warnings
from lit_coder.networks.flops import bfloat16_peak

CPU_OPTIONS: dict[str, Any] = {
    "hidden_size": 320,
    "num_hidden_layers": 6,
    "num_attention_heads": 10,
    "num_key_value_heads": 5,
    "intermediate_size": 864,
    "vocab_size": 8192,
    "max_position_embeddings": 256,
}
Times = dict[str, list[Turn]]
# By device: how many times as long as ours each peer must take at least.
FLOORS = {
    "cpu": {TRAINER: 1.4, COMPILED: 1.05},
    "cuda": {TRAINER: 1.5, COMPILED: 1.1},
}
MOST_OVER_RAW = 1.03
MOST_LOSS_APART = 0.02


def setting_for(device: str) -> Setting:
    """What is trained on a device."""
    if device == "cpu":
        return Setting(CPU_OPTIONS, rows=8, device="cpu")
    return Setting(preset_options("gpt_tiny"), rows=16, device="cuda")


def measure(setting: Setting, steps: int, warm_up: int) -> Times:
    """What a step of each loop took, turn by turn."""
    # A GPU's queue would run empty if every step were waited for.
    steps_per_turn = 1 if setting.device == "cpu" else 5
    with Turns(setting.batch(), steps + warm_up, steps_per_turn) as turns:
        for name, loop in loops(setting).items():
            turns.add(name, loop)
        return turns.take(warm_up)


def ratio(times: Times, name: str, other: str) -> float:
    """How many times as long `name` takes as `other`."""
    pairs = zip(times[name], times[other], strict=True)
    return median(a.seconds / b.seconds for a, b in pairs)


def milliseconds(turns: list[Turn]) -> dict[str, float]:
    """Median and least time of a step, and the CPU's median."""
    return {
        "median": median(turn.seconds for turn in turns) * 1e3,
        "fastest": min(turn.seconds for turn in turns) * 1e3,
        "cpu": median(turn.cpu_seconds for turn in turns) * 1e3,
    }


def judge(setting: Setting, times: Times) -> tuple[dict[str, float], list[str]]:
    """Ratios by what they compare, and the floors that are missed."""
    ratios, misses = {}, []
    for peer, least in FLOORS[setting.device].items():
        if peer in times:
            found = ratios[f"{peer} / {OURS}"] = ratio(times, peer, OURS)
            if found < least:
                misses.append(f"{peer} takes {found:.3f} times as long as {OURS}, not {least}")
    for own, raw in ((OURS, RAW), (OURS_EAGER, RAW_EAGER)):
        found = ratios[f"{own} / {raw}"] = ratio(times, own, raw)
        if found > MOST_OVER_RAW:
            misses.append(f"{own} takes {found:.3f} times as long as {raw}, over {MOST_OVER_RAW}")
    if OURS_EAGER in times and TRAINER in times:
        ratios[f"{TRAINER} / {OURS_EAGER}"] = ratio(times, TRAINER, OURS_EAGER)
    losses = setting.first_losses
    if max(losses.values()) - min(losses.values()) > MOST_LOSS_APART:
        misses.append(f"the loops do not train the same: first losses {losses}")
    return ratios, misses


def show(setting: Setting, times: Times) -> None:
    """The table of the loops."""
    config = setting.config
    tokens = setting.rows * config.max_position_embeddings
    size = f"{config.num_parameters / 1e6:.1f} M parameters, {tokens:,} tokens"
    title = f"{size}, {device_name(setting.device)}"
    table = Table("loop", "median", "fastest", "CPU", "tokens/s", "first loss", title=title)
    for name, turns in times.items():
        found = milliseconds(turns)
        table.add_row(
            name,
            *(f"{value:.1f} ms" for value in found.values()),
            f"{tokens / found['median'] * 1e3:,.0f}",
            f"{setting.first_losses[name]:.4f}",
        )
    Console(width=110).print(table)


def device_name(device: str) -> str:
    """The GPU, or the CPU's threads."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads"


def judge_preset(found: PresetFigures) -> list[str]:
    """What a preset misses."""
    misses = []
    if found.mfu is not None and found.mfu < found.least_mfu:
        misses.append(f"{found.name}: MFU {found.mfu:.3f}, below {found.least_mfu}")
    if found.checkpointed_gib > found.most_gib:
        misses.append(f"{found.name}: {found.checkpointed_gib:.2f} GiB, over {found.most_gib}")
    return misses


def main() -> int:
    """Measure, print, judge."""
    # Hugging Face's Trainer would take every GPU that it sees.
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    parser = argparse.ArgumentParser(description="Seconds of a training step, beside its peers.")
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cpu", "cuda"), default=default)
    parser.add_argument("--steps", type=int, default=20, help="turns that count")
    parser.add_argument("--warm-up", type=int, default=4, help="turns before, with compiling")
    parser.add_argument(
        "--documents", type=int, default=DOCUMENTS_PER_ROW, help="in each row of the presets"
    )
    arguments = parser.parse_args()
    quiet_warnings()
    quiet_loggers()
    for name in missing_peers():
        print(f"left out: Hugging Face's loops, {name} is not installed")
    setting = setting_for(arguments.device)
    times = measure(setting, arguments.steps, arguments.warm_up)
    show(setting, times)
    ratios, misses = judge(setting, times)
    for name, value in ratios.items():
        print(f"{name}: {value:.3f}")
    record: dict[str, Any] = {
        "benchmark": "train_step",
        "device": device_name(arguments.device),
        "torch": torch.__version__,
        "milliseconds": {name: milliseconds(turns) for name, turns in times.items()},
        "ratios": ratios,
    }
    if arguments.device == "cuda":
        peak = bfloat16_peak(torch.cuda.get_device_name())
        found = preset_figures(peak, arguments.steps, arguments.documents)
        record["presets"] = [preset._asdict() for preset in found]
        for preset in found:
            print(preset.sentence())
            misses += judge_preset(preset)
    print(json.dumps(record))
    for miss in misses:
        print(f"FLOOR MISSED: {miss}")
    return bool(misses)


if __name__ == "__main__":
    sys.exit(main())
