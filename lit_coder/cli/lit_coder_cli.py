"""LightningCLI with lit_coder's sections: trainer, model, data, sandbox, recursion, checkpoint.

The typed signatures of the classes are the schema and their docstrings the help. Values that
must agree are linked. The parts that are always there - run folder, random state, reports - are
added to the Trainer here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import yaml
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import TensorBoardLogger
from rich.console import Console

from lit_coder.cli.resume import CommandPlan
from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.evaluation.round_reporter import RoundReporter
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.progress import StepProgress
from lit_coder.trainer.random_state import RandomState
from lit_coder.trainer.run_folder import TOKENIZER_FILE, RunFolder

TRAINER_DEFAULTS: dict[str, Any] = {
    "max_epochs": -1,
    "max_steps": 20000,
    "reload_dataloaders_every_n_epochs": 1,
    "num_sanity_val_steps": 0,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "log_every_n_steps": 50,
    "use_distributed_sampler": False,
}


class LitCoderCLI(LightningCLI):
    """The command line of fit, validate, test and predict."""

    def __init__(self, plan: CommandPlan, console: Console, **kwargs: Any) -> None:
        self._plan = plan
        self._console = console
        super().__init__(**kwargs)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add our sections and link the values that must agree."""
        parser.add_class_arguments(SandboxOptions, "sandbox")
        parser.add_lightning_class_args(RecursiveGenerationCallback, "recursion")
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_lightning_class_args(BenchmarkCallback, "benchmark")
        parser.link_arguments("sandbox", "recursion.sandbox", apply_on="instantiate")
        parser.link_arguments("sandbox", "benchmark.sandbox", apply_on="instantiate")
        parser.link_arguments("recursion.every_n_steps", "data.steps_per_round")
        parser.link_arguments(
            "trainer.accumulate_grad_batches", "data.accumulate_grad_batches"
        )
        parser.link_arguments("seed_everything", "data.seed", compute_fn=_seed)
        parser.link_arguments(
            "data.max_sequence_length", "model.init_args.max_position_embeddings"
        )
        parser.link_arguments(
            "data.vocab_size", "model.init_args.vocab_size", apply_on="instantiate"
        )

    def _parse_ckpt_path(self) -> None:
        """Keep the command line: Lightning would put the checkpoint's values over it."""

    def before_instantiate_classes(self) -> None:
        """Refuse what a resume cannot honour."""
        if self._plan.checkpoint is not None:
            refuse_other_model(self._plan.checkpoint, self.config[self.subcommand].model)

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """Add loggers and the callbacks that are always there."""
        config = self.config_init[self.subcommand]
        recursion = config["recursion"]
        config["trainer"]["logger"] = self._loggers(config["trainer"]["logger"])
        extra = [RandomState(), StepProgress(self._console)]
        if self.subcommand == "fit":
            command = f"python main.py fit --ckpt_path {self._plan.run_folder}/checkpoints/last.ckpt"
            extra = [
                RunFolder(self._config_text()),
                *extra,
                RoundReporter(recursion, self._console, command),
            ]
        trainer: pl.Trainer = super().instantiate_trainer(**kwargs)
        trainer.callbacks = _ordered([*extra, *trainer.callbacks])  # type: ignore[attr-defined]
        return trainer

    def _loggers(self, given: Any) -> Any:
        if self.subcommand != "fit" or given is False:
            return False
        folder = self._plan.run_folder
        if given is None or given is True:
            own = [TensorBoardLogger(str(folder), name="", version="tensorboard")]
        else:
            own = given if isinstance(given, list) else [given]
        return [MetricsFile(folder), *own]

    def _config_text(self) -> str:
        """The configuration as a file that fit accepts again, without this run's folder."""
        text = self.parser.dump(self.config, skip_link_targets=True, skip_none=False)
        content = yaml.safe_load(text)[self.subcommand]
        content["ckpt_path"] = None
        content["trainer"]["default_root_dir"] = None
        content.pop("config", None)
        if content["data"].get("tokenizer") == str(self._plan.run_folder / TOKENIZER_FILE):
            content["data"]["tokenizer"] = None
        for name in ("problem_files", "held_out_files"):
            paths = content["data"].get(name)
            content["data"][name] = [str(Path(p).absolute()) for p in paths] if paths else paths
        dumped: str = yaml.safe_dump(content, sort_keys=False)
        return dumped


def refuse_other_model(checkpoint: Path, model: Any) -> None:
    """Raise where the configuration asks for another model than the checkpoint holds.

    Raises:
        ValueError: naming the option and both values.
    """
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    hyper_parameters = saved.get("hyper_parameters", {})
    saved_class = str(hyper_parameters.get("_class_path", model.class_path))
    if saved_class != model.class_path:
        raise ValueError(
            f"model is {model.class_path}, but the checkpoint {checkpoint} holds a {saved_class}; "
            "leave model out to go on with the checkpoint's"
        )
    for name, value in model.init_args.items():
        if name in hyper_parameters and hyper_parameters[name] != value and name != "vocab_size":
            raise ValueError(
                f"model.init_args.{name} is {value}, but the checkpoint was trained with "
                f"{hyper_parameters[name]} and a resume cannot change it; leave it out, or start a "
                "new run"
            )


def _seed(seed: Any) -> int:
    return int(seed) if not isinstance(seed, bool) else 0


def _ordered(callbacks: list[pl.Callback]) -> list[pl.Callback]:
    """Run folder first, the round before its report, the checkpoint last."""
    rank = {RunFolder: 0, RandomState: 1, RecursiveGenerationCallback: 2}
    last = {RoundReporter: 8, BenchmarkCallback: 7, RunCheckpoint: 9}
    return sorted(callbacks, key=lambda c: rank.get(type(c), last.get(type(c), 5)))
