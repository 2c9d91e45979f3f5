from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from lit_coder.networks import GPT, GPTConfig
from lit_coder.networks.flops import bfloat16_peak, training_flops_per_token

SEQUENCE = 16


@pytest.mark.parametrize(
    "config",
    [
        GPTConfig(97, 48, 2, 4, 2),
        GPTConfig(97, 48, 3, 4, tie_word_embeddings=False),
        GPTConfig(97, 48, 1, 4, 2, head_dim=16),
    ],
)
def test_the_formula_is_what_a_step_computes_but_for_the_masked_half(config: GPTConfig) -> None:
    network = GPT(config)
    ids_BT = torch.randint(config.vocab_size, (2, SEQUENCE))
    with FlopCounterMode(display=False) as counter:
        logits_BTV = network(ids_BT)
        functional.cross_entropy(logits_BTV.flatten(0, 1), ids_BT.flatten()).backward()
    width = config.num_attention_heads * config.features_per_head
    masked = 6 * config.num_hidden_layers * width * SEQUENCE
    # Vectors multiply each token too, which the counter leaves out.
    vectors = 6 * sum(p.numel() for p in network.parameters() if p.dim() == 1)
    expected = counter.get_total_flops() / ids_BT.numel() - masked + vectors
    assert training_flops_per_token(config, SEQUENCE) == expected


@pytest.mark.parametrize(
    ("device", "teraflops"),
    [
        ("NVIDIA GeForce RTX 5060 Ti", 47.4),
        ("NVIDIA GeForce RTX 5060", 38.4),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 88.2),
        ("NVIDIA H200", 989),
        ("NVIDIA H200 NVL", 835),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A100-PCIE-40GB", 312),
        ("NVIDIA RTX 6000 Ada Generation", 364.2),
        ("NVIDIA L4", 121),
    ],
)
def test_a_device_is_known_by_its_drivers_name(device: str, teraflops: float) -> None:
    assert bfloat16_peak(device) == teraflops * 1e12


@pytest.mark.parametrize(
    "device",
    [
        "NVIDIA GeForce RTX 4070 Laptop GPU",
        "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        "NVIDIA A10G",
        "NVIDIA GeForce RTX 4090 D",
        "Tesla T4",
        "",
    ],
)
def test_no_peak_is_made_up_for_another_device(device: str) -> None:
    assert bfloat16_peak(device) is None
