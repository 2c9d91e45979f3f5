"""What a TRM learns of each task in a stated time, and what more supervision steps do.

    python -m benchmarks.trm_tasks sudoku_4x4        # or sudoku_6x6, tracing, repair, repair_3
    python -m benchmarks.trm_tasks repair repair_hinted --seeds 1 2 3

Each is a real `main.py fit` of its configuration; then answers to held-out problems are judged
after 1, 2, ... 16 supervision steps. Tracing is measured by the length of the programs and by the
longest chain of variables in them, longer ones than were trained on included; repair on functions
that training never had, on new bugs in known functions, on combinations of operations that training
never had, from K noisy starts, and beside the yardsticks of trm_yardsticks.py.

`repair_hinted` is `repair` with a hint at the suspicious line in every prompt, as many positions
and steps. What training reads is drawn (`problems/repair.py`); what is measured reads the line that
the search by the visible tests puts first, found in the sandbox as rounds find it, and nothing of
the planted truth. Its control is `repair`, trained without hints; beside it stand the hinted TRM
without hints, how often the hint names the planted line, and how often the search itself, which
tries some hundred edits, has met one that passes the visible tests. Writes
benchmarks/results/trm_<task>_<seed>.json, with further options in its name. Exits with 1 where a
floor or the time of a task is missed: the share of problems passed after as many steps as the
configuration takes; of repair, on new bugs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.trm_curves import Trained
from benchmarks.trm_yardsticks import repair_yardsticks
from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.line_programs import examples_prompt
from lit_coder.problems.problem import Cases, Problem
from lit_coder.problems.registry import problem_family
from lit_coder.problems.repair import wrong_line
from lit_coder.problems.tracing import longest_chain
from lit_coder.recursion.suspects import SuspectSearch
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.verification.verifier import Verifier

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
NUM_STEPS = 16
NUM_PROBLEMS = 400
KNOWN = "new bugs in known functions"
SHOWN_STEPS = (1, 2, 3, 4, 6, 8, 12, 16)


class Others(NamedTuple):
    """Problems to measure beside the held-out ones.

    Attributes:
        name: what the table calls them.
        family, difficulty: where they are drawn.
        is_known: they behave like labelled ones, whose drafts were others: functions that training
            has seen, with bugs that it has not. Else none behaves like a labelled one.
        chain: the longest chain of variables in the program; None = any.
    """

    name: str
    family: str
    difficulty: int
    is_known: bool = False
    chain: int | None = None


@dataclass(frozen=True)
class Task:
    """A task and what is asked of it.

    Attributes:
        config: what is trained.
        most_minutes: its training may take.
        smallest_share: of the judged problems that must pass.
        others: further problems to measure.
        options: of the command line, beside the configuration.
        extra: further measurements of each set of problems, by name.
        judged: the set that the smallest share is asked of.
        is_hinted: the prompts are read with hints that the search finds.
    """

    config: str
    most_minutes: float
    smallest_share: float
    others: tuple[Others, ...] = ()
    options: tuple[str, ...] = ()
    extra: Callable[[Trained, Sequence[Problem], Verifier], dict[str, float]] = field(
        default=lambda trained, problems, verifier: {}
    )
    judged: str = "held out"
    is_hinted: bool = False


def repair_others(num_operations: int) -> tuple[Others, ...]:
    """Beside functions that training never had: known ones with new bugs, and new templates."""
    return (
        Others(KNOWN, "repair", num_operations, is_known=True),
        Others("new templates", "repair_held_out_templates", num_operations),
    )


class Hinted(NamedTuple):
    """Problems whose prompts say what the search found, and without any hint."""

    shown: list[Problem]
    plain: list[Problem]
    facts: dict[str, float]
    """Of the search, by name."""


def with_searched_hints(problems: Sequence[Problem], trained: Trained, runner: Runner) -> Hinted:
    """Hints at the lines that the visible tests make suspicious; planted ones are taken off."""
    plain = []
    for problem in problems:
        assert isinstance(problem.tests, Cases)
        plain.append(replace(problem, prompt=examples_prompt(problem.tests.visible)))
    suspects = SuspectSearch(runner, SandboxOptions().limits()).first_suspects(plain).suspects
    canvas, shown = trained.module.generator().canvas, []
    for problem, suspect in zip(plain, suspects, strict=True):
        hinted = replace(
            problem, prompt=hinted_prompt(problem.prompt, [suspect.line] if suspect else [])
        )
        prompt = prompt_of(hinted, trained.tokenizer, "")
        # As in rounds: where a hint has no room, there is none.
        shown.append(hinted if canvas.fits(prompt.ids, prompt.draft_ids) else problem)
    found = [(p, s) for p, s in zip(plain, suspects, strict=True) if s is not None]
    counts = {
        "hint at the planted line": sum(s.line == wrong_line(p) for p, s in found),
        "no hint": sum(p.prompt == s.prompt for p, s in zip(plain, shown, strict=True)),
        "an edit of the search passes the visible tests": sum(s.gain >= 1 for _, s in found),
    }
    return Hinted(shown, plain, {name: count / len(plain) for name, count in counts.items()})


TASKS = {
    "sudoku_4x4": Task("trm_debug", 5, 0.95),
    "sudoku_6x6": Task("trm_cpu", 20, 0.60),
    "tracing": Task(
        "trm_tracing",
        15,
        0.85,
        (
            *(Others(f"{length} lines", "tracing", length) for length in range(4, 9)),
            *(Others(f"7 lines, chain of {n}", "tracing", 7, chain=n) for n in range(1, 6)),
            *(Others(f"8 lines, chain of {n}", "tracing", 8, chain=n) for n in range(1, 7)),
        ),
    ),
    "repair": Task(
        "trm_repair",
        15,
        0.55,
        repair_others(2),
        extra=repair_yardsticks,
        judged=KNOWN,
    ),
    "repair_hinted": Task(
        "trm_repair",
        15,
        0.55,
        repair_others(2),
        ("--data.families=[repair_hinted]",),
        repair_yardsticks,
        KNOWN,
        is_hinted=True,
    ),
    "repair_3": Task(
        "trm_repair",
        15,
        0.0,
        repair_others(3),
        (
            "--data.difficulties=[3]",
            "--data.held_out_difficulties=[3]",
            "--data.max_sequence_length=52",
            "--data.canvas_length=34",
            "--recursion.max_new_tokens=34",
        ),
        repair_yardsticks,
        KNOWN,
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Train and measure; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tasks", nargs="*", choices=[*TASKS, []], default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--run", type=Path, help="measure this finished run instead of training")
    options, further = parser.parse_known_args(argv)
    missed = False
    for name in options.tasks or TASKS:
        for seed in options.seeds:
            missed |= not _measure(name, seed, options.run, further)
    return int(missed)


def _measure(name: str, seed: int, run: Path | None, further: Sequence[str]) -> bool:
    """Whether a task's floor and time are kept."""
    task = TASKS[name]
    with tempfile.TemporaryDirectory() as folder:
        minutes = 0.0
        if run is None:
            run = Path(folder) / name
            minutes = _train(task, seed, run, further)
        trained = Trained.load(run)
        with open_runner(SandboxOptions()) as runner:
            found = _table(task, trained, runner)
    num_parameters = sum(p.numel() for p in trained.module.network.parameters())
    num_steps = int(trained.module.hparams["supervision_steps"])
    share = found["curves"][task.judged][num_steps - 1]
    ok = share >= task.smallest_share and minutes <= task.most_minutes
    found |= {
        "task": name,
        "seed": seed,
        "minutes": round(minutes, 2),
        "options": list(further),
        "parameters": num_parameters,
        "ok": ok,
    }
    RESULTS.mkdir(exist_ok=True)
    mark = "".join(f"_{word.rpartition('.')[2].replace('/', '-')}" for word in further)
    file = RESULTS / f"trm_{name}_{seed}{mark}.json"
    file.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(
        f"{name}, seed {seed}: {num_parameters:,} parameters, {minutes:.1f} min (at most "
        f"{task.most_minutes:g}); {share:.1%} of {task.judged} after {num_steps} steps (asked "
        f"{task.smallest_share:.0%}): {'kept' if ok else 'MISSED'}"
    )
    return ok


