"""What was sampled, as rows that train a policy: tokens with advantages and log-probabilities.

    rows = rollout_rows(samples, tokenizer, max_length=256)
    part = RolloutPart(rows, passes=2)                 # for a `Mixture`
    part.order(OrderPlan(rows_per_step=24, num_steps=10, key="1/3")).rows(step=4)

Only the tokens that the model chose are trained on, its end token among them. A rollout is drawn
once in each pass, so that all of them count alike; those that find no place in the round's steps
are counted. What advantages are made of is decided where samples are rewarded.

Shapes: T positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy
from numpy.typing import NDArray

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.draw_seeds import draw_seed
from lit_coder.training_data.examples import IntArray, Row
from lit_coder.training_data.learned_part import OrderPlan
from lit_coder.training_data.packing import PackedRow, best_fit
from lit_coder.training_data.sample import Sample

FloatArray = NDArray[numpy.float32]

POLICY_COLUMNS = (
    "policy_mask_BT",
    "advantages_BT",
    "sampling_log_probabilities_BT",
    "values_BT",
    "returns_BT",
)
"""What a batch with rollouts has beside tokens and labels, float32; 0 where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Rollout:
    """One sampled completion behind its prompt.

    Attributes:
        ids: prompt, completion and, where the model gave it, the end token.
        num_prompt_tokens: at least one.
        columns: for each of `POLICY_COLUMNS` but the mask one number a sampled token; () = zeros.
    """

    ids: tuple[int, ...]
    num_prompt_tokens: int
    columns: Mapping[str, tuple[float, ...]]

    @property
    def num_positions(self) -> int:
        """Every token but the last is an input."""
        return len(self.ids) - 1

    @property
    def num_targets(self) -> int:
        """None: what is learned here is no language."""
        return 0

    @property
    def num_policy_targets(self) -> int:
        """The tokens that the model chose."""
        return len(self.ids) - self.num_prompt_tokens

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """Ids and, shifted by one, the sampled tokens as labels; one document."""
        first = self.num_prompt_tokens - 1
        ids_T[: self.num_positions] = self.ids[:-1]
        labels_T[first : self.num_positions] = self.ids[first + 1 :]

    def write_policy(self, columns: Mapping[str, FloatArray]) -> None:
        """Fill the places of the sampled tokens; they hold zeros."""
        places = slice(self.num_prompt_tokens - 1, self.num_positions)
        columns["policy_mask_BT"][places] = 1.0
        for name, numbers in self.columns.items():
            if numbers:
                columns[name][places] = numbers


@runtime_checkable
class PolicyRow(Protocol):
    """A row in which some labels train the policy."""

    @property
    def num_policy_targets(self) -> int:
        """How many."""

    def write_policy(self, columns: Mapping[str, FloatArray]) -> None:
        """Fill each column of `POLICY_COLUMNS`, which hold zeros."""


class PackedRollouts(PackedRow):
    """Several rollouts in one row, one behind the other."""

    __slots__ = ()

    @property
    def num_policy_targets(self) -> int:
        """Those of all its rollouts."""
        return sum(num_policy_targets(each) for each in self.examples)

    def write_policy(self, columns: Mapping[str, FloatArray]) -> None:
        """Each rollout behind the one before."""
        start = 0
        for each in self.examples:
            assert isinstance(each, PolicyRow)
            stop = start + each.num_positions
            each.write_policy({name: column[start:stop] for name, column in columns.items()})
            start = stop


def num_policy_targets(row: Row) -> int:
    """The labels of any row that train the policy."""
    return row.num_policy_targets if isinstance(row, PolicyRow) else 0


def rollout_rows(
    samples: Iterable[Sample], tokenizer: CodeTokenizer, max_length: int
) -> list[Rollout]:
    """Rows of the samples that train the policy, in their order.

    Args:
        samples: of one round.
        tokenizer: that sampled them.
        max_length: tokens of a row; what is longer is left out.
    """
    chosen = [sample for sample in samples if sample.advantages]
    rows = []
    prompts = tokenizer.encode_many([sample.prompt for sample in chosen])
    for sample, prompt_ids in zip(chosen, prompts, strict=True):
        end = (tokenizer.end_id,) if sample.ended else ()
        ids = (*prompt_ids, *sample.token_ids, *end)
        assert len(sample.advantages) == len(ids) - len(prompt_ids)
        if 1 < len(ids) <= max_length:
            columns = {
                "advantages_BT": sample.advantages,
                "sampling_log_probabilities_BT": sample.log_probabilities,
                "values_BT": sample.values,
                "returns_BT": sample.returns,
            }
            rows.append(Rollout(ids, len(prompt_ids), columns))
    return rows


@dataclass(frozen=True, slots=True)
class RolloutPart:
    """The rollouts of a mixture (a `LearnedPart`).

    Attributes:
        samples: what was sampled, in rows.
        passes: how often each is trained on in the round, at most.
        share: of the rows that are examples.
    """

    samples: Sequence[Row]
    passes: int = 1
    share: float = 0.5

    def order(self, plan: OrderPlan) -> RolloutOrder:
        """Each rollout once in each pass."""
        return RolloutOrder(self, plan)

    def columns(self, rows: Sequence[Row], num_positions: int) -> dict[str, FloatArray]:
        """Those of `POLICY_COLUMNS`; 0 beside sampled tokens."""
        shape = (len(rows), num_positions)
        columns = {name: numpy.zeros(shape, numpy.float32) for name in POLICY_COLUMNS}
        for number, row in enumerate(rows):
            if isinstance(row, PolicyRow):
                row.write_policy({name: column[number] for name, column in columns.items()})
        return columns

    def totals(self, rows: Sequence[Row]) -> dict[str, int]:
        """Sampled tokens, and labels of real data."""
        return {
            "num_policy_targets": sum(map(num_policy_targets, rows)),
            "num_language_targets": sum(row.num_targets for row in rows),
        }


class RolloutOrder:
    """Which rollouts each step of a round trains on.

    Args:
        part: the rollouts.
        plan: the places there are.

    Attributes:
        num_left_out: rows of rollouts without a place in the round's steps, over all passes.
    """

    def __init__(self, part: RolloutPart, plan: OrderPlan) -> None:
        self._rows: list[Row] = []
        for number in range(part.passes):
            seed = draw_seed(f"rollouts/{plan.key}/{number}")
            generator = numpy.random.Generator(numpy.random.PCG64(seed))
            shuffled = [part.samples[i] for i in generator.permutation(len(part.samples))]
            if plan.packed_positions is not None:
                shuffled = _packed(shuffled, plan.packed_positions)
            self._rows += shuffled
        self._num_steps = plan.num_steps
        self._num_used = min(len(self._rows), plan.rows_per_step * plan.num_steps)
        self.num_left_out = len(self._rows) - self._num_used

    def rows(self, step: int) -> list[Row]:
        """The rows of a step; every step of the round has as many, give or take one."""
        first, last = (self._num_used * each // self._num_steps for each in (step, step + 1))
        return self._rows[first:last]


def _packed(rows: Sequence[Row], num_positions: int) -> list[Row]:
    """The rows in as few rows of that many positions as best fit finds, in random order."""
    lengths = [row.num_positions for row in rows]
    filled = [row for row in best_fit(lengths, num_positions, len(rows)) if row]
    # By their first member: best fit opens rows by length, and the order of rows is random.
    filled.sort(key=min)
    return [PackedRollouts(tuple(rows[item] for item in row)) for row in filled]
