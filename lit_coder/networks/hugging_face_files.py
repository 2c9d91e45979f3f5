"""A model's folder in Hugging Face's format: where it is, its config.json and its weights.

    folder = pretrained_folder("Qwen/Qwen2.5-Coder-0.5B")     # or a folder of your own
    config = our_config(read_json(folder / CONFIG_FILE))
    load_weights(network, WeightFiles(folder))

Weights are read from safetensors alone, whole or in shards, one tensor at a time: nothing in a
file is executed, and no second copy of a model stands in memory. A name on the hub is downloaded
into Hugging Face's own cache; the device and the type of weights are decided elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"
"""What a folder holds; Hugging Face's names."""
GENERATION_CONFIG_FILE, TOKENIZER_CONFIG_FILE = "generation_config.json", "tokenizer_config.json"

_INDEX_FILE = "model.safetensors.index.json"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WANTED = [
    CONFIG_FILE,
    GENERATION_CONFIG_FILE,
    "*.safetensors",
    _INDEX_FILE,
    TOKENIZER_FILE,
    TOKENIZER_CONFIG_FILE,
]


def pretrained_folder(name_or_folder: str | Path) -> Path:
    """The folder of a model; one that is named by its place on the hub is downloaded first.

    Raises:
        ValueError: there is no such folder, or the hub does not give it; one sentence that names
            `model.init_args.pretrained`.
    """
    folder, name = Path(name_or_folder).expanduser(), str(name_or_folder)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ValueError(f"model.init_args.pretrained {name} is a file; name the folder it is in")
    if not _HUB_NAME.fullmatch(name):
        raise ValueError(f"model.init_args.pretrained: there is no folder {name}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED))
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"model.init_args.pretrained: there is neither a folder {name} nor such a model on "
            "the hub; a private or gated one needs `hf auth login`"
        ) from error
    except LocalEntryNotFoundError as error:
        raise ValueError(
            f"model.init_args.pretrained: {name} is no folder, and the hub cannot be reached to "
            "download it; name a folder, or download it where there is a network"
        ) from error
    except OSError as error:
        what = str(error).strip().partition("\n")[0]
        raise ValueError(f"model.init_args.pretrained: {name} cannot be had: {what}") from error


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ValueError: naming the file.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{file.parent} lacks {file.name}; copy the model whole") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read: {error}; copy it again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no object; copy it again")
    return content


class WeightFiles(Mapping[str, Tensor]):
    """The tensors of a folder's safetensors by their names, each read when it is asked for.

    Args:
        folder: holds model.safetensors, or shards and their index.

    Raises:
        ValueError: a file is missing or damaged; also while reading.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        whole, index = folder / WEIGHTS_FILE, folder / _INDEX_FILE
        if whole.is_file() or not index.is_file():
            self._file_of = dict.fromkeys(_names_in(whole), whole)
            return
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict) or not all(
            isinstance(file, str) and Path(file).name == file for file in places.values()
        ):
            raise ValueError(f"{index} does not say which file each weight is in; copy it again")
        held = {file: set(_names_in(folder / file)) for file in sorted(set(places.values()))}
        for name, file in places.items():
            if name not in held[file]:
                raise ValueError(f"{folder / file} lacks {name}, which {index.name} says it holds")
        self._file_of = {name: folder / file for name, file in places.items()}

    def __getitem__(self, name: str) -> Tensor:
        file = self._file_of[name]
        try:
            with safe_open(file, framework="pt") as opened:
                tensor: Tensor = opened.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{file} is damaged: {error}; copy it again") from error
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._file_of)

    def __len__(self) -> int:
        return len(self._file_of)


def _names_in(file: Path) -> list[str]:
    if not file.is_file():
        old = ", and weights of pickled files (.bin) are not read" * any(file.parent.glob("*.bin"))
        raise ValueError(f"{file.parent} lacks {file.name}{old}; copy or export the model whole")
    try:
        with safe_open(file, framework="pt") as opened:
            return list(opened.keys())
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{file} is damaged: {error}; copy it again") from error
