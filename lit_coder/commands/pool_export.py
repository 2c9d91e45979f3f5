"""A version of a pool as files for others: one Parquet file, or a folder that `datasets` reads.

    export_parquet(place, version, Path("pool.parquet"), accepted_only=False)
    export_hugging_face(place, version, Path("my_pool"), accepted_only=False)

    datasets.load_dataset("my_pool", split="accepted")

The folder has `data/*.parquet` and a README.md, the dataset card. Nothing is uploaded.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lit_coder.commands.pool_place import PoolPlace
from lit_coder.training_data.whole_file import write_whole

_SPLITS = {"accepted": "accepted", "rejected": "not accepted"}


def export_parquet(place: PoolPlace, version: int, output: Path, accepted_only: bool) -> int:
    """Write one file; returns the number of samples.

    Raises:
        ValueError: the file is there, or its folder is not, or the version cannot be read.
    """
    _require_new(output)
    return place.pool.export_parquet(version, output, "accepted" if accepted_only else None)


def export_hugging_face(place: PoolPlace, version: int, output: Path, accepted_only: bool) -> int:
    """Write a folder, whole or not at all; returns the number of samples.

    Raises:
        ValueError: the folder is there, or its parent is not, or the version cannot be read.
    """
    _require_new(output)
    partial = output.with_name(output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        (partial / "data").mkdir(parents=True)
        counts = {}
        for split, condition in _SPLITS.items():
            if split == "accepted" or not accepted_only:
                path = partial / "data" / f"{split}.parquet"
                counts[split] = place.pool.export_parquet(version, path, condition)
        write_whole(partial / "README.md", dataset_card(place, version, counts))
        partial.replace(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return sum(counts.values())


def dataset_card(place: PoolPlace, version: int, counts: dict[str, int]) -> str:
    """The README.md of the folder: where the splits are, and what they are.

    Args:
        place: the pool.
        version: the one that was exported.
        counts: samples of each split.
    """
    size = sum(counts.values())
    bounds = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
    category = next((name for bound, name in bounds if size < bound), "n>1M")
    files = "".join(f"  - split: {name}\n    path: data/{name}.parquet\n" for name in counts)
    table = "".join(f"| {name} | {number} |\n" for name, number in counts.items())
    return f"""---
configs:
- config_name: default
  data_files:
{files}language:
- code
tags:
- code
- synthetic
size_categories:
- {category}
---

# Samples that a model wrote and a sandbox judged

The sample pool of the lit_coder run `{place.run.name}` (run id `{place.pool.run_id}`), version
{version}. A language model wrote every completion; tests were run on each in a sandbox.

| split | samples |
|---|---|
{table}
`accepted` samples passed every visible test of their problem; where no objective learned from
rewards, they alone trained the model. Hidden tests are only counted: where `passed_visible` is true
and `passed` is false, the visible tests were too weak. `rejected` samples say why in `reason`.

| column | meaning |
|---|---|
| `round`, `model_step` | the round that wrote it; optimizer steps that the weights had taken |
| `task_id`, `source`, `difficulty`, `prompt` | the problem |
| `completion`, `draft` | what was written after the prompt; what it was to repair, or empty |
| `token_ids`, `log_probabilities` | as sampled |
| `ended`, `origin`, `temperature`, `top_k`, `top_p`, `stream` | how it was sampled |
| `num_steps` | supervision steps that it took a TRM; else 0 |
| `status`, `detail`, `passed_visible`, `passed`, `trusted` | the verdict |
| `visible_passed`, `visible_total` | visible tests that passed, and all of them |
| `reward`, `advantages` | what an objective that learns from rewards made of it, of each token |
| `values`, `returns` | of each token, what a value head foretold and should have foretold |
| `fingerprint`, `shingles` | hashes of its normalized syntax tree, whole and in pieces |
| `quality` | rank score from 0 to 1 of what passed |
| `accepted`, `reason` | whether it was let in, and why not |

Programs of a model are untrusted text: run them in a sandbox only.
"""


def _require_new(output: Path) -> None:
    if output.exists():
        raise ValueError(f"--output {output} is there already; name another, or remove it")
    if not output.parent.is_dir():
        raise ValueError(
            f"--output {output}: there is no folder {output.parent}; make it, or name another"
        )
