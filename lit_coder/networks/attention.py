"""How attention is computed, by device, type and length; layers.py makes queries, keys and values.

    y_BHTD = attend(q_BHTD, k_BKTD, v_BKTD, causal=True)            # one document a row
    y_BHTD = attend(q_BHTD, k_BKTD, v_BKTD, True, document_mask)    # several: attention_masks.py
    y_BHTD = attend_to_cache(q_BH1D, k_BKSD, v_BKSD, mask_BHTS)     # decoding
    describe_attention(device, torch.bfloat16, packed=True)         # for the line at a run's start

No weights here.

Letters after a name are its dimensions:
    B batch   T new tokens   S keys seen (cached and new)   H query heads   K key-value heads
    G query heads that share one key-value head   D head dimension
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend

from lit_coder.networks.attention_masks import (
    DocumentMask,
    HeadSizes,
    compiled_flex_attention,
    flex_failure,
)

# On a CPU, attention from plain matrix products is faster than the fused kernel: at 96 tokens a
# training step's attention takes 1.25 times less in fp32 and 5 times less in bf16, and decoding
# half. It keeps T x T numbers a head, so longer sequences take the fused one, as other devices do.
LONGEST_EXPLICIT = 256

_USUAL_HEADS = HeadSizes(num_heads=12, num_key_value_heads=12, head_dim=64)
_BACKEND_NAMES = {
    SDPBackend.MATH: "matrix products",
    SDPBackend.FLASH_ATTENTION: "flash",
    SDPBackend.EFFICIENT_ATTENTION: "memory-efficient",
    SDPBackend.CUDNN_ATTENTION: "cuDNN",
}


def attend(
    q_BHTD: Tensor,
    k_BKTD: Tensor,
    v_BKTD: Tensor,
    causal: bool,
    mask: DocumentMask | None = None,
) -> Tensor:
    """Attention of a whole sequence to itself.

    Args:
        q_BHTD: queries.
        k_BKTD: keys.
        v_BKTD: values.
        causal: no token sees a later one.
        mask: keeps it within each document, and causal; None = a row is one document.
    """
    if mask is not None:
        assert causal, "documents are packed for causal attention only"
        return _attend_within_documents(q_BHTD, k_BKTD, v_BKTD, mask)
    _, H, T, _ = q_BHTD.shape
    groups = H // k_BKTD.shape[1]
    if _is_explicit(q_BHTD.device, T):
        bias_TT = q_BHTD.new_zeros(T, T)
        if causal:
            bias_TT = bias_TT.fill_(float("-inf")).triu(1)
        return _attend_explicitly(q_BHTD, k_BKTD, v_BKTD, bias_TT.repeat(groups, 1))
    if groups != 1 and not _takes_grouped_heads(q_BHTD.device, q_BHTD.dtype):
        k_BKTD, v_BKTD = (x.repeat_interleave(groups, dim=1) for x in (k_BKTD, v_BKTD))
        groups = 1
    return F.scaled_dot_product_attention(
        q_BHTD, k_BKTD, v_BKTD, is_causal=causal, enable_gqa=groups != 1
    )


def attend_to_all(q_BHTD: Tensor, k_BHTD: Tensor, v_BHTD: Tensor) -> Tensor:
    """Attention in which every position sees every other one, whatever they hold."""
    if not _is_explicit(q_BHTD.device, q_BHTD.shape[2]):
        return F.scaled_dot_product_attention(q_BHTD, k_BHTD, v_BHTD)
    scores_BHTT = torch.matmul(q_BHTD * q_BHTD.shape[-1] ** -0.5, k_BHTD.mT)
    return torch.matmul(scores_BHTT.softmax(-1), v_BHTD)


def _takes_grouped_heads(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a kernel that keeps no T x T numbers takes fewer key heads than query heads.

    On a CUDA device flash attention does, from compute capability 8.0 on and in 16 bits; the
    memory-efficient kernel, which is there for the rest, does not.
    """
    if device.type != "cuda":
        return True
    if dtype != torch.float16:
        return dtype == torch.bfloat16  # which those devices have
    return torch.cuda.get_device_capability(device) >= (8, 0)


