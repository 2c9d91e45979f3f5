"""The generation contract: token ids in, completions with log-probabilities out.

    completions = generator.generate(prompts, SamplingOptions(num_samples=4, temperature=0.8))
    completions[i][j]          # sample j of prompt i

Every sample draws from its own random stream, derived from (seed, the prompt's stream, sample),
so order and sharding change nothing. No text and no tokenizer appear here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

StopRule: TypeAlias = Callable[[Sequence[int]], bool]
"""Whether a completion with these token ids, the newest last, needs no further token."""

ASKED_EVERY = 8
"""A stop rule is asked about every row after so many of its tokens."""

OpeningRule: TypeAlias = Callable[[Sequence[int]], Sequence[int] | None]
"""The ids of which the next one must be, after these first ones; None = free from here on."""


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How to sample.

    Args:
        num_samples: completions of each prompt.
        max_new_tokens: tokens after which a completion is cut (it then has not `ended`).
        temperature: 0 = greedy.
        top_k: keep the k most likely tokens; 0 = all.
        top_p: keep the smallest set of tokens with this probability; 1 = all.
        seed: seed of the whole call.
        batch_size: rows decoded at the same time.
    """

    num_samples: int = 1
    max_new_tokens: int = 128
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    batch_size: int = 256

    def __post_init__(self) -> None:
        for name, good, meaning in (
            ("num_samples", self.num_samples >= 1, "at least 1"),
            ("max_new_tokens", self.max_new_tokens >= 1, "at least 1"),
            ("temperature", self.temperature >= 0, "0 (greedy) or more"),
            ("top_k", self.top_k >= 0, "0 (all) or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
        ):
            if not good:
                raise ValueError(f"{name} must be {meaning}, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids to complete.

    Args:
        ids: the tokens, at least one where there is no draft.
        stream: name of the random stream its samples draw from.
        opening: what its completions may begin with (token healing); None = anything.
        draft_ids: what stands in place of the completion and is to be made right; for a model
            that fills a canvas, whose prompt may then be empty. Others do not read it.
    """

    ids: tuple[int, ...]
    stream: str = ""
    opening: OpeningRule | None = None
    draft_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled completion.

    Attributes:
        ids: token ids after the prompt, without the end token.
        log_probabilities: natural log of each sampled token's probability under the model at
            temperature 1 (no truncation, and nothing that is never chosen), the end token's last
            if `ended`.
        ended: the model gave the end token before `max_new_tokens` and the context ran out; a
            completion that a stop rule ended has not `ended`.
        sample: which of the prompt's samples it is, the number that its random stream is named by;
            None = that of its place.
        num_steps: supervision steps that it took a model which fills a canvas; 0 = another model.
    """

    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: bool
    sample: int | None = None
    num_steps: int = 0


class TokenGenerator(Protocol):
    """Anything that completes token ids: the GPT, the TRM."""

    @property
    def origin(self) -> str:
        """What its samples are said to come from: "gpt", "trm"."""
        ...

    def generate(
        self,
        prompts: Sequence[Prompt],
        options: SamplingOptions,
        is_over: StopRule | None = None,
    ) -> list[list[Completion]]:
        """`num_samples` completions for each prompt, in the order of the prompts.

        `is_over` may end a row early. It is asked after every `ASKED_EVERY` tokens, so that a few
        tokens may stand behind the place where it first held; it is given the ids behind the
        prompt's opening.
        """
        ...
