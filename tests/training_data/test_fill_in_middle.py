"""A rearranged document is the same text with its middle last, and exactly as long."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.fill_in_middle import fill_in_middle

PROGRAM = "def add(first, second):\n    return first + second  # é ☃\n\n\n" * 4
TOKENIZER = CodeTokenizer.train([PROGRAM] * 3, 320)
OPENS, CLOSES, GAP = TOKENIZER.fim_prefix_id, TOKENIZER.fim_suffix_id, TOKENIZER.fim_middle_id


def rearranged(ids: list[int], seed: int, spm_share: float = 0.0) -> list[int]:
    random = numpy.random.default_rng(seed)
    return fill_in_middle(ids, TOKENIZER, random, spm_share).tolist()


def parts(ids: list[int]) -> tuple[str, str, str]:
    """What is left of the text before the gap, that after it, and that of the gap."""
    closes, gap = ids.index(CLOSES), ids.index(GAP)
    texts = (ids[1:closes], ids[closes + 1 : gap], ids[gap + 1 :])
    prefix, suffix, middle = (TOKENIZER.decode(part) for part in texts)
    return prefix, suffix, middle


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.booleans(), st.integers(0, 2**32), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_length_never_changes_and_the_end_stays_last(
    text: str, is_ended: bool, seed: int, spm_share: float
) -> None:
    ids = TOKENIZER.encode(text) + ([TOKENIZER.end_id] if is_ended else [])
    found = rearranged(ids, seed, spm_share)
    assert len(found) == len(ids)
    assert (found[-1:] == [TOKENIZER.end_id]) == is_ended
    marks = [found.count(mark) for mark in (OPENS, CLOSES, GAP)]
    assert marks == [1, 1, 1] or found == ids


def test_prefix_middle_and_suffix_are_the_end_of_the_text() -> None:
    ids = TOKENIZER.encode(PROGRAM)
    num_rearranged = 0
    for seed in range(40):
        found = rearranged(ids, seed)
        if found != ids:
            num_rearranged += 1
            prefix, suffix, middle = parts(found)
            # Half of a character may be left where the front was cut.
            assert PROGRAM.endswith(prefix.lstrip("\ufffd") + middle + suffix)
            assert found[0] == OPENS
    assert num_rearranged > 30


def test_the_suffix_comes_first_where_that_is_wanted() -> None:
    ids = [*TOKENIZER.encode(PROGRAM), TOKENIZER.end_id]
    seed = next(seed for seed in range(40) if rearranged(ids, seed) != ids)
    found = rearranged(ids, seed, spm_share=1.0)
    assert found[:2] == [OPENS, CLOSES]
    nothing, suffix, prefix_and_middle = parts(found)
    assert nothing == ""
    assert PROGRAM.endswith(prefix_and_middle + suffix)
    assert sorted(rearranged(ids, seed)) == sorted(found)


def test_the_parts_are_tokenized_as_when_a_gap_is_filled() -> None:
    ids = TOKENIZER.encode(PROGRAM)
    found = next(found for seed in range(40) if (found := rearranged(ids, seed)) != ids)
    _, suffix, middle = parts(found)
    closes, gap = found.index(CLOSES), found.index(GAP)
    assert found[closes + 1 : gap] == TOKENIZER.encode(suffix)
    assert found[gap + 1 :] == TOKENIZER.encode(middle)


def test_the_same_seed_gives_the_same_cuts() -> None:
    ids = TOKENIZER.encode(PROGRAM)
    assert rearranged(ids, 7, 0.5) == rearranged(ids, 7, 0.5)
    assert len({tuple(rearranged(ids, seed, 0.5)) for seed in range(20)}) > 15


@pytest.mark.parametrize("text", ["", "x", "ab"])
def test_what_has_no_room_for_the_marks_stays_as_it_is(text: str) -> None:
    ids = [*TOKENIZER.encode(text), TOKENIZER.end_id]
    assert all(rearranged(ids, seed) == ids for seed in range(20))


def test_a_piece_that_begins_inside_of_a_character_stays_as_it_is() -> None:
    ids = TOKENIZER.encode("\U0001f600" + PROGRAM)[1:]
    assert all(rearranged(ids, seed) == ids for seed in range(20))
