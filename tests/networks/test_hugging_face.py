from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.networks.hugging_face import from_hugging_face, to_hugging_face

SIZES = GPTConfig(
    vocab_size=50,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    intermediate_size=48,
    max_position_embeddings=24,
    rope_theta=500.0,
    rms_norm_eps=1e-3,
)
IDS = torch.randint(0, 50, (3, 24), generator=torch.Generator().manual_seed(1))


def tiny_gpt() -> GPT:
    """A GPT whose weights are large enough for every part to matter."""
    torch.manual_seed(0)
    network = GPT(SIZES).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def llama() -> tuple[dict[str, Any], dict[str, Tensor]]:
    return to_hugging_face(tiny_gpt())


@torch.inference_mode()
def test_logits_equal_those_of_transformers() -> None:
    config, state = llama()
    model = LlamaForCausalLM(LlamaConfig(**config)).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])
    model.tie_weights()
    torch.testing.assert_close(tiny_gpt()(IDS), model(IDS).logits, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_a_model_of_transformers_gives_the_same_logits_here() -> None:
    config, _ = llama()
    torch.manual_seed(3)
    model = LlamaForCausalLM(LlamaConfig(**config)).eval()
    network = from_hugging_face(model.config.to_dict(), model.state_dict())
    torch.testing.assert_close(network.eval()(IDS), model(IDS).logits, atol=1e-4, rtol=0)


def test_there_and_back_is_the_same_network() -> None:
    back = from_hugging_face(*llama())
    assert back.config == SIZES
    for name, tensor in tiny_gpt().state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor)


def test_half_precision_weights_are_taken_in_float32() -> None:
    config, state = llama()
    network = from_hugging_face(config, {name: each.bfloat16() for name, each in state.items()})
    assert network.norm.weight.dtype == torch.float32
    assert torch.equal(network.norm.weight, state["model.norm.weight"].bfloat16().float())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "mixtral"}, "of type 'mixtral'"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"attention_bias": True}, "attention_bias is True"),
        ({"mlp_bias": True}, "mlp_bias is True"),
        ({"head_dim": 15}, "head_dim must be even"),
        ({"quantization_config": {"bits": 4}}, "quantized"),
        ({"layer_types": ["sliding_attention"] * 2}, "sliding window"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "type 'llama3'"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "type 'linear'"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "type 'yarn'"),
        ({"vocab_size": None}, "vocab_size must be"),
        ({"num_key_value_heads": 3}, "must divide"),
    ],
)
def test_what_this_gpt_cannot_compute_is_refused(change: dict[str, Any], words: str) -> None:
    config, state = llama()
    with pytest.raises(ValueError, match=words):
        from_hugging_face(config | change, state)


def test_a_base_of_the_rotary_positions_is_found_where_transformers_5_keeps_it() -> None:
    config, state = llama()
    config["rope_parameters"] = {"rope_type": "default", "rope_theta": 77.0}
    del config["rope_theta"]
    assert from_hugging_face(config, state).config.rope_theta == 77.0


def test_a_tied_output_layer_may_be_a_copy_of_the_embedding_and_nothing_else() -> None:
    config, state = llama()
    embedding = state["model.embed_tokens.weight"]
    from_hugging_face(config, state | {"lm_head.weight": embedding.clone()})
    with pytest.raises(ValueError, match="output layer of their own"):
        from_hugging_face(config, state | {"lm_head.weight": embedding + 1})


def test_an_output_layer_of_its_own_is_needed_where_it_is_not_tied() -> None:
    config, state = llama()
    with pytest.raises(ValueError, match=r"lack lm_head\.weight"):
        from_hugging_face(config | {"tie_word_embeddings": False}, state)


SHAPES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {"attention_bias": True},
    "qwen3": {"query_key_norm": True, "head_dim": 12},
}


@pytest.mark.parametrize("family", SHAPES)
@pytest.mark.parametrize("tied", [True, False])
def test_each_family_is_known_by_its_shape_and_comes_back(family: str, tied: bool) -> None:
    config = dataclasses.replace(SIZES, **SHAPES[family], tie_word_embeddings=tied)
    network = GPT(config)
    theirs, state = to_hugging_face(network)
    assert theirs["model_type"] == family
    assert ("lm_head.weight" in state) == (not tied)
    back = from_hugging_face(theirs, state)
    assert back.config == config
    for name, tensor in network.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor)


def test_a_shape_of_no_family_is_not_written() -> None:
    network = GPT(dataclasses.replace(SIZES, attention_bias=True, query_key_norm=True))
    with pytest.raises(ValueError, match="both attention_bias and query_key_norm"):
        to_hugging_face(network)


def test_weights_of_another_configuration_are_refused() -> None:
    config, state = llama()
    with pytest.raises(ValueError, match=r"lack layers\.2"):
        from_hugging_face(config | {"num_hidden_layers": 3}, state)
    with pytest.raises(ValueError, match="shape"):
        from_hugging_face(config | {"vocab_size": 60}, state)
    with pytest.raises(ValueError, match="unknown"):
        from_hugging_face(config, state | {"model.norm.bias": torch.zeros(32)})
