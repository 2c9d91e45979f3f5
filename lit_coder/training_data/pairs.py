"""Pairs of completions of which one is better: what passed against what failed, or people's choice.

    pairs = pairs_of_pool(pool, version=7, most_per_problem=4) + read_preferences("mine.jsonl")
    part = PairPart(pair_rows(pairs, tokenizer, max_length=256), share=0.7)     # for a `Mixture`

A line of a preference file is a JSON object with the texts `prompt`, `chosen` and `rejected`. The
two rows of a pair are always in the same micro-batch, the chosen one first. What a model thinks of
them is not known here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.draw_seeds import draw_seed
from lit_coder.training_data.examples import Example, IntArray, Row, encode_examples
from lit_coder.training_data.learned_part import OrderPlan
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.rollouts import FloatArray
from lit_coder.training_data.sample import Sample

_KEYS = ("prompt", "chosen", "rejected")


class Pair(NamedTuple):
    """Two completions of a prompt."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True, eq=False)
class PairedRow:
    """One completion of a pair: labels that are no language to learn."""

    example: Example

    @property
    def num_positions(self) -> int:
        """Those of the example."""
        return self.example.num_positions

    @property
    def num_targets(self) -> int:
        """None: what is learned here is a preference."""
        return 0

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """As the example."""
        self.example.write(ids_T, labels_T, documents_T)


def pairs_of_pool(pool: SamplePool, version: int, most_per_problem: int) -> list[Pair]:
    """What passed against what failed, of every problem that has both.

    Args:
        pool: the run's.
        version: of the pool.
        most_per_problem: pairs of a problem, at most.
    """

    def of_mixed_problems(columns: dict[str, list[Any]]) -> list[int]:
        facts = defaultdict(set)
        for task_id, passed in zip(columns["task_id"], columns["passed_visible"], strict=True):
            facts[task_id].add(passed)
        return [i for i, task_id in enumerate(columns["task_id"]) if len(facts[task_id]) > 1]

    columns = ["task_id", "passed_visible"]
    return pairs_of(pool.read_chosen(version, columns, of_mixed_problems), most_per_problem)


def pairs_of(samples: Iterable[Sample], most_per_problem: int) -> list[Pair]:
    """The same of samples; each program stands in one pair, newer ones first.

    What was cut, what cannot be trusted and what holds a benchmark's task is in none.
    """
    passed: dict[str, dict[str, Sample]] = defaultdict(dict)
    failed: dict[str, dict[str, Sample]] = defaultdict(dict)
    for sample in samples:
        if sample.ended and sample.trusted and sample.reason != "contaminated":
            side = passed if sample.passed_visible else failed
            # Put behind what is older, also where the program is known.
            side[sample.task_id].pop(sample.fingerprint, None)
            side[sample.task_id][sample.fingerprint] = sample
    pairs = []
    for task_id, good in passed.items():
        newest = [list(side.values())[::-1] for side in (good, failed.get(task_id, {}))]
        for chosen, rejected in list(zip(*newest, strict=False))[:most_per_problem]:
            pairs.append(Pair(chosen.prompt, chosen.completion, rejected.completion))
    return pairs


def read_preferences(path: str | None) -> list[Pair]:
    """The pairs of a user's file; none where none is named.

    Raises:
        ValueError: the file is missing or a line is damaged.
    """
    if path is None:
        return []
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(
            f"data.preference_file {path} cannot be read ({reason}); name a JSONL file with "
            "prompt, chosen and rejected in each line"
        ) from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    pairs = [_parsed(path, number, line) for number, line in lines]
    if not pairs:
        raise ValueError(f"data.preference_file {path} holds no line; leave it out, or fill it")
    return pairs


