"""A run's folder: which one a command uses, who may write to it, what it says about itself.

    choose_new_folder(Path("runs"), "quickstart")      # runs/quickstart, then -2, -3
    find_run(Path("runs"), "quickstart")               # the newest one of that name
    RunFolder(config_text)                             # the callback that locks and fills it

A new run never gets a folder that exists. The lock is held for the whole of fit and is freed by
the kernel, even after SIGKILL. Choosing a folder creates nothing.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import yaml

from lit_coder.corpora.licences import licences
from lit_coder.corpora.open_sources import open_sources
from lit_coder.modules.code_module import CodeModule
from lit_coder.networks.xla_device import device_name
from lit_coder.recursion.run_opening import ROUNDS_FOLDER
from lit_coder.trainer.checkpoint import CHECKPOINTS_FOLDER, RunCheckpoint
from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.run_log import RunLog
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.dataset_manifest import keep_manifest
from lit_coder.training_data.folder_lock import FolderLock
from lit_coder.training_data.problem_sources import source_checksums
from lit_coder.training_data.whole_file import write_whole

logger = logging.getLogger("lit_coder.trainer")

CONFIG_FILE = "config.yaml"
TOKENIZER_FILE = "tokenizer.json"
ENVIRONMENT_FILE = "environment.json"
LOG_FILE = "training.log"


def choose_new_folder(root: Path, name: str) -> Path:
    """The first of `<root>/<name>`, `-2`, `-3`, ... that does not exist."""
    number = 1
    while (folder := root / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def read_environment(folder: Path) -> dict[str, Any]:
    """What a run's environment.json says; nothing where it is missing or damaged."""
    try:
        content = json.loads((folder / ENVIRONMENT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def find_run(root: Path, name: str | None) -> Path | None:
    """The newest run: of that name and its numbered successors, or of all where name is None.

    `gpt-2` may be the second run of gpt.yaml or the first of gpt-2.yaml: a folder that says which
    configuration made it counts for that one only.
    """
    if name is None:
        link = root / "last"
        return link.resolve() if (link / CONFIG_FILE).exists() else None
    pattern = re.compile(re.escape(name) + r"(-(\d+))?")
    found = [
        (int(match[2] or 1), folder)
        for folder in (root.iterdir() if root.is_dir() else ())
        if (match := pattern.fullmatch(folder.name))
        and (folder / CONFIG_FILE).exists()
        and read_environment(folder).get("config_name") in (None, name)
    ]
    return max(found)[1] if found else None


class RunFolder(pl.Callback):
    """Creates, locks and fills the run's folder when fit starts; in the first process.

    Args:
        config_text: the configuration to write as `config.yaml`, None writes none.
        moves_last: whether `last` beside the folder shall point here; None = where the folder
            stands in `runs/`.
        config_name: name of the configuration that the run was named after, for
            `environment.json`.
    """

    def __init__(
        self,
        config_text: str | None,
        moves_last: bool | None = None,
        config_name: str | None = None,
    ) -> None:
        self._config_text = config_text
        self._moves_last = moves_last
        self._config_name = config_name
        self._lock: FolderLock | None = None
        self._log: RunLog | None = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Create the folder, take the lock, write what the run is."""
        if stage != "fit":
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CodeDataModule) and isinstance(pl_module, CodeModule)
        pl_module.tokenizer = data.tokenizer
        if not trainer.is_global_zero:
            return
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(
            folder,
            "is training in",
            "wait for it, or start a new run with another trainer.default_root_dir",
        )
        self._lock.acquire()
        self._log = RunLog(folder / LOG_FILE)
        # trainer.ckpt_path is not set yet. A run that has a checkpoint keeps what it is.
        if not any((folder / CHECKPOINTS_FOLDER).glob("*.ckpt")):
            write_whole(folder / TOKENIZER_FILE, data.tokenizer.to_str())
            about = {**environment(trainer, data), "config_name": self._config_name}
            write_whole(folder / ENVIRONMENT_FILE, json.dumps(about, indent=1))
            # Last of all: a folder with a configuration is a run that can be gone on with.
            if self._config_text is not None:
                write_whole(folder / CONFIG_FILE, self._config_text)
        is_ours = folder.resolve().parent == Path("runs").resolve()
        if is_ours if self._moves_last is None else self._moves_last:
            link_last(folder)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what is trained on; set aside what a former run wrote after the point to go on from.

        The datasets are said here, as a run that goes on compares them with the former ones.
        """
        if not trainer.is_global_zero:
            return
        folder = Path(trainer.default_root_dir)
        if self._config_text is not None:
            replace_config(folder, self._config_text)
        data = trainer.datamodule  # type: ignore[attr-defined]
        failing = data.known_failing or ()
        keep_manifest(folder, data.datasets, data.corpus, data.problems, failing)
        supersede_rounds(folder / ROUNDS_FOLDER, data.round)
        for run_logger in trainer.loggers:
            if isinstance(run_logger, MetricsFile):
                run_logger.go_on_from(trainer.global_step)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Free the folder, once the last checkpoint is written in it."""
        checkpoints = trainer.checkpoint_callback
        if isinstance(checkpoints, RunCheckpoint):
            checkpoints.on_exception(trainer, pl_module, exception)
        self._release()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Free the folder."""
        self._release()

    def _release(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def supersede_rounds(folder: Path, next_round: int) -> None:
    """Move records of rounds that are run again aside; nothing is deleted."""
    for path in sorted(folder.glob("[0-9]*.json")):
        if int(path.stem) >= next_round:
            aside = folder / "superseded"
            aside.mkdir(exist_ok=True)
            number = sum(1 for _ in aside.glob(f"{path.stem}*.json"))
            path.replace(aside / f"{path.stem}.{number}.json")


def replace_config(folder: Path, text: str) -> None:
    """Write the configuration a run goes on with; keep the former and log what differs."""
    path = folder / CONFIG_FILE
    former_text = path.read_text(encoding="utf-8") if path.exists() else None
    if former_text is not None:
        former, new = _flat(yaml.safe_load(former_text)), _flat(yaml.safe_load(text))
        if former == new:
            return
        number = 1
        while (kept := folder / f"{path.stem}.{number}{path.suffix}").exists():
            number += 1
        write_whole(kept, former_text)
        for key in dict.fromkeys([*former, *new]):
            old, now = former.get(key, "nothing"), new.get(key, "nothing")
            if old != now:
                logger.info("configuration: %s: %s -> %s", key, old, now)
    write_whole(path, text)


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """A nested configuration by dotted names."""
    if not isinstance(content, dict) or not content:
        return {prefix: content}
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _flat(value, f"{prefix}.{name}" if prefix else str(name))
    return found


def link_last(folder: Path) -> None:
    """Point `last` beside the folder at it, in one step; what is not ours stays as it is."""
    link = folder.parent / "last"
    if (link.exists() or link.is_symlink()) and not _is_own_link(link):
        return
    temporary = folder.parent / f".last.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    temporary.replace(link)


def _is_own_link(link: Path) -> bool:
    """Whether `link_last` made it: it names a run beside it, or one that is gone."""
    if not link.is_symlink() or len(Path(os.readlink(link)).parts) != 1:
        return False
    run = link.parent / os.readlink(link)
    return not run.exists() or (run / CONFIG_FILE).exists() or (run / ".lock").exists()


def environment(trainer: pl.Trainer, data: CodeDataModule) -> Mapping[str, Any]:
    """What the run's numbers depend on beside the configuration."""
    packages = ("lit-coder", "lightning", "torch", "tokenizers", "pylance", "jsonargparse")
    return {
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in packages},
        "commit": _commit(),
        "accelerator": type(trainer.accelerator).__name__,
        "device": _device(trainer.strategy.root_device),
        "num_processes": trainer.world_size,
        "torch_threads": torch.get_num_threads(),
        "data_sha256": source_checksums(data.hparams),
        "corpus_licences": corpus_licences(data),
        "problem_shortages": [
            f"{s.split} {s.family} difficulty {s.difficulty}: {s.found} of {s.wanted}"
            for s in data.problems.shortages
        ],
    }


def _device(root: torch.device) -> str:
    if root.type == "xla":
        return device_name()
    return torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()


def corpus_licences(data: CodeDataModule) -> list[str]:
    """What each part of the corpus states as its licence, a line each."""
    corpus = data.hparams.get("corpus") or ()
    return licences(open_sources(list(corpus))).splitlines() if corpus else []


def _commit() -> str | None:
    """The commit of the source tree, None where lit_coder is not run from one."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
