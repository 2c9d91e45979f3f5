"""Notices that a policy has collapsed: it has nothing left to try, or forgets real code.

    sentence = collapse(records)            # None while all is well

Unlike a decline, which is slow, this is seen in one round. A policy that solves nearly everything
may be certain of it: low entropy is a collapse only where rewards are not.
"""

from __future__ import annotations

from collections.abc import Sequence

from lit_coder.recursion.round_record import RoundRecord

_LEAST_ENTROPY_SHARE = 0.02
_SOLVED_REWARD = 0.9
_MOST_LOSS_FACTOR = 1.5


def collapse(records: Sequence[RoundRecord]) -> str | None:
    """One sentence where the last round's policy has collapsed; None where it has not.

    The entropy of what is sampled is below a fiftieth of what it was when the policy began to
    learn from rewards, or the real-data validation loss is above one and a half times its smallest.

    Args:
        records: of the run, in order.
    """
    learning = [record for record in records if record.policy]
    if not learning or learning[-1] is not records[-1]:
        return None
    policies = [each.policy or {} for each in learning]
    policy = policies[-1]
    entropies = [each["entropy"] for each in policies if "entropy" in each]
    is_solved = policy.get("reward_mean", 0.0) >= _SOLVED_REWARD
    entropy = policy.get("entropy")
    if entropy is not None and entropy < _LEAST_ENTROPY_SHARE * entropies[0] and not is_solved:
        return (
            f"the policy's entropy has collapsed to {entropy:.2g} nats a token, from "
            f"{entropies[0]:.2g} when it began to learn from rewards; raise entropy_coefficient "
            "or lower model.init_args.learning_rate"
        )
    losses = [each.validation_loss for each in records if each.validation_loss is not None]
    last = records[-1].validation_loss
    if last is not None and last > _MOST_LOSS_FACTOR * min(losses):
        return (
            f"the real-data validation loss has risen to {last:.3f}, from {min(losses):.3f} at "
            "best; raise the objective's coefficient of real data (language_model_coefficient, of "
            "a TRM supervision_coefficient) or lower model.init_args.learning_rate"
        )
    return None
