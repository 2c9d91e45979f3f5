"""Writes a harvest: the problem file, and beside it a manifest of where each problem is from.

    write_harvest(Path("harvested.jsonl"), harvested, ["stdlib"], settings, counts)

`harvested.manifest.json` holds the settings, every reason for which functions were left out with
its count, which benchmarks were looked for and how much of each was found, and for each problem its
file, line, licence and mutation scores. The problem file itself is one that training reads as any
other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from lit_coder.corpora.decontamination import count_matches
from lit_coder.harvesting.examination import ExaminationSettings
from lit_coder.harvesting.harvest import HarvestCounts, Harvested
from lit_coder.problems.problem import Problem
from lit_coder.problems.problem_writing import write_problems


def manifest_path(output: Path) -> Path:
    """The manifest of a problem file."""
    return output.with_name(output.name.removesuffix(".jsonl") + ".manifest.json")


def write_harvest(
    output: Path,
    harvested: Sequence[Harvested],
    sources: Sequence[str],
    settings: ExaminationSettings,
    counts: HarvestCounts,
    to_solve: float = 0.0,
    benchmarks: Mapping[str, Any] | None = None,
) -> None:
    """Both files, each whole or not at all.

    Args:
        output: the problem file.
        harvested: the problems.
        sources: what the user named.
        settings: how they were tried.
        counts: what was left out.
        to_solve: share of the problems that is written without its reference: a run learns from
            references, and its loop solves the problems that have none.
        benchmarks: those that were looked for, as a decontaminator says; None where none were.

    Raises:
        OSError: they cannot be written; what was there before stays.
    """
    manifest = {
        "sources": list(sources),
        "settings": asdict(settings),
        "num_documents": counts.num_documents,
        "num_candidates": counts.num_candidates,
        "num_examined": counts.num_examined,
        "num_kept": len(harvested),
        "left_out": dict(counts.left_out.most_common()),
        "not_found": dict(counts.not_found.most_common()),
        "benchmarks": benchmarks,
        "contaminated": count_matches(counts.contaminated),
        "to_solve": to_solve,
        "problems": [problem_facts(each) for each in harvested],
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    problems = output.with_name(output.name + ".partial")
    described = manifest_path(output)
    partial = described.with_name(described.name + ".partial")
    try:
        write_problems(problems, _written(harvested, to_solve, settings.seed))
        partial.write_text(text, encoding="utf-8")
        problems.replace(output)
        partial.replace(described)
    finally:
        problems.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def _written(harvested: Sequence[Harvested], to_solve: float, seed: int) -> Iterator[Problem]:
    for each in harvested:
        problem = each.problem
        # By its name, so that one problem more changes nothing for the others.
        if Random(f"{seed} {problem.task_id} to solve").random() < to_solve:
            problem = replace(problem, reference=None)
        yield problem


def problem_facts(harvested: Harvested) -> dict[str, object]:
    """What the manifest says of a problem."""
    candidate, examined = harvested.candidate, harvested.examined
    return {
        "task_id": harvested.problem.task_id,
        "file": candidate.place,
        "line": candidate.line,
        "licence": candidate.licence,
        "mutation_score": round(examined.score, 4),
        "num_mutants": examined.num_mutants,
        "num_killed": len(examined.chosen.killed),
        "num_killed_by_visible": len(examined.chosen.killed_by_visible),
        "num_killed_by_hidden": len(examined.chosen.killed_by_hidden),
        "num_missed": examined.num_missed,
        "num_fresh_arguments": examined.num_fresh,
        "missed": list(examined.survivors),
    }
