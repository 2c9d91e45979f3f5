"""What is refused before a run creates or changes anything: one sentence each, naming the option.

    refuse_unfit_trainer(config.trainer, every_n_steps)   # options the loop cannot work with
    refuse_out_of_range(config)
    refuse_bad_sources(config.data, config.seed_everything)
    refuse_other_model(checkpoint, read_checkpoint(checkpoint), config.model)
    refuse_bad_repairer(config.recursion, saved)
    refuse_unwritable(run_folder)

Ranges of single options stand in the classes that own them; what a run's folder was made with is
checked by `run_changes`.
"""

from __future__ import annotations

import os
import pickle
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from lit_coder.cli.objective_options import refuse_unfit_objective
from lit_coder.cli.resume import intact_checkpoints
from lit_coder.cli.saved_config import NETWORK_OPTIONS
from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.problems.registry import problem_family
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.repairer import open_repairer
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.data_options import training_datasets
from lit_coder.training_data.pairs import read_preferences
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.problem_sources import problem_sources

_OWNED: dict[str, tuple[tuple[Any, ...], str]] = {
    "reload_dataloaders_every_n_epochs": ((1,), "a round is an epoch with a loader of its own"),
    "limit_train_batches": ((None, 1.0), "set recursion.every_n_steps for shorter rounds"),
    "overfit_batches": ((0, 0.0), "set data.num_labelled for fewer examples"),
    "fast_dev_run": ((False, 0), "use the command check for one tiny round"),
    "enable_checkpointing": ((None, True), "see the section checkpoint"),
    "barebones": ((False,), "it takes callbacks away that make the rounds"),
    "gradient_clip_val": ((None,), "set model.init_args.max_gradient_norm"),
    "gradient_clip_algorithm": ((None,), "set model.init_args.max_gradient_norm"),
    "use_distributed_sampler": ((False,), "the loader is sized to one round"),
    "min_steps": ((None,), "set trainer.max_steps"),
    "min_epochs": ((None, 0, 1), "set trainer.max_steps"),
    "max_epochs": ((-1,), "an epoch is a round; set trainer.max_steps"),
    "max_time": ((None,), "it would end a round in the middle; set trainer.max_steps"),
    "check_val_every_n_epoch": ((1,), "every round is measured; set recursion.every_n_steps"),
    "val_check_interval": ((None, 1.0), "every round is measured; set recursion.every_n_steps"),
}
_FORKING = ("ddp_spawn", "ddp_fork", "ddp_notebook")
_FREE = (
    # Linked: the tokenizer's fit and data.max_sequence_length are checked.
    "vocab_size",
    "max_position_embeddings",
    # How a step is computed, not what it computes.
    "gradient_checkpointing",
    "compile",
    "loss_chunk_tokens",
)
_BEFORE: dict[str, Any] = {"canvas_line_length": None}
"""What a checkpoint was trained with that is older than the option."""


