"""What binary latents take as bits, against bfloat16 and float32: in memory and in a file.

    python -m benchmarks.binary_latents                  # 64 rows
    python -m benchmarks.binary_latents --rows 768       # a whole batch of trm_default

The latents are those of a TRM of trm_default's size, random weights, after a supervision step on
boards of 9x9, in float32, in bfloat16 and as `pack_bits` has them; a file is what `torch.save`
writes, as checkpoints do, and what zlib makes of it. What a run carries from step to step is z and
the answer y, which stays bfloat16: the last lines are both together. Times are of one thread. What
binary latents cost in answers is not here: `benchmarks.trm_tasks sudoku_4x4
--model.init_args.binary_threshold 0.5` measures that.
"""

from __future__ import annotations

import argparse
import io
import sys
import zlib
from functools import partial
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.generation_cache import seconds
from lit_coder.networks.binary_latents import pack_bits, unpack_bits
from lit_coder.networks.trm import TRM, TRMConfig, TRMState

CELLS, REGISTERS, FEATURES, VOCABULARY = 81, 16, 512, 261
BATCH_ROWS, REPEATS = 32, 5


def latents(num_rows: int) -> TRMState:
    """The state of so many rows after a supervision step with binary latents, in bfloat16."""
    torch.manual_seed(0)
    config = TRMConfig(
        vocab_size=VOCABULARY,
        sequence_length=CELLS,
        hidden_size=FEATURES,
        num_registers=REGISTERS,
        mixer="mlp",
        binary_threshold=0.5,
        compute_dtype="bfloat16",
    )
    network = TRM(config)
    states = []
    for first in range(0, num_rows, BATCH_ROWS):
        count = min(BATCH_ROWS, num_rows - first)
        ids_BL = torch.randint(VOCABULARY, (count, CELLS))
        with torch.no_grad():
            states.append(network(network.initial_state(count), ids_BL).state)
    return TRMState(*(torch.cat(parts) for parts in zip(*states, strict=True)))


def in_file(*tensors: Tensor) -> bytes:
    """What `torch.save` writes of them."""
    written = io.BytesIO()
    torch.save(list(tensors), written)
    return written.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=64, help="slots of a batch")
    num_rows = parser.parse_args().rows
    if num_rows < 1:
        parser.error(f"--rows must be at least 1, not {num_rows}")
    torch.set_num_threads(1)
    state = latents(num_rows)
    y_BLD, z_BLD = state
    bits = pack_bits(z_BLD)
    assert torch.equal(unpack_bits(bits, FEATURES, z_BLD.dtype), z_BLD)
    forms = {
        "z, float32": (z_BLD.float(),),
        "z, bfloat16": (z_BLD,),
        "z, bits": (bits,),
        "y and z, bfloat16": (y_BLD, z_BLD),
        "y bfloat16, z bits": (y_BLD, bits),
    }
    table = Table(
        *("stored", "bytes", "bits are smaller by", "file", "file with zlib"),
        title=f"latents of {num_rows} rows, {CELLS + REGISTERS} positions, {FEATURES} features",
    )
    for name, tensors in forms.items():
        size, file = sum(tensor.nbytes for tensor in tensors), in_file(*tensors)
        packed_size = forms["y bfloat16, z bits" if "y" in name else "z, bits"]
        times = size / sum(tensor.nbytes for tensor in packed_size)
        compressed = len(zlib.compress(file, 6))
        table.add_row(name, f"{size:,}", f"{times:.2f}", f"{len(file):,}", f"{compressed:,}")
    Console(width=120).print(table)
    for name, work in (
        ("pack", partial(pack_bits, z_BLD)),
        ("unpack", partial(unpack_bits, bits, FEATURES, z_BLD.dtype)),
    ):
        taken = median(seconds(work) for _ in range(REPEATS))
        print(f"{name}: {taken * 1e3:,.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
