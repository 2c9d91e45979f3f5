"""A run's folder as a run would leave it: real records, a real pool."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Protocol

from lit_coder.recursion.round_record import FilterCounts, HeldOutScore, RoundRecord
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.sample import ACCEPTED, Sample

RUN_ID = "run-0123abcd"
HOSTILE = (
    "    return '</script><img src=x onerror=\"document.title=&quot;owned&quot;\">'\n"
    "    # <!-- <script>document.title = 'owned'</script> \u2028 \u202e --> {{data}}\n"
)


class MakeRun(Protocol):
    def __call__(
        self,
        name: str = ...,
        rounds: int = ...,
        per_difficulty: int = ...,
        with_pool: bool = ...,
    ) -> Path: ...


def write_run(folder: Path, rounds: int, per_difficulty: int, with_pool: bool) -> Path:
    """Round 0 generates nothing and has no held-out score, as a run that starts late."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("seed_everything: 7\nmodel:\n  hidden_size: 64\n")
    environment = {"python": "3.11.7", "torch": "2.9.0", "device": "cpu"}
    (folder / "environment.json").write_text(json.dumps(environment, indent=1))
    (folder / "rounds").mkdir()
    pool = SamplePool.create(folder / "pool.lance", RUN_ID) if with_pool else None
    version, size = EMPTY_VERSION, 0
    for number in range(rounds):
        samples = make_samples(number, per_difficulty) if number else []
        size += sum(sample.accepted for sample in samples)
        if pool is not None and samples:
            version = pool.commit(samples, version)
        make_record(number, samples, version, size).write(folder / "rounds")
    return folder


def make_record(
    number: int, samples: list[Sample], version: int = 1, pool_size: int = 0
) -> RoundRecord:
    score = 0.6 * (1 - math.exp(-number / 4))
    held_out = HeldOutScore(
        num_tasks=60,
        pass_at={1: score, 10: min(1.0, 1.4 * score)},
        interval=(max(0.0, score - 0.06), score + 0.06),
        by_difficulty={level: score * (1.3 - 0.3 * level) for level in (1, 2, 3)},
    )
    return RoundRecord(
        round=number,
        global_step=200 * (number + 1),
        pool_version=version,
        pool_size=pool_size,
        run_id=RUN_ID,
        seed=7,
        counts={level: count_samples(samples, level) for level in (1, 2, 3)} if samples else {},
        held_out=held_out if number else None,
        validation_loss=1.9 * math.exp(-number / 6) + 0.6 if number else None,
        train_loss=2.2 * math.exp(-number / 5) + 0.5,
        seconds={
            "training": 61.5 + number,
            "measuring": 8.0,
            "generating": 21.0,
            "verifying": 14.25,
        },
        note="pass@1 fell by 2.0 points since round 1" if number == 2 else "",
    )


def count_samples(samples: list[Sample], level: int) -> FilterCounts:
    of_level = [sample for sample in samples if sample.difficulty == level]
    parsed = [sample for sample in of_level if sample.fingerprint]
    passed = [sample for sample in of_level if sample.passed_visible]
    return FilterCounts(
        problems=4,
        solved_problems=len({sample.task_id for sample in passed}),
        generated=len(of_level),
        ended=sum(sample.ended for sample in of_level),
        syntax_ok=len(parsed),
        executed=sum(sample.status in ("passed", "failed", "timeout") for sample in of_level),
        passed_visible=len(passed),
        passed_hidden=sum(sample.passed for sample in passed),
        duplicates=sum(sample.reason == "duplicate" for sample in of_level),
        accepted=sum(sample.accepted for sample in of_level),
        distinct_fingerprints=len({sample.fingerprint for sample in parsed}),
        quality_sum=sum(sample.quality for sample in passed),
    )


# What befalls the samples of a difficulty in turn: status, visible, all, reason.
FATES = [
    ("passed", True, True, ACCEPTED),
    ("failed", False, False, "a visible test failed"),
    ("syntax_error", False, False, "the program does not parse"),
    ("passed", True, True, "duplicate"),
    ("timeout", False, False, "timeout"),
    ("failed", True, False, ACCEPTED),
]


def make_samples(number: int, per_difficulty: int) -> list[Sample]:
    return [
        make_sample(number, level, index) for level in (1, 2, 3) for index in range(per_difficulty)
    ]


def make_sample(number: int, level: int, index: int) -> Sample:
    status, visible, whole, reason = FATES[(index + level) % len(FATES)]
    completion = f"    # round {number}\n    return sorted(values)[:{index}] + ['text']\n"
    if status == "syntax_error":
        completion = "    return sorted((values\n"
    if (level, index) == (1, 0):
        completion = HOSTILE
    detail = "" if status == "passed" else f"f([3, 1]) gave [3], expected [1] ({status})"
    return Sample(
        round=number,
        model_step=200 * (number + 1),
        task_id=f"lists/{level}-{index % 4}",
        source="lists",
        difficulty=level,
        prompt='def f(values: list[int]) -> list[int]:\n    """The smallest values."""\n',
        completion=completion,
        token_ids=(5, 6, 7),
        log_probabilities=(-0.5, -0.25, -1.5, -0.75),
        ended=status != "timeout",
        origin="gpt",
        temperature=0.8,
        top_k=0,
        top_p=0.95,
        stream=f"7/{number}/lists/{level}-{index}/0",
        status=status,
        detail=detail,
        passed_visible=visible,
        passed=whole,
        trusted=(level, index) != (2, 1),
        fingerprint="" if status == "syntax_error" else f"ast:{number:02d}{level}{index:04d}",
        quality=0.75 if visible else 0.0,
        accepted=reason == ACCEPTED,
        reason=reason,
    )
