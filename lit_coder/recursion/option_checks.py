"""What an option of the section `recursion` may be: refused in one sentence that names it.

    require_ranges(locals())                  # in the constructor that has them as arguments
    require_whole_rounds(trainer.max_steps, every_n_steps)

Whether options fit the rest of the command line is checked there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lit_coder.generation.contract import SamplingOptions
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.mixture import POOL_PART, Mixture
from lit_coder.training_data.pairs import require_room_for_pairs

_SMALLEST = {
    "start_after_steps": 0,
    "every_n_steps": 1,
    "num_problems": 0,
    "max_kept_per_problem": 1,
    "repairs_per_problem": 1,
    "patience_rounds": 0,
    "min_groups": 0,
    "max_extra_problems": 0,
    "measure_every_n_rounds": 1,
}


def sampling_options(
    num_samples: int,
    max_new_tokens: int,
    temperature: float,
    top_k: int,
    top_p: float,
    batch_size: int,
) -> SamplingOptions:
    """How completions are drawn; the seed is the run's own and comes later."""
    try:
        return SamplingOptions(
            num_samples, max_new_tokens, temperature, top_k, top_p, 0, batch_size
        )
    except ValueError as error:
        sentence = str(error).replace("batch_size", "generation_batch_size")
        raise ValueError(f"recursion.{sentence}") from error


def require_ranges(given: Mapping[str, Any]) -> None:
    """Raise where an option is out of its range.

    Args:
        given: the section's options by name; others are not looked at.
    """
    for name, smallest in _SMALLEST.items():
        if given[name] < smallest:
            raise ValueError(f"recursion.{name} must be {smallest} or more, not {given[name]}")
    if given["min_groups"] and not given["max_extra_problems"]:
        raise ValueError(
            f"recursion.min_groups is {given['min_groups']} and recursion.max_extra_problems 0, so "
            "that no problem would be drawn for it; set the second, too, or leave both out"
        )
    if given["repairer_sees_suspects"] and given["repairer"] is None:
        raise ValueError(
            "recursion.repairer_sees_suspects is true, but there is no repairer to see them; name "
            "a trained TRM in recursion.repairer, or leave it out"
        )
    held_out_samples, min_quality = given["held_out_samples"], given["min_quality"]
    if held_out_samples < 0 or held_out_samples == 1:
        raise ValueError(
            "recursion.held_out_samples must be 0 (greedy only) or at least 2, not "
            f"{held_out_samples}"
        )
    for name in ("max_kept_per_family", "max_kept_per_kind"):
        if given[name] is not None and given[name] < 1:
            raise ValueError(
                f"recursion.{name} must be 1 or more, or null for any number, not {given[name]}"
            )
    share = given["near_duplicates"]
    if share is not None and not 0 < share <= 1:
        raise ValueError(
            f"recursion.near_duplicates must be above 0 and at most 1, or null, not {share}"
        )
    most_groups = given["num_problems"] + given["max_extra_problems"]
    if given["min_groups"] > most_groups:
        raise ValueError(
            f"recursion.min_groups ({given['min_groups']}) is more than a round can draw: "
            f"recursion.num_problems and recursion.max_extra_problems are {most_groups} together"
        )
    if not 0 <= min_quality <= 1:
        raise ValueError(f"recursion.min_quality must be from 0 to 1, not {min_quality}")


def require_whole_rounds(max_steps: int, every_n_steps: int) -> None:
    """Raise where a run would end within a round."""
    if max_steps < 1 or max_steps % every_n_steps:
        below = max(every_n_steps, max_steps // every_n_steps * every_n_steps)
        raise ValueError(
            f"trainer.max_steps ({max_steps}) must be a multiple of recursion.every_n_steps "
            f"({every_n_steps}), for example {below}"
        )


def require_way_back(num_held_out: int) -> None:
    """Raise where there would be no best checkpoint to go back to."""
    if not num_held_out:
        raise ValueError(
            "recursion.on_decline roll_back goes back to the best held-out score, but there are no "
            "held-out problems; set data.num_held_out above 0"
        )


def require_room(mixture: Mixture, data: CodeDataModule) -> None:
    """Raise where no row of an optimizer step is left for what rounds will bring."""
    rows = mixture.global_batch - mixture.corpus_rows_per_step
    if data.learns_from == "pairs":
        # Known now, though the first pairs come later.
        require_room_for_pairs(int(rows * (1 - data.labelled_share)), mixture.num_micro_batches)
    if not mixture.has_room_for(POOL_PART):
        raise ValueError(
            f"data.batch_size leaves no row of an optimizer step ({mixture.global_batch}) for the "
            "samples that rounds will accept: corpus, labelled and pool need one each; raise it, "
            "or set data.labelled_share to 1 to train on no samples"
        )
