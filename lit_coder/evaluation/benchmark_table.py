"""The scores of a test as a person reads them: a small table for each protocol, and notes below.

    print_scores(Console(), [summary, ...])

Each score stands with its protocol and version, the benchmark's version, the number of samples
and the temperature: a number without them cannot be compared. It reads summaries and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from lit_coder.training_data.dataset_choice import TRAINED_ON_KEY
from lit_coder.training_data.dataset_mark import mark

_MISSING = "-"
_MOST_LISTED = 10
_NEVER_FILLED = (
    "no training of lit_coder fills in the middle: a model that was trained here alone has never "
    "seen the tokens of this prompt, and its score says little"
)
_COLUMNS = ("n", "temperature", "score", "", "95 % interval", "strict", "without overlap")


def print_scores(console: Console, summaries: Iterable[Mapping[str, Any]]) -> None:
    """Print every protocol's scores."""
    for summary in summaries:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in _COLUMNS:
            table.add_column(column, justify="right", no_wrap=True)
        for row in _rows(summary):
            table.add_row(*row)
        console.print(_heading(summary), highlight=False, markup=False, soft_wrap=True)
        console.print(table)
        for line in _notes(summary):
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
        console.print()


def _heading(summary: Mapping[str, Any]) -> str:
    version, release = summary["benchmark_version"], summary["benchmark_release"]
    heading = (
        f"{summary['protocol']} ({summary['source']}): {summary['num_problems']} problems of "
        f"{summary['benchmark']} {version}{f' ({release})' if release else ''}"
    )
    said = mark(summary.get(TRAINED_ON_KEY, ()))
    return f"{heading}; {said}" if said else heading


def _rows(summary: Mapping[str, Any]) -> Iterator[list[str]]:
    """One row for each k."""
    ks = sorted(int(key[5:]) for key in summary if key.startswith("pass@") and key[5:].isdigit())
    for k in ks:
        low, high = summary[f"pass@{k}_interval"]
        yield [
            str(summary["num_samples"]),
            f"{summary['temperature']:g}",
            f"pass@{k}",
            f"{summary[f'pass@{k}']:.1%}",
            f"{low:.1%} to {high:.1%}",
            _share(summary, "strict_pass@1") if k == 1 else _MISSING,
            _share(summary, f"pass@{k}_without_overlap"),
        ]


def _notes(summary: Mapping[str, Any]) -> Iterator[str]:
    """What one has to know beside the score, a line each."""
    if said := mark(summary.get(TRAINED_ON_KEY, ())):
        yield (
            f"these weights were {said} (data.allow_benchmarks_in_training): the score says "
            "nothing of other problems"
        )
    if summary["fills_in_the_middle"]:
        yield _NEVER_FILLED
    num_unfit, num_problems = summary["num_prompts_unfit"], summary["num_problems"]
    if num_unfit:
        yield (
            f"{num_unfit} of {num_problems} prompts are empty or have no room in the context of "
            f"{summary['context']} tokens (a TRM's canvas included); they were not asked and count "
            "as failed"
        )
    left_out = summary["problems_left_out"]
    if left_out:
        reasons = ", ".join(sorted(set(left_out.values())))
        yield f"{len(left_out)} problems cannot be run here and are in no score: {reasons}"
    if summary["num_official_only"]:
        names = [f"{each['task_id']}#{each['sample']}" for each in summary["official_only"]]
        yield f"{len(names)} samples passed officially and not by the judge: {_listed(names)}"
    if "num_overlapping" in summary:
        yield _overlap(summary)


def _overlap(summary: Mapping[str, Any]) -> str:
    number = summary["num_overlapping"]
    text = (
        f"{number} of {summary['num_problems']} problems overlap with the training data "
        f"({summary['training_data']})"
    )
    if not number:
        return text
    scores = f"pass@1 {summary['pass@1']:.1%} with them"
    if "pass@1_without_overlap" in summary:
        scores += f", {summary['pass@1_without_overlap']:.1%} without"
    return f"{text}: {scores}; {_listed(list(summary['overlapping']))}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")


def _share(summary: Mapping[str, Any], name: str) -> str:
    return f"{summary[name]:.1%}" if name in summary else _MISSING
