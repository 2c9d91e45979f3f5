"""The loader: how long training waits for data, how fast it seeks, what packing leaves unused.

    python -m benchmarks.loader                    # on a GPU where there is one, else on the CPU
    python -m benchmarks.loader --batches 100000

A corpus (files of the standard library), labelled solutions and a pool of examples are mixed as in
a run. The wait is measured beside real optimizer steps of a GPT; the control is the same step on
one batch that stays where it is, in turns. A fast device is imitated as well: one that takes
225,000 tokens a second (the goal for 341M parameters on an H200) while the processor is idle, with
two worker processes; it is judged where there are four cores. Exits with 1 where training waits
for more than 0.5 % of a real step or 1 % of an imitated one, a seek takes more than 50 ms, memory
grows by more than 8 MiB over all batches, or less than 99 % of the positions of packed rows hold a
token.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy
import torch

from lit_coder.corpora.open_sources import open_sources
from lit_coder.networks import GPT, GPTConfig
from lit_coder.objectives.next_token import NextToken
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.corpus_rows import CorpusRows
from lit_coder.training_data.corpus_tokens import prepare_tokens
from lit_coder.training_data.examples import Example, ExampleGroup
from lit_coder.training_data.mixture import CorpusPart, Mixture, MixturePart
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader

MOST_OF_REAL_STEP, MOST_OF_IMITATED_STEP = 0.005, 0.01
MOST_SEEK_SECONDS, MOST_GROWTH_MIB, LEAST_USEFUL = 0.05, 8.0, 0.99
IMITATED_TOKENS_PER_SECOND = 225_000
VOCAB_SIZE, NUM_DOCUMENTS = 2048, 300
# Rows, positions: what a step of the device holds.
SHAPES = {"cpu": (8, 256), "cuda": (32, 1024)}

Batch = dict[str, torch.Tensor]


def make_examples(seed: int, count: int, longest: int) -> ExampleGroup:
    """Examples whose lengths are distributed as those of small programs are: log-normally."""
    random = numpy.random.default_rng(seed)
    lengths = numpy.clip(random.lognormal(numpy.log(90), 0.6, count), 16, longest).astype(int)
    ids = random.integers(10, VOCAB_SIZE, (count, longest))
    return ExampleGroup(
        Example(tuple(row[:length].tolist()), int(length) // 3)
        for row, length in zip(ids, lengths, strict=True)
    )


class LoaderFactory:
    """Loaders over one corpus and one set of examples."""

    def __init__(self, folder: Path, rows: int, positions: int) -> None:
        sources = open_sources(["stdlib"])
        texts = [d.text for d in itertools.islice(sources[0].documents(), 40)]
        tokenizer = CodeTokenizer.train(texts, VOCAB_SIZE)
        tokens = prepare_tokens(sources, tokenizer, folder, max_documents=NUM_DOCUMENTS)
        self.tokens_per_batch = rows * positions
        self._layout = BatchLayout(rows)
        self._positions = positions
        self._corpus = CorpusRows(tokens.train, positions, seed=1)
        self._parts = [
            MixturePart("labelled", (make_examples(1, 2000, positions),), 0.3),
            MixturePart("pool", (make_examples(2, 5000, positions),), 0.7),
        ]

    def loader(self, steps: int, num_workers: int = 0, pin_memory: bool = False) -> RoundLoader:
        """A loader of half corpus, half examples, for a round of that many steps."""
        corpus = CorpusPart(self._corpus, share=0.5)
        mixture = Mixture(self._parts, self._layout.batch_size, 1, 0, self._positions, corpus)
        return RoundLoader(mixture, self._layout, steps, 0, num_workers, pin_memory)


class RealStep:
    """An optimizer step of a GPT."""

    def __init__(self, device: str, positions: int) -> None:
        large = device == "cuda"
        config = GPTConfig(
            vocab_size=VOCAB_SIZE,
            hidden_size=1024 if large else 256,
            num_hidden_layers=12 if large else 6,
            num_attention_heads=16 if large else 4,
            max_position_embeddings=positions,
        )
        self.num_parameters = config.num_parameters
        self._device = device
        self._network = GPT(config).to(device)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=1e-4)
        self._objective = NextToken()

    def seconds(self, batch: Batch) -> float:
        """Runs the step, the batch's way to the device included."""
        start = time.perf_counter()
        moved = {name: tensor.to(self._device, non_blocking=True) for name, tensor in batch.items()}
        with torch.autocast(self._device, torch.bfloat16, enabled=self._device == "cuda"):
            hidden_BTC = self._network.hidden(moved["ids_BT"], documents_BT=moved["documents_BT"])
            loss = self._objective(hidden_BTC, self._network.output_weight, moved["labels_BT"])
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()
        if self._device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


def timed_next(batches: Iterator[Batch]) -> tuple[Batch, float]:
    start = time.perf_counter()
    batch = next(batches)
    return batch, time.perf_counter() - start


