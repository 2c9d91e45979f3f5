"""The presets at full speed on a GPU: tokens per second, MFU, and memory with checkpointing.

    for figures in preset_figures(peak_flops, steps=20): print(figures.sentence())

Our module under Lightning's Trainer, compiled, bfloat16, random tokens in packed rows of several
documents as a corpus gives them: what `fit` does without its data. The largest matrix product that
the device does is measured beside it, since a data sheet's peak is not reached by any product on
some.
"""

from __future__ import annotations

import gc
import time
from functools import partial
from typing import Any, NamedTuple

import torch

from benchmarks.memory import preset_options
from benchmarks.training_loops import Setting, lightning_loop
from benchmarks.training_turns import Turns
from lit_coder.networks.flops import training_flops_per_token

# Least MFU at 32 x 1024 tokens, most GiB at 8 x 1024 with every block recomputed.
PRESETS = {"gpt_medium": (0.42, 5.0), "gpt_350m": (0.45, 8.0)}
FULL_ROWS, CHECKPOINTED_ROWS = 32, 8
DOCUMENTS_PER_ROW = 4
STEPS_PER_TURN, WARM_UP = 5, 2


class PresetFigures(NamedTuple):
    """What a preset reached; MFU is None where the device's peak is not known."""

    name: str
    parameters: int
    documents_per_row: int
    tokens_per_second: float
    teraflops: float
    mfu: float | None
    least_mfu: float
    product_teraflops: float
    full_gib: float
    checkpointed_gib: float
    most_gib: float

    def sentence(self) -> str:
        """One line for the screen."""
        mfu = "the peak is not known" if self.mfu is None else f"MFU {self.mfu:.1%}"
        rows = "rows of one document"
        if self.documents_per_row > 1:
            rows = f"packed rows of {self.documents_per_row} documents, counted as one"
        return (
            f"{self.name} ({self.parameters / 1e6:.1f} M), {rows}: "
            f"{self.tokens_per_second:,.0f} tokens/s, {self.teraflops:.0f} TFLOP/s, {mfu}, "
            f"{self.teraflops / self.product_teraflops:.1%} "
            f"of a large product's {self.product_teraflops:.0f}; peak {self.full_gib:.1f} GiB; "
            f"checkpointed at {CHECKPOINTED_ROWS} rows {self.checkpointed_gib:.2f} GiB"
        )


def preset_figures(
    peak_flops: float | None, steps: int, documents_per_row: int = DOCUMENTS_PER_ROW
) -> list[PresetFigures]:
    """The figures of every preset in `PRESETS`, one after the other.

    Args:
        peak_flops: of the device, where it is known.
        steps: that are timed.
        documents_per_row: 1 = rows are not packed.
    """
    product = product_teraflops()
    found = []
    for name, (least_mfu, most_gib) in PRESETS.items():
        options = preset_options(name)
        whole, again = ({**options, "gradient_checkpointing": every} for every in (0, 1))
        full = Setting(whole, FULL_ROWS, "cuda", documents_per_row)
        seconds, full_gib = _train(full, max(1, steps // STEPS_PER_TURN))
        small = Setting(again, CHECKPOINTED_ROWS, "cuda", documents_per_row)
        _, checkpointed_gib = _train(small, 1)
        config, sequence = full.config, options["max_position_embeddings"]
        tokens_per_second = FULL_ROWS * sequence / seconds
        flops = tokens_per_second * training_flops_per_token(config, sequence)
        found.append(
            PresetFigures(
                name,
                config.num_parameters,
                documents_per_row,
                tokens_per_second,
                flops / 1e12,
                None if peak_flops is None else flops / peak_flops,
                least_mfu,
                product,
                full_gib,
                checkpointed_gib,
                most_gib,
            )
        )
    return found


def _train(setting: Setting, num_turns: int) -> tuple[float, float]:
    """Seconds a step, and the most memory that the steps took, in GiB."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    with Turns(setting.batch(), num_turns + WARM_UP, STEPS_PER_TURN) as turns:
        turns.add(setting.device, partial(lightning_loop, setting, "preset", "on"))
        times = turns.take(WARM_UP)[setting.device]
    seconds = sum(turn.seconds for turn in times) / len(times)
    return seconds, torch.cuda.max_memory_allocated() / 2**30


def product_teraflops(size: int = 8192, repeats: int = 20) -> float:
    """TFLOP/s of a square product in bfloat16."""
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out: Any = torch.empty_like(a)
    for repeat in range(2 * repeats):
        if repeat == repeats:
            torch.cuda.synchronize()
            started = time.perf_counter()
        torch.mm(a, b, out=out)
    torch.cuda.synchronize()
    return repeats * 2 * size**3 / (time.perf_counter() - started) / 1e12
