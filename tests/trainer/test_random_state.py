from __future__ import annotations

import io
import random
from typing import Any, cast

import numpy
import pytest
import torch

from lit_coder.trainer.random_state import RandomState


def draws() -> tuple[Any, ...]:
    return (
        [random.random() for _ in range(3)],
        random.gauss(0, 1),
        numpy.random.rand(3).tolist(),
        numpy.random.randn(),
        torch.rand(3).tolist(),
        torch.randn(3).tolist(),
    )


@pytest.mark.parametrize("after_an_odd_normal_draw", [False, True])
def test_every_global_generator_goes_on_exactly(after_an_odd_normal_draw: bool) -> None:
    random.seed(1)
    numpy.random.seed(2)
    torch.manual_seed(3)
    draws()
    if after_an_odd_normal_draw:
        # Python and numpy make normal numbers in pairs and keep the second one.
        random.gauss(0, 1)
        numpy.random.randn(2)
    stream = io.BytesIO()
    torch.save(RandomState().state_dict(), stream)
    expected = draws()
    stream.seek(0)
    restored = RandomState()
    restored.load_state_dict(torch.load(stream, weights_only=True))
    draws()
    restored.on_train_start(cast(Any, None), cast(Any, None))
    assert draws() == expected


def test_states_are_put_back_once_and_only_where_some_were_loaded() -> None:
    callback = RandomState()
    random.seed(1)
    before = random.getstate()
    callback.on_train_start(cast(Any, None), cast(Any, None))
    assert random.getstate() == before
    callback.load_state_dict(callback.state_dict())
    callback.on_train_start(cast(Any, None), cast(Any, None))
    random.random()
    moved = random.getstate()
    callback.on_train_start(cast(Any, None), cast(Any, None))
    assert random.getstate() == moved
