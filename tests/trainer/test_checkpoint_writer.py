from __future__ import annotations

import resource
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing._internal.two_tensor import TwoTensor

from lit_coder.trainer.checkpoint_copy import HostCopier
from lit_coder.trainer.checkpoint_writer import CheckpointWriter, write_file

DTYPES = (torch.float32, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool)


def make_tensor(shape: list[int], dtype: torch.dtype, transposed: bool) -> torch.Tensor:
    tensor = torch.randn(shape).to(dtype)
    return tensor.mT if transposed and len(shape) > 1 else tensor


TENSORS = st.builds(
    make_tensor, st.lists(st.integers(0, 4), max_size=3), st.sampled_from(DTYPES), st.booleans()
)
LEAVES = TENSORS | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.none()
CHECKPOINTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def assert_equal(one: Any, other: Any) -> None:
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and one.stride() == other.stride()
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key, value in one.items():
            assert_equal(value, other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for own, its in zip(one, other, strict=True):
            assert_equal(own, its)
    else:
        assert one == other and type(one) is type(other)


def nothing() -> None:
    pass


@contextmanager
def files_of_at_most(num_bytes: int) -> Iterator[None]:
    """As on a full disk: what is longer cannot be written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@given(CHECKPOINTS)
@settings(max_examples=40, deadline=None)
def test_a_file_written_from_memory_holds_what_was_given(
    tmp_path_factory: pytest.TempPathFactory, checkpoint: Any
) -> None:
    path = tmp_path_factory.mktemp("written") / "a.ckpt"
    writer = CheckpointWriter()
    writer.hold(checkpoint, path, nothing)
    writer.write_held()
    writer.wait()
    assert_equal(torch.load(path, weights_only=True), checkpoint)


def test_what_changes_after_the_copy_is_not_in_the_file(tmp_path: Path) -> None:
    weight, sizes, names = torch.ones(1000), [1, 2], {"a": [1]}
    writer = CheckpointWriter()
    checkpoint = {"weight": weight, "sizes": sizes, "names": names}
    writer.hold(checkpoint, tmp_path / "a.ckpt", nothing)
    weight.zero_()
    sizes.append(3)
    names["a"].append(2)
    writer.write_held()
    writer.wait()
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert torch.equal(saved["weight"], torch.ones(1000))
    assert (saved["sizes"], saved["names"]) == ([1, 2], {"a": [1]})


def test_tied_weights_are_written_once_and_stay_tied(tmp_path: Path) -> None:
    weight = torch.randn(50_000)
    writer = CheckpointWriter()
    writer.hold({"a": weight, "b": weight.detach()}, tmp_path / "a.ckpt", nothing)
    writer.write_held()
    writer.wait()
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert saved["a"].data_ptr() == saved["b"].data_ptr()
    assert (tmp_path / "a.ckpt").stat().st_size < 200_000 + 4096


def test_a_part_of_a_larger_tensor_is_written_without_the_rest(tmp_path: Path) -> None:
    writer = CheckpointWriter()
    writer.hold({"part": torch.zeros(1_000_000)[:10]}, tmp_path / "a.ckpt", nothing)
    writer.write_held()
    writer.wait()
    assert (tmp_path / "a.ckpt").stat().st_size < 4096


class Pair(NamedTuple):
    left: torch.Tensor
    right: int


def test_containers_keep_their_kind_and_what_hangs_on_them() -> None:
    state = OrderedDict(weight=torch.ones(2))
    state._metadata = {"version": 2}  # type: ignore[attr-defined]
    copied = HostCopier().copy({"state": state, "pair": Pair(torch.ones(1), 3)}).content
    assert type(copied["state"]) is OrderedDict
    assert copied["state"]._metadata == {"version": 2}
    assert copied["state"]["weight"].data_ptr() != state["weight"].data_ptr()
    assert copied["pair"] == Pair(torch.ones(1), 3)


def test_a_tensor_made_of_tensors_is_copied_inside() -> None:
    # As the states of 8-bit optimizers are.
    inner = torch.ones(4), torch.zeros(4)
    copied = HostCopier().copy([TwoTensor(*inner)]).content[0]  # type: ignore[no-untyped-call]
    inner[0].fill_(7)
    assert isinstance(copied, TwoTensor)
    assert torch.equal(copied.a, torch.ones(4)) and torch.equal(copied.b, torch.zeros(4))


def test_memory_is_used_again_and_grows_only_when_it_must() -> None:
    copier = HostCopier()
    large = {"weight": torch.randn(1000), "step": torch.tensor(1.0)}
    first = copier.copy(large).content["weight"].data_ptr()
    size = copier.num_bytes
    assert copier.copy({"weight": torch.randn(900)}).content["weight"].data_ptr() == first
    copier.copy(large)
    assert copier.num_bytes == size
    copier.copy({"weight": torch.randn(2000)})
    assert 8000 <= copier.num_bytes < 8000 + 64


def test_one_write_is_in_flight_and_the_next_copy_waits_for_it(tmp_path: Path) -> None:
    writer = CheckpointWriter()
    may_end, order = threading.Event(), []

    def slow() -> None:
        assert may_end.wait(timeout=60)
        order.append("first is whole")

    writer.hold({"a": torch.ones(10)}, tmp_path / "a.ckpt", slow)
    writer.write_held()
    threading.Timer(0.05, may_end.set).start()
    writer.hold({"a": torch.zeros(10)}, tmp_path / "b.ckpt", nothing)
    order.append("second is copied")
    assert order == ["first is whole", "second is copied"]
    assert torch.equal(torch.load(tmp_path / "a.ckpt", weights_only=True)["a"], torch.ones(10))


@pytest.mark.parametrize("in_background", [False, True])
def test_a_full_disk_leaves_the_former_file_and_is_said_once(
    tmp_path: Path, in_background: bool
) -> None:
    path, ended = tmp_path / "a.ckpt", []
    write_file({"a": 1}, path)
    former = path.read_bytes()
    writer = CheckpointWriter()
    large = {"a": torch.zeros(100_000)}
    with files_of_at_most(50_000), pytest.raises(OSError, match="File too large"):
        if in_background:
            writer.hold(large, path, lambda: ended.append("then"))
            writer.write_held()
        else:
            writer.write(large, path, lambda: ended.append("then"))
        writer.wait()
    assert path.read_bytes() == former
    assert [p.name for p in tmp_path.iterdir()] == ["a.ckpt"]
    assert ended == []
    writer.wait()
    writer.write(large, path, nothing)
    assert torch.load(path, weights_only=True)["a"].numel() == 100_000


def test_a_failed_write_is_known_without_waiting(tmp_path: Path) -> None:
    writer = CheckpointWriter()
    with files_of_at_most(1000):
        writer.hold({"a": torch.zeros(100_000)}, tmp_path / "a.ckpt", nothing)
        writer.write_held()
        for thread in threading.enumerate():
            if thread.name == "checkpoint":
                thread.join()
    assert writer.has_failed
    with pytest.raises(OSError, match="File too large"):
        writer.hold({}, tmp_path / "b.ckpt", nothing)
    assert not writer.has_failed


def test_what_is_held_is_written_once_and_only_when_asked_for(tmp_path: Path) -> None:
    writer = CheckpointWriter()
    writer.hold({"a": 1}, tmp_path / "a.ckpt", nothing)
    assert writer.held_path == tmp_path / "a.ckpt"
    writer.drop_held()
    writer.write_held()
    writer.wait()
    assert writer.held_path is None and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_copy_from_the_device_is_page_locked_and_takes_no_device_memory() -> None:
    weight = torch.randn(1_000_000, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.max_memory_allocated()
    copied = HostCopier().copy({"weight": weight})
    expected = weight.clone()
    weight.zero_()
    copied.arrived()
    assert copied.content["weight"].is_pinned()
    assert torch.equal(copied.content["weight"], expected.cpu())
    assert torch.cuda.max_memory_allocated() - before <= expected.nbytes
