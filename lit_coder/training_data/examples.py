"""From problem and solution to token ids with labels, and from rows to a batch.

    example = encode_example(tokenizer, prompt, completion, max_length)
    group = ExampleGroup(examples)                 # many of them, in flat arrays
    batch = collate(rows, pad_id)                  # {"ids_BT", "labels_BT"}

An example is one kind of `Row`; rows of several examples are made in `packing`, rows of a corpus
in `corpus_rows`. Loss falls on the completion and its end token only. Which rows make a batch is
decided in `mixture`.

Shapes: B rows, T positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy
import torch
from numpy.typing import NDArray

from lit_coder.tokenizer import CodeTokenizer

IGNORED = -100
"""Label of a position that carries no loss."""

IntArray = NDArray[numpy.signedinteger[Any]]


class Row(Protocol):
    """What fills one row of a batch; the row's size and labels are known before it is written."""

    @property
    def num_positions(self) -> int:
        """Positions that hold a token, at least one; the rest of the row is padding."""

    @property
    def num_targets(self) -> int:
        """Labels that carry loss."""

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """Fill the first `num_positions` of each; they hold padding, `IGNORED` and zeros."""


class RowGroup(Protocol):
    """Rows that are drawn from with equal chance; made when they are asked for."""

    num_positions: IntArray
    """Of each row, shape (rows,)."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Row: ...


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Token ids of prompt, completion and end token; the first `num_prompt_tokens` have no loss."""

    ids: tuple[int, ...] | NDArray[numpy.int32]
    num_prompt_tokens: int

    @property
    def num_positions(self) -> int:
        """Every token but the last is an input."""
        return len(self.ids) - 1

    @property
    def num_targets(self) -> int:
        """Every token behind the prompt is a label, though never the first of all."""
        return len(self.ids) - max(1, self.num_prompt_tokens)

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """Ids and, shifted by one, labels; one document."""
        length = len(self.ids) - 1
        first = max(0, self.num_prompt_tokens - 1)
        ids_T[:length] = self.ids[:-1]
        labels_T[first:length] = self.ids[first + 1 :]


class ExampleGroup:
    """Examples that are drawn from with equal chance, in flat arrays.

    Flat, because a pool of many samples is held for a whole round and sent to worker processes.

    Attributes:
        num_positions: of each example, shape (examples,).
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        examples = tuple(examples)
        lengths = [len(example.ids) for example in examples]
        self._starts = numpy.cumsum([0, *lengths], dtype=numpy.int64)
        self._ids = numpy.zeros(int(self._starts[-1]), numpy.int32)
        for start, example in zip(self._starts, examples, strict=False):
            self._ids[start : start + len(example.ids)] = example.ids
        self._num_prompt_tokens = numpy.array([e.num_prompt_tokens for e in examples], numpy.int32)
        self.num_positions: IntArray = numpy.array(lengths, numpy.int64) - 1

    def __len__(self) -> int:
        return len(self.num_positions)

    def __getitem__(self, number: int) -> Example:
        ids = self._ids[self._starts[number] : self._starts[number + 1]]
        return Example(ids, int(self._num_prompt_tokens[number]))


def encode_examples(
    tokenizer: CodeTokenizer, pairs: Sequence[tuple[str, str]], max_length: int
) -> list[Example | None]:
    """The examples of prompts and completions; None where one is longer than `max_length` tokens.

    Prompt and completion are tokenized apart, as they are when the model completes a prompt.
    """
    prompts = tokenizer.encode_many([prompt for prompt, _ in pairs])
    completions = tokenizer.encode_many([completion for _, completion in pairs])
    examples: list[Example | None] = []
    for prompt_ids, completion_ids in zip(prompts, completions, strict=True):
        ids = (*prompt_ids, *completion_ids, tokenizer.end_id)
        fits = len(ids) <= max_length
        examples.append(Example(ids, len(prompt_ids)) if fits else None)
    return examples


def encode_example(
    tokenizer: CodeTokenizer, prompt: str, completion: str, max_length: int
) -> Example | None:
    """`encode_examples` for one."""
    return encode_examples(tokenizer, [(prompt, completion)], max_length)[0]


def collate(
    rows: Sequence[Row], pad_id: int, num_positions: int | None = None
) -> dict[str, torch.Tensor]:
    """A batch in which position t predicts `labels_BT[:, t]`.

    Args:
        rows: at least one.
        pad_id: fills what a row leaves free.
        num_positions: the batch's T. None pads to the longest row, where each row is one document;
            a number gives packed rows and with them `documents_BT`, the number of the document
            within its row that each position belongs to. Padding is a document of its own.
    """
    is_packed = num_positions is not None
    if num_positions is None:
        num_positions = max(row.num_positions for row in rows)
    shape = (len(rows), num_positions)
    ids_BT = numpy.full(shape, pad_id, numpy.int64)
    labels_BT = numpy.full(shape, IGNORED, numpy.int64)
    documents_BT = numpy.zeros(shape, numpy.int64)
    for number, row in enumerate(rows):
        row.write(ids_BT[number], labels_BT[number], documents_BT[number])
        written = row.num_positions
        documents_BT[number, written:] = documents_BT[number, written - 1] + 1
    batch = {"ids_BT": torch.from_numpy(ids_BT), "labels_BT": torch.from_numpy(labels_BT)}
    if is_packed:
        batch["documents_BT"] = torch.from_numpy(documents_BT)
    return batch
