"""The end of a test: summaries into the folders and onto the screen, everything into one file.

    report(runs, [run.scores() for run in runs], training_texts(...), output=None)

Called once, by the first process, when every result is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from lit_coder.evaluation.benchmark_choice import HELD_OUT
from lit_coder.evaluation.benchmark_overlap import TrainingTexts, find_overlaps
from lit_coder.evaluation.benchmark_summary import KnownOverlap, Scores, summarize
from lit_coder.evaluation.benchmark_table import print_scores
from lit_coder.evaluation.protocol_run import ProtocolRun
from lit_coder.training_data.whole_file import write_whole


def report(
    runs: Sequence[ProtocolRun],
    scores: Sequence[Scores],
    training: TrainingTexts,
    output: str | None,
) -> None:
    """Write and print the scores.

    Args:
        runs: the protocols.
        scores: of each, gathered over processes.
        training: what the weights may have been trained on.
        output: a file for every summary and every result; None = no such file.
    """
    content: dict[str, dict[str, Any]] = {}
    for run, score in zip(runs, scores, strict=True):
        chosen = run.chosen
        rows = run.folder.collect([task.task_id for task in chosen.tasks])
        overlap = None
        if chosen.protocol.benchmark != HELD_OUT:
            overlap = KnownOverlap(find_overlaps(chosen.tasks, training), training.description)
        summary = summarize(chosen, run.folder.settings, rows, score, overlap)
        run.folder.write_summary(summary)
        content[chosen.protocol.name] = {"summary": summary, "results": rows}
    print_scores(Console(), [each["summary"] for each in content.values()])
    if output is not None:
        write_whole(Path(output), json.dumps(content, indent=1))
