"""fit, validate, test and predict: from the command line to the Trainer, errors in one sentence.

    status = run(["fit", "--config", "configs/quickstart.yaml"])

This is a process boundary: the user's mistakes and full disks end here in one sentence and a
status that is not 0. Our own bugs keep their traceback.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.logging import RichHandler

if TYPE_CHECKING:
    from lit_coder.cli.resume import CommandPlan

RUNS_FOLDER = Path("runs")


def run(arguments: list[str]) -> int:
    """Run a Trainer command; returns the exit status."""
    # Before torch is loaded: threads that spin while they wait make a step twenty times slower
    # where another process wants a core too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _quiet_libraries()
    from lit_coder.cli.lit_coder_cli import TRAINER_DEFAULTS, LitCoderCLI
    from lit_coder.cli.parser import OneSentenceParser
    from lit_coder.cli.resume import plan_command
    from lit_coder.modules.code_module import CodeModule
    from lit_coder.modules.gpt_module import GPTModule
    from lit_coder.sandbox.contract import SandboxError, SandboxUnavailable
    from lit_coder.trainer.stop_signals import RunInterrupted
    from lit_coder.training_data.data_module import CodeDataModule

    console = Console(stderr=False)
    _log_to(Console(stderr=True))
    OneSentenceParser.model_class_candidates = {"GPTModule": GPTModule}
    go_on = ""
    try:
        if any(word in ("-h", "--help") or ".help" in word for word in arguments):
            plan = _help_plan(arguments)
        else:
            plan = plan_command(arguments, RUNS_FOLDER)
        go_on = f"python main.py fit --ckpt_path {plan.run_folder}/checkpoints/last.ckpt"
        sys.argv = [sys.argv[0], *plan.arguments]
        LitCoderCLI(
            plan,
            console,
            model_class=CodeModule,
            datamodule_class=CodeDataModule,
            subclass_mode_model=True,
            save_config_callback=None,
            trainer_defaults=TRAINER_DEFAULTS,
            seed_everything_default=1,
            parser_class=OneSentenceParser,
            auto_configure_optimizers=False,
        )
    except RunInterrupted as interrupted:
        print(f"\nlit-coder: {interrupted}; go on with: {go_on}", file=sys.stderr)
        return 128 + interrupted.signal_number
    except KeyboardInterrupt:
        print("\nlit-coder: stopped", file=sys.stderr)
        return 130
    except (SandboxUnavailable, SandboxError) as error:
        print(f"lit-coder: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno is None or not _is_about_files(error):
            raise
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"lit-coder: {error.strerror}{where}; what was saved before is intact: free the disk "
            f"or the folder and go on with: {go_on}",
            file=sys.stderr,
        )
        return 1
    except ValueError as error:
        if not _raised_by_us(error.__traceback__):
            raise
        print(f"lit-coder: {error}", file=sys.stderr)
        return 2
    return 0


def _help_plan(arguments: list[str]) -> CommandPlan:
    """Help needs no run and no weights."""
    from lit_coder.cli.resume import CommandPlan

    return CommandPlan(tuple(arguments), RUNS_FOLDER / "unused", None)


def _quiet_libraries() -> None:
    """Silence, by name, what other libraries say at every start and a user can do nothing about."""
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*no .*_dataloader.* defined.*")
    warnings.filterwarnings("ignore", message=".*`weights_only` was not set.*")
    warnings.filterwarnings("ignore", message=".*lance is not fork-safe.*")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(name + ".utilities.rank_zero").setLevel(logging.WARNING)


def _log_to(console: Console) -> None:
    """Our own log lines: warnings and what the sandbox says at start, one line each."""
    logger = logging.getLogger("lit_coder")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, RichHandler) for handler in logger.handlers):
        handler = RichHandler(
            console=console, show_time=False, show_path=False, show_level=False, markup=False
        )
        logger.addHandler(handler)
    logger.propagate = False


def _is_about_files(error: OSError) -> bool:
    """A full disk, a read-only or forbidden folder: the user's to mend, not a bug of ours."""
    import errno

    kinds = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)
    return error.errno in (*kinds, errno.EFBIG, errno.EIO)


def _raised_by_us(traceback: TracebackType | None) -> bool:
    """Whether the innermost frame is our own code: then the message is a sentence for the user."""
    frame = traceback
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and frame.tb_frame.f_globals.get("__name__", "").startswith("lit_coder")
