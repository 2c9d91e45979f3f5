"""Latents of two values: their values, their gradient and their size."""

from __future__ import annotations

import pytest
import torch

from lit_coder.networks.binary_latents import (
    binarize,
    pack_bits,
    share_of_ones,
    unpack_bits,
)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_a_latent_is_one_where_its_sigmoid_is_above_the_threshold(threshold: float) -> None:
    x = torch.linspace(-4, 4, 1001)
    expected = torch.where(x.sigmoid() > threshold, 1.0, -1.0)
    assert torch.equal(binarize(x, threshold), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_are_exact_and_their_root_mean_square_is_1(dtype: torch.dtype) -> None:
    x = (torch.randn(1000) * 100).to(dtype)
    binary = binarize(x, 0.5)
    assert binary.dtype == dtype
    assert set(binary.tolist()) == {-1.0, 1.0}
    assert binary.square().mean() == 1


def test_the_gradient_passes_as_if_nothing_was_done() -> None:
    x = torch.randn(20, requires_grad=True)
    factors = torch.randn(20)
    (binarize(x, 0.5) * factors).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, factors)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("num_features", "num_bytes"), [(24, 3), (20, 3), (1, 1)])
def test_bits_give_back_what_was_packed(
    dtype: torch.dtype, num_features: int, num_bytes: int
) -> None:
    z_BLD = binarize(torch.randn(3, 5, num_features), 0.5).to(dtype)
    bits = pack_bits(z_BLD)
    assert bits.dtype == torch.uint8
    assert bits.shape == (3, 5, num_bytes)
    assert torch.equal(unpack_bits(bits, num_features, dtype), z_BLD)


def test_the_first_latent_is_the_lowest_bit() -> None:
    assert pack_bits(torch.tensor([1.0, -1, -1, -1, -1, -1, -1, 1])).tolist() == [129]


def test_bits_are_16_times_smaller_than_bfloat16_and_32_times_smaller_than_float32() -> None:
    for dtype, times in ((torch.bfloat16, 16), (torch.float32, 32)):
        z_BLD = binarize(torch.randn(2, 97, 512), 0.5).to(dtype)
        bits = pack_bits(z_BLD)
        assert z_BLD.nbytes == times * bits.nbytes


def test_the_share_of_ones_is_counted() -> None:
    assert share_of_ones(torch.tensor([1.0, -1, -1, -1]).bfloat16()).item() == 0.25