def attend_to_cache(
    q_BHTD: Tensor, k_BKSD: Tensor, v_BKSD: Tensor, mask_BHTS: Tensor | None
) -> Tensor:
    """Attention of one new token a row to everything in its cache."""
    B, H, T, D = q_BHTD.shape
    K, S = k_BKSD.shape[1:3]
    if T != 1:
        raise ValueError(f"decoding takes one new token a row, not {T}")
    if q_BHTD.device.type == "cpu":
        bias = q_BHTD.new_zeros(1, 1, 1)
        if mask_BHTS is not None:
            bias_BHTS = bias[None].masked_fill(~mask_BHTS, float("-inf"))
            bias = bias_BHTS.expand(B, K, 1, S).reshape(B * K, 1, S)
        return _attend_explicitly(q_BHTD, k_BKSD, v_BKSD, bias)
    # Heads of a group become queries of one head: expanding the cache would copy it.
    folded = q_BHTD.reshape(B, K, H // K, D)
    out = F.scaled_dot_product_attention(folded, k_BKSD, v_BKSD, attn_mask=mask_BHTS)
    return out.reshape(B, H, T, D)


def describe_attention(
    device: torch.device,
    dtype: torch.dtype,
    packed: bool,
    heads: HeadSizes = _USUAL_HEADS,
    num_tokens: int = 1024,
) -> str:
    """What computes a training forward's attention, in words for the line at a run's start.

    Args:
        device: where the network is.
        dtype: the type that attention is computed in: autocast's, where that is on.
        packed: rows hold several documents.
        heads: of the network; `GPT.describe_attention` fills them in.
        num_tokens: of a row.
    """
    explicit = _is_explicit(device, num_tokens)
    if packed:
        failure = flex_failure(device, dtype, heads)
        if failure is None:
            return "FlexAttention, compiled, documents as block mask"
        how = "matrix products" if explicit else "scaled_dot_product_attention"
        return f"{how} with a dense mask (no FlexAttention: {failure})"
    if explicit:
        return "matrix products"
    query, key = heads.random_inputs(device, dtype, num_tokens=128)[:2]
    is_grouped = heads.num_heads != heads.num_key_value_heads
    if is_grouped and not _takes_grouped_heads(device, dtype):
        key, is_grouped = query, False
    choice = torch._fused_sdp_choice(query, key, key, is_causal=True, enable_gqa=is_grouped)
    name = _BACKEND_NAMES.get(SDPBackend(choice), "a kernel of the device's own")
    return f"{name} (scaled_dot_product_attention)"


def _is_explicit(device: torch.device, num_tokens: int) -> bool:
    return device.type == "cpu" and num_tokens <= LONGEST_EXPLICIT


def _attend_within_documents(
    q_BHTD: Tensor, k_BKTD: Tensor, v_BKTD: Tensor, mask: DocumentMask
) -> Tensor:
    groups = q_BHTD.shape[1] // k_BKTD.shape[1]
    if not isinstance(mask, Tensor):
        return compiled_flex_attention(q_BHTD, k_BKTD, v_BKTD, mask, groups != 1)
    if _is_explicit(q_BHTD.device, q_BHTD.shape[2]):
        bias_BTT = q_BHTD.new_zeros(()).masked_fill(~mask, float("-inf"))
        return _attend_explicitly(q_BHTD, k_BKTD, v_BKTD, None, bias_BTT)
    if groups != 1:
        # Of the kernels that take a mask none takes grouped heads on every device.
        k_BKTD, v_BKTD = (x.repeat_interleave(groups, dim=1) for x in (k_BKTD, v_BKTD))
    return F.scaled_dot_product_attention(q_BHTD, k_BKTD, v_BKTD, attn_mask=mask[:, None])


def _attend_explicitly(
    q_BHTD: Tensor,
    k_BKSD: Tensor,
    v_BKSD: Tensor,
    bias: Tensor | None,
    bias_BTS: Tensor | None = None,
) -> Tensor:
    """Attention from matrix products; the heads of a group are folded into one matrix.

    `bias` is added to the scores, which are (B * K, H / K * T, S); `bias_BTS` is one for all heads
    of a row.
    """
    B, H, T, D = q_BHTD.shape
    K, S = k_BKSD.shape[1:3]
    folded = q_BHTD.reshape(B * K, H // K * T, D)
    keys, values = k_BKSD.reshape(B * K, S, D), v_BKSD.reshape(B * K, S, D)
    if bias_BTS is None:
        assert bias is not None
        scores = torch.baddbmm(bias, folded, keys.mT, alpha=D**-0.5)
    else:
        scores = torch.bmm(folded * D**-0.5, keys.mT)
        scores.view(B, K, H // K, T, S).add_(bias_BTS[:, None, None])
    return torch.bmm(scores.softmax(-1), values).view(B, H, T, D)
