from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.modules.out_of_memory import is_out_of_memory, out_of_memory_sentence

ERROR = torch.OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 15.6 GiB"
)


def sentence(batch_size: int = 8, accumulate: int = 2, **options: Any) -> str:
    given: dict[str, Any] = {"sequence": 1024, "gradient_checkpointing": 0} | options
    return out_of_memory_sentence(ERROR, batch_size=batch_size, accumulate=accumulate, **given)


def test_first_half_the_rows_and_twice_the_micro_batches_are_proposed() -> None:
    said = sentence(batch_size=8, accumulate=2)
    assert "8 x 1024 tokens" in said and "2.50 GiB" in said and "\n" not in said
    assert "data.batch_size 4 and trainer.accumulate_grad_batches 4" in said


@given(st.integers(2, 200), st.integers(1, 64))
def test_what_is_proposed_has_smaller_batches_and_the_same_rows_in_a_step(
    batch_size: int, accumulate: int
) -> None:
    said = sentence(batch_size=batch_size, accumulate=accumulate)
    found = re.search(r"data\.batch_size (\d+) and trainer\.accumulate_grad_batches (\d+)", said)
    assert found is not None
    smaller, more = int(found[1]), int(found[2])
    assert smaller < batch_size and smaller * more == batch_size * accumulate


def test_then_checkpointing_then_chunks_then_a_smaller_model() -> None:
    one = {"batch_size": 1}
    assert "gradient_checkpointing 1" in sentence(**one)
    assert "gradient_checkpointing 1" in sentence(**one, gradient_checkpointing=2)
    recomputed = {**one, "gradient_checkpointing": 1}
    assert "loss_chunk_tokens 256" in sentence(**recomputed)
    last = sentence(**recomputed, loss_chunk_tokens=256)
    assert "adamw_8bit" in last and "max_sequence_length" in last


@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (ERROR, True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shapes do not match"), False),
        (MemoryError("out of memory"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_a_device_that_is_full_is_told_from_other_failures(
    error: BaseException, is_ours: bool
) -> None:
    assert is_out_of_memory(error) is is_ours
