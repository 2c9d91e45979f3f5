from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import signal
from collections import Counter
from typing import Any, Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.corpus_rows import CorpusRows
from lit_coder.training_data.examples import IGNORED, Example
from lit_coder.training_data.mixture import CorpusPart, Mixture, MixturePart
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader, RowLoader
from tests.training_data.parts import checksum, example_group, write_corpus

Tensors = dict[str, torch.Tensor]
Kind = Literal["one example a row", "packed", "beside a corpus"]
KINDS: tuple[Kind, ...] = ("one example a row", "packed", "beside a corpus")
PAD = 0


def numbered(start: int, count: int) -> Any:
    """Examples of many lengths, each of ids of its own."""
    lengths = [3 + i * 5 % 11 for i in range(count)]
    return example_group(
        (tuple(start + (i * 7 + j * 3) % 40 for j in range(lengths[i])), 1 + i % 3)
        for i in range(count)
    )


LABELLED = MixturePart("labelled", (numbered(100, 23),), 0.3)
POOL = MixturePart("pool", (numbered(200, 9), numbered(300, 1), numbered(400, 30)), 0.7)


@pytest.fixture(scope="module")
def corpus_rows(tmp_path_factory: pytest.TempPathFactory) -> CorpusRows:
    folder = tmp_path_factory.mktemp("corpus")
    corpus = write_corpus(folder, [range(500, 500 + n) for n in (40, 3, 77, 25, 120)])
    return CorpusRows(corpus, num_positions=16, seed=1)


def make_loader(
    corpus_rows: CorpusRows,
    layout: BatchLayout,
    kind: Kind = "one example a row",
    num_steps: int = 4,
    num_workers: int = 0,
    pin_memory: bool = False,
) -> RoundLoader:
    mixture = Mixture(
        (LABELLED, POOL),
        layout.global_batch,
        seed=1,
        round=3,
        packed_positions=None if kind == "one example a row" else 16,
        corpus=CorpusPart(corpus_rows, 0.5, 7) if kind == "beside a corpus" else None,
    )
    return RoundLoader(mixture, layout, num_steps, PAD, num_workers, pin_memory)


def contents(batch: Tensors) -> Counter[tuple[tuple[int, ...], ...]]:
    """The rows of a batch, whatever they are padded to."""
    rows: Counter[tuple[tuple[int, ...], ...]] = Counter()
    for ids, labels in zip(batch["ids_BT"].tolist(), batch["labels_BT"].tolist(), strict=True):
        length = max(t + 1 for t, token in enumerate(ids) if token != PAD)
        rows[(tuple(ids[:length]), tuple(labels[:length]))] += 1
    return rows


# What the loader of one device without accumulation gave before there were others.
RECORDED = {
    (1, 0, 0, 0): "0d2cca76313500d4",
    (1, 1, 0, 7): "c145aac19a16353e",
    (1, 1, 3, 2): "edc2e50fce7e4576",
    (1, 123456789, 12, 149): "0fed8d5f4e2111e6",
    (2, 0, 0, 0): "17bd922047cc930d",
    (2, 1, 0, 7): "ec5fd65bdd9ab1e9",
    (2, 1, 3, 2): "3f51dafa14ff581a",
    (2, 123456789, 12, 149): "f2359d2c7d459992",
}


@pytest.mark.parametrize(("num_parts", "seed", "round", "number"), RECORDED)
def test_batches_of_one_device_never_change(
    num_parts: int, seed: int, round: int, number: int
) -> None:
    mixture = Mixture((LABELLED, POOL)[:num_parts], 32, seed, round)
    batch = RoundLoader(mixture, BatchLayout(32), 150, PAD).batch(number)
    assert set(batch) == {"ids_BT", "labels_BT"}
    assert checksum([batch]) == RECORDED[num_parts, seed, round, number]