def _train(task: Task, seed: int, run: Path, further: Sequence[str]) -> float:
    """Train; the minutes of the whole command."""
    started = time.monotonic()
    command = [sys.executable, "main.py", "fit", "--config", f"configs/{task.config}.yaml"]
    command += [f"--seed_everything={seed}", f"--trainer.default_root_dir={run}"]
    command += [*task.options, *further]
    finished = subprocess.run(command, cwd=REPOSITORY)
    if finished.returncode:
        raise SystemExit(finished.returncode)
    return (time.monotonic() - started) / 60


def _table(task: Task, trained: Trained, runner: Runner) -> dict[str, Any]:
    """Print the curves; give them back by the name of what was measured."""
    verifier = Verifier(runner, SandboxOptions().limits())
    sets = {"held out": list(trained.data.problems.held_out[:NUM_PROBLEMS])}
    for others in task.others:
        sets[others.name] = _draw(trained, others)
    extra: dict[str, float] = {}
    if task.is_hinted:
        for name, problems in list(sets.items()):
            hinted = with_searched_hints(problems, trained, runner)
            sets |= {name: hinted.shown, f"{name}, without hints": hinted.plain}
            extra |= {f"{name}: {fact}": share for fact, share in hinted.facts.items()}
    curves = {name: trained.curve(problems, verifier, NUM_STEPS) for name, problems in sets.items()}
    table = Table(title="passed after so many supervision steps")
    for column in ("problems", "number", *map(str, SHOWN_STEPS)):
        table.add_column(column)
    for name, curve in curves.items():
        shares = [f"{curve[step - 1]:.1%}" for step in SHOWN_STEPS]
        table.add_row(name, str(len(sets[name])), *shares)
    Console(width=140).print(table)
    for name, problems in sets.items():
        found = task.extra(trained, problems, verifier)
        extra |= {f"{name}: {what}": share for what, share in found.items()}
    for name, share in extra.items():
        print(f"  {name}: {share:.1%}")
    return {"curves": curves, "extra": extra}


def _draw(trained: Trained, others: Others) -> list[Problem]:
    """Problems that training has not seen."""
    random = Random(f"{others.family}/{others.difficulty}")
    labelled = trained.data.problems.labelled
    known = {behaviour(problem) for problem in labelled}
    seen = {(behaviour(problem), problem.draft) for problem in labelled}
    drawn: list[Problem] = []
    source = problem_family(others.family)
    for _ in range(1000 * NUM_PROBLEMS):
        try:
            problem = source.sample(others.difficulty, random)
        except DegenerateProblem:
            continue
        if others.chain not in (None, longest_chain(problem.draft.splitlines())):
            continue
        mark = (behaviour(problem), problem.draft)
        if (mark[0] in known) == others.is_known and mark not in seen:
            seen.add(mark)
            drawn.append(problem)
        if len(drawn) == NUM_PROBLEMS:
            break
    return drawn


if __name__ == "__main__":
    raise SystemExit(main())
