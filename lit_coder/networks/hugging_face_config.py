"""Hugging Face's config.json of Llama, Qwen2 and Qwen3, in our terms and back.

    config = our_config(json.loads(path.read_text()))     # a GPTConfig
    content = their_config(config)                        # for config.json

What is left out of a file means what the family's class in `transformers` takes it to mean. A
setting that this GPT does not compute exactly (another activation, a sliding window, scaled
rotary positions, experts, further biases, quantized weights) is refused. No file is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lit_coder.networks.gpt_config import GPTConfig


@dataclass(frozen=True, slots=True)
class _Family:
    """What a family does whatever its configuration says.

    Attributes:
        architecture: the class in `transformers`.
        attention_bias: queries, keys and values always have a bias.
        query_key_norm: queries and keys always have a norm.
        head_dim: of one head where a file leaves it out; None = hidden_size / heads.
    """

    architecture: str
    attention_bias: bool = False
    query_key_norm: bool = False
    head_dim: int | None = None


_FAMILIES = {
    "llama": _Family("LlamaForCausalLM"),
    "qwen2": _Family("Qwen2ForCausalLM", attention_bias=True),
    "qwen3": _Family("Qwen3ForCausalLM", query_key_norm=True, head_dim=128),
}
_SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
)
# What our layers do, and what all families do where a configuration does not say.
_FIXED: dict[str, Any] = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}

_FULL_ATTENTION: dict[str, Any] = {
    "hidden_act": "silu",
    "use_sliding_window": False,
    "sliding_window": None,
}


def our_config(config: Mapping[str, Any]) -> GPTConfig:
    """The configuration in our terms.

    Raises:
        ValueError: this GPT cannot compute what the configuration describes.
    """
    family = _FAMILIES.get(str(config.get("model_type")))
    if family is None:
        raise ValueError(
            f"the model is of type {config.get('model_type')!r}, and only "
            f"{', '.join(_FAMILIES)} are supported"
        )
    for name in _SIZES:
        if type(config.get(name)) is not int or config[name] < 1:
            raise ValueError(f"{name} must be a positive whole number, not {config.get(name)!r}")
    _refuse_unsupported(config)
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or family.head_dim
    if head_dim is not None and head_dim * heads == config["hidden_size"]:
        head_dim = None
    try:
        return GPTConfig(
            **{name: config[name] for name in _SIZES},
            num_key_value_heads=config.get("num_key_value_heads") or heads,
            rope_theta=_rope_theta(config),
            rms_norm_eps=float(config.get("rms_norm_eps", 1e-6)),
            head_dim=head_dim,
            attention_bias=family.attention_bias,
            query_key_norm=family.query_key_norm,
            tie_word_embeddings=bool(config.get("tie_word_embeddings", False)),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(str(error).replace("model.init_args.", "")) from error


def their_config(config: GPTConfig) -> dict[str, Any]:
    """The content of config.json, without the ids of special tokens and the type of the weights.

    Raises:
        ValueError: no family has this shape.
    """
    shape = (config.attention_bias, config.query_key_norm)
    found = [
        (name, family)
        for name, family in _FAMILIES.items()
        if (family.attention_bias, family.query_key_norm) == shape
    ]
    if not found:
        raise ValueError(
            "a model with both attention_bias and query_key_norm is none of "
            f"{', '.join(_FAMILIES)}, so it has no form in Hugging Face's libraries"
        )
    ((model_type, family),) = found
    return {
        "architectures": [family.architecture],
        "model_type": model_type,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.key_value_heads,
        "head_dim": config.features_per_head,
        "intermediate_size": config.feed_forward_size,
        "max_position_embeddings": config.max_position_embeddings,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.rms_norm_eps,
        "tie_word_embeddings": config.tie_word_embeddings,
        **(_FIXED if model_type == "llama" else _FULL_ATTENTION),
    }


def _refuse_unsupported(config: Mapping[str, Any]) -> None:
    for name, ours in _FIXED.items():
        if config.get(name, ours) not in (ours, None):
            raise ValueError(f"{name} is {config[name]!r}, and only {ours!r} is supported")
    if config.get("quantization_config"):
        raise ValueError(
            "the weights are quantized (quantization_config), which is not supported; take the "
            "model's unquantized weights"
        )
    kinds = config.get("layer_types")
    if kinds is not None:
        slides = any(kind != "full_attention" for kind in kinds)
    else:
        slides = bool(config.get("use_sliding_window")) and config.get("sliding_window", 1)
        slides = slides and config.get("max_window_layers", 28) < config["num_hidden_layers"]
    if slides:
        raise ValueError(
            "layers of the model look through a sliding window (use_sliding_window, layer_types), "
            "which is not supported"
        )


def _rope_theta(config: Mapping[str, Any]) -> float:
    """The base of the rotary frequencies, which moved into a dictionary in transformers 5."""
    rope = config.get("rope_parameters") or {}
    scaling = {**rope, **(config.get("rope_scaling") or {})}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind != "default" or scaling.get("partial_rotary_factor", 1.0) != 1.0:
        raise ValueError(f"rotary positions of type {kind!r} are not supported, only 'default'")
    return float(rope.get("rope_theta", config.get("rope_theta", 10000.0)))
