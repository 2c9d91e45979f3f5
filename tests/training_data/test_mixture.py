from __future__ import annotations

import random
from pathlib import Path

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.corpus_rows import CorpusRow, CorpusRows
from lit_coder.training_data.examples import Example, Row
from lit_coder.training_data.mixture import CorpusPart, Mixture, MixturePart
from lit_coder.training_data.packing import PackedRow
from tests.training_data.parts import example_group, write_corpus

# The first id of an example says which part (hundreds) and group (tens) it is of.
LABELLED = MixturePart("labelled", (example_group([((100 + i, 1, 2), 1) for i in range(5)]),), 0.3)
POOL = MixturePart(
    "pool",
    (
        example_group([((210 + i, 1, 2), 1) for i in range(9)]),
        example_group([((220, 1, 2), 1)]),
        example_group([((230 + i, 1, 2), 1) for i in range(3)]),
    ),
    0.7,
)


@pytest.fixture(scope="module")
def corpus_rows(tmp_path_factory: pytest.TempPathFactory) -> CorpusRows:
    folder = tmp_path_factory.mktemp("corpus")
    corpus = write_corpus(folder, [range(300, 300 + n) for n in (40, 3, 77, 25)])
    return CorpusRows(corpus, num_positions=8, seed=1)


def make_mixture(
    *parts: MixturePart, global_batch: int = 8, seed: int = 1, round: int = 3
) -> Mixture:
    return Mixture(parts or (LABELLED, POOL), global_batch, seed, round)


def firsts(rows: list[Row]) -> list[int]:
    """The first id of each row, which is one example."""
    ids = []
    for row in rows:
        assert isinstance(row, Example)
        ids.append(int(row.ids[0]))
    return ids