def refuse_unfit_trainer(trainer: Mapping[str, Any], every_n_steps: int, fits: bool) -> None:
    """Raise where an option of Trainer would break or be ignored by the loop.

    Raises:
        ValueError: naming the option.
    """
    for name, (fitting, instead) in _OWNED.items():
        # 1 is a number of batches, 1.0 a share of them.
        if not any(
            trainer[name] == value and type(trainer[name]) is type(value) for value in fitting
        ):
            raise ValueError(f"trainer.{name} cannot be {trainer[name]} here: {instead}")
    strategy = trainer["strategy"]
    if isinstance(strategy, str) and strategy.startswith(_FORKING):
        raise ValueError(
            f"trainer.strategy cannot be {strategy} here: each process starts the command line "
            "anew; set ddp"
        )
    for name in ("accumulate_grad_batches", "log_every_n_steps"):
        if trainer[name] < 1:
            raise ValueError(f"trainer.{name} must be 1 or more, not {trainer[name]}")
    steps = trainer["max_steps"]
    if fits and every_n_steps >= 1 and (steps < 1 or steps % every_n_steps):
        above = max(1, -(-steps // every_n_steps)) * every_n_steps
        raise ValueError(
            f"trainer.max_steps ({steps}) must be a multiple of recursion.every_n_steps "
            f"({every_n_steps}), for example {above}"
        )


def refuse_out_of_range(config: Any) -> None:
    """Raise where an option is out of its range; before a corpus is read for the vocabulary.

    Who owns the options checks them: each class is made once and thrown away.

    Raises:
        ValueError: naming the option.
    """
    SandboxOptions(**vars(config.sandbox))
    RunCheckpoint(**vars(config.checkpoint))
    unbuilt = dict.fromkeys(("gate", "solver", "sandbox", "reward", "advantages"))
    RecursiveGenerationCallback(**{**vars(config.recursion), **unbuilt})
    BenchmarkCallback(**{**vars(config.benchmark), "sandbox": None})
    model = dict(vars(config.model.init_args))
    model.pop("objective", None)
    if model.get("pretrained") is not None:
        # Its sizes are its own, and what stands here of them need not fit together.
        model = {name: value for name, value in model.items() if name not in NETWORK_OPTIONS}
        model["pretrained"] = None
    refuse_unfit_objective(config)
    _refuse_ignored_sampling(config)
    with torch.device("meta"):
        pkgutil.resolve_name(config.model.class_path)(**model)
    _refuse_cut_canvases(config)
    _refuse_unfit_precision(config)


def refuse_bad_sources(data: Mapping[str, Any], seed: Any) -> None:
    """Raise where the problems that are asked for do not exist; their readers do not know the keys.

    Raises:
        ValueError: naming the option.
    """
    if not isinstance(seed, bool) and not 0 <= seed < 2**32:
        raise ValueError(f"seed_everything must be from 0 to {2**32 - 1}, not {seed}")
    for option in ("families", "held_out_families"):
        for name in data[option] or ():
            try:
                problem_family(name)
            except ValueError as error:
                raise ValueError(f"data.{option}: {error}") from error
    for source in problem_sources(data):
        source.refuse_missing()
    training_datasets(data).refuse_unreadable()
    read_preferences(data["preference_file"])
    if data["preference_file"] and data["learns_from"] != "pairs":
        raise ValueError(
            "data.preference_file is for the objective Preference; set model.init_args.objective, "
            "or leave the file out"
        )
    if data["tokenizer"] is not None and not Path(data["tokenizer"]).is_file():
        raise ValueError(
            f"data.tokenizer: there is no file {data['tokenizer']}; leave it out to train one on "
            "the run's own problems"
        )


def refuse_other_layout(config: Any) -> None:
    """Raise where the rows are laid out for another kind of model.

    Raises:
        ValueError: naming the option.
    """
    for name in ("canvas_length", "canvas_line_length"):
        if config.data[name] is not None and name not in config.model.init_args:
            raise ValueError(
                f"data.{name} is for a TRMModule, and model is {_short(config.model.class_path)}, "
                "which writes token after token; leave it out"
            )


def _refuse_ignored_sampling(config: Any) -> None:
    """Raise where an option says how to draw tokens, and the model draws none."""
    if "canvas_length" not in config.model.init_args:
        return
    recursion, benchmark = config.recursion, config.benchmark
    for option, value, unused in (
        ("recursion.top_k", recursion.top_k, 0),
        ("recursion.top_p", recursion.top_p, 1.0),
        ("benchmark.top_p", benchmark.top_p, 1.0),
        ("benchmark.token_healing", benchmark.token_healing, False),
    ):
        if value != unused and (recursion.solver is None or not option.startswith("recursion.")):
            section = option.partition(".")[0]
            raise ValueError(
                f"{option} ({value}) is for a model that draws token after token, and a TRMModule "
                "takes the likeliest token at every position at once: leave it out; answers differ "
                f"by the noise of their starts, whose size is {section}.temperature"
            )


def _refuse_cut_canvases(config: Any) -> None:
    """Raise where answers would be cut that a canvas has room for, and count as wrong."""
    length = config.data.canvas_length or 0
    for section in ("recursion", "benchmark"):
        limit = config[section].max_new_tokens
        if limit is not None and limit < length:
            raise ValueError(
                f"{section}.max_new_tokens ({limit}) would cut answers of a canvas of "
                f"data.canvas_length ({length}) tokens, which a TRMModule writes at once: set it "
                f"to {length}"
            )


def _refuse_unfit_precision(config: Any) -> None:
    """Raise where a TRM's weights would have another type: in bfloat16 their average stands still.

    Under autocast they stay as they are.
    """
    given = config.trainer.precision
    fitting = (None, "32-true", "32", 32, "bf16-mixed", "bf16", "16-mixed", "16", 16)
    if config.data.canvas_length is not None and given not in fitting:
        raise ValueError(
            f"trainer.precision cannot be {given} for a TRMModule, whose weights and their average "
            "stay in float32: leave it out, and set model.init_args.compute_dtype to bfloat16 for "
            "its states"
        )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content; its tensors stay in the file until they are used.

    Raises:
        ValueError: it is not a checkpoint of this package.
    """
    saved, fault = _opened(path)
    if fault:
        others = [p for p in intact_checkpoints(path.parent) if p != path and not _opened(p)[1]]
        remedy = (
            f"intact: {', '.join(str(other) for other in others)}"
            if others
            else "there is no intact checkpoint beside it"
        )
        raise ValueError(f"--ckpt_path: {path} {fault}; {remedy}")
    return saved


def _opened(path: Path) -> tuple[dict[str, Any], str]:
    """A checkpoint's content, and what is wrong with it; "" where nothing is."""
    foreign = "is not a checkpoint of lit_coder"
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError):
        return {}, foreign
    needed = ("state_dict", "hyper_parameters", "tokenizer_json", "pytorch-lightning_version")
    lacking = [key for key in needed if not isinstance(saved, dict) or key not in saved]
    if lacking:
        return {}, f"{foreign}: it lacks {', '.join(lacking)}"
    return dict(saved), ""


def refuse_other_pool(run_folder: Path, saved: Mapping[str, Any]) -> None:
    """Raise where the run's pool is gone, damaged or another run's.

    Raises:
        ValueError: naming the pool.
    """
    round_state = saved["callbacks"][RecursiveGenerationCallback.__qualname__]
    version = int(saved[CodeDataModule.__qualname__]["pool_version"])
    SamplePool.open(run_folder / POOL_FOLDER, round_state["run_id"], version)


def refuse_bad_repairer(recursion: Mapping[str, Any], saved: Mapping[str, Any] | None) -> None:
    """Raise where `recursion.repairer` is no TRM, or not the one that the run began with.

    It is loaded for that, which takes about a second; it is too late once a corpus was read.

    Args:
        recursion: the section.
        saved: content of the checkpoint that is gone on from; None where a run begins.

    Raises:
        ValueError: naming the option.
    """
    states = {} if saved is None else saved["callbacks"]
    began = states.get(RecursiveGenerationCallback.__qualname__, {})
    weights = None if saved is None else str(began.get("repairer", ""))
    open_repairer(recursion["repairer"], saved_weights=weights)


def refuse_other_tokenizer(saved: Mapping[str, Any], tokenizer: CodeTokenizer) -> None:
    """Raise where `data.tokenizer` is not the one that the weights were trained with.

    Raises:
        ValueError: naming the option.
    """
    if CodeTokenizer.from_str(saved["tokenizer_json"]).fingerprint != tokenizer.fingerprint:
        raise ValueError(
            "data.tokenizer is not the tokenizer these weights were trained with; leave it out to "
            "use the checkpoint's own"
        )


def refuse_other_model(checkpoint: Path, saved: Mapping[str, Any], model: Any) -> None:
    """Raise where the configuration asks for another model than the checkpoint holds.

    Raises:
        ValueError: naming the option and both values.
    """
    hyper_parameters = saved["hyper_parameters"]
    saved_class = str(hyper_parameters.get("_class_path", model.class_path))
    if saved_class != model.class_path:
        raise ValueError(
            f"model is {_short(model.class_path)}, but the checkpoint {checkpoint} holds a "
            f"{_short(saved_class)}; leave model out to go on with the checkpoint's"
        )
    is_pretrained = model.init_args.get("pretrained") is not None
    for name, value in model.init_args.items():
        if name in _FREE or (is_pretrained and name in ("pretrained", *NETWORK_OPTIONS)):
            continue
        was = hyper_parameters.get(name, _BEFORE.get(name, value))
        if was != value:
            raise ValueError(
                f"model.init_args.{name} is {value}, but the checkpoint was trained with "
                f"{was} and a resume cannot change it; leave it out, or start a "
                "new run"
            )


def refuse_unwritable(folder: Path) -> None:
    """Raise where the run's folder cannot be made or written.

    Raises:
        ValueError: naming the option and what is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"trainer.default_root_dir {folder} is a file; name a folder")
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ValueError(
            f"trainer.default_root_dir {folder} cannot be made: {existing} is not a folder"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(
            f"trainer.default_root_dir {folder} cannot be written: {existing} is read-only for "
            "you; choose another folder, or have its rights changed"
        )
    try:
        # Rights are not all: /proc and /sys let nobody make a folder.
        with TemporaryDirectory(prefix=".lit-coder-", dir=existing):
            pass
    except OSError as error:
        raise ValueError(
            f"trainer.default_root_dir {folder} cannot be made: no folder can be made in "
            f"{existing} ({error.strerror}); choose another folder"
        ) from error


def _short(class_path: str) -> str:
    return class_path.rsplit(".", 1)[-1]
