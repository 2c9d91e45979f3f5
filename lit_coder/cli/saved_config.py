"""A run's `config.yaml`: what fit accepts again, from anywhere, and what a checkpoint puts over it.

    text = saved_configuration(parser.dump(config), "fit", run_folder)
    take_saved_model(saved, config)       # the network is the checkpoint's, not to be read again

Nothing is read from the hub and nothing is written here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lit_coder.cli.config_file import read_config
from lit_coder.networks.gpt_config import GPTConfig
from lit_coder.recursion.repairer import repairer_path
from lit_coder.trainer.run_folder import CONFIG_FILE, TOKENIZER_FILE
from lit_coder.training_data.problem_sources import FILE_OPTIONS, problem_source

NETWORK_OPTIONS = frozenset(field.name for field in dataclasses.fields(GPTConfig))
"""Options of a model that say what the network is; a pretrained one brings them with it."""
_INSTALLED_CORPORA = ("stdlib", "site-packages")


def saved_configuration(text: str, command: str, run_folder: Path) -> str:
    """The configuration as a file that fit accepts again, without this run's folder.

    Args:
        text: the parser's dump of everything.
        command: fit, validate, test or predict.
        run_folder: the run's; it need not exist yet.
    """
    content = yaml.safe_load(text)[command]
    content["ckpt_path"] = None
    content["trainer"]["default_root_dir"] = None
    content.pop("config", None)
    data = content["data"]
    own_tokenizer = run_folder / TOKENIZER_FILE
    if data["tokenizer"] == str(own_tokenizer) and (run_folder / CONFIG_FILE).exists():
        # A resume reads the run's own copy; a new run of this file shall do as the first did.
        data["tokenizer"] = read_config(str(run_folder / CONFIG_FILE))["data"]["tokenizer"]
    elif data["tokenizer"]:
        data["tokenizer"] = str(Path(data["tokenizer"]).absolute())
    for name in FILE_OPTIONS:
        if data[name]:
            data[name] = [problem_source(name, held).from_anywhere() for held in data[name]]
    if data["corpus"]:
        data["corpus"] = [absolute_corpus(source) for source in data["corpus"]]
    for name in ("cache_dir", "datasets_folder", "preference_file"):
        if data[name]:
            data[name] = str(Path(data[name]).expanduser().absolute())
    if content["recursion"]["repairer"]:
        content["recursion"]["repairer"] = repairer_path(content["recursion"]["repairer"])
    model = content["model"].get("init_args") or {}
    if model.get("pretrained") and Path(model["pretrained"]).exists():
        model["pretrained"] = str(Path(model["pretrained"]).absolute())
    dumped: str = yaml.safe_dump(content, sort_keys=False)
    return dumped


def absolute_corpus(source: str) -> str:
    """A source of `data.corpus` as it is understood from any folder: paths are made absolute."""
    if source in _INSTALLED_CORPORA or source.startswith("hf:"):
        return source
    return str(Path(source).absolute())  # a column behind it stays where it is


def take_saved_model(saved: Mapping[str, Any], config: Any) -> None:
    """Make a pretrained network the checkpoint's: its files may be gone, its weights are not.

    Args:
        saved: the checkpoint's content.
        config: what the command was given; changed in place.
    """
    model = config.model.init_args
    if model.get("pretrained") is None:
        return
    hyper_parameters = saved["hyper_parameters"]
    for name in NETWORK_OPTIONS & hyper_parameters.keys():
        model[name] = hyper_parameters[name]
    model["pretrained"] = config.data.pretrained = None