def test_a_round_has_a_micro_batch_for_each_step_and_accumulation(corpus_rows: CorpusRows) -> None:
    loader = make_loader(corpus_rows, BatchLayout(4, accumulate=3), num_steps=5)
    assert len(loader) == len(list(loader)) == 15


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_any_sharing_out_of_equal_steps_has_the_same_rows_and_the_same_number_of_labels(
    corpus_rows: CorpusRows, kind: Kind, devices: int, accumulate: int, size: int, step: int
) -> None:
    size = 3 * size
    whole = make_loader(corpus_rows, BatchLayout(devices * accumulate * size), kind).batch(step)
    num_labels = int((whole["labels_BT"] != IGNORED).sum())
    shared: Counter[tuple[tuple[int, ...], ...]] = Counter()
    for rank, index in itertools.product(range(devices), range(accumulate)):
        layout = BatchLayout(size, accumulate, devices, rank)
        batch = make_loader(corpus_rows, layout, kind).batch(step * accumulate + index)
        shared += contents(batch)
        assert batch["ids_BT"].shape[0] == size
        if devices * accumulate == 1:
            assert "num_targets" not in batch
        else:
            assert batch["num_targets"].dtype == torch.float32
            expected = torch.tensor(num_labels / (devices * accumulate))
            assert batch["num_targets"].equal(expected)
    assert shared == contents(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_the_shared_losses_is_the_mean_over_all_labels(
    corpus_rows: CorpusRows, kind: Kind
) -> None:
    def loss(batch: Tensors) -> float:
        """A sum over labels, as cross-entropy is, divided as the objective does."""
        learned = batch["labels_BT"][batch["labels_BT"] != IGNORED].double()
        total = learned.sqrt().sum()
        return float(total / batch.get("num_targets", torch.tensor(len(learned))))

    whole = loss(make_loader(corpus_rows, BatchLayout(24), kind).batch(2))
    shared = [
        loss(make_loader(corpus_rows, BatchLayout(4, 3, 2, rank), kind).batch(6 + index))
        for rank, index in itertools.product(range(2), range(3))
    ]
    assert sum(shared) / 6 == pytest.approx(whole, rel=1e-6)


def test_micro_batches_hold_some_of_every_part(corpus_rows: CorpusRows) -> None:
    loader = make_loader(corpus_rows, BatchLayout(8, accumulate=2), "beside a corpus")
    for number in range(8):
        origins = {int(ids[0]) // 100 for ids in loader.batch(number)["ids_BT"]}
        assert origins & {5, 6} and origins & {1, 2, 3, 4}


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 8))
@settings(max_examples=9, deadline=None)
def test_going_on_from_any_cursor_gives_the_remaining_batches(
    corpus_rows: CorpusRows, kind: Kind, consumed: int
) -> None:
    layout = BatchLayout(4, accumulate=2)
    whole = list(make_loader(corpus_rows, layout, kind))
    loader = make_loader(corpus_rows, layout, kind)
    iterator = iter(loader)
    for _ in range(consumed):
        next(iterator)
    resumed = make_loader(corpus_rows, layout, kind)
    resumed.load_state_dict(pickle.loads(pickle.dumps(loader.state_dict())))
    assert resumed.num_consumed == consumed
    assert checksum(resumed) == checksum(whole[consumed:])


@given(st.integers(0, 4), st.sampled_from([(1, 1, 12), (2, 1, 6), (1, 3, 4), (2, 2, 3), (3, 2, 2)]))
@settings(max_examples=20, deadline=None)
def test_a_resume_on_other_devices_goes_on_with_the_same_step(
    corpus_rows: CorpusRows, num_steps: int, shared: tuple[int, int, int]
) -> None:
    devices, accumulate, size = shared
    saved = make_loader(corpus_rows, BatchLayout(6, accumulate=2))
    iterator = iter(saved)
    for _ in range(2 * num_steps):
        next(iterator)
    for rank in range(devices):
        resumed = make_loader(corpus_rows, BatchLayout(size, accumulate, devices, rank))
        resumed.load_state_dict(saved.state_dict())
        assert resumed.num_consumed == num_steps * accumulate
        assert len(list(resumed)) == (4 - num_steps) * accumulate


