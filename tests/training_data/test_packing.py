from __future__ import annotations

import pickle

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.examples import IGNORED, ExampleGroup, collate
from lit_coder.training_data.packing import WINDOW_ROWS, PackedExamples, best_fit
from tests.training_data.parts import example_group

LENGTHS = st.lists(st.integers(1, 30), max_size=40)


def realistic_group(count: int, mean: int, longest: int, seed: int = 0) -> ExampleGroup:
    """Examples whose lengths are distributed as those of programs are: log-normally."""
    random = numpy.random.default_rng(seed)
    lengths = numpy.clip(random.lognormal(numpy.log(mean), 0.6, count), 8, longest).astype(int)
    return example_group((range(2, 2 + length), length // 3) for length in lengths)


@given(LENGTHS, st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_no_row_is_overfull_and_no_item_lies_in_two(lengths: list[int], num_rows: int) -> None:
    rows = best_fit(lengths, 30, num_rows)
    placed = [item for row in rows for item in row]
    assert len(rows) == num_rows
    assert len(placed) == len(set(placed))
    assert all(sum(lengths[item] for item in row) <= 30 for row in rows)


@given(LENGTHS, st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_an_item_is_left_out_only_where_no_row_has_room(lengths: list[int], num_rows: int) -> None:
    rows = best_fit(lengths, 30, num_rows)
    placed = {item for row in rows for item in row}
    room = max(30 - sum(lengths[item] for item in row) for row in rows)
    assert all(lengths[item] > room for item in range(len(lengths)) if item not in placed)


def test_the_fullest_row_that_has_room_is_chosen() -> None:
    # 7 and 6 open the rows; 4 fits beside 6 only, 3 fits beside 7.
    rows = best_fit([7, 6, 4, 3], 10, 2)
    assert sorted(sorted(row) for row in rows) == [[0, 3], [1, 2]]


@pytest.mark.parametrize("num_positions", [256, 512, 1024, 2048])
def test_at_least_99_percent_of_the_positions_are_useful(num_positions: int) -> None:
    groups = [realistic_group(400, 60, 200), realistic_group(50, 120, 250, seed=1)]
    source = PackedExamples("pool", groups, num_positions, rows_per_step=16, seed=1, round=0)
    rows = [row for step in range(16) for row in source.rows(step)]
    assert sum(row.num_positions for row in rows) >= 0.99 * num_positions * len(rows)


def test_packing_prefers_no_length() -> None:
    group = realistic_group(300, 60, 200)
    source = PackedExamples("pool", [group], 512, rows_per_step=16, seed=1, round=0)
    lengths = [e.num_positions for step in range(64) for r in source.rows(step) for e in r.examples]
    shorter = numpy.mean(numpy.array(lengths) < numpy.median(group.num_positions))
    expected = numpy.mean(group.num_positions < numpy.median(group.num_positions))
    # Some 8000 draws: five standard deviations are 0.028.
    assert abs(shorter - expected) < 0.028


@given(
    st.lists(st.integers(2, 33), min_size=1, max_size=6),
    st.integers(1, 300),
    st.integers(0, 10**6),
)
@settings(max_examples=25, deadline=None)
def test_no_row_is_empty_whatever_the_lengths(lengths: list[int], rows: int, step: int) -> None:
    group = example_group((range(length), 1) for length in lengths)
    source = PackedExamples("pool", [group], 32, rows_per_step=rows, seed=3, round=1)
    assert all(row.examples for row in source.rows(step))


def test_groups_of_unequal_size_are_drawn_equally_often() -> None:
    groups = [example_group([((group, 5, 6), 1)] * (9 * group + 1)) for group in range(3)]
    source = PackedExamples("pool", groups, 8, rows_per_step=64, seed=1, round=0)
    drawn = [e.ids[0] for step in range(12) for row in source.rows(step) for e in row.examples]
    counts = [drawn.count(group) for group in range(3)]
    # 3072 draws: five standard deviations of a third are 131.
    assert all(abs(count - len(drawn) / 3) < 131 for count in counts)


@given(st.integers(0, 200), st.lists(st.integers(0, 200), max_size=3))
@settings(max_examples=15, deadline=None)
def test_a_step_is_the_same_whatever_was_asked_before(step: int, before: list[int]) -> None:
    def made() -> PackedExamples:
        return PackedExamples("pool", [realistic_group(20, 10, 30)], 32, 3, seed=1, round=2)

    fresh = collate(made().rows(step), 0, 32)
    source = made()
    for earlier in before:
        source.rows(earlier)
    again = collate(pickle.loads(pickle.dumps(source)).rows(step), 0, 32)
    assert all(again[name].equal(tensor) for name, tensor in fresh.items())


def test_parts_rounds_and_windows_are_drawn_apart() -> None:
    def drawn(name: str, round: int, step: int) -> bytes:
        group = realistic_group(50, 10, 30)
        source = PackedExamples(name, [group], 32, WINDOW_ROWS, seed=1, round=round)
        return collate(source.rows(step), 0, 32)["ids_BT"].numpy().tobytes()

    draws = {drawn(*key) for key in (("a", 0, 0), ("b", 0, 0), ("a", 1, 0), ("a", 0, 1))}
    assert len(draws) == 4


def test_documents_are_numbered_and_neither_prompts_nor_the_next_document_are_learned() -> None:
    group = example_group([((10, 11, 12, 13), 2)])
    (row,) = PackedExamples("pool", [group], 8, rows_per_step=1, seed=0, round=0).rows(0)
    batch = collate([row], pad_id=0, num_positions=8)
    assert batch["ids_BT"].tolist() == [[10, 11, 12, 10, 11, 12, 0, 0]]
    assert batch["labels_BT"].tolist() == [[IGNORED, 12, 13, IGNORED, 12, 13, IGNORED, IGNORED]]
    assert batch["documents_BT"].tolist() == [[0, 0, 0, 1, 1, 1, 2, 2]]
    assert (row.num_positions, row.num_targets) == (6, 4)
