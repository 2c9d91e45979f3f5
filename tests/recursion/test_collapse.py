from __future__ import annotations

from lit_coder.recursion.collapse import collapse
from lit_coder.recursion.round_record import RoundRecord


def rounds(*facts: tuple[float, float, float | None]) -> list[RoundRecord]:
    """Records of entropies, mean rewards and validation losses."""
    return [
        RoundRecord(
            number,
            number,
            number,
            0,
            "run",
            1,
            policy={"entropy": entropy, "reward_mean": reward},
            validation_loss=loss,
        )
        for number, (entropy, reward, loss) in enumerate(facts)
    ]


def test_a_policy_that_has_nothing_left_to_try_has_collapsed() -> None:
    sentence = collapse(rounds((0.5, 0.2, None), (0.005, 0.2, None)))
    assert sentence is not None and "entropy has collapsed to 0.005" in sentence
    assert collapse(rounds((0.5, 0.2, None), (0.1, 0.2, None))) is None


def test_certainty_about_what_is_solved_is_no_collapse() -> None:
    assert collapse(rounds((0.5, 0.2, None), (0.005, 0.95, None))) is None


def test_a_policy_that_forgets_real_code_has_collapsed() -> None:
    sentence = collapse(rounds((0.5, 0.2, 0.4), (0.4, 0.3, None), (0.3, 0.3, 0.7)))
    assert sentence is not None and "validation loss has risen to 0.700, from 0.400" in sentence
    assert "(language_model_coefficient, of a TRM supervision_coefficient)" in sentence


def test_what_learns_from_what_passed_cannot_collapse_in_this_way() -> None:
    assert collapse([RoundRecord(0, 1, 1, 0, "run", 1, validation_loss=9.0)]) is None