def test_a_resume_with_steps_of_another_size_is_refused_in_one_sentence(
    corpus_rows: CorpusRows,
) -> None:
    saved = make_loader(corpus_rows, BatchLayout(4, accumulate=2)).state_dict()
    loader = make_loader(corpus_rows, BatchLayout(4, world_size=3, rank=1))
    with pytest.raises(ValueError, match=r"8 rows, not 12") as caught:
        loader.load_state_dict(saved)
    for option in ("data.batch_size", "trainer.devices", "trainer.accumulate_grad_batches"):
        assert option in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_cursor_counts_rows_of_all_devices_from_the_moment_they_are_in_use(
    corpus_rows: CorpusRows,
) -> None:
    loader = make_loader(corpus_rows, BatchLayout(4, accumulate=3, world_size=2, rank=1))
    next(iter(loader))
    assert loader.state_dict() == {"cursor": 8, "global_batch": 24}


def test_a_loader_that_is_iterated_twice_gives_the_round_twice(corpus_rows: CorpusRows) -> None:
    loader = make_loader(corpus_rows, BatchLayout(6))
    assert checksum(loader) == checksum(loader)


def test_worker_processes_give_the_same_batches_and_count_what_was_consumed(
    corpus_rows: CorpusRows,
) -> None:
    layout = BatchLayout(4, accumulate=2)
    whole = list(make_loader(corpus_rows, layout, "beside a corpus"))
    loader = make_loader(corpus_rows, layout, "beside a corpus", num_workers=2)
    random_state = torch.get_rng_state()
    iterator = iter(loader)
    first = [next(iterator) for _ in range(3)]
    assert loader.state_dict()["cursor"] == 12
    resumed = make_loader(corpus_rows, layout, "beside a corpus", num_workers=2)
    resumed.load_state_dict(loader.state_dict())
    for ours, theirs in zip([*first, *resumed], whole, strict=True):
        assert set(ours) == {"ids_BT", "labels_BT", "documents_BT", "num_targets"}
        assert all(ours[name].dtype == tensor.dtype for name, tensor in theirs.items())
        assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
        # In one piece, so that what is pinned is pinned as a whole.
        assert len({tensor.untyped_storage().data_ptr() for tensor in ours.values()}) == 1
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="nothing is pinned without a CUDA device")
@pytest.mark.parametrize("num_workers", [0, 1])
def test_every_tensor_of_a_batch_is_pinned_for_a_device(
    corpus_rows: CorpusRows, num_workers: int
) -> None:
    layout = BatchLayout(4, accumulate=2)
    loader = make_loader(
        corpus_rows, layout, "beside a corpus", num_workers=num_workers, pin_memory=True
    )
    for batch in loader:
        assert all(tensor.is_pinned() for tensor in batch.values()), "num_targets" in batch


def test_a_signal_to_the_whole_group_takes_no_batch_away(corpus_rows: CorpusRows) -> None:
    layout = BatchLayout(4)
    loader = make_loader(corpus_rows, layout, "packed", num_steps=30, num_workers=1)
    before = set(multiprocessing.active_children())
    iterator = iter(loader)
    batches = [next(iterator)]
    (worker,) = set(multiprocessing.active_children()) - before
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(worker.pid or 0, number)
    batches += iterator
    assert checksum(batches) == checksum(make_loader(corpus_rows, layout, "packed", num_steps=30))


def test_a_loader_that_is_given_up_leaves_no_worker_behind(corpus_rows: CorpusRows) -> None:
    before = set(multiprocessing.active_children())
    iterator = iter(make_loader(corpus_rows, BatchLayout(4), num_workers=1))
    next(iterator)
    (worker,) = set(multiprocessing.active_children()) - before
    del iterator
    worker.join(timeout=10)
    assert worker.exitcode == 0


@given(st.integers(1, 20), st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_the_validation_loader_gives_every_row_once_in_order(number: int, size: int) -> None:
    loader = RowLoader([Example((i + 1, 1), 1) for i in range(number)], size, PAD)
    batches = list(loader)
    assert len(batches) == len(loader)
    assert [int(i) for batch in batches for i in batch["ids_BT"][:, 0]] == list(
        range(1, number + 1)
    )
