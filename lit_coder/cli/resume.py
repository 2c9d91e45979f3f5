"""`--ckpt_path FILE | RUN | last | auto`: which run a command line means, before it is parsed.

    plan = plan_command(["fit", "--ckpt_path", "last"], Path("runs"), given)
    plan.arguments      # what LightningCLI gets: a real file, the run's saved configuration first
    plan.run_folder     # where the run stands or will stand

Nothing is created here. Lightning's own `last` warns and starts over where nothing is found; this
says so and stops.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lit_coder.cli.config_file import Given, read_config
from lit_coder.cli.processes import FOLDER_VARIABLE, is_first_process, started_side_by_side
from lit_coder.trainer.checkpoint import CHECKPOINTS_FOLDER
from lit_coder.trainer.run_folder import (
    CONFIG_FILE,
    TOKENIZER_FILE,
    choose_new_folder,
    find_run,
    read_environment,
)

NEW_RUN_NAME = "run"


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """A command line with `--ckpt_path` and the run's folder resolved.

    Attributes:
        arguments: for LightningCLI.
        run_folder: folder of the run.
        checkpoint: file to start from, None for a new run.
        resumes: whether the run of `run_folder` goes on; its own configuration comes first.
        config_name: the configuration's name, by which `--ckpt_path last` finds the run again.
    """

    arguments: tuple[str, ...]
    run_folder: Path
    checkpoint: Path | None
    resumes: bool = False
    config_name: str | None = None


def plan_command(arguments: list[str], runs: Path, given: Given) -> CommandPlan:
    """Resolve `--ckpt_path` and the run's folder.

    Raises:
        ValueError: there is no such run or file; one sentence.
    """
    command, rest = arguments[0], arguments[1:]
    rest, typed = _take(rest, "--ckpt_path")
    wanted = typed if typed is not None else given.value("ckpt_path")
    folder = given.value("trainer.default_root_dir") or os.environ.get(FOLDER_VARIABLE)
    name = Path(given.configs[0]).stem if given.configs else None
    if name == Path(CONFIG_FILE).stem:
        # A run's own configuration: a new run of it is named as that run was.
        of_run = Path(given.configs[0]).absolute().parent
        name = _recorded_name(of_run) or of_run.name
    if wanted in (None, "null", "None", ""):
        if command != "fit":
            raise ValueError(
                f"{command} needs weights: give --ckpt_path last, or the path of a checkpoint"
            )
        return _new_run(command, rest, folder, runs, name)
    if wanted in ("last", "auto"):
        run = Path(folder) if folder else find_run(runs, name)
        if run is None or not (run / CONFIG_FILE).exists():
            if wanted == "auto" and command == "fit":
                return _new_run(command, rest, folder, runs, name)
            raise ValueError(_no_run(runs, folder, name, given.configs))
        return _resume(command, rest, run, run / CHECKPOINTS_FOLDER / "last.ckpt")
    return _from_file(command, rest, Path(str(wanted)), folder, bool(given.configs))


def _from_file(
    command: str, rest: list[str], checkpoint: Path, folder: str | None, has_config: bool
) -> CommandPlan:
    if checkpoint.is_dir():
        if not (checkpoint / CONFIG_FILE).exists():
            raise ValueError(
                f"--ckpt_path {checkpoint} is a folder, but of no run: it holds no {CONFIG_FILE}; "
                "give a run's folder or a checkpoint of it"
            )
        return _resume(command, rest, checkpoint, checkpoint / CHECKPOINTS_FOLDER / "last.ckpt")
    run = checkpoint.absolute().parent.parent
    if (run / CONFIG_FILE).exists():
        return _resume(command, rest, run, checkpoint)
    _require_checkpoint(checkpoint)
    if command == "fit":
        raise ValueError(
            f"--ckpt_path {checkpoint} does not stand in a run's folder (its configuration and "
            "pool are missing); give a checkpoint under runs/NAME/checkpoints/"
        )
    if not has_config:
        raise ValueError(
            f"--ckpt_path {checkpoint} does not stand in a run's folder; give the configuration it "
            "was trained with by --config"
        )
    target = (Path(folder) if folder else checkpoint.parent).absolute()
    options = ["--trainer.default_root_dir", str(target), "--ckpt_path", str(checkpoint.absolute())]
    return CommandPlan((command, *rest, *options), target, checkpoint)


def intact_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a folder that can be read, newest first."""
    files = (p for p in folder.glob("*.ckpt") if not p.is_symlink())
    newest_first = sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path for path in newest_first if _is_whole(path)]


