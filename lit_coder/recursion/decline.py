"""Notices that a run is getting worse: held-out pass@k falling or real-data loss rising.

    warning = decline(records, patience_rounds=3)      # a sentence, or None

A decline is `patience_rounds` measured rounds in a row, each worse than the one before. One bad
round is noise; a steady fall of pass@k while pass@1 rises is the narrowing that self-training is
known for. Rounds up to the last roll-back do not count: their weights are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lit_coder.recursion.round_record import RoundRecord


def decline(records: Sequence[RoundRecord], patience_rounds: int) -> str | None:
    """One sentence where a measure worsened `patience_rounds` rounds in a row, else None."""
    rolled_back = [index for index, record in enumerate(records) if record.rolled_back]
    records = records[rolled_back[-1] + 1 :] if rolled_back else records
    # Some runs measure only every n-th round, and say of that one what it shows.
    measured = [r for r in records if r.held_out is not None or r.validation_loss is not None]
    if not measured or measured[-1] is not records[-1]:
        return None
    records = measured
    if patience_rounds < 1 or len(records) <= patience_rounds:
        return None
    recent = records[-patience_rounds - 1 :]
    k = max(recent[-1].held_out.pass_at) if recent[-1].held_out else 1
    # Rounds measured with another number of samples cannot be compared.
    scores = [r.held_out.pass_at[k] for r in recent if r.held_out and k in r.held_out.pass_at]
    if len(scores) == len(recent) and _falls(scores):
        return (
            f"held-out pass@{k} has fallen for {patience_rounds} rounds in a row, "
            f"from {scores[0]:.1%} to {scores[-1]:.1%}"
        )
    losses = [r.validation_loss for r in recent if r.validation_loss is not None]
    if len(losses) == len(recent) and _falls([-loss for loss in losses]):
        return (
            f"the real-data validation loss has risen for {patience_rounds} rounds in a row, "
            f"from {losses[0]:.3f} to {losses[-1]:.3f}"
        )
    return None


def _falls(values: Sequence[float]) -> bool:
    return all(later < earlier for earlier, later in pairwise(values))
