"""LightningCLI with lit_coder's sections: trainer, model, data, sandbox, recursion, checkpoint.

The typed signatures of the classes are the schema and their docstrings the help. Values that
must agree are linked. The parts that are always there - run folder, random state, reports - are
added to the Trainer here.
"""

from __future__ import annotations

import pkgutil
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from rich.console import Console

from lit_coder.cli.objective_options import learns_from
from lit_coder.cli.processes import Ending, is_first_process
from lit_coder.cli.resume import CommandPlan
from lit_coder.cli.run_changes import (
    refuse_changed_files,
    refuse_changes,
    refuse_other_problems,
)
from lit_coder.cli.run_checks import (
    read_checkpoint,
    refuse_bad_repairer,
    refuse_bad_sources,
    refuse_other_layout,
    refuse_other_model,
    refuse_other_pool,
    refuse_other_tokenizer,
    refuse_out_of_range,
    refuse_unfit_trainer,
    refuse_unwritable,
)
from lit_coder.cli.saved_config import saved_configuration, take_saved_model
from lit_coder.cli.strategies import keep_gradients_in_buckets, named_strategy
from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.evaluation.round_reporter import RoundReporter
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.progress import StepProgress
from lit_coder.trainer.random_state import RandomState
from lit_coder.trainer.run_folder import RunFolder
from lit_coder.trainer.run_log import LogLevel, set_log_level
from lit_coder.trainer.run_loggers import run_loggers
from lit_coder.trainer.xla_cpu import (
    XLA_ACCELERATORS,
    meant_accelerator,
    refuse_unfit_xla,
    xla_strategy,
)

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

    def __init__(self, plan: CommandPlan, console: Console, ending: Ending, **kwargs: Any) -> None:
        self._plan = plan
        self._console = console
        self._ending = ending
        self._saved: dict[str, Any] | None = None
        self._config_text = ""
        super().__init__(**kwargs)

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """The command that is run alone: the parsers of the others take as long again each."""
        name = self._plan.arguments[0]
        return {name: LightningCLI.subcommands()[name]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add our sections and link the values that must agree."""
        parser.add_argument(
            "--log_level",
            type=LogLevel,
            default="info",
            help="how much is said on the screen and in training.log; debug adds every row of "
            "metrics",
        )
        parser.add_class_arguments(SandboxOptions, "sandbox")
        parser.add_lightning_class_args(RecursiveGenerationCallback, "recursion")
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_lightning_class_args(BenchmarkCallback, "benchmark")
        parser.link_arguments("sandbox", "recursion.sandbox", apply_on="instantiate")
        parser.link_arguments("sandbox", "benchmark.sandbox", apply_on="instantiate")
        parser.link_arguments("recursion.every_n_steps", "data.steps_per_round")
        parser.link_arguments("recursion.start_after_steps", "data.start_after_steps")
        parser.link_arguments("trainer.accumulate_grad_batches", "data.accumulate_grad_batches")
        parser.link_arguments("seed_everything", "data.seed", compute_fn=_seed)
        parser.link_arguments("data.max_sequence_length", "model.init_args.max_position_embeddings")
        for name in ("canvas_length", "canvas_line_length"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}")
        parser.link_arguments("model.init_args.pretrained", "data.pretrained")
        parser.link_arguments(
            "model.init_args.objective", "data.learns_from", compute_fn=learns_from
        )
        parser.link_arguments(
            "data.vocab_size",
            "model.init_args.vocab_size",
            apply_on="instantiate",
            compute_fn=self._vocab_size,
        )

    def _vocab_size(self, of_tokenizer: int) -> int:
        """Rows of the embedding: a pretrained one may have more than its tokenizer has tokens."""
        if self._saved is None:
            return of_tokenizer
        return max(of_tokenizer, int(self._saved["hyper_parameters"]["vocab_size"]))

    def _parse_ckpt_path(self) -> None:
        """Keep the command line: Lightning would put the checkpoint's values over it."""

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Refuse what does not exist, before seeds are set and classes are built."""
        super().parse_arguments(parser, args)
        config = self.config[self.config.subcommand]
        if self._plan.resumes:
            refuse_changed_files(self._plan.run_folder)
        refuse_bad_sources(config.data, config.seed_everything)

    def before_instantiate_classes(self) -> None:
        """Refuse what cannot work before anything is built."""
        config = self.config[self.subcommand]
        fits = self.subcommand == "fit"
        self._ending.config = config
        if is_first_process():
            set_log_level(config.log_level)
        self._config_text = saved_configuration(
            self.parser.dump(self.config, skip_link_targets=True, skip_none=False),
            str(self.subcommand),
            self._plan.run_folder,
        )
        refuse_other_layout(config)
        refuse_unfit_trainer(config.trainer, config.recursion.every_n_steps, fits)
        module = pkgutil.resolve_name(config.model.class_path)
        config.trainer.accelerator = meant_accelerator(config.trainer.accelerator, module)
        objective = config.model.init_args.get("objective") if fits else None
        refuse_unfit_xla(config.trainer, module, objective)
        refuse_out_of_range(config)
        refuse_unwritable(self._plan.run_folder)
        if self._plan.checkpoint is None:
            refuse_bad_repairer(config.recursion, None)
            return
        self._saved = read_checkpoint(self._plan.checkpoint)
        refuse_other_model(self._plan.checkpoint, self._saved, config.model)
        command, in_run = self._plan.arguments[0], self._plan.resumes
        if in_run:
            refuse_changes(self._plan.run_folder, config, command)
        refuse_other_problems(self._saved, config, command, in_run)
        take_saved_model(self._saved, config)
        if in_run and fits:
            refuse_other_pool(self._plan.run_folder, self._saved)
            refuse_bad_repairer(config.recursion, self._saved)

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """Add loggers and the callbacks that are always there."""
        config = self.config_init[self.subcommand]
        recursion = config["recursion"]
        given = config["trainer"]["logger"]
        folder = self._plan.run_folder
        config["trainer"]["logger"] = (
            run_loggers(given, folder) if self.subcommand == "fit" else False
        )
        extra = [RandomState(), StepProgress(self._console)]
        if self.subcommand == "fit":
            command = (
                f"python main.py fit --ckpt_path {self._plan.run_folder}/checkpoints/last.ckpt"
            )
            extra = [
                RunFolder(self._config_text, config_name=self._plan.config_name),
                *extra,
                RoundReporter(recursion, self._console, command),
            ]
        config["trainer"]["strategy"] = named_strategy(config["trainer"]["strategy"])
        if config["trainer"]["accelerator"] in XLA_ACCELERATORS:
            config["trainer"]["strategy"] = xla_strategy(config["trainer"])
        try:
            trainer: pl.Trainer = super().instantiate_trainer(**kwargs)
        except (MisconfigurationException, ValueError, TypeError, ImportError) as error:
            raise ValueError(_trainer_sentence(error, config["trainer"])) from error
        self._ending.trainer = trainer
        keep_gradients_in_buckets(trainer.strategy)
        trainer.callbacks = _ordered([*extra, *trainer.callbacks])  # type: ignore[attr-defined]
        return trainer

    def instantiate_classes(self) -> None:
        """Build everything, then open what is trained on: a fault must not leave a folder."""
        super().instantiate_classes()
        if self._saved is not None:
            refuse_other_tokenizer(self._saved, self.datamodule.tokenizer)
        elif self.subcommand == "fit":
            self.datamodule.trainer = self.trainer
            recursion = self.config_init[self.subcommand]["recursion"]
            recursion.refuse_full_steps(
                self.datamodule, self.datamodule.train_dataloader(), self.trainer.max_steps
            )
        self._saved = None


def _trainer_sentence(error: Exception, trainer: Any) -> str:
    """Lightning's refusal with the option it is about and the remedy."""
    reason = str(error).split("\n")[0].replace("`", "").rstrip(".!")
    accelerator = trainer["accelerator"]
    named = [name for name in dict(trainer) if f"{name}=" in reason]
    if "strategy" in reason:
        named.append("strategy")
    if named and named != ["accelerator"]:
        return f"trainer.{named[0]} {trainer[named[0]]}: {reason}"
    if "accelerator" in reason.lower() or "backend" in reason or "torch_xla" in reason:
        return (
            f"trainer.accelerator {accelerator} cannot be used on this machine ({reason}); use "
            "--trainer.accelerator cpu, or auto"
        )
    return f"trainer: {reason}"


def _seed(seed: Any) -> int:
    return int(seed) if not isinstance(seed, bool) else 0


def _ordered(callbacks: list[pl.Callback]) -> list[pl.Callback]:
    """Run folder first, the round before its report, the checkpoint last."""
    rank = {RunFolder: 0, RandomState: 1, RecursiveGenerationCallback: 2}
    last = {RoundReporter: 8, BenchmarkCallback: 7, RunCheckpoint: 9}
    return sorted(callbacks, key=lambda c: rank.get(type(c), last.get(type(c), 5)))