@given(st.integers(0, 10**9), st.integers(0, 50), st.lists(st.integers(0, 30), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_step_is_the_same_whatever_was_drawn_before(
    seed: int, round: int, drawn_before: list[int]
) -> None:
    fresh = firsts(make_mixture(seed=seed, round=round).rows(7))
    mixture = make_mixture(seed=seed, round=round)
    for step in drawn_before:
        mixture.rows(step)
    assert firsts(mixture.rows(7)) == fresh


def test_seeds_rounds_and_steps_give_different_rows() -> None:
    draws = {
        tuple(firsts(make_mixture(seed=seed, round=round, global_batch=16).rows(step)))
        for seed in range(3)
        for round in range(3)
        for step in range(3)
    }
    assert len(draws) == 27


@given(st.integers(2, 64), st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_each_part_has_a_row_in_each_step_and_shares_hold_to_one_row(
    global_batch: int, labelled: float, pool: float, step: int
) -> None:
    parts = (
        MixturePart("labelled", LABELLED.groups, labelled),
        MixturePart("pool", POOL.groups, pool),
    )
    drawn = firsts(make_mixture(*parts, global_batch=global_batch).rows(step))
    real = sum(first < 200 for first in drawn)
    assert len(drawn) == global_batch
    assert 1 <= real <= global_batch - 1
    wanted = global_batch * labelled / (labelled + pool)
    assert abs(real - wanted) <= 1 + 1e-9


def test_the_share_of_a_part_without_examples_goes_to_the_others() -> None:
    empty = MixturePart("pool", (), 0.7)
    assert all(first < 200 for first in firsts(make_mixture(LABELLED, empty).rows(0)))


def test_groups_of_unequal_size_are_drawn_equally_often() -> None:
    counts = {21: 0, 22: 0, 23: 0}
    mixture = make_mixture(POOL, global_batch=50)
    for step in range(60):
        for first in firsts(mixture.rows(step)):
            counts[first // 10] += 1
    # 3000 draws: five standard deviations of a third are 129.
    assert all(abs(count - 1000) < 130 for count in counts.values())


def test_every_example_of_a_group_comes_up() -> None:
    mixture = make_mixture()
    seen = {first for step in range(40) for first in firsts(mixture.rows(step))}
    groups = [group for part in (LABELLED, POOL) for group in part.groups]
    assert seen == {group[n].ids[0] for group in groups for n in range(len(group))}


def test_global_random_state_is_neither_read_nor_moved() -> None:
    def drawn() -> list[int]:
        mixture = make_mixture()
        return [first for step in range(6) for first in firsts(mixture.rows(step))]

    before_seeding = drawn()
    torch.manual_seed(123)
    random.seed(123)
    numpy.random.seed(123)
    before = (torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tobytes())
    assert drawn() == before_seeding
    after = (torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tobytes())
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


@given(st.integers(3, 64), st.floats(0.01, 0.99), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_corpus_has_its_share_of_each_step_and_every_other_part_a_row(
    corpus_rows: CorpusRows, global_batch: int, share: float, step: int
) -> None:
    corpus = CorpusPart(corpus_rows, share)
    rows = Mixture([LABELLED, POOL], global_batch, 1, 0, 8, corpus).rows(step)
    of_corpus = sum(isinstance(row, CorpusRow) for row in rows)
    packed = [row for row in rows if isinstance(row, PackedRow)]
    assert len(rows) == global_batch == of_corpus + len(packed)
    assert 1 <= of_corpus <= global_batch - 2
    assert abs(of_corpus - global_batch * share) <= 2
    origins = {int(example.ids[0]) // 100 for row in packed for example in row.examples}
    assert origins == {1, 2}


@pytest.mark.parametrize(("parts", "share"), [((), 0.5), ((LABELLED, POOL), 1.0)])
def test_without_examples_or_with_the_whole_share_every_row_is_the_corpus(
    corpus_rows: CorpusRows, parts: tuple[MixturePart, ...], share: float
) -> None:
    mixture = Mixture(parts, 4, 1, 0, 8, CorpusPart(corpus_rows, share))
    assert mixture.corpus_rows_per_step == 4
    assert all(isinstance(row, CorpusRow) for row in mixture.rows(3))


@given(st.integers(2, 9), st.integers(0, 40), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_over_the_steps_every_row_of_the_corpus_is_seen_exactly_once_in_a_pass(
    corpus_rows: CorpusRows, global_batch: int, used: int, num_passes: int
) -> None:
    mixture = Mixture([LABELLED], global_batch, 1, 0, 8, CorpusPart(corpus_rows, 0.5, used))
    starts = [
        row.start
        for step in range(5 * num_passes * corpus_rows.num_rows)
        for row in mixture.rows(step)
        if isinstance(row, CorpusRow)
    ]
    rest = -used % corpus_rows.num_rows
    for number in range(num_passes):
        first = rest + number * corpus_rows.num_rows
        whole_pass = starts[first : first + corpus_rows.num_rows]
        assert sorted(whole_pass) == [8 * n for n in range(corpus_rows.num_rows)]


def test_without_any_example_or_corpus_the_message_says_what_to_raise(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.num_labelled") as caught:
        make_mixture(MixturePart("labelled", (), 1.0))
    assert "\n" not in str(caught.value) and "data.corpus" in str(caught.value)


def test_a_step_of_fewer_rows_than_parts_is_refused(corpus_rows: CorpusRows) -> None:
    with pytest.raises(ValueError, match=r"step \(1\) .*2 of .*data\.batch_size"):
        make_mixture(global_batch=1)
    with pytest.raises(ValueError, match=r"step \(2\) .*3 of .*data\.batch_size"):
        Mixture([LABELLED, POOL], 2, 1, 0, 8, CorpusPart(corpus_rows, 0.5))


def test_a_full_step_has_room_for_no_other_part(corpus_rows: CorpusRows) -> None:
    corpus = CorpusPart(corpus_rows, 0.5)
    assert make_mixture(LABELLED, global_batch=2).has_room_for("pool")
    assert not make_mixture(LABELLED, global_batch=1).has_room_for("pool")
    assert not Mixture([LABELLED], 2, 1, 0, 8, corpus).has_room_for("pool")
    assert Mixture([LABELLED, POOL], 3, 1, 0, 8, corpus).has_room_for("pool")
    whole = CorpusPart(corpus_rows, 1.0)
    assert Mixture([LABELLED], 1, 1, 0, 8, whole).has_room_for("pool"), "none is wanted"
