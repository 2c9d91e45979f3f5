"""From problem and solution to token ids with labels.

    example = encode_example(tokenizer, prompt, completion, max_length)
    batch = collate(examples, pad_id)             # {"ids_BT", "labels_BT"}

Loss falls on the completion and its end token only. Rows are padded to the longest of the
batch; packing several documents into a row is not done here.

Shapes: B rows, T positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lit_coder.tokenizer import CodeTokenizer

IGNORED = -100
"""Label of a position that carries no loss."""


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of prompt, completion and end token; the first `num_prompt_tokens` have no loss."""

    ids: tuple[int, ...]
    num_prompt_tokens: int


def encode_example(
    tokenizer: CodeTokenizer, prompt: str, completion: str, max_length: int
) -> Example | None:
    """The example of a solution, or None where it is longer than `max_length` tokens.

    Prompt and completion are tokenized apart, as they are when the model completes a prompt.
    """
    prompt_ids = tokenizer.encode(prompt)
    ids = (*prompt_ids, *tokenizer.encode(completion), tokenizer.end_id)
    if len(ids) > max_length:
        return None
    return Example(ids=ids, num_prompt_tokens=len(prompt_ids))


def collate(examples: Sequence[Example], pad_id: int) -> dict[str, torch.Tensor]:
    """Pad to the longest row and shift: position t predicts `labels_BT[:, t]`."""
    longest = max(len(example.ids) for example in examples) - 1
    ids_BT = torch.full((len(examples), longest), pad_id, dtype=torch.long)
    labels_BT = torch.full((len(examples), longest), IGNORED, dtype=torch.long)
    for row, example in enumerate(examples):
        ids = torch.tensor(example.ids, dtype=torch.long)
        length = len(ids) - 1
        first = max(0, example.num_prompt_tokens - 1)
        ids_BT[row, :length] = ids[:-1]
        labels_BT[row, first:length] = ids[first + 1 :]
    return {"ids_BT": ids_BT, "labels_BT": labels_BT}
