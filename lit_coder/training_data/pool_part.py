"""What a round learns from of the pool: accepted samples, all that was sampled, or pairs.

    part = accepted_part(pool, version=7, rows=data.rows, share=0.7)
    part = learned_part(options, PoolPlace(folder, version=7, round=3), tokenizer)

Which of them is the objective's choice; a version of the pool holds all. Rewards and advantages
stand in the pool: they were decided on when the round was committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.canvas_rollouts import CanvasRolloutPart, canvas_rollout_rows
from lit_coder.training_data.learned_part import LearnedPart
from lit_coder.training_data.mixture import POOL_PART, MixturePart
from lit_coder.training_data.pairs import PairPart, pair_rows, pairs_of_pool, read_preferences
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.problem_rows import ProblemRows, Solved
from lit_coder.training_data.rollouts import RolloutPart, rollout_rows

LearnsFrom = Literal["accepted", "rollouts", "pairs"]
"""What an objective learns from: what passed, all that was sampled, or what differs in passing."""


class PoolPlace(NamedTuple):
    """Where a round stands in a pool."""

    folder: Path
    version: int
    round: int


def accepted_part(pool: SamplePool, version: int, rows: ProblemRows, share: float) -> MixturePart:
    """The accepted samples of all rounds."""
    groups, _ = rows.groups(map(Solved.by_sample, pool.read(version, accepted_only=True)))
    return MixturePart(POOL_PART, tuple(groups), share)


def learned_part(
    options: Mapping[str, Any], place: PoolPlace, tokenizer: CodeTokenizer
) -> LearnedPart | None:
    """Rollouts or pairs; None where nothing has been sampled, or another objective learns.

    Args:
        options: those of `CodeDataModule`.
        place: the pool's version that the round is pinned at.
        tokenizer: of the run.

    Raises:
        ValueError: the preference file cannot be read.
    """
    learns_from = options["learns_from"]
    own = options["preference_file"] if learns_from == "pairs" else None
    if learns_from == "accepted" or (place.version == EMPTY_VERSION and own is None):
        return None
    length, passes = options["max_sequence_length"], options["rollout_passes"]
    share = 1.0 - options["labelled_share"]
    pool = SamplePool(place.folder, "")
    if learns_from == "rollouts":
        newest = pool.read_chosen(place.version, ["round"], _of_round(place.round - 1))
        if options["canvas_length"] is None:
            return RolloutPart(rollout_rows(newest, tokenizer, length), passes, share)
        shape = CanvasShape(length - options["canvas_length"], options["canvas_length"])
        canvas = Canvas(shape, tokenizer.pad_id, tokenizer.end_id, tokenizer.fim_middle_id)
        rows = canvas_rollout_rows(newest, tokenizer, canvas)
        return CanvasRolloutPart(rows, passes, share)
    pairs = []
    if place.version != EMPTY_VERSION:
        pairs += pairs_of_pool(pool, place.version, options["max_pairs_per_problem"])
    pairs += read_preferences(own)
    return PairPart(pair_rows(pairs, tokenizer, length), share)


def _of_round(round: int) -> Any:
    """Chooses what the weights of one round sampled."""
    return lambda columns: [i for i, each in enumerate(columns["round"]) if each == round]
