from __future__ import annotations

import random

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.examples import Example
from lit_coder.training_data.mixture import ExampleLoader, MixturePart, RoundLoader

# The first id of an example says which part (hundreds) and group (tens) it is of.
LABELLED = MixturePart("labelled", (tuple(Example((100 + i, 1, 2), 1) for i in range(5)),), 0.3)
POOL = MixturePart(
    "pool",
    (
        tuple(Example((210 + i, 1, 2), 1) for i in range(9)),
        (Example((220, 1, 2), 1),),
        tuple(Example((230 + i, 1, 2), 1) for i in range(3)),
    ),
    0.7,
)


def make_loader(
    *parts: MixturePart, num_batches: int = 6, batch_size: int = 8, seed: int = 1, round: int = 3
) -> RoundLoader:
    return RoundLoader(parts or (LABELLED, POOL), num_batches, batch_size, 0, seed, round)


def rows(batch: dict[str, torch.Tensor]) -> list[int]:
    return [int(first) for first in batch["ids_BT"][:, 0]]


def test_a_round_has_as_many_batches_as_its_length_says() -> None:
    loader = make_loader(num_batches=6)
    assert len(loader) == len(list(loader)) == 6


@given(st.integers(0, 10**9), st.integers(0, 50), st.lists(st.integers(0, 30), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_batch_is_the_same_whatever_was_drawn_before(
    seed: int, round: int, drawn_before: list[int]
) -> None:
    fresh = rows(make_loader(seed=seed, round=round).batch(7))
    loader = make_loader(seed=seed, round=round)
    for index in drawn_before:
        loader.batch(index)
    assert rows(loader.batch(7)) == fresh


@pytest.mark.parametrize("consumed", range(6))
def test_going_on_from_a_cursor_gives_the_remaining_batches(consumed: int) -> None:
    whole = [rows(batch) for batch in make_loader()]
    loader = make_loader()
    iterator = iter(loader)
    for _ in range(consumed):
        next(iterator)
    resumed = make_loader()
    resumed.load_state_dict(loader.state_dict())
    assert [rows(batch) for batch in resumed] == whole[consumed:]


def test_the_cursor_counts_a_batch_from_the_moment_it_is_in_use() -> None:
    loader = make_loader()
    next(iter(loader))
    assert loader.state_dict() == {"cursor": 1}


def test_a_loader_that_is_iterated_twice_gives_the_round_twice() -> None:
    loader = make_loader()
    assert [rows(batch) for batch in loader] == [rows(batch) for batch in loader]


def test_seeds_rounds_and_indices_give_different_batches() -> None:
    draws = {
        tuple(rows(make_loader(seed=seed, round=round, batch_size=16).batch(index)))
        for seed in range(3)
        for round in range(3)
        for index in range(3)
    }
    assert len(draws) == 27


@given(st.integers(2, 64), st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_each_part_has_a_row_in_each_batch_and_shares_hold_to_one_row(
    batch_size: int, labelled: float, pool: float, index: int
) -> None:
    parts = (
        MixturePart("labelled", LABELLED.groups, labelled),
        MixturePart("pool", POOL.groups, pool),
    )
    drawn = rows(make_loader(*parts, batch_size=batch_size).batch(index))
    real = sum(row < 200 for row in drawn)
    assert len(drawn) == batch_size
    assert 1 <= real <= batch_size - 1
    wanted = batch_size * labelled / (labelled + pool)
    assert abs(real - wanted) <= 1 + 1e-9


def test_the_share_of_a_part_without_examples_goes_to_the_others() -> None:
    empty = MixturePart("pool", (), 0.7)
    assert all(row < 200 for row in rows(make_loader(LABELLED, empty).batch(0)))


def test_groups_of_unequal_size_are_drawn_equally_often() -> None:
    counts = {21: 0, 22: 0, 23: 0}
    loader = make_loader(POOL, num_batches=60, batch_size=50)
    for batch in loader:
        for row in rows(batch):
            counts[row // 10] += 1
    # 3000 draws: five standard deviations of a third are 129.
    assert all(abs(count - 1000) < 130 for count in counts.values())


def test_every_example_of_a_group_comes_up() -> None:
    seen = {row for batch in make_loader(num_batches=40) for row in rows(batch)}
    expected = {e.ids[0] for part in (LABELLED, POOL) for group in part.groups for e in group}
    assert seen == expected


def test_global_random_state_is_neither_read_nor_moved() -> None:
    first = [rows(batch) for batch in make_loader()]
    torch.manual_seed(123)
    random.seed(123)
    numpy.random.seed(123)
    before = (torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tobytes())
    assert [rows(batch) for batch in make_loader()] == first
    after = (torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tobytes())
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_nothing_to_train_on_is_said_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"nothing to train on.*data\.num_labelled") as caught:
        make_loader(MixturePart("labelled", (), 0.3), MixturePart("pool", POOL.groups, 0.0))
    assert "\n" not in str(caught.value)


def test_a_batch_smaller_than_the_number_of_parts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.batch_size 1 "):
        make_loader(batch_size=1)


@given(st.integers(1, 20), st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_the_validation_loader_gives_every_example_once_in_order(number: int, size: int) -> None:
    examples = [Example((i + 1, 1), 1) for i in range(number)]
    loader = ExampleLoader(examples, size, 0)
    batches = list(loader)
    assert len(batches) == len(loader)
    assert [row for batch in batches for row in rows(batch)] == list(range(1, number + 1))