def measure_real_wait(factory: LoaderFactory, device: str, positions: int, steps: int) -> float:
    """Mean wait over the median step on a resident batch."""
    step = RealStep(device, positions)
    batches = iter(factory.loader(steps + 2, pin_memory=device == "cuda"))
    resident, first_wait = timed_next(batches)
    for _ in range(2):
        step.seconds(resident)  # warm-up
    waits, fed, control = [], [], []
    for _ in range(steps):
        batch, wait = timed_next(batches)
        waits.append(wait)
        fed.append(wait + step.seconds(batch))
        control.append(step.seconds(resident))
    share = sum(waits) / steps / median(control)
    print(
        f"real step: {step.num_parameters / 1e6:.0f}M parameters on {device}, "
        f"{factory.tokens_per_batch} tokens: {1e3 * median(control):.1f} ms on a resident batch, "
        f"{1e3 * median(fed):.1f} ms with the loader; it waits {1e3 * sum(waits) / steps:.2f} ms, "
        f"{100 * share:.2f} % (first batch {1e3 * first_wait:.0f} ms)"
    )
    return share


def measure_imitated_wait(factory: LoaderFactory, steps: int, num_workers: int) -> float:
    """Mean wait over the time that a fast device would take."""
    step_seconds = factory.tokens_per_batch / IMITATED_TOKENS_PER_SECOND
    batches = iter(factory.loader(steps + 1, num_workers))
    next(batches)
    waits = []
    for _ in range(steps):
        time.sleep(step_seconds)
        waits.append(timed_next(batches)[1])
    share = sum(waits) / steps / step_seconds
    print(
        f"imitated step of {1e3 * step_seconds:.1f} ms, {num_workers} workers: waits "
        f"{1e3 * sum(waits) / steps:.2f} ms, {100 * share:.2f} %"
    )
    return share


def measure_seek(factory: LoaderFactory, seeks: int) -> float:
    """The median of some seeks to random steps of a long round, the first batch included."""
    random = numpy.random.default_rng(0)
    seconds = []
    for step in random.integers(0, 1_000_000, seeks).tolist():
        loader = factory.loader(1_000_000)
        state = loader.state_dict()
        start = time.perf_counter()
        loader.load_state_dict({**state, "cursor": step * state["global_batch"]})
        next(iter(loader))
        seconds.append(time.perf_counter() - start)
    print(f"seek: median {1e3 * median(seconds):.1f} ms, longest {1e3 * max(seconds):.1f} ms")
    return median(seconds)


def own_mebibytes() -> float:
    """This process's memory without the files that are mapped into it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def measure_growth_and_use(factory: LoaderFactory, batches: int) -> tuple[float, float]:
    """Mebibytes that come on after the first tenth; share of the positions that hold a token."""
    start, before, used, total = time.perf_counter(), 0.0, 0, 0
    for number, batch in enumerate(factory.loader(batches)):
        if number == batches // 10:
            before = own_mebibytes()
        if number % 10 == 0:
            # Documents are numbered from 0, and what is left is the last document, without labels.
            used += sum(
                int(row.shape[0] - padding(row, labels))
                for row, labels in zip(batch["documents_BT"], batch["labels_BT"], strict=True)
            )
            total += batch["ids_BT"].numel()
    seconds, growth = time.perf_counter() - start, own_mebibytes() - before
    rate = batches * factory.tokens_per_batch / seconds
    print(
        f"{batches} batches at {rate:,.0f} tokens/s: memory grew by {growth:.1f} MiB; "
        f"{100 * used / total:.2f} % of the positions hold a token"
    )
    return growth, used / total


def padding(documents_T: torch.Tensor, labels_T: torch.Tensor) -> int:
    """Positions of the last document where nothing of it is learned: padding."""
    last = documents_T == documents_T[-1]
    return 0 if bool((labels_T[last] >= 0).any()) else int(last.sum())


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows, positions = SHAPES[device]
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        factory = LoaderFactory(Path(folder), rows, positions)
        fast = LoaderFactory(Path(folder), 32, 1024)
        real = measure_real_wait(factory, device, positions, arguments.steps)
        measure_imitated_wait(fast, arguments.steps, num_workers=0)
        imitated = measure_imitated_wait(fast, arguments.steps, num_workers=2)
        seek = measure_seek(fast, seeks=40)
        growth, useful = measure_growth_and_use(factory, arguments.batches)
    has_cores = len(os.sched_getaffinity(0)) >= 4
    failed = [
        name
        for name, is_good in (
            ("wait of a real step", real <= MOST_OF_REAL_STEP),
            ("wait of an imitated step", imitated <= MOST_OF_IMITATED_STEP or not has_cores),
            ("seek", seek <= MOST_SEEK_SECONDS),
            ("growth", growth <= MOST_GROWTH_MIB),
            ("useful tokens", useful >= LEAST_USEFUL),
        )
        if not is_good
    ]
    print(f"not reached: {', '.join(failed)}" if failed else "all reached")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
