"""datasets.json in a run's folder: what it trains on, of which files, and what was left out of it.

    keep_manifest(Path("runs/a"), data.datasets, data.corpus, data.problems, failing=())

It names each dataset of `data.datasets` with the checksums of its files, its licence, the rows that
were read, taken, and left out by each reason, and the benchmarks' tasks that were found. A run that
goes on compares: what differs from the former record is said, and the former is kept beside the
new one. A dataset of programs is counted where its documents are, in the manifest of the corpus.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from lit_coder.corpora.datasets.opening import open_dataset
from lit_coder.corpora.file_digests import file_digest
from lit_coder.training_data.corpus_tokens import MANIFEST_FILE, PreparedTokens
from lit_coder.training_data.dataset_choice import DatasetChoice
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.dataset_rows import DatasetRows
from lit_coder.training_data.problem_set import ProblemSet
from lit_coder.training_data.whole_file import write_whole

logger = logging.getLogger("lit_coder.training_data")

DATASETS_FILE = "datasets.json"
TOO_LONG = "too long for a row"
FAILING = "reference fails its tests"
MEASURED = "behaves like a problem that is measured"
_MOST_SAID = 20
# They say where a file lies and which rows come first; what counts is counted beside them.
_NOT_COMPARED = ("path", "examples")


def keep_manifest(
    folder: Path,
    datasets: TrainingDatasets,
    corpus: PreparedTokens | None = None,
    problems: ProblemSet | None = None,
    failing: Collection[str] = (),
) -> None:
    """Write what a run trains on; where it was written before, say what is another now.

    Args:
        folder: of the run.
        datasets: of the run; where there are none, nothing is written.
        corpus: that they are a part of, None without one.
        problems: that theirs are a part of; None leaves open what came of these.
        failing: the names of problems whose reference fails their tests.

    Raises:
        OSError: it cannot be written; the former record is as it was.
    """
    if not datasets.choices:
        return
    path = folder / DATASETS_FILE
    text = json.dumps(dataset_manifest(datasets, corpus, problems, failing), indent=1)
    former_text = path.read_text(encoding="utf-8") if path.exists() else None
    if former_text == text:
        return
    if former_text is not None:
        changes = manifest_changes(_read(former_text), json.loads(text))
        if changes:
            kept = _kept(path, former_text)
            for change in changes[:_MOST_SAID]:
                logger.warning("data.datasets: %s", change)
            more = len(changes) - _MOST_SAID
            logger.warning(
                "data.datasets: %s%s says what was trained on until now",
                f"and {more} more changes; " if more > 0 else "",
                kept.name,
            )
    write_whole(path, text)


def dataset_manifest(
    datasets: TrainingDatasets,
    corpus: PreparedTokens | None,
    problems: ProblemSet | None,
    failing: Collection[str],
) -> dict[str, Any]:
    """What is written, as plain values."""
    rows = {each.choice.name: each for each in datasets.rows}
    corpus_manifest = _corpus_manifest(corpus)
    documents = {source["name"]: source for source in corpus_manifest.get("sources", ())}
    looked_for = datasets.looked_for or corpus_manifest.get("settings", {}).get("benchmarks")
    entries = {}
    for choice in datasets.choices:
        if choice.name in rows:
            counts = _of_rows(rows[choice.name])
            too_long = datasets.too_long.get(choice.name, 0)
            counts["not_used"] = {TOO_LONG: too_long} if too_long else {}
            if problems is not None:
                counts["not_used"] |= _unused(rows[choice.name], problems, frozenset(failing))
        else:
            counts = _of_documents(documents.get(f"data.datasets {choice.name}", {}))
        entries[choice.name] = {**_about(choice, datasets.folder), **counts}
    return {
        "settings": datasets.settings,
        "benchmarks": _by_name(looked_for or {}),
        "datasets": entries,
    }


def manifest_changes(former: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two of them, a line each, as "mbpp_train: rows_read: 374 -> 375"."""
    before, after = dict(_flat(former)), dict(_flat(now))
    return [
        f"{name}: {before.get(name, 'nothing')} -> {after.get(name, 'nothing')}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _about(choice: DatasetChoice, folder: Path | None) -> dict[str, Any]:
    files: dict[str, dict[str, Any]] = {}
    for name, path in open_dataset(choice.name, folder).contents():
        number = 1
        while (key := name if number == 1 else f"{name} ({number})") in files:
            number += 1
        sha256 = file_digest(path).hex()
        files[key] = {
            "path": str(path.absolute()),
            "bytes": path.stat().st_size,
            "sha256": sha256,
            "release": known.release if (known := choice.spec.known_files.get(sha256)) else None,
        }
    return {
        "kind": choice.spec.kind,
        "weight": choice.weight,
        "licence": choice.spec.licence,
        "is_benchmark": choice.spec.is_benchmark,
        "files": files,
    }


def _of_rows(rows: DatasetRows) -> dict[str, Any]:
    taken = {
        "training_examples": len(rows.train.solved),
        "training_problems": len(rows.train.problems),
        "validation_examples": len(rows.validation.solved),
        "validation_problems": len(rows.validation.problems),
    }
    return {"taken": taken, **rows.counts.plain(), "content": rows.content}


def _unused(rows: DatasetRows, problems: ProblemSet, failing: Set[str]) -> dict[str, int]:
    """How many of a dataset's problems are neither learned from nor the loop's to solve, and why.

    A name that a problem file has is the file's problem.
    """
    taken = {problem.task_id for problem in rows.train.problems}
    used = {problem.task_id for problem in (*problems.labelled, *problems.unlabelled)}
    failed = taken & failing
    counts = {FAILING: len(failed), MEASURED: len(taken - used - failed)}
    return {reason: count for reason, count in counts.items() if count}


def _corpus_manifest(corpus: PreparedTokens | None) -> dict[str, Any]:
    if corpus is None:
        return {}
    path = corpus.train.folder.parent / MANIFEST_FILE
    return _read(path.read_text(encoding="utf-8"))


def _by_name(looked_for: Mapping[str, Any]) -> dict[str, Any]:
    """The benchmarks that were looked for, each version under a name of its own."""
    known = {
        f"{each['name']} ({each['release'] or each['version']})": {
            "version": each["version"],
            "tasks": each["tasks"],
        }
        for each in looked_for.get("benchmarks", ())
    }
    return known | {name: "not at hand" for name in looked_for.get("not_at_hand", ())}


def _of_documents(source: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of a source under the names of those of rows; of none, that nothing was read."""
    if not source:
        return {"rows_read": 0, "taken": {"documents": 0}}
    removed, empty = dict(source["removed"]), source["num_empty"]
    left_out = removed | ({"empty": empty} if empty else {})
    unreadable, documents = source["num_skipped"], source["num_documents"]
    return {
        "taken": {"documents": documents, "tokens": source["num_tokens"]},
        "rows_read": documents + unreadable + sum(left_out.values()),
        "unreadable": {source["skipped"]: unreadable} if unreadable else {},
        "left_out": left_out,
        "contaminated": source["contaminated"],
        "parser_crashes": source["not_parsed"],
        "examples": source["examples"],
    }


def _read(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _kept(path: Path, text: str) -> Path:
    """The former record under a name of its own."""
    number = 1
    while (kept := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    write_whole(kept, text)
    return kept


def _flat(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values by their names, one after the other, without what is not compared."""
    if not isinstance(content, dict):
        yield prefix, content
        return
    for name, value in content.items():
        if name not in _NOT_COMPARED:
            within = prefix.removeprefix("datasets")
            yield from _flat(value, f"{within}: {name}" if within else str(name))
