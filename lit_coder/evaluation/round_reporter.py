"""Shows and logs every round: terminal row, metrics, plot, report page; a summary at the end.

A callback that runs after the round callback and before the checkpoint. It reads the round's
record and changes nothing that training depends on. Of several processes the first one reports.
"""

from __future__ import annotations

import logging
from pathlib import Path

import lightning.pytorch as pl
from rich.console import Console

from lit_coder.evaluation.report import REPORT_NAME, write_report
from lit_coder.evaluation.round_plot import plot_rounds
from lit_coder.evaluation.round_table import RoundTablePrinter, flat_metrics, print_run_summary
from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.training_data.data_module import CodeDataModule

logger = logging.getLogger("lit_coder.evaluation")

PLOT_FILE = "rounds.png"


class RoundReporter(pl.Callback):
    """Reports the rounds of a run.

    Args:
        recursion: the callback whose records are reported.
        console: where tables go.
        continue_command: the one line that goes on with this run.
    """

    def __init__(
        self, recursion: RecursiveGenerationCallback, console: Console, continue_command: str
    ) -> None:
        self._recursion = recursion
        self._console = console
        self._continue_command = continue_command
        self._printer = RoundTablePrinter(console)
        self._has_trained = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what is about to run."""
        self._has_trained = True
        if not trainer.is_global_zero:
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CodeDataModule) and isinstance(pl_module, CodeModule)
        problems = data.problems
        # Not the averaged copy that some modules keep beside it.
        parameters = sum(p.numel() for p in pl_module.network.parameters())
        self._console.print(
            f"{type(pl_module).__name__}: {parameters / 1e6:.2f} M parameters on "
            f"{pl_module.device}; {len(problems.labelled)} labelled, {len(problems.held_out)} "
            f"held-out problems; step {trainer.global_step} of {trainer.max_steps}, a round is "
            f"{self._recursion.every_n_steps} steps{_shared_by(trainer.world_size)}",
            highlight=False,
        )
        for shortage in problems.shortages:
            if shortage.split != "validation":
                logger.warning(
                    "%s problems of %s, difficulty %d: only %d of %d exist apart by behaviour",
                    shortage.split,
                    shortage.family,
                    shortage.difficulty,
                    shortage.found,
                    shortage.wanted,
                )
        for record in self._recursion.records:
            self._printer.add(record)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report the round that has just ended."""
        record = self._recursion.ended_round
        if record is None or not trainer.is_global_zero:
            return
        metrics = flat_metrics(record)
        for run_logger in trainer.loggers:
            run_logger.log_metrics(metrics, record.global_step)
        self._printer.add(record)
        if record.held_out is None and record.validation_loss is None:
            return  # rounds between two measurements may be short: the page waits for the next
        folder = Path(trainer.default_root_dir)
        try:
            plot_rounds(self._recursion.records, folder / PLOT_FILE)
            write_report(folder)
        except (OSError, ValueError) as error:
            # A page can be written again at any time: it must not end an overnight run.
            logger.warning("the report of round %d was not written: %s", record.round, error)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the summary; say where there was nothing left to do."""
        if not trainer.is_global_zero:
            return
        if not self._has_trained and trainer.global_step >= trainer.max_steps:
            logger.info(
                "step %d of %d is reached already; raise trainer.max_steps to go on",
                trainer.global_step,
                trainer.max_steps,
            )
        folder = Path(trainer.default_root_dir)
        plot, report = folder / PLOT_FILE, folder / REPORT_NAME
        best = getattr(trainer.checkpoint_callback, "best_model_path", "")
        print_run_summary(
            self._console,
            self._recursion.records,
            plot=plot if plot.exists() else None,
            report=report if report.exists() else None,
            best_checkpoint=Path(best) if best else None,
            continue_command=self._continue_command,
        )


def _shared_by(num_processes: int) -> str:
    return f", shared by {num_processes} processes" if num_processes > 1 else ""
