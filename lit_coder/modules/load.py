"""Loads a trained model, ready to generate.

    module = load_module("last")                                # the newest run
    module = load_module("runs/quickstart")                     # that run's last checkpoint
    module = load_module("runs/quickstart/checkpoints/best.ckpt")
    module = load_module("my_model")    # a folder of `main.py export`, or any in that format

The module is in eval mode on the CPU and has its tokenizer. Nothing in a file is executed:
checkpoints are read with `weights_only=True`, exported weights are safetensors. Optimizer, random
state and pool are not restored; going on with a run is `fit`'s business.
"""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import torch

from lit_coder.modules.code_module import CodeModule
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.pretrained import Pretrained
from lit_coder.modules.trm_module import TRMModule
from lit_coder.networks.gpt import GPT
from lit_coder.networks.hugging_face_files import CONFIG_FILE

LAST = "last"
_LAST_RUN = Path("runs") / LAST
_LAST_CHECKPOINT = Path("checkpoints") / "last.ckpt"
_CLASSES: dict[str, type[GPTModule] | type[TRMModule]] = {
    each.__name__: each for each in (GPTModule, TRMModule)
}


def load_module(path: str | Path = LAST) -> CodeModule:
    """The module of a checkpoint, of a run's folder, of an exported folder, or of the newest run.

    Raises:
        ValueError: there is nothing to load, or it is damaged; one sentence.
    """
    if str(path) == LAST:
        if not (_LAST_RUN / _LAST_CHECKPOINT).exists():
            raise ValueError(
                f"there is no {_LAST_RUN / _LAST_CHECKPOINT} here: train a model first, or name a "
                "checkpoint, a run's folder or an exported folder"
            )
        path = _LAST_RUN
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: there is no such checkpoint or folder")
    module = _from_folder(path) if path.is_dir() else _from_checkpoint(path)
    return module.eval()


def _from_folder(folder: Path) -> CodeModule:
    if (folder / CONFIG_FILE).exists():
        return _from_hugging_face(folder)
    for checkpoint in (folder / _LAST_CHECKPOINT, folder / _LAST_CHECKPOINT.name):
        if checkpoint.exists():
            return _from_checkpoint(checkpoint)
    raise ValueError(
        f"{folder} holds neither {_LAST_CHECKPOINT} of a run nor {CONFIG_FILE} of an exported model"
    )


def _from_checkpoint(file: Path) -> CodeModule:
    content = _read_checkpoint(file)
    hyper_parameters, state = content.get("hyper_parameters"), content.get("state_dict")
    if not isinstance(hyper_parameters, dict) or not isinstance(state, dict):
        raise ValueError(f"{file} is not a checkpoint of lit_coder: it lacks hyper-parameters")
    if "tokenizer_json" not in content:
        raise ValueError(f"{file} holds no tokenizer, so its model can read no text")
    # The command line notes the class; without it, the canvas tells the two apart.
    unnoted = TRMModule if "canvas_length" in hyper_parameters else GPTModule
    class_path = str(hyper_parameters.get("_class_path", unnoted.__name__))
    module_class = _CLASSES.get(class_path.rpartition(".")[2])
    if module_class is None:
        raise ValueError(
            f"{file} was trained as {class_path}; load it with that class's load_from_checkpoint"
        )
    try:
        # Names that begin with an underscore are the command line's notes.
        module = module_class(**{k: v for k, v in hyper_parameters.items() if k[0] != "_"})
        module.load_state_dict(state)
        module.on_load_checkpoint(content)
    except (RuntimeError, TypeError, ValueError) as error:
        what = " ".join(str(error).split())[:200]
        raise ValueError(f"{file} does not fit this version of lit_coder: {what}") from error
    return module


def _read_checkpoint(file: Path) -> dict[str, Any]:
    """The checkpoint's content; tensors stay in the file until they are used."""
    if file.suffix == ".safetensors":
        raise ValueError(f"{file} holds weights alone; name the exported folder it stands in")
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip() is not None
    except PermissionError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        damaged = True
    if damaged:
        raise ValueError(f"{file} is damaged or not a checkpoint; take another one")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    # Unpickling what is no checkpoint fails in many ways, none of them more than a refusal.
    except Exception as error:
        what = str(error).strip().partition("\n")[0][:200]
        raise ValueError(f"{file} is not a checkpoint that can be read safely: {what}") from error
    return content if isinstance(content, dict) else {}


def _from_hugging_face(folder: Path) -> CodeModule:
    pretrained = Pretrained(str(folder), folder)
    tokenizer = pretrained.tokenizer
    network = GPT(pretrained.config)
    pretrained.load_into(network)
    module = _module_around(network)
    module.tokenizer = tokenizer
    return module


def _module_around(network: GPT) -> GPTModule:
    """A module of the network's sizes that holds it."""
    with torch.device("meta"):  # its own weights are never made
        module = GPTModule(**dataclasses.asdict(network.config))
    module.network = network
    return module
