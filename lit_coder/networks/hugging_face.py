"""The GPT's weights in the form of Hugging Face's Llama, Qwen2 and Qwen3, and back.

    config, state = to_hugging_face(network)      # contents of config.json and model.safetensors
    network = from_hugging_face(config, state)    # the same logits
    load_weights(network, state)                  # into a network of that configuration

The family follows from the network: biases on queries, keys and values are Qwen2's, a norm of
queries and keys is Qwen3's, all else is a Llama. Our names are theirs without the leading
"model." and the rotation pairs the same features, so nothing is permuted or computed. What a
configuration says is read in hugging_face_config.py, files in hugging_face_files.py;
`transformers` is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lit_coder.networks.gpt import GPT
from lit_coder.networks.hugging_face_config import our_config, their_config

_PREFIX = "model."
_OUTPUT_LAYER, _EMBEDDING = "lm_head.weight", "embed_tokens.weight"
# Tables that old versions saved beside the weights; they follow from the configuration.
_NO_WEIGHTS = "rotary_emb.inv_freq"


def to_hugging_face(network: GPT) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration as the family's class has it, and the weights by their names there.

    The tensors are the network's own, not copies.

    Raises:
        ValueError: no family has this shape.
    """
    config = their_config(network.config)
    config["torch_dtype"] = str(network.embed_tokens.weight.dtype).removeprefix("torch.")
    state = {_their_name(name): tensor.detach() for name, tensor in network.state_dict().items()}
    return config, state


def from_hugging_face(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> GPT:
    """A GPT with the weights of a Llama, Qwen2 or Qwen3, in float32.

    Raises:
        ValueError: this GPT cannot compute what the configuration describes, or the weights are
            not those of the configuration.
    """
    network = GPT(our_config(config))
    load_weights(network, state)
    return network


def load_weights(network: GPT, state: Mapping[str, Tensor]) -> None:
    """Put weights by Hugging Face's names into a network, in the network's own type.

    A tensor is looked up when its turn comes, so that a mapping that reads files holds one at a
    time.

    Raises:
        ValueError: the weights are not those of the network's configuration; it may then hold a
            part of them.
    """
    own = network.state_dict()
    given = {_our_name(name): name for name in state if not name.endswith(_NO_WEIGHTS)}
    if _EMBEDDING not in given:
        raise ValueError(
            f"the weights lack {_their_name(_EMBEDDING)}; they are not those of a Llama or Qwen"
        )
    copied_output = given.pop(_OUTPUT_LAYER, None) if _OUTPUT_LAYER not in own else None
    differing = sorted(own.keys() ^ given.keys())
    if differing:
        what = "lack" if differing[0] in own else "have an unknown"
        raise ValueError(f"the weights {what} {differing[0]}; they are not those of the config")
    for name, parameter in own.items():
        parameter.copy_(_checked(name, state[given[name]], parameter))
    if copied_output is not None:
        output = state[copied_output].to(network.embed_tokens.weight)
        if not torch.equal(output, network.embed_tokens.weight):
            raise ValueError(
                "the weights have an output layer of their own (lm_head.weight), and the config "
                "says tie_word_embeddings: true"
            )


def _checked(name: str, tensor: Tensor, own: Tensor) -> Tensor:
    if tensor.shape != own.shape:
        raise ValueError(
            f"the weights of {name} have the shape {tuple(tensor.shape)}, and the config says "
            f"{tuple(own.shape)}"
        )
    if not tensor.is_floating_point():
        raise ValueError(
            f"the weights of {name} are of type {str(tensor.dtype).removeprefix('torch.')}, and "
            "only floating-point weights are supported"
        )
    return tensor


def _their_name(name: str) -> str:
    return name if name == _OUTPUT_LAYER else _PREFIX + name


def _our_name(name: str) -> str:
    return name.removeprefix(_PREFIX)
