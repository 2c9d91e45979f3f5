"""Where a run's numbers go: `metrics.csv` always, beside it TensorBoard or what the user asks for.

    trainer.logger = run_loggers(given, folder)

    --trainer.logger WandbLogger --trainer.logger.project P --trainer.logger.entity E
    --trainer.logger.offline true               # kept in the run's folder; `wandb sync` sends it

A Weights & Biases run lives in the run's folder, carries its name, and a resumed run goes on with
the same one. It is opened here, so that a login that is missing ends the command before anything
is trained. `trainer.logger: false` logs nothing at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.logger import Logger

from lit_coder.trainer.metrics_file import MetricsFile

WANDB_FOLDER = "wandb"


def run_loggers(
    given: Logger | Sequence[Logger] | bool | None, folder: Path
) -> list[Logger] | Literal[False]:
    """The loggers of a fit in `folder`.

    Args:
        given: `trainer.logger` as the user set it, built.
        folder: the run's folder; it is made where a logger needs it.

    Raises:
        ValueError: Weights & Biases refuses, in one sentence.
    """
    if given is False:
        return False
    own: list[Logger]
    if given is None or given is True:
        own = [TensorBoardLogger(str(folder), name="", version="tensorboard")]
    else:
        own = [given] if isinstance(given, Logger) else list(given)
    for logger in own:
        if isinstance(logger, WandbLogger):
            settle_wandb(logger, folder)
            _open_wandb(logger)
    return [MetricsFile(folder), *own]


def settle_wandb(logger: WandbLogger, folder: Path) -> None:
    """Put what the user left open: the folder, the name, and the id of the run to go on with."""
    # Lightning has no other way in: what it was given stands in these until the run is opened.
    settings: dict[str, Any] = logger._wandb_init
    if settings.get("dir") in (None, "."):
        settings["dir"] = logger._save_dir = str(folder)
    settings["name"] = logger._name = settings.get("name") or folder.name
    settings["id"] = logger._id = settings.get("id") or former_wandb_id(folder)
    settings["resume"] = settings.get("resume") or "allow"
    if settings.get("anonymous") is None:
        # An option that is going away: it is warned of where it is handed over, even as None.
        settings.pop("anonymous", None)


def former_wandb_id(folder: Path) -> str | None:
    """The id of the newest Weights & Biases run in a run's folder, None where there is none."""
    # Folders are called run-DATE-ID and offline-run-DATE-ID.
    found = [
        (parts[-2], parts[-1])
        for path in (folder / WANDB_FOLDER).glob("*run-*-*")
        if len(parts := path.name.removeprefix("offline-").split("-", 2)) == 3
    ]
    return max(found)[1] if found else None


def _open_wandb(logger: WandbLogger) -> None:
    from wandb.errors import Error

    folder = Path(logger._wandb_init["dir"])
    was_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _ = logger.experiment
    except Error as error:
        if not was_there:
            shutil.rmtree(folder)
        reason = " ".join(str(error).split()).split(" Consider ")[0].rstrip(".")
        raise ValueError(
            f"trainer.logger: Weights & Biases cannot be used ({reason}); run `wandb login` and "
            "see that its server can be reached, or set trainer.logger.init_args.offline to true"
        ) from error
