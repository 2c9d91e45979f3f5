"""What an option of the section `recursion` may be: refused in one sentence that names it.

    require_at_least("num_problems", num_problems, 0)

Whether options fit each other and the Trainer is checked where they meet: the callback and the
command line.
"""

from __future__ import annotations

from lit_coder.generation.contract import SamplingOptions
from lit_coder.training_data.mixture import POOL_PART, Mixture


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


def require_at_least(name: str, value: int, smallest: int) -> None:
    """Raise where an option is smaller than it may be."""
    if value < smallest:
        raise ValueError(f"recursion.{name} must be {smallest} or more, not {value}")


def require_none_or_two(name: str, value: int) -> None:
    """Raise where one sample is asked for: greedy is one already."""
    if value < 0 or value == 1:
        raise ValueError(f"recursion.{name} must be 0 (greedy only) or at least 2, not {value}")


def require_share(name: str, value: float) -> None:
    """Raise where an option is no share."""
    if not 0 <= value <= 1:
        raise ValueError(f"recursion.{name} must be from 0 to 1, not {value}")


def require_room(mixture: Mixture) -> None:
    """Raise where no row of an optimizer step is left for accepted samples."""
    if not mixture.has_room_for(POOL_PART):
        raise ValueError(
            f"data.batch_size leaves no row of an optimizer step ({mixture.global_batch}) for the "
            "samples that rounds will accept: corpus, labelled and pool need one each; raise it, "
            "or set data.labelled_share to 1 to train on no samples"
        )