def _new_run(
    command: str, rest: list[str], folder: str | None, runs: Path, name: str | None
) -> CommandPlan:
    if folder is not None:
        run = Path(folder)
        # Another process may see what the first one has made since.
        if is_first_process() and run.is_dir() and any(run.iterdir()):
            raise ValueError(
                f"trainer.default_root_dir {folder} is not empty; a new run never writes into an "
                "older one: choose another folder, or go on with it by --ckpt_path last"
            )
    elif started_side_by_side() and command == "fit":
        raise ValueError(
            "several processes are started with this command line and need the same new folder: "
            f"give --trainer.default_root_dir, or set {FOLDER_VARIABLE}"
        )
    else:
        run = choose_new_folder(runs, name or NEW_RUN_NAME)
    # Absolute, and null where the configuration names a checkpoint: both are settled here.
    settled = ["--trainer.default_root_dir", str(run.absolute()), "--ckpt_path", "null"]
    return CommandPlan((command, *rest, *settled), run.absolute(), None, config_name=name)


def _resume(command: str, rest: list[str], run: Path, checkpoint: Path) -> CommandPlan:
    """The run's own configuration first; what the user gives comes after it and wins."""
    run = run.resolve()
    _require_configuration(run)
    rest, _ = _take(rest, "--trainer.default_root_dir")
    own = ["--config", str(run / CONFIG_FILE)]
    settled = ["--trainer.default_root_dir", str(run)]
    if command == "fit" and checkpoint.name == "last.ckpt" and _has_no_checkpoint(run):
        # Killed before its first checkpoint: the run has done nothing yet and begins.
        arguments = (command, *own, *rest, *settled, "--ckpt_path", "null")
        return CommandPlan(arguments, run, None, config_name=_recorded_name(run))
    _require_checkpoint(checkpoint)
    tokenizer = run / TOKENIZER_FILE
    if not tokenizer.exists():
        raise ValueError(
            f"{tokenizer} is gone: put it back from a copy of the run's folder, or from a "
            "checkpoint's tokenizer_json"
        )
    own += ["--data.tokenizer", str(tokenizer)]
    settled += ["--ckpt_path", str(checkpoint.absolute())]
    return CommandPlan((command, *own, *rest, *settled), run, checkpoint.absolute(), resumes=True)


def _require_configuration(run: Path) -> None:
    """Raise where the run's own configuration is damaged; the user did not name this file."""
    file = run / CONFIG_FILE
    try:
        content = read_config(str(file))
        lacking = [name for name in ("model", "data", "recursion") if name not in content]
        if lacking:
            raise ValueError(f"it lacks {', '.join(lacking)}")
    except ValueError as error:
        fault = str(error).removeprefix(f"--config {file}").lstrip(":, ")
        raise ValueError(
            f"the run's own configuration {file} is damaged ({fault}); put it back from a copy, or "
            "copy the file there that was given by --config when the run began"
        ) from error


def _recorded_name(run: Path) -> str | None:
    """The name of the configuration that made the run, None where it does not say."""
    name = read_environment(run).get("config_name")
    return name if isinstance(name, str) else None


def _has_no_checkpoint(run: Path) -> bool:
    return not any((run / CHECKPOINTS_FOLDER).glob("*.ckpt"))


def _require_checkpoint(checkpoint: Path) -> None:
    """Raise where the file is missing or damaged; the sentence lists the intact ones."""
    if checkpoint.is_file() and _is_whole(checkpoint):
        return
    fault = "is damaged" if checkpoint.is_file() else "does not exist"
    intact = intact_checkpoints(checkpoint.parent) if checkpoint.parent.is_dir() else []
    others = ", ".join(str(path) for path in intact)
    remedy = f"intact: {others}" if others else "there is no intact checkpoint beside it"
    raise ValueError(f"--ckpt_path: the checkpoint {checkpoint} {fault}; {remedy}")


def _is_whole(path: Path) -> bool:
    """Whether every byte of the checkpoint can be read; its archive carries checksums."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        return False


def _no_run(runs: Path, folder: str | None, name: str | None, configs: tuple[str, ...]) -> str:
    if folder is not None:
        return (
            f"--ckpt_path: trainer.default_root_dir {folder} holds no run to go on with; start "
            "one without --ckpt_path"
        )
    where = f"{runs}/{name}" if name else f"{runs}/"
    start = f"--config {configs[0] if configs else 'configs/quickstart.yaml'}"
    return (
        f"--ckpt_path: there is no run to go on with under {where}; start one with "
        f"python main.py fit {start}"
    )


def _take(arguments: list[str], option: str) -> tuple[list[str], str | None]:
    """The arguments without `option`, and its last value."""
    kept: list[str] = []
    value: str | None = None
    waiting = False
    for argument in arguments:
        if waiting:
            value, waiting = argument, False
        elif argument == option:
            waiting = True
        elif argument.startswith(option + "="):
            value = argument.split("=", 1)[1]
        else:
            kept.append(argument)
    if waiting:
        raise ValueError(f"{option} needs a value")
    return kept, value
