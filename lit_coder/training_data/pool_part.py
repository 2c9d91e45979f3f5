"""What a round learns from of the pool: accepted samples, all that was sampled, or pairs.

    part = accepted_part(pool, version=7, rows=data.rows, share=0.7)
    part = learned_part(options, PoolPlace(folder, version=7, round=3), tokenizer, set())

Which of them is the objective's choice; a version of the pool holds all. Rewards and advantages
stand in the pool: they were decided on when the round was committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lit_coder.generation.canvas import Canvas
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.canvas_rollouts import CanvasRolloutPart, canvas_rollout_rows
from lit_coder.training_data.examples import Row
from lit_coder.training_data.learned_part import LearnedPart, say_too_long
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
    options: Mapping[str, Any],
    place: PoolPlace,
    tokenizer: CodeTokenizer,
    already_said: set[str],
) -> LearnedPart | None:
    """Rollouts or pairs; None where nothing has been sampled, or another objective learns.

    Pairs of a user's file join when the first round writes, as before there is no reference.

    Args:
        options: those of `CodeDataModule`.
        place: the pool's version that the round is pinned at.
        tokenizer: of the run.
        already_said: what has been said in this run; what is said now is added.

    Raises:
        ValueError: the preference file cannot be read, or not one of its pairs fits.
    """
    learns_from, share = options["learns_from"], 1.0 - options["labelled_share"]
    if learns_from == "pairs":
        pairs = _rows_of_pairs(options, place, tokenizer, already_said)
        return PairPart(pairs, share) if pairs is not None else None
    if learns_from == "accepted" or place.version == EMPTY_VERSION:
        return None
    length, passes = options["max_sequence_length"], options["rollout_passes"]
    pool = SamplePool(place.folder, "")
    newest = pool.read_chosen(place.version, ["round"], _of_round(place.round - 1))
    if options["canvas_length"] is None:
        return RolloutPart(rollout_rows(newest, tokenizer, length), passes, share)
    sizes = (options["canvas_length"], options["canvas_line_length"])
    canvas = Canvas.of_row(tokenizer, length, *sizes)
    return CanvasRolloutPart(canvas_rollout_rows(newest, tokenizer, canvas), passes, share)


def _rows_of_pairs(
    options: Mapping[str, Any],
    place: PoolPlace,
    tokenizer: CodeTokenizer,
    already_said: set[str],
) -> list[tuple[Row, Row]] | None:
    """Of the pool and of the user's file; None where there is nothing to learn from yet."""
    length, path = options["max_sequence_length"], options["preference_file"]
    room = f"data.max_sequence_length ({length} tokens)"
    # Early, also where they join later: a damaged file is no news for the middle of a run.
    own = read_preferences(path)
    rows = pair_rows(own, tokenizer, length)
    if own and not rows:
        raise ValueError(
            f"every pair of data.preference_file {path} is longer than {room}; raise it"
        )
    say_too_long(
        "pairs of data.preference_file", len(own) - len(rows), len(own), room, already_said
    )
    is_due = place.round * options["steps_per_round"] >= options["start_after_steps"]
    if place.version == EMPTY_VERSION:
        return rows if rows and is_due else None
    pool = SamplePool(place.folder, "")
    found = pairs_of_pool(pool, place.version, options["max_pairs_per_problem"])
    of_pool = pair_rows(found, tokenizer, length)
    num_too_long = len(found) - len(of_pool)
    say_too_long("pairs of what was sampled", num_too_long, len(found), room, already_said)
    return of_pool + (rows if is_due else [])


def _of_round(round: int) -> Any:
    """Chooses what the weights of one round sampled."""
    return lambda columns: [i for i, each in enumerate(columns["round"]) if each == round]
