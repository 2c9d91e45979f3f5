from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.corpus_rows import CorpusRows, GapFilling, permuted
from lit_coder.training_data.examples import IGNORED, collate
from tests.training_data.parts import tiny_tokenizer, write_corpus

TOKENIZER = tiny_tokenizer()
END = TOKENIZER.end_id
# Every id but the end's stands in one place of the corpus only.
DOCUMENTS = [range(10, 13), range(20, 38), (), range(40, 41), range(50, 75), range(80, 99)]


@pytest.fixture
def rows(tmp_path: Path) -> CorpusRows:
    corpus = write_corpus(tmp_path / "tokens", DOCUMENTS, END)
    return CorpusRows(corpus, num_positions=8, seed=1)


@given(st.integers(1, 600), st.text(max_size=4))
@settings(max_examples=50, deadline=None)
def test_an_order_holds_every_number_once(size: int, key: str) -> None:
    assert sorted(permuted(place, size, key) for place in range(size)) == list(range(size))


def test_an_order_is_mixed_and_each_key_has_its_own() -> None:
    orders = [[permuted(place, 1000, key) for place in range(1000)] for key in ("a", "b")]
    assert sum(a == b for a, b in zip(*orders, strict=True)) < 10
    for order in orders:
        assert sum(abs(a - b) == 1 for a, b in itertools.pairwise(order)) < 20
        first_half = sum(order[:500]) / 500
        # The mean of 500 of 1000 numbers: five standard deviations are 46.
        assert abs(first_half - 499.5) < 46


@pytest.mark.parametrize("number_of_pass", [0, 1, 7])
def test_every_row_of_the_corpus_is_seen_exactly_once_in_a_pass(
    rows: CorpusRows, number_of_pass: int
) -> None:
    first = number_of_pass * rows.num_rows
    starts = [rows[number].start for number in range(first, first + rows.num_rows)]
    assert sorted(starts) == [8 * number for number in range(rows.num_rows)]


def test_a_pass_has_an_order_of_its_own(rows: CorpusRows) -> None:
    orders = {
        tuple(rows[first + n].start for n in range(rows.num_rows))
        for first in range(0, 5 * rows.num_rows, rows.num_rows)
    }
    assert len(orders) == 5


def test_a_row_is_contiguous_tokens_with_the_next_ones_as_labels(rows: CorpusRows) -> None:
    for number in range(rows.num_rows):
        row = rows[number]
        batch = collate([row], 0, 8)
        ids = rows.corpus.ids(row.start, row.start + 9)
        assert batch["ids_BT"][0].tolist() == ids[:8].tolist()
        learned = [IGNORED if a == END else b for a, b in itertools.pairwise(ids)]
        assert batch["labels_BT"][0].tolist() == learned


def test_a_document_of_a_row_ends_with_its_end_token(rows: CorpusRows) -> None:
    for number in range(rows.num_rows):
        batch = collate([rows[number]], 0, 8)
        ids, documents = batch["ids_BT"][0].tolist(), batch["documents_BT"][0].tolist()
        assert documents[0] == 0
        steps = [b - a for a, b in itertools.pairwise(documents)]
        assert steps == [int(token == END) for token in ids[:-1]]


def test_the_number_of_labels_is_known_before_the_row_is_written(rows: CorpusRows) -> None:
    whole = rows.in_order(99)
    counts = [int((collate([row], 0, 8)["labels_BT"] != IGNORED).sum()) for row in whole]
    assert [row.num_targets for row in whole] == counts
    assert len(set(counts)) > 1


def test_rows_of_validation_stand_evenly_over_the_corpus(rows: CorpusRows) -> None:
    assert rows.num_rows == 8 and len(rows.in_order(64)) == 8
    assert [row.start // 8 for row in rows.in_order(4)] == [0, 2, 4, 6]


def test_rows_are_the_same_after_a_journey_to_another_process(rows: CorpusRows) -> None:
    here = collate([rows[number] for number in range(20)], 0, 8)
    there = pickle.loads(pickle.dumps(rows))
    again = collate([there[number] for number in range(20)], 0, 8)
    assert all(again[name].equal(tensor) for name, tensor in here.items())


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_gaps_are_filled_in_some_documents_and_nothing_else_changes(
    tmp_path: Path, rate: float
) -> None:
    texts = [f"def f_{n}(x):\n    return x + {n}\n" * 12 for n in range(40)]
    corpus = write_corpus(tmp_path, [TOKENIZER.encode(text) for text in texts], END)
    plain = CorpusRows(corpus, 512, seed=1)
    filled = CorpusRows(corpus, 512, seed=1, gap_filling=GapFilling(TOKENIZER, rate))
    num_pieces = num_filled = 0
    for number in range(plain.num_rows):
        before, after = (collate([rows[number]], 0, 512) for rows in (plain, filled))
        assert before["documents_BT"].equal(after["documents_BT"])
        assert plain[number].num_targets == filled[number].num_targets
        assert (before["labels_BT"] == IGNORED).equal(after["labels_BT"] == IGNORED)
        ends = before["ids_BT"] == END
        assert ends.equal(after["ids_BT"] == END)
        num_pieces += int(before["documents_BT"].max()) + 1
        num_filled += int((after["ids_BT"] == TOKENIZER.fim_middle_id).sum())
    # Pieces at the edges of rows may be too short.
    assert abs(num_filled / num_pieces - rate) < 0.25


def test_gaps_are_filled_alike_in_every_process_and_differently_in_every_pass(
    tmp_path: Path,
) -> None:
    text = "def f(x):\n    return x + 1\n" * 4
    corpus = write_corpus(tmp_path, [TOKENIZER.encode(text)] * 4, END)
    rows = CorpusRows(corpus, 100, seed=1, gap_filling=GapFilling(TOKENIZER, 1.0))
    here = collate([rows[number] for number in range(8)], 0, 100)
    there = pickle.loads(pickle.dumps(rows))
    assert collate([there[number] for number in range(8)], 0, 100)["ids_BT"].equal(here["ids_BT"])
    one_place = [n for n in range(4 * rows.num_rows) if rows[n].start == 0]
    assert len({tuple(collate([rows[n]], 0, 100)["ids_BT"][0].tolist()) for n in one_place}) == 4
