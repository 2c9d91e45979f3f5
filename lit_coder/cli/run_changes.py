"""What a run was made with must stay: its seed, its problems, its rounds, what may train it.

    refuse_changed_files(run_folder)                      # problem files that are others now
    refuse_changes(run_folder, config, "fit")             # against the run's config.yaml
    refuse_other_problems(saved, config, "test", in_run)  # against the checkpoint itself

test, validate and predict measure on the problems that were held out of this training: with
another seed or another number they would score problems that the model has seen.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lit_coder.cli.config_file import read_config
from lit_coder.cli.saved_config import absolute_corpus
from lit_coder.problems.file_checksums import problem_file_checksums
from lit_coder.trainer.run_folder import CONFIG_FILE, read_environment
from lit_coder.training_data.problem_sources import (
    FILE_OPTIONS,
    HUB,
    problem_source,
    source_checksums,
)

logger = logging.getLogger("lit_coder.cli")

_DATA = (
    "families",
    "difficulties",
    "num_labelled",
    "difficulty_rounds",
    "held_out_families",
    "held_out_difficulties",
    "num_held_out",
    "num_validation",
    *FILE_OPTIONS,
    "datasets",
    "max_samples_per_dataset",
    "instruction_template",
    "max_sequence_length",
    "canvas_length",
    "canvas_line_length",
)
_CORPUS = (
    "corpus",
    "corpus_share",
    "corpus_validation_share",
    "max_corpus_documents",
    "keep_only",
    "cleaning",
    "fim_rate",
    "pack_examples",
)
_PROBLEMS: tuple[tuple[str, ...], ...] = (
    ("seed_everything",),
    *(("data", name) for name in _DATA),
)
_FIXED: tuple[tuple[str, ...], ...] = (
    *_PROBLEMS,
    *(("data", name) for name in _CORPUS),
    ("model", "init_args", "pretrained"),
    ("recursion", "every_n_steps"),
    ("recursion", "gate"),
    ("recursion", "solver"),
    ("model", "init_args", "objective"),
    ("model", "init_args", "value_head"),
    ("recursion", "reward"),
    ("recursion", "advantages"),
    ("data", "preference_file"),
)
_MISSING = object()


def refuse_changes(run_folder: Path, config: Mapping[str, Any], command: str) -> None:
    """Raise where a run is asked for another seed, other problems or, by fit, other rounds.

    Raises:
        ValueError: naming the option and both values.
    """
    saved = read_config(str(run_folder / CONFIG_FILE))
    for path in _FIXED if command == "fit" else _PROBLEMS:
        was, now = _at(saved, path), _at(config, path)
        if was is not _MISSING and _plain(was, path) != _plain(now, path):
            raise ValueError(_changed(path, was, now, "the run", command))


def refuse_other_problems(
    saved: Mapping[str, Any], config: Mapping[str, Any], command: str, in_run: bool
) -> None:
    """Raise where the problems would not be those that the checkpoint was trained with.

    Args:
        saved: the checkpoint's content.
        config: what the command was given.
        command: fit, validate, test or predict.
        in_run: whether the checkpoint stands in its run's folder, where files are checked too.

    Raises:
        ValueError: naming the option and both values.
    """
    data = dict(saved.get("datamodule_hyper_parameters") or {})
    was_at = {"seed_everything": data.get("seed", _MISSING), "data": data}
    for path in _PROBLEMS:
        was, now = _at(was_at, path), _at(config, path)
        if was is _MISSING or isinstance(now, bool):
            continue
        if path[-1] in FILE_OPTIONS:
            # The files may stand elsewhere now: their names are all that can be compared.
            was, now = (sorted(Path(name).name for name in names or ()) for names in (was, now))
        if path[-1] == "families":
            was, now = (names if names is not None else ["arithmetic"] for names in (was, now))
        if _plain(was, ()) != _plain(now, ()):
            raise ValueError(_changed(path, was, now, "the checkpoint", command))
    if not in_run and (not data or any(data.get(name) for name in FILE_OPTIONS)):
        logger.warning(
            "the checkpoint does not stand in a run's folder: that its held-out problems were not "
            "trained on cannot be checked"
        )


def refuse_changed_files(run_folder: Path) -> None:
    """Raise where a problem file is not what it was when the run began.

    Raises:
        ValueError: naming the file.
    """
    recorded = read_environment(run_folder).get("data_sha256")
    # Older runs wrote names as they were given: from another folder they cannot be found.
    recorded = {
        name: checksum
        for name, checksum in (recorded.items() if isinstance(recorded, dict) else ())
        if Path(name).is_absolute() or name.startswith(HUB)
    }
    if not recorded:
        return
    data = read_config(str(run_folder / CONFIG_FILE)).get("data", {})
    now = source_checksums(data)
    now |= problem_file_checksums(recorded.keys() - now.keys())
    for name in sorted({*recorded, *now}):
        if recorded.get(name) == now.get(name):
            continue
        fault = "has changed since" if name in recorded else "was not there when"
        if name not in now:
            fault = "is gone since"
        remedy = "put it back as it was" if name in recorded else "move it elsewhere"
        raise ValueError(
            f"the problem file {name} {fault} the run began; {remedy}, or start a new run"
        )


def _changed(path: tuple[str, ...], was: Any, now: Any, holder: str, command: str) -> str:
    reason = (
        "a resume cannot change it; leave it out, or start a new run"
        if command == "fit"
        else f"{command} measures on the problems held out of that training; leave it out"
    )
    return f"{'.'.join(path)} is {_shown(now)}, but {holder} has {_shown(was)} and {reason}"


def _at(config: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if name not in config:
            return _MISSING
        config = config[name]
    return config


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    """Lists and tuples alike, files as absolute paths, a class as its path and its arguments."""
    if hasattr(value, "as_dict"):
        value = value.as_dict()
    if isinstance(value, dict):
        return {name: held for name, held in value.items() if held or name != "init_args"}
    if not isinstance(value, (list, tuple)):
        return value
    if path[-1:] == ("corpus",):
        return [absolute_corpus(source) for source in value]
    if path and path[-1] in FILE_OPTIONS:
        return [problem_source(path[-1], name).from_anywhere() for name in value]
    return list(value)


def _shown(value: Any) -> str:
    if hasattr(value, "as_dict"):
        value = value.as_dict()
    if isinstance(value, dict) and "class_path" in value:
        arguments = value.get("init_args") or ""
        return str(value["class_path"]).rsplit(".", 1)[-1] + (f" {arguments}" if arguments else "")
    return str(list(value)) if isinstance(value, (list, tuple)) else str(value)
