"""What an objective over rollouts or pairs asks of the data: an order of rows, and more columns.

    order = part.order(OrderPlan(rows_per_step=24, num_steps=10, key="1/3"))
    order.rows(step=4)                  # at most 24
    batch |= part.columns(rows, num_positions=256)
    part.totals(rows_of_the_step)       # what sums are divided by

`rollouts` and `pairs` are such parts; the mixture and the loader know no more of them than this.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from lit_coder.training_data.examples import Row

logger = logging.getLogger("lit_coder.training_data")


def say_left_out(number: int) -> None:
    """Say that a round's steps are too few for what was sampled."""
    logger.warning(
        "%d rows of what was sampled have no place in the round's steps and are not trained on; "
        "raise recursion.every_n_steps, data.batch_size or trainer.accumulate_grad_batches, or "
        "lower recursion.num_problems",
        number,
    )


def say_too_long(what: str, number: int, total: int, room: str, already_said: set[str]) -> None:
    """Say once that some of what an objective learns from have no room in a row.

    Args:
        what: they are, for people.
        number: that is too long.
        total: of them.
        room: the option that says how long a row may be, with its value.
        already_said: what has been said in this run.
    """
    if number and what not in already_said:
        already_said.add(what)
        logger.warning("%d of %d %s are longer than %s and left out", number, total, what, room)


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """The places that a round has for rows.

    Attributes:
        rows_per_step: over all devices.
        num_steps: of the round.
        key: what the order is drawn by: run and round.
        packed_positions: T where examples share rows; None = each has its own.
        num_micro_batches: of a step, on all devices; rows are dealt out to them like cards.
    """

    rows_per_step: int
    num_steps: int
    key: str
    packed_positions: int | None = None
    num_micro_batches: int = 1


class LearnedOrder(Protocol):
    """Which rows each step of a round learns from."""

    num_left_out: int
    """Rows without a place in the round's steps."""

    def rows(self, step: int) -> list[Row]:
        """The rows of a step, in an order that dealing out keeps apart as it must."""


class LearnedPart(Protocol):
    """Rows that an objective learns from in another way than as text to predict."""

    @property
    def share(self) -> float:
        """Of the rows that are examples."""

    def order(self, plan: OrderPlan) -> LearnedOrder:
        """The order of a round."""

    def columns(self, rows: Sequence[Row], num_positions: int) -> dict[str, NDArray[Any]]:
        """What a batch of any rows has beside tokens and labels, float32 or int64."""

    def totals(self, rows: Sequence[Row]) -> dict[str, int]:
        """What sums over a whole step are divided by, by their names in the batch."""
