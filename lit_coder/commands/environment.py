"""`main.py environment`: a model, or the reference, plays episodes of CoderEnvironment.

    python main.py environment --solver reference --problems 5
    python main.py environment --ckpt_path last --source loops --problems 20 --log episodes.jsonl

An episode is one problem: write, run tests, bisect, write again, accept. Printed is a table with a
row for each. `--solver reference` needs no model: it starts from each reference with one sign
changed, and lets bisection find it. Torch is imported where a model is loaded. This is a process
boundary.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lit_coder.cli.loading import load_torch
from lit_coder.cli.screen import log_to_stderr
from lit_coder.commands.ending import ended
from lit_coder.commands.sandbox_arguments import SandboxParser
from lit_coder.environment.registration import require_gymnasium
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.whole_file import write_whole

if TYPE_CHECKING:
    from lit_coder.environment.agents import Agent, Played
    from lit_coder.environment.coder_environment import CoderEnvironment

_DESCRIPTION = (
    "Let a model, or the reference solution with one fault, solve problems with the environment's "
    "tools, and print what came of it."
)
_EPILOG = (
    "Exit status: 0 the episodes were played, whatever came of them; 1 the sandbox cannot run "
    "here, or a file cannot be written; 2 a mistake in the command line."
)
_MODEL_DEFAULTS = {"ckpt_path": "last", "temperature": 0.8, "max_new_tokens": 256}


class EnvironmentParser(SandboxParser):
    """The options of this command, and those of the sandbox."""

    def __init__(self) -> None:
        super().__init__("environment", "", _DESCRIPTION, _EPILOG)
        self.prog = "main.py environment"
        self.usage = f"python {self.prog} [--OPTION VALUE ...]"
        self._add_episodes()
        self._add_model()

    def _add_episodes(self) -> None:
        add = self.add_argument
        add(
            "--solver",
            type=Literal["model", "reference"],
            default="model",
            metavar="{model,reference}",
            help="who writes: the model of --ckpt_path, or the reference with one sign changed",
        )
        add("--problems", type=int, default=10, metavar="N", help="episodes, a problem each")
        add(
            "--source",
            type=str,
            default="all_programs",
            metavar="NAME",
            help="where problems come from: a family or a group, or a problem file (.jsonl)",
        )
        add(
            "--difficulty",
            type=str,
            metavar="N[,N]",
            help="of a family's problems, as 2 or 1,2,3; default all",
        )
        add("--max_steps", type=int, default=16, metavar="N", help="actions of an episode")
        add(
            "--max_executions",
            type=int,
            default=64,
            metavar="N",
            help="runs in the sandbox of an episode, the verdict at its end not counted",
        )
        add(
            "--with_reference",
            action="store_true",
            help="bisect against the reference instead of by tests alone",
        )
        add(
            "--seed", type=int, default=0, metavar="N", help="which problems, and the model's draws"
        )
        add("--show", action="store_true", help="print each action and what it said, too")
        add(
            "--log",
            type=str,
            metavar="FILE",
            help="a new file for the log of each episode, a line of JSON that can be replayed",
        )

    def _add_model(self) -> None:
        add = self.add_argument
        add(
            "--ckpt_path",
            type=str,
            default=_MODEL_DEFAULTS["ckpt_path"],
            metavar="PATH",
            help="a checkpoint, a run's folder, a folder of `main.py export`, or last: the newest "
            "run",
        )
        temperature = _MODEL_DEFAULTS["temperature"]
        add("--temperature", type=float, default=temperature, metavar="T", help="0 = greedy")
        add(
            "--max_new_tokens",
            type=int,
            default=_MODEL_DEFAULTS["max_new_tokens"],
            metavar="N",
            help="tokens after which a program is cut",
        )


def run(argv: list[str]) -> int:
    """Play episodes; returns the exit status."""
    return ended(lambda: _play(argv))


def _play(argv: list[str]) -> int:
    arguments = EnvironmentParser().read(argv)
    own = arguments.own
    if own["problems"] < 1:
        raise ValueError(f"--problems must be at least 1, not {own['problems']}")
    if own["seed"] < 0:
        raise ValueError(f"--seed must be 0 or more, not {own['seed']}")
    for name, default in _MODEL_DEFAULTS.items():
        if own["solver"] == "reference" and own[name] != default:
            raise ValueError(f"--solver reference needs no model: leave --{name} out")
    _require_new(own["log"])
    require_gymnasium()
    log_to_stderr()
    if own["solver"] != "reference":
        load_torch()
    played: list[Played] = []
    logs: list[str] = []
    try:
        with contextlib.closing(_environment(own, arguments.options)) as environment:
            agent = _agent(own)
            for number in range(own["problems"]):
                played.append(_episode(environment, agent, own, number))
                logs.append(environment.log.to_json())
                if own["show"]:
                    _show(played[-1])
    finally:
        # Also where an episode failed or the user has seen enough: what was played is kept.
        if logs and own["log"] is not None:
            write_whole(Path(own["log"]), "".join(f"{line}\n" for line in logs))
        if played:
            _print(played)
    return 0


def _environment(own: dict[str, Any], options: SandboxOptions) -> CoderEnvironment:
    from lit_coder.environment.coder_environment import CoderEnvironment

    if options.workers is None:
        # One program at a time.
        options = dataclasses.replace(options, workers=1)
    try:
        return CoderEnvironment(
            own["source"],
            _difficulties(own["difficulty"]),
            sandbox=options,
            max_steps=own["max_steps"],
            max_executions=own["max_executions"],
            bisects_with_reference=own["with_reference"],
        )
    except ValueError as error:
        text = str(error)
        for name, option in (("problems:", "--source:"), ("difficulties", "--difficulty")):
            text = text.replace(name, option, 1) if text.startswith(name) else text
        for name in ("max_steps", "max_executions"):
            text = f"--{text}" if text.startswith(name) else text
        if text.startswith(("no problem family", "problem family")):
            text = f"--{'source' if text.startswith('no') else 'difficulty'}: {text}"
        raise ValueError(text) from error


def _difficulties(given: str | None) -> tuple[int, ...]:
    texts = [] if given is None else given.split(",")
    if not all(text.strip().isdecimal() for text in texts):
        raise ValueError(f"--difficulty must be whole numbers, as 2 or 1,2,3, not {given!r}")
    return tuple(map(int, texts))


def _agent(own: dict[str, Any]) -> Agent:
    from lit_coder.environment.agents import ModelAgent, ReferenceAgent

    if own["solver"] == "reference":
        return ReferenceAgent()
    from lit_coder.generation.contract import SamplingOptions
    from lit_coder.modules.load import load_module

    try:
        options = SamplingOptions(
            temperature=own["temperature"], max_new_tokens=own["max_new_tokens"], seed=own["seed"]
        )
    except ValueError as error:
        raise ValueError(f"--{error}") from error
    try:
        module = load_module(own["ckpt_path"])
    except ValueError as error:
        raise ValueError(f"--ckpt_path: {error}") from error
    assert module.tokenizer is not None, "a module is loaded with its tokenizer"
    return ModelAgent(module.generator(), module.tokenizer, options)


def _episode(
    environment: CoderEnvironment, agent: Agent, own: dict[str, Any], number: int
) -> Played:
    from lit_coder.environment.agents import play

    try:
        # Of a list each problem comes once, in its order; of a family a seed has its own problems.
        return play(environment, agent, own["seed"] * 1_000_000 + number)
    except ValueError as error:
        raise ValueError(
            f"{environment.problem.task_id} of --source {own['source']}: {error}; choose other "
            "problems with --source or --difficulty"
        ) from error


def _show(played: Played) -> None:
    print(f"--- {played.task_id}")
    for name, said in played.told:
        print(f"{name}: {said}")
    print(flush=True)


def _print(played: Sequence[Played]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("problem", no_wrap=True, overflow="ellipsis", max_width=44)
    for title in ("solved", "hidden tests", "steps", "executions", "lines in question"):
        table.add_column(title, justify="right")
    for each in played:
        table.add_row(
            each.task_id,
            "yes" if each.solved else "no",
            "pass" if each.hidden_passed else "fail",
            str(each.num_steps),
            str(each.num_executions),
            ", ".join(map(str, each.suspicious_lines)) or "-",
        )
    console = Console()
    console.print(table)
    number, num_solved = len(played), sum(each.solved for each in played)
    num_hidden = sum(each.solved and each.hidden_passed for each in played)
    steps = sum(each.num_steps for each in played) / number
    executions = sum(each.num_executions for each in played) / number
    console.print(
        f"{num_solved} of {number} solved, {num_hidden} of them pass the hidden tests, too; "
        f"{steps:.1f} steps and {executions:.1f} executions an episode",
        highlight=False,
        soft_wrap=True,
    )


def _require_new(path: str | None) -> None:
    """Refuse now what could not be written after the work."""
    if path is None:
        return
    if Path(path).exists():
        raise ValueError(f"--log {path} exists; name another file, or remove it first")
    if not Path(path).absolute().parent.is_dir():
        raise ValueError(f"--log {path}: there is no folder {Path(path).absolute().parent}")
