"""Weights of the published implementation, read into a TRM.

    published = torch.load(path, weights_only=True)            # a checkpoint of the published code
    network = TRM(TRMConfig(vocab_size=11, sequence_length=81, num_puzzle_ids=1))
    load_published(network, published)

The published implementation is github.com/SamsungSAILMontreal/TinyRecursiveModels. Its
checkpoints hold the weights only, an average over training, under names that may begin with those
of what was wrapped around the model. Sizes are not read from them: the configuration has to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from lit_coder.networks.trm import TRM

_NAMES = {
    "embed_tokens.embedding_weight": "embed_tokens.weight",
    "embed_pos.embedding_weight": "embed_positions.weight",
    "puzzle_emb.weights": "embed_puzzles.weight",
    "lm_head.weight": "lm_head.weight",
    "q_head.weight": "halt_head.weight",
    "q_head.bias": "halt_head.bias",
    "H_init": "y_start_D",
    "L_init": "z_start_D",
}
_LAYER = re.compile(r"L_level\.layers\.(\d+)\.(self_attn|mlp_t|mlp)\.(\w+)\.weight")
_PARTS = {"self_attn": "mixer", "mlp_t": "mixer", "mlp": "mlp"}
_WRAPPERS = re.compile(r"^(_orig_mod\.|model\.|inner\.)*")


def own_name(published_name: str) -> str:
    """The name in a TRM of a weight of the published implementation.

    Raises:
        ValueError: it has no such weight.
    """
    name = _WRAPPERS.sub("", published_name)
    if name in _NAMES:
        return _NAMES[name]
    match = _LAYER.fullmatch(name)
    if match is None:
        raise ValueError(f"{published_name} is not a weight of the published TRM")
    layer, part, matrix = match.groups()
    return f"layers.{layer}.{_PARTS[part]}.{matrix}.weight"


def load_published(network: TRM, published: Mapping[str, Tensor]) -> None:
    """Sets all weights of a network to published ones.

    Args:
        network: of the same sizes.
        published: a state of the published implementation, by its names.

    Raises:
        ValueError: it has other weights than the network, or of other sizes.
    """
    weights = {own_name(name): weight for name, weight in published.items()}
    own = network.state_dict()
    for name in sorted(weights.keys() ^ own.keys()):
        where = "the network lacks" if name in weights else "the published weights lack"
        raise ValueError(f"the published weights are of another configuration: {where} {name}")
    for name, weight in weights.items():
        if weight.shape != own[name].shape:
            raise ValueError(
                f"the published weights are of another configuration: {name} is "
                f"{tuple(weight.shape)}, in the network {tuple(own[name].shape)}"
            )
    network.load_state_dict(weights)
