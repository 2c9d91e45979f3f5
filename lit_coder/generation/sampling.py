"""From logits to a token: temperature, top-k, top-p, and random numbers of a row's own.

    uniforms_RN = row_uniforms(keys, num_steps)           # decided before the first token
    token_R = choose(logits_RV, uniforms_RN[:, step], options)

A token is the inverse of the cumulative distribution at the row's uniform number, so it depends
on nothing but the row's logits and its key: not on the batch, its order or the device, and the
global random state is neither read nor moved. Filters work in the usual order: temperature,
top-k, top-p.

Letters after a name are its dimensions:
    R rows   N steps   V vocabulary   M candidates left, most likely first unless all are left
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from lit_coder.generation.contract import SamplingOptions


def stream_key(seed: int, stream: str, sample: int) -> int:
    """64 bits that name the random stream of one sample of one prompt."""
    name = f"{seed}\x00{stream}\x00{sample}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little", signed=True)


def stream_name(seed: int, stream: str, sample: int) -> str:
    """The same as a text, which is kept with the sample."""
    return f"{seed}/{stream}/{sample}"


def named_key(name: str) -> int:
    """The key of a stream that `stream_name` named."""
    seed, _, rest = name.partition("/")
    stream, _, sample = rest.rpartition("/")
    return stream_key(int(seed), stream, int(sample))


def row_uniforms(keys: Sequence[int], num_steps: int) -> Tensor:
    """For each key its uniform numbers in [0, 1), fp32 (R, N): entry n is a hash of (key, n)."""
    counter_N = torch.arange(1, num_steps + 1) * _signed(0x9E3779B97F4A7C15)
    x_RN = torch.tensor(keys, dtype=torch.int64)[:, None] + counter_N
    # splitmix64; int64 arithmetic wraps, and a shift has to be made logical by hand.
    for shift, multiplier in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x_RN = (x_RN ^ _shifted(x_RN, shift)) * _signed(multiplier)
    x_RN = x_RN ^ _shifted(x_RN, 31)
    return _shifted(x_RN, 40).to(torch.float32) * 2.0**-24


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def _shifted(x: Tensor, by: int) -> Tensor:
    return (x >> by) & ((1 << (64 - by)) - 1)


def choose(logits_RV: Tensor, uniform_R: Tensor, options: SamplingOptions) -> Tensor:
    """One token id a row; ids with a logit of minus infinity are never chosen."""
    if options.temperature == 0 or options.top_k == 1:
        return logits_RV.argmax(-1)
    scores_RM, ids_RM = candidates(logits_RV.float(), options)
    probability_RM = (scores_RM / options.temperature).softmax(-1)
    if options.top_p < 1:
        above_RM = probability_RM.cumsum(-1) - probability_RM
        probability_RM = probability_RM.masked_fill(above_RM >= options.top_p, 0.0)
    index_R = inverse_of_cumulative(probability_RM, uniform_R)
    return index_R if ids_RM is None else ids_RM.gather(1, index_R[:, None])[:, 0]


def candidates(logits_RV: Tensor, options: SamplingOptions) -> tuple[Tensor, Tensor | None]:
    """The logits that top-k leaves, sorted if a filter needs it, and their ids (None = all)."""
    if 0 < options.top_k < logits_RV.shape[-1]:
        top = logits_RV.topk(options.top_k)
        return top.values, top.indices
    if options.top_p < 1:
        ordered = logits_RV.sort(dim=-1, descending=True, stable=True)
        return ordered.values, ordered.indices
    return logits_RV, None


def inverse_of_cumulative(weight_RM: Tensor, uniform_R: Tensor) -> Tensor:
    """The index at which the running sum of the weights passes the uniform share of their total."""
    cumulative_RM = weight_RM.cumsum(-1)
    total_R1 = cumulative_RM[:, -1:]
    # Rounding must not let the target reach the total: no index lies beyond it.
    below_R1 = torch.nextafter(total_R1, torch.zeros_like(total_R1))
    target_R1 = torch.minimum(uniform_R[:, None] * total_R1, below_R1)
    return torch.searchsorted(cumulative_RM, target_R1, right=True)[:, 0]
