"""A pretrained model in Hugging Face's format as what a run starts from.

    pretrained = read_pretrained("Qwen/Qwen2.5-Coder-0.5B")     # or a folder of your own
    sizes = pretrained.sizes(given, defaults)                   # the options of a GPTModule
    pretrained.load_into(network)

Llama, Qwen2 and Qwen3 shapes, tied or not, in one file of safetensors or in shards. Only the
configuration is read at once; tokenizer and weights are read when they are asked for. A module
keeps the sizes among its hyper-parameters and the weights in its checkpoints, so nothing here is
needed again once a run has begun.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from lit_coder.networks.gpt import GPT
from lit_coder.networks.gpt_config import GPTConfig
from lit_coder.networks.hugging_face import load_weights
from lit_coder.networks.hugging_face_config import our_config
from lit_coder.networks.hugging_face_files import (
    CONFIG_FILE,
    WeightFiles,
    pretrained_folder,
    read_json,
)
from lit_coder.networks.hugging_face_tokenizer import read_tokenizer
from lit_coder.tokenizer import CodeTokenizer

_OPTION = "model.init_args."
# A run has its own context, and its tokenizer may have fewer tokens than the embedding has rows.
_AT_MOST = ("vocab_size", "max_position_embeddings")


class Pretrained:
    """A model's folder.

    Attributes:
        name: what the user called it.
        folder: where it is.
        config: its size and shape.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        with _named(folder):
            self.config: GPTConfig = our_config(read_json(folder / CONFIG_FILE))

    @cached_property
    def tokenizer(self) -> CodeTokenizer:
        """Its tokenizer.

        Raises:
            ValueError: it is missing, damaged, cannot serve here, or has more tokens than the
                model.
        """
        tokenizer = read_tokenizer(self.folder)
        if tokenizer.vocab_size > self.config.vocab_size:
            raise ValueError(
                f"{self.folder}: the tokenizer has {tokenizer.vocab_size} tokens and the model "
                f"only {self.config.vocab_size}"
            )
        return tokenizer

    def sizes(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The sizes of a network that takes these weights, by the names of `GPTConfig`.

        Args:
            given: sizes that the user or the tokenizer and the data have set, by the same names.
            defaults: what stands there when nobody has.

        Raises:
            ValueError: a given size is neither a default nor the model's own, the tokenizer has
                more tokens than the model, or the context is longer than the model's; it names
                the option.
        """
        own = dataclasses.asdict(self.config)
        for name, value in given.items():
            if name in _AT_MOST:
                if value > own[name]:
                    raise ValueError(self._too_large(name, value, own[name]))
            elif value not in (defaults.get(name), own[name], self._written_out(name)):
                raise ValueError(
                    f"{_OPTION}{name} is {value}, and that of {_OPTION}pretrained {self.name} is "
                    f"{self._written_out(name)}; leave it out"
                )
        return own | {"max_position_embeddings": given["max_position_embeddings"]}

    def load_into(self, network: GPT) -> None:
        """Put the weights into a network of these sizes.

        Raises:
            ValueError: they are missing, damaged, or not those of the configuration.
        """
        weights = WeightFiles(self.folder)
        with _named(self.folder):
            load_weights(network, weights)

    def _written_out(self, name: str) -> Any:
        """A size with the None of the configuration filled in."""
        filled = {
            "head_dim": self.config.features_per_head,
            "num_key_value_heads": self.config.key_value_heads,
        }
        return filled.get(name, getattr(self.config, name))

    def _too_large(self, name: str, value: int, own: int) -> str:
        if name == "vocab_size":
            return (
                f"data.tokenizer has {value} tokens, and {_OPTION}pretrained {self.name} has only "
                f"{own}; leave data.tokenizer out to use its own"
            )
        return (
            f"data.max_sequence_length is {value}, and the context of {_OPTION}pretrained "
            f"{self.name} is {own}; lower it"
        )


def read_pretrained(name_or_folder: str | Path) -> Pretrained:
    """The model of a folder, or of a name on the hub, which is downloaded.

    Raises:
        ValueError: there is none, or it is not of a supported shape; one sentence.
    """
    return Pretrained(str(name_or_folder), pretrained_folder(name_or_folder))


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Puts the folder before what is wrong with it, where that does not name it."""
    try:
        yield
    except ValueError as error:
        if str(folder) in str(error):
            raise
        raise ValueError(f"{folder}: {error}") from error
