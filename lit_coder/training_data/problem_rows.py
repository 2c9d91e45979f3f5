"""Solved problems as rows of a batch, in the form that the model at hand learns from.

    rows = SequenceRows(tokenizer, max_length=256)          # a model that goes on token by token
    rows = CanvasRows(tokenizer, canvas)                    # one that fills a canvas as a whole
    groups, num_left_out = rows.groups([Solved(difficulty=2, prompt=..., answer=..., draft=...)])

A group holds the rows of one difficulty. What does not fit the context is left out and counted.
Which rows make a batch is decided in `mixture`; where the problems come from, in `data_module`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from lit_coder.generation.canvas import Canvas
from lit_coder.generation.contract import Prompt
from lit_coder.problems.problem import Problem
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.canvas_examples import CanvasGroup
from lit_coder.training_data.examples import Example, ExampleGroup, RowGroup, encode_examples
from lit_coder.training_data.sample import Sample


class Solved(NamedTuple):
    """A problem with a right answer: a reference solution, or a sample that passed."""

    difficulty: int
    prompt: str
    answer: str
    draft: str = ""

    @classmethod
    def by_reference(cls, problem: Problem) -> Solved:
        """A labelled problem."""
        return cls(problem.difficulty, problem.prompt, problem.reference or "", problem.draft)

    @classmethod
    def by_sample(cls, sample: Sample) -> Solved:
        """An accepted sample."""
        return cls(sample.difficulty, sample.prompt, sample.completion, sample.draft)


def prompt_of(problem: Problem, tokenizer: CodeTokenizer, stream: str) -> Prompt:
    """A problem as a model is asked it; samples draw from the random stream of that name."""
    return Prompt(
        tuple(tokenizer.encode(problem.prompt)),
        stream,
        draft_ids=tuple(tokenizer.encode(problem.draft)),
    )


class ProblemRows(Protocol):
    """Makes rows of solved problems, and says which prompts have room."""

    def groups(self, solved: Iterable[Solved]) -> tuple[list[RowGroup], int]:
        """The rows by difficulty, easiest first, and how many were left out for their length."""

    def fits(self, prompt: Prompt) -> bool:
        """Whether a prompt can be answered."""


class SequenceRows:
    """Prompt, solution and end token, one behind the other.

    Args:
        tokenizer: of the run.
        max_length: tokens of a row, at most.
    """

    def __init__(self, tokenizer: CodeTokenizer, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length

    def groups(self, solved: Iterable[Solved]) -> tuple[list[RowGroup], int]:
        """As `ProblemRows`; a draft is not read."""
        solved = list(solved)
        pairs = [(each.prompt, each.answer) for each in solved]
        encoded = encode_examples(self._tokenizer, pairs, self._max_length)
        by_difficulty: dict[int, list[Example]] = defaultdict(list)
        for each, example in zip(solved, encoded, strict=True):
            if example is not None:
                by_difficulty[each.difficulty].append(example)
        groups: list[RowGroup] = [ExampleGroup(by_difficulty[d]) for d in sorted(by_difficulty)]
        return groups, len(solved) - sum(map(len, groups))

    def fits(self, prompt: Prompt) -> bool:
        """There must be a token to go on from, and room for one more."""
        return 0 < len(prompt.ids) < self._max_length


class CanvasRows:
    """Prompt and draft to read, the answer as labels of the canvas.

    Args:
        tokenizer: of the run.
        canvas: the layout of a row.
    """

    def __init__(self, tokenizer: CodeTokenizer, canvas: Canvas) -> None:
        self._tokenizer = tokenizer
        self._canvas = canvas

    def groups(self, solved: Iterable[Solved]) -> tuple[list[RowGroup], int]:
        """As `ProblemRows`."""
        solved = list(solved)
        encode = self._tokenizer.encode_many
        prompts = encode([each.prompt for each in solved])
        drafts = encode([each.draft for each in solved])
        answers = encode([each.answer for each in solved])
        canvas = self._canvas
        by_difficulty = defaultdict(list)
        for each, prompt, draft, answer in zip(solved, prompts, drafts, answers, strict=True):
            if canvas.fits(prompt, draft) and canvas.holds(answer):
                by_difficulty[each.difficulty].append((prompt, draft, answer))
        groups: list[RowGroup] = [
            CanvasGroup(canvas, by_difficulty[difficulty]) for difficulty in sorted(by_difficulty)
        ]
        return groups, len(solved) - sum(map(len, groups))

    def fits(self, prompt: Prompt) -> bool:
        """Prompt and draft have their places; one of them must be there."""
        return self._canvas.fits(prompt.ids, prompt.draft_ids)
