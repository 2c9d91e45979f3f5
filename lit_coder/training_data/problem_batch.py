r"""Prompts of problems in batches, for test and predict: what the model is asked, and how.

    batch = ProblemBatch(0, [AskedPrompt("held_out/1", "def f(x):\n")], SamplingOptions())
    loader = ProblemLoader([batch])

A plain class around them: Lightning copies dataclasses of a batch to the device field by field,
which texts and options do not need. What a prompt is made of and how an answer is judged is not
known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lit_coder.generation.contract import SamplingOptions
from lit_coder.generation.token_healing import HealedPrompt, heal
from lit_coder.tokenizer import CodeTokenizer


@dataclass(frozen=True, slots=True)
class AskedPrompt:
    """One prompt.

    Attributes:
        stream: name of the random stream that its samples draw from.
        text: what comes before the completion.
        suffix: what comes after it, where the model fills in the middle; None where it goes on.
        draft: what stands in place of the completion, for a model that fills a canvas.
    """

    stream: str
    text: str
    suffix: str | None = None
    draft: str = ""

    def ids(self, tokenizer: CodeTokenizer) -> tuple[int, ...]:
        """The prompt as token ids: the text, or prefix, suffix and middle with their marks."""
        ids = tokenizer.encode(self.text)
        if self.suffix is None:
            return tuple(ids)
        after = tokenizer.encode(self.suffix)
        return (
            tokenizer.fim_prefix_id,
            *ids,
            tokenizer.fim_suffix_id,
            *after,
            tokenizer.fim_middle_id,
        )

    def draft_ids(self, tokenizer: CodeTokenizer) -> tuple[int, ...]:
        """The draft as token ids."""
        return tuple(tokenizer.encode(self.draft))

    def healed(self, tokenizer: CodeTokenizer, heals: bool) -> HealedPrompt:
        """What the model reads, its last piece taken back where that is wanted."""
        if heals and self.suffix is None:
            return heal(tokenizer, self.text)
        return HealedPrompt(self.ids(tokenizer))


class ProblemBatch:
    """A few prompts to complete.

    Attributes:
        number: its place among all batches.
        prompts: what is asked.
        options: how to sample.
        stops: a completion that holds one of these texts needs no further token.
        heals: whether the last token of a prompt is taken back and written anew.
    """

    def __init__(
        self,
        number: int,
        prompts: Sequence[AskedPrompt],
        options: SamplingOptions,
        stops: Sequence[str] = (),
        heals: bool = False,
    ) -> None:
        self.number = number
        self.prompts = tuple(prompts)
        self.options = options
        self.stops = tuple(stops)
        self.heals = heals

    def without_prompts(self) -> ProblemBatch:
        """The same batch with nothing left to ask."""
        return ProblemBatch(self.number, (), self.options, self.stops, self.heals)


class ProblemLoader:
    """Every batch once, in order; each is looked up when its turn comes."""

    def __init__(self, batches: Sequence[ProblemBatch]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[ProblemBatch]:
        for index in range(len(self._batches)):
            yield self._batches[index]