def _parsed(path: str, number: int, line: str) -> Pair:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in _KEYS):
        raise ValueError(
            f"data.preference_file {path}, line {number} is not a JSON object with the texts "
            "prompt, chosen and rejected; mend or remove it"
        )
    if not record["prompt"] or record["chosen"] == record["rejected"]:
        raise ValueError(
            f"data.preference_file {path}, line {number}: the prompt is empty, or chosen and "
            "rejected are the same; mend or remove it"
        )
    return Pair(*(record[key] for key in _KEYS))


def pair_rows(
    pairs: Sequence[Pair], tokenizer: CodeTokenizer, max_length: int
) -> list[tuple[Row, Row]]:
    """Rows of the pairs of which both completions fit; the others are left out."""
    sides = [
        encode_examples(
            tokenizer,
            [(pair.prompt, text) for pair, text in zip(pairs, texts, strict=True)],
            max_length,
        )
        for texts in ([p.chosen for p in pairs], [p.rejected for p in pairs])
    ]
    return [
        (PairedRow(chosen), PairedRow(rejected))
        for chosen, rejected in zip(*sides, strict=True)
        if chosen is not None and rejected is not None
    ]


@dataclass(frozen=True, slots=True)
class PairPart:
    """The pairs of a mixture (a `LearnedPart`).

    Attributes:
        pairs: rows of chosen and rejected completions.
        share: of the rows that are examples.
    """

    pairs: Sequence[tuple[Row, Row]]
    share: float = 0.5

    def order(self, plan: OrderPlan) -> PairOrder:
        """In each round another random part of the pairs, each once, as many as find a place."""
        return PairOrder(self, plan)

    def columns(self, rows: Sequence[Row], num_positions: int) -> dict[str, FloatArray]:
        """Which rows are of pairs."""
        is_paired = [isinstance(row, PairedRow) for row in rows]
        return {"is_paired_B": numpy.array(is_paired, numpy.float32)}

    def totals(self, rows: Sequence[Row]) -> dict[str, int]:
        """Pairs, and labels of real data."""
        return {
            "num_pairs": sum(isinstance(row, PairedRow) for row in rows) // 2,
            "num_language_targets": sum(row.num_targets for row in rows),
        }


def require_room_for_pairs(rows_per_step: int, num_micro_batches: int) -> None:
    """Raise where a micro-batch could not hold both rows of a pair.

    Raises:
        ValueError: naming the options.
    """
    if rows_per_step < 2 * num_micro_batches:
        raise ValueError(
            "data.batch_size leaves no two rows of a micro-batch for a pair of completions; raise "
            "it, or lower data.labelled_share"
        )


class PairOrder:
    """Which pairs each step of a round trains on.

    Rows are dealt out to micro-batches like cards. A step's pairs come in blocks of as many pairs
    as there are micro-batches: all chosen rows, then all rejected ones in the same order, so that
    each hand gets a pair, one card after the other.

    Raises:
        ValueError: a micro-batch has no room for a pair.
    """

    def __init__(self, part: PairPart, plan: OrderPlan) -> None:
        self._num_hands = plan.num_micro_batches
        require_room_for_pairs(plan.rows_per_step, self._num_hands)
        most = plan.rows_per_step // (2 * self._num_hands)
        generator = numpy.random.Generator(numpy.random.PCG64(draw_seed(f"pairs/{plan.key}")))
        order = generator.permutation(len(part.pairs))
        wanted = min(len(order) // self._num_hands, most * plan.num_steps)
        self._num_steps, self._num_blocks = plan.num_steps, wanted
        self._pairs = [part.pairs[index] for index in order[: wanted * self._num_hands]]
        self.num_left_out = 2 * (len(order) - len(self._pairs))

    def rows(self, step: int) -> list[Row]:
        """The rows of a step, block after block."""
        first, last = (self._num_blocks * each // self._num_steps for each in (step, step + 1))
        rows: list[Row] = []
        for block in range(first, last):
            pairs = self._pairs[block * self._num_hands : (block + 1) * self._num_hands]
            rows += [chosen for chosen, _ in pairs]
            rows += [rejected for _, rejected in pairs]
        return rows
