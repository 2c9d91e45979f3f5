"""Memory: what `main.py memory` says and what is measured; the loss with and without logits.

    python -m benchmarks.memory                    # on a GPU where there is one, else on the CPU
    python -m benchmarks.memory --device cpu

On the CPU: the bytes that autograd saves in a real forward pass of the presets' networks (two
micro-batch rows of 512 tokens) against the figure for the same shape, and the live bytes of the
loss at a vocabulary of 32,768, chunked against plain. On a GPU: `max_memory_allocated` of real
optimizer steps of gpt_medium and gpt_350m, checkpointed, bf16-mixed, 8 packed rows of four
documents in 1024 tokens. Exits with 1
where a figure is more than 10 % off, the chunked loss takes more than 0.2 of the plain one, or on
a GPU 188M take more than 5 GiB or 342M more than 8 GiB.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.nn import functional

from benchmarks.training_loops import random_documents
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.training_memory import TrainingShape, training_memory
from lit_coder.networks.memory import LiveBytes
from lit_coder.objectives.next_token import NextToken

CONFIGS = Path(__file__).parent.parent / "configs"
CPU_PRESETS = ("gpt_tiny", "gpt_small")
GPU_PRESETS = {"gpt_medium": 5.0, "gpt_350m": 8.0}
MOST_OFF, MOST_OF_PLAIN = 0.1, 0.2


def preset_options(name: str) -> dict[str, Any]:
    """The GPTModule's options of a preset."""
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    data = config["data"]
    return {
        **config["model"]["init_args"],
        "vocab_size": data["tokenizer_vocab_size"],
        "max_position_embeddings": data["max_sequence_length"],
        "compile": "off",
    }


def saved_bytes(module: GPTModule, ids_BT: torch.Tensor) -> int:
    """Bytes that autograd saves in a forward pass of the network, parameters left out."""
    known = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            saved[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept), bf16("cpu"):
        hidden_BTC = module.network.hidden(ids_BT)
    # The features are kept too: the loss saves them.
    note(hidden_BTC)
    return sum(storage.nbytes() for storage in saved.values())


@contextmanager
def bf16(device: str) -> Iterator[None]:
    """Autocast as Lightning's bf16-mixed enters it."""
    with torch.autocast(device, dtype=torch.bfloat16, cache_enabled=False):
        yield


def cpu_figures() -> list[dict[str, Any]]:
    shape = TrainingShape(2, 512, 1, "bf16-mixed", is_packed=False)
    found = []
    for name in CPU_PRESETS:
        for every in (0, 1):
            options = preset_options(name) | {"gradient_checkpointing": every}
            told = training_memory(options, shape).activation_bytes
            module = GPTModule(**options).train()
            measured = saved_bytes(module, torch.zeros(2, 512, dtype=torch.long))
            found.append(
                {"preset": name, "checkpointing": every, "told": told, "measured": measured}
            )
    return found


def loss_figures(num_tokens: int = 8192, vocab_size: int = 32768, hidden: int = 256) -> float:
    """Peak live bytes of the chunked loss, forward and backward, as a share of the plain one's."""
    peaks = []
    for is_chunked in (False, True):
        features = torch.randn(1, num_tokens, hidden, requires_grad=True)
        weight = torch.randn(vocab_size, hidden, requires_grad=True)
        labels = torch.randint(vocab_size, (1, num_tokens))
        with LiveBytes() as live, bf16("cpu"):
            if is_chunked:
                loss = NextToken(chunk_tokens=1024)(features, weight, labels)
            else:
                logits = functional.linear(features, weight).flatten(0, 1).float()
                loss = functional.cross_entropy(logits, labels.flatten())
                del logits
            loss.backward()
        peaks.append(live.peak_bytes)
    return peaks[1] / peaks[0]


def gpu_figures() -> list[dict[str, Any]]:
    found = []
    for name, most in GPU_PRESETS.items():
        options = preset_options(name) | {"gradient_checkpointing": 1}
        shape = TrainingShape(8, 1024, 1, "bf16-mixed", is_packed=True, is_on_cpu=False)
        told = training_memory(options, shape).peak_bytes
        torch.cuda.empty_cache()
        module = GPTModule(**options).to("cuda").train()
        optimizer = torch.optim.AdamW(module.parameters(), fused=True)
        torch.cuda.reset_peak_memory_stats()
        ids = torch.zeros(8, 1024, dtype=torch.long, device="cuda")
        documents = random_documents(8, 1024, per_row=4).to("cuda")
        for _ in range(3):
            with bf16("cuda"):
                features = module.network.hidden(ids, documents_BT=documents)
                loss = module.objective(features, module.network.output_weight, ids)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        measured = torch.cuda.max_memory_allocated()
        found.append({"preset": name, "told": told, "measured": measured, "most_gib": most})
        del module, optimizer, features, loss
    return found


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="Memory as it is told and as it is measured.")
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cpu", "cuda"), default=default)
    device = parser.parse_args().device
    rows = gpu_figures() if device == "cuda" else cpu_figures()
    misses = []
    for row in rows:
        off = row["told"] / row["measured"] - 1
        told, measured = row["told"] / 2**20, row["measured"] / 2**20
        what = f"{row['preset']}, checkpointing {row.get('checkpointing', 1)}"
        print(f"{what}: told {told:.0f} MiB, measured {measured:.0f} MiB, {off:+.1%}")
        if abs(off) > MOST_OFF:
            misses.append(f"{what}: {off:+.1%} off, more than {MOST_OFF:.0%}")
        if row["measured"] > row.get("most_gib", float("inf")) * 2**30:
            misses.append(f"{what}: {measured:.0f} MiB, more than {row['most_gib']} GiB")
    ratio = loss_figures()
    print(f"the chunked loss takes {ratio:.3f} of the plain one's bytes")
    if ratio > MOST_OF_PLAIN:
        misses.append(f"the chunked loss takes {ratio:.2f} of the plain one")
    print(json.dumps({"device": device, "rows": rows, "chunked_loss": ratio}))
    print("\n".join(f"missed: {miss}" for miss in misses) or "nothing missed")
    return bool(misses)


if __name__ == "__main__":
    sys.exit(main())
