"""Rearranges a document so that its middle comes last, and the model learns to fill gaps.

    piece = fill_in_middle(piece, tokenizer, random, spm_share=0.5)

Bavarian et al., 2022, "Efficient Training of Language Models to Fill in the Middle": the text is
cut at two random characters, and its parts are tokenized apart, as they are when a gap is filled.
Half of the pieces or so stand as suffix, prefix, middle ("SPM", the paper's second variant),

    <|fim_prefix|> prefix <|fim_suffix|> suffix <|fim_middle|> middle
    <|fim_prefix|> <|fim_suffix|> suffix <|fim_middle|> prefix middle

The result is exactly as long as what it replaces, so that a row keeps its length: what the marks
and the cuts inside of tokens add is taken from the front of the prefix. Which pieces are rearranged
is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from lit_coder.tokenizer import CodeTokenizer

_BROKEN_CHARACTER = "\ufffd"


def fill_in_middle(
    piece: Sequence[int] | NDArray[numpy.int64],
    tokenizer: CodeTokenizer,
    random: numpy.random.Generator,
    spm_share: float,
) -> NDArray[numpy.int64]:
    """The piece with its middle last, or as it is where that cannot have the same length.

    It stays as it is where the prefix is too short to make room for the marks, where the parts
    have fewer tokens than the whole, and where it begins or ends inside of a character.

    Args:
        piece: ids of a document or of a part of one, shape (N,); an end id at its end stays last.
        tokenizer: the one that made them.
        random: gives the two cuts and the order of the parts.
        spm_share: share of the pieces that stand as suffix, prefix, middle.

    Raises:
        ValueError: the tokenizer has no marks for it.
    """
    ids = numpy.asarray(piece, dtype=numpy.int64)
    opens, closes, gap = _marks(tokenizer)
    end = ids[-1:] if len(ids) and ids[-1] == tokenizer.end_id else ids[:0]
    text = tokenizer.decode(ids[: len(ids) - len(end)].tolist())
    first_cut, second_cut = sorted(random.integers(0, len(text) + 1, size=2).tolist())
    is_suffix_first = random.random() < spm_share
    if _BROKEN_CHARACTER in text:
        return ids
    prefix = tokenizer.encode(text[:first_cut])
    middle = tokenizer.encode(text[first_cut:second_cut])
    suffix = tokenizer.encode(text[second_cut:])
    num_excess = len(prefix) + len(middle) + len(suffix) + 3 + len(end) - len(ids)
    if not 0 <= num_excess <= len(prefix):
        return ids
    kept = prefix[num_excess:]
    if is_suffix_first:
        parts = [opens, closes, *suffix, gap, *kept, *middle]
    else:
        parts = [opens, *kept, closes, *suffix, gap, *middle]
    return numpy.concatenate([numpy.array(parts, dtype=numpy.int64), end])


def _marks(tokenizer: CodeTokenizer) -> tuple[int, int, int]:
    """The ids that open the text before the gap, the text after it, and the gap."""
    marks = (tokenizer.fim_prefix_id, tokenizer.fim_suffix_id, tokenizer.fim_middle_id)
    if None in marks:
        raise ValueError(
            "data.fim_rate needs a tokenizer with marks for filling in the middle, which this one "
            "lacks; set data.fim_rate to 0"
        )
    return marks
