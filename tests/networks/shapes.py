"""Small networks of every shape that the GPT knows, far from their near-uniform start."""

import pytest
import torch

from lit_coder.networks import GPT, GPTConfig

SHAPES = {
    "llama": {},
    "grouped": {"num_key_value_heads": 2},
    "own_output": {"tie_word_embeddings": False},
    "wide_heads": {"head_dim": 14, "num_key_value_heads": 2},
    "narrow_heads": {"hidden_size": 36, "head_dim": 6},
    "qwen2": {"attention_bias": True, "num_key_value_heads": 2, "rms_norm_eps": 1e-6},
    "qwen3": {
        "query_key_norm": True,
        "head_dim": 12,
        "num_key_value_heads": 1,
        "tie_word_embeddings": False,
    },
    "all_of_it": {
        "attention_bias": True,
        "query_key_norm": True,
        "head_dim": 10,
        "num_key_value_heads": 2,
        "tie_word_embeddings": False,
    },
}


def shaped_config(shape: str, **sizes: int) -> GPTConfig:
    """The configuration of a shape."""
    small = {
        "vocab_size": 40,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
    }
    return GPTConfig(**{**small, **SHAPES[shape], **sizes})  # type: ignore[arg-type]


def shaped_gpt(shape: str, **sizes: int) -> GPT:
    """A network of a shape whose weights, biases and norms all matter."""
    torch.manual_seed(0)
    network = GPT(shaped_config(shape, **sizes))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.5)
            elif parameter.dim() == 1:
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.mul_(5)
    return network


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the networks warned of; torch's compiler writes to the same log."""
    return [r.getMessage() for r in caplog.records if r.name == "lit_coder.networks"]
