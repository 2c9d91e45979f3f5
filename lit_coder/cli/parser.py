"""The argument parser: LightningCLI's, with one sentence for every mistake and a help to read.

A typo anywhere - on the command line, in a YAML file, in a class's init_args - names the key and
the nearest valid one and ends with status 2. Abbreviations are not accepted: a key that is taken
for another would change a run without a word. `fit --help` shows our sections; Trainer's hundred
options stand in `fit --trainer.help`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from lit_coder.cli.config_file import Given
from lit_coder.cli.mistakes import Mistakes
from lit_coder.cli.short_help import ShortHelp

TITLES = {
    "": "run",
    "model": "model: what is trained (--model.help GPTModule lists a class's options)",
    "data": "data: problems, tokenizer and batches",
    "recursion": "recursion: generate, verify, train on what truly passes, round after round\n"
    "(--recursion.reward.help ShapedByExecution lists a class's options)",
    "sandbox": "sandbox: how programs are run",
    "checkpoint": "checkpoint: what a killed run goes on from",
    "benchmark": "benchmark: what test and predict measure",
    "trainer": "trainer: Lightning's Trainer (all of its options: --trainer.help)",
}
USUAL_TRAINER_OPTIONS = {
    "max_steps": "optimizer steps of the run; a multiple of recursion.every_n_steps",
    "accelerator": "cpu, cuda, mps, tpu, or auto",
    "precision": "32-true, bf16-mixed, 16-mixed, bf16-true, ...; null = 32-true",
    "accumulate_grad_batches": "micro-batches of an optimizer step",
    "default_root_dir": "the run's folder; null = runs/NAME of the configuration",
    "log_every_n_steps": "optimizer steps between rows of metrics",
    "logger": "as WandbLogger, beside metrics.csv; null = TensorBoard, false = log nothing",
}
"""What the short help shows of Trainer, in words that are true here."""
_HELP = {
    "ckpt_path": "checkpoint to go on from or to measure: a file; last = the newest run of "
    "--config, or of all; auto = last if there is one, else a new run",
    "model": "GPTModule, TRMModule, or the import path of a CodeModule of your own; its options "
    "stand behind it, as --model.hidden_size 64",
    "model.help": "show the options of GPTModule or TRMModule and exit",
    "print_config": "print the configuration and exit",
    "seed_everything": "decides on everything random; true = another one each time",
}
"""Of options that are Lightning's own, in words that are true here."""

_OF_A_SECTION = "Path to a configuration file."


class OneSentenceParser(LightningArgumentParser):
    """A parser whose errors are one sentence with the remedy."""

    model_classes: Mapping[str, type] = {}
    """Classes `model` may name; their parameters are candidates for a typo in init_args."""
    given = Given((), ())
    """What the user gave: jsonargparse does not say where a mistake stands."""
    help_section: str | None = None
    """The only section that `--help` shall show, None for a short help of all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["allow_abbrev"] = False
        kwargs.setdefault("formatter_class", ShortHelp)
        super().__init__(*args, **kwargs)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and exit with status 2."""
        parser = getattr(ex, "subcommand_parser", None) or self
        keys = frozenset(_all_keys(parser))
        sentence = Mistakes(keys, self.given, self.model_classes).sentence(message)
        print(f"lit-coder: {sentence}", file=sys.stderr)
        raise SystemExit(2)

    def format_help(self, formatter: argparse.HelpFormatter | None = None) -> str:
        """Help of a Trainer command: a section a paragraph, ours first."""
        if not any(action.dest == "ckpt_path" for action in self._actions):
            return str(super().format_help(formatter))
        self.usage = (
            f"python main.py {self.prog.split()[-1]} [--config FILE] [--section.option VALUE ...]"
        )
        self.description = None
        groups: dict[str, Any] = {}
        for former in self._action_groups:
            for action in former._group_actions:
                section = action.dest.split(".")[0] if "." in action.dest else ""
                section = action.dest if action.dest in TITLES else section
                groups.setdefault(section, []).append(action)
        wanted = [self.help_section] if self.help_section else list(TITLES)
        shown: list[Any] = []
        for section in wanted:
            group: Any = argparse._ArgumentGroup(self, title=TITLES[section])
            group._group_actions = [a for a in groups.get(section, ()) if self._shows(a, section)]
            shown.append(group)
        self._action_groups = shown
        return str(super().format_help(formatter))

    def _shows(self, action: argparse.Action, section: str) -> bool:
        action.help = _HELP.get(action.dest, action.help)
        action.has_our_help = action.dest == "model"  # type: ignore[attr-defined]
        if action.dest == "weights_only":
            return False  # ours always are
        if type(action).__name__ == "ActionLink" or action.help == _OF_A_SECTION:
            return False  # no options: values that are linked, and files of one section only
        if action.dest.endswith(".help") and section != "model" and self.help_section is None:
            return False  # one of them stands in the section's title
        if section == "trainer" and self.help_section is None:
            ours = USUAL_TRAINER_OPTIONS.get(action.dest.removeprefix("trainer."))
            action.help, action.has_our_help = ours, True  # type: ignore[attr-defined]
            return ours is not None
        return True


def _all_keys(parser: argparse.ArgumentParser) -> list[str]:
    """Every option of a parser; of its first command where it is the parser above them.

    The commands share their sections, and reports on files come from the parser above.
    """
    keys = [action.dest for action in parser._actions if action.dest]
    for action in parser._actions:
        choices = getattr(action, "choices", None)
        if isinstance(choices, dict) and action.dest == "subcommand":
            return _all_keys(next(iter(choices.values())))
    return keys
