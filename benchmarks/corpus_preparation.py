"""Preparing a corpus: its speed beside `datasets.map`, and the memory that it takes.

    python -m benchmarks.corpus_preparation            # the standard library, three turns
    python -m benchmarks.corpus_preparation --memory   # peak memory of 1, 2 and 4 times the corpus

Prepared is the standard library with the defaults of `data prepare`: cleaned, decontaminated,
tokenized, written. `datasets.map` gets the same texts, read already, and the same tokenizer, in
turns within one run: as `transformers` loads the file (the usual way), and by this package's own
faster call. It cleans nothing. What preparing takes without cleaning is printed as well, and what
cleaning costs of it. For memory a corpus is made 4 times as large by renaming names in every copy,
so that no copy is a duplicate; each size is a process of its own, with its children counted.
Exits with 1 where preparing takes longer than `datasets.map` of the usual way, or 4 times the
corpus takes a quarter more memory than the corpus itself.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.open_sources import open_source
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.corpus_tokens import prepare_tokens

TURNS, VOCAB_SIZE = 3, 8192
MOST_MORE_MEMORY = 1.25
SIZES = (1, 2, 4)
_NAME = re.compile(r"(?<![\w.])[a-z_][a-z0-9_]{3,}")


def trained_tokenizer(texts: list[str]) -> CodeTokenizer:
    """Learned from a sixth of the texts."""
    return CodeTokenizer.train(texts[::6], VOCAB_SIZE)


def timed(act: Callable[[int], object], turn: int) -> tuple[float, float]:
    """Wall and processor seconds, children included."""
    start, used = time.perf_counter(), sum(os.times()[:4])
    act(turn)
    return time.perf_counter() - start, sum(os.times()[:4]) - used


def compare_speed(turns: int) -> bool:
    """Print times of all ways in turns; whether preparing is at least as fast as the usual map."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    source = open_source("stdlib")
    texts = [document.text for document in source.documents()]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    tokenizer = trained_tokenizer(texts)
    seconds: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer.save(folder / "tokenizer.json")
        usual = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        datasets.Dataset.from_dict({"text": texts}).save_to_disk(folder / "texts")
        rows = datasets.load_from_disk(folder / "texts")

        def mapped(encode: Callable[[dict[str, list[str]]], object], file: str) -> object:
            return rows.map(
                encode,
                batched=True,
                remove_columns=["text"],
                cache_file_name=str(folder / file),
                load_from_cache_file=False,
            )

        ways: dict[str, Callable[[int], object]] = {
            "prepare, everything": lambda turn: prepare_tokens(
                [source], tokenizer, folder / f"all{turn}", cleaning=CleaningOptions()
            ),
            "prepare, tokens alone": lambda turn: prepare_tokens(
                [source], tokenizer, folder / f"plain{turn}"
            ),
            "datasets.map, transformers": lambda turn: mapped(
                lambda batch: usual(batch["text"]), f"usual{turn}.arrow"
            ),
            "datasets.map, encode_many": lambda turn: mapped(
                lambda batch: {"input_ids": tokenizer.encode_many(batch["text"])},
                f"own{turn}.arrow",
            ),
        }
        for turn in range(turns):
            for way, act in ways.items():
                seconds.setdefault(way, []).append(timed(act, turn))
    wall = {way: median(each[0] for each in times) for way, times in seconds.items()}
    used = {way: median(each[1] for each in times) for way, times in seconds.items()}
    print(f"{megabytes:.1f} MB, {len(texts)} documents, {turns} turns, medians")
    for way in wall:
        speed = megabytes / wall[way]
        print(f"  {way:<28} {wall[way]:6.1f} s  {speed:5.1f} MB/s  {used[way]:6.1f} s of processor")
    ratio = wall["datasets.map, transformers"] / wall["prepare, everything"]
    print(f"preparing is {ratio:.2f} times as fast as datasets.map with the same tokenizer")
    return ratio >= 1


def write_copies(folder: Path, times: int) -> None:
    """The standard library that many times; in each copy every longer name has another ending."""
    for copy in range(times):
        for number, document in enumerate(open_source("stdlib").documents()):
            text = document.text if copy == 0 else _NAME.sub(rf"\g<0>_{copy}", document.text)
            path = folder / f"{copy}" / f"{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def peak_memory(corpus: Path) -> None:
    """Prepare a folder and print the peak memory of this process and of its children, in MiB."""
    source = open_source(str(corpus))
    tokenizer = CodeTokenizer.from_file(corpus.parent / "tokenizer.json")
    with tempfile.TemporaryDirectory() as cache:
        train, _ = prepare_tokens([source], tokenizer, Path(cache), cleaning=CleaningOptions())
    peaks = [
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(json.dumps({"peaks": peaks, "documents": train.num_documents}))


def compare_memory() -> bool:
    """Print the peaks of growing corpora; whether the largest takes about what the first does."""
    peaks = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [document.text for document in open_source("stdlib").documents()]
        trained_tokenizer(texts).save(folder / "tokenizer.json")
        for times in SIZES:
            write_copies(folder / f"corpus{times}", times)
            command = [sys.executable, "-m", "benchmarks.corpus_preparation"]
            child = subprocess.run(
                [*command, "--peak-of", str(folder / f"corpus{times}")],
                stdout=subprocess.PIPE,
                check=True,
            )
            found = json.loads(child.stdout.splitlines()[-1])
            peaks[times] = sum(found["peaks"])
            own, children = found["peaks"]
            print(
                f"{times} x: {found['documents']} documents left, peak {own:.0f} MiB and "
                f"{children:.0f} MiB of the process that parses"
            )
    return peaks[SIZES[-1]] <= MOST_MORE_MEMORY * peaks[SIZES[0]]


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--peak-of", type=Path)
    options = parser.parse_args()
    if options.peak_of is not None:
        peak_memory(options.peak_of)
        return 0
    is_good = compare_memory() if options.memory else compare_speed(options.turns)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
