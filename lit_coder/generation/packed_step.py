"""The one-token step on a CPU in fp32, from weights packed for the few rows of a step.

    if can_be_packed(network):
        step = PackedStep(network, num_rows=32)

Most of a step is reading weights, and the usual products read them badly where rows are few. Here
they are copied once into the order in which oneDNN's kernels want them, those of a layer that read
the same features side by side: 1.5 times as fast at 32 rows. Biases and norms of queries and keys
are taken along. What comes out is what the network
computes, up to float noise. The copy is of the weights as they are: it belongs to one call of
`generate`.

Letters after a name are its dimensions:
    R rows   C hidden   F feed-forward   V vocabulary   H query heads   K key-value heads
    S columns of the cache   D head dimension
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_coder.generation.cache import DecodingCache
from lit_coder.generation.one_token import OneTokenStep
from lit_coder.networks.attention import attend_to_cache
from lit_coder.networks.gpt import GPT, Block
from lit_coder.networks.layers import RMSNorm, Rotation, rotate


def can_be_packed(network: GPT) -> bool:
    """Whether every matrix is an ordinary fp32 one on a CPU for which oneDNN has kernels."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    matrices = [network.embed_tokens.weight, *(layer.weight for layer in layers)]
    return all(type(layer) is nn.Linear for layer in layers) and all(
        type(matrix) is nn.Parameter
        and matrix.device.type == "cpu"
        and matrix.dtype == torch.float32
        for matrix in matrices
    )


class PackedMatrix:
    """A product with a weight (or several, their outputs side by side) packed for a CPU.

    Args:
        weights: of the layers.
        num_rows: that it is packed for.
        biases: of the same layers; none = they have none.
    """

    def __init__(
        self, weights: Sequence[Tensor], num_rows: int, biases: Sequence[Tensor] = ()
    ) -> None:
        together = torch.cat([weight.detach() for weight in weights])
        self._packed = torch.ops.mkldnn._reorder_linear_weight(together, num_rows)
        self._bias = torch.cat([bias.detach() for bias in biases]) if biases else None

    def __call__(self, x_RC: Tensor) -> Tensor:
        """The features times the weights, plus the biases."""
        y: Tensor = torch.ops.mkldnn._linear_pointwise(
            x_RC, self._packed, self._bias, "none", [], ""
        )
        return y


class PackedStep(OneTokenStep):
    """The one-token step from packed copies of a GPT's weights."""

    def __init__(self, network: GPT, num_rows: int) -> None:
        self._network = network
        self._blocks = [_PackedBlock(block, num_rows) for block in network.layers]
        self._head = PackedMatrix([network.output_weight], num_rows)

    def __call__(self, token_R: Tensor, cache: DecodingCache) -> Tensor:
        """Logits (R, V) of the token after the given one."""
        x_RC: Tensor = self._network.embed_tokens(token_R)
        rotation = self._network.rotary(x_RC, cache.positions_BT)
        rotation = Rotation(*(angle.to(x_RC.dtype) for angle in rotation))
        for layer, block in enumerate(self._blocks):
            x_RC = block(x_RC, rotation, cache, layer)
        return self._head(self._network.norm(x_RC))


class _PackedBlock:
    """Attention and feed-forward of one layer for one new token a row."""

    def __init__(self, block: nn.Module, num_rows: int) -> None:
        assert isinstance(block, Block)
        attention, mlp = block.self_attn, block.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        self._heads = (attention.num_heads, attention.num_key_value_heads)
        self._head_dim = attention.head_dim
        self._norms: tuple[RMSNorm, RMSNorm] = (
            block.input_layernorm,
            block.post_attention_layernorm,
        )
        biases = [p.bias for p in projections if p.bias is not None]
        self._qkv = PackedMatrix([p.weight for p in projections], num_rows, biases)
        self._head_norms = (attention.q_norm, attention.k_norm)
        self._out = PackedMatrix([attention.o_proj.weight], num_rows)
        self._gate_up = PackedMatrix([mlp.gate_proj.weight, mlp.up_proj.weight], num_rows)
        self._down = PackedMatrix([mlp.down_proj.weight], num_rows)

    def __call__(
        self, x_RC: Tensor, rotation: Rotation, cache: DecodingCache, layer: int
    ) -> Tensor:
        """The features after this layer."""
        x_RC = x_RC + self._attention(self._norms[0](x_RC), rotation, cache, layer)
        gate_RF, up_RF = self._gate_up(self._norms[1](x_RC)).chunk(2, dim=-1)
        return x_RC + self._down(F.silu(gate_RF).mul_(up_RF))

    def _attention(
        self, x_RC: Tensor, rotation: Rotation, cache: DecodingCache, layer: int
    ) -> Tensor:
        H, K = self._heads
        all_R1HD = self._qkv(x_RC).view(len(x_RC), 1, H + 2 * K, self._head_dim)
        rotated_R1HD = rotate(self._normed(all_R1HD[:, :, : H + K]), rotation)
        q_RH1D, k_RK1D = torch.split(rotated_R1HD.transpose(1, 2), [H, K], dim=1)
        v_RK1D = all_R1HD[:, :, H + K :].transpose(1, 2)
        k_RKSD, v_RKSD = cache.extend(layer, k_RK1D, v_RK1D)
        y_RH1D = attend_to_cache(q_RH1D, k_RKSD, v_RKSD, cache.mask_BHTS)
        return self._out(y_RH1D.reshape(len(x_RC), -1))

    def _normed(self, qk_R1HD: Tensor) -> Tensor:
        """The query heads and, behind them, the key heads, each kind by its own norm if it has."""
        q_norm, k_norm = self._head_norms
        if q_norm is None or k_norm is None:
            return qk_R1HD
        q_R1HD, k_R1KD = torch.split(qk_R1HD, list(self._heads), dim=2)
        return torch.cat((q_norm(q_R1HD), k_norm(k_R1KD)), dim=2)
