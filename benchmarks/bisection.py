"""Finding a planted fault: by bisection against a reference, and by tests alone.

    python -m benchmarks.bisection
    python -m benchmarks.bisection --functions 60 --stdlib 0 --output figures.json
    python -m benchmarks.bisection --changes 2      # no single edit puts such a statement right

The set: references of the program families that define functions or classes, drawn in turn, and
functions of the standard library that were harvested with their cases; of each one a copy in which
one statement was changed by a mutation operator of `harvesting/` so that it fails a visible case.
Statements that were left out are not planted: nothing is there that could be found. A hit is the
changed line itself. The edits that the search by tests tries are of the same kinds as many of these
changes, so that one of them may undo a change: how often is shown, and what is found where none
does; `--changes 2` changes two places of the statement. Compared: Ochiai's measure of coverage
alone, ties resolved by chance, and a line drawn by chance from those that failing cases reach.
Executions are runs in the sandbox. Exit status 1: a floor is missed.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, NamedTuple

from benchmarks.sandbox_figures import Figure, machine, table
from lit_coder.environment.bisection import Bisector, Departure
from lit_coder.environment.known_cases import known_cases
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.environment.suspicion import Ranking, Suspicion
from lit_coder.harvesting.examination import ExaminationSettings
from lit_coder.harvesting.harvest import Harvest, HarvestCounts, HarvestRunners
from lit_coder.harvesting.inside.mutation import changes_of
from lit_coder.harvesting.places import OpenPlaces
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.problem import Cases, Problem
from lit_coder.problems.registry import PROGRAM_FAMILY_NAMES, problem_family
from lit_coder.problems.sampling import derived_random
from lit_coder.sandbox.contract import Limits, Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.verification.verifier import Attempt, Verifier

FAMILIES = tuple(
    name for name in PROGRAM_FAMILY_NAMES if name not in ("docstrings", "stdin_programs")
)
# The definition, and three in it.
LEAST_STATEMENTS = 4
MUTANTS_TRIED = 8


class Fault(NamedTuple):
    """A program with a planted fault: the line that was changed, and the right program."""

    problem: Problem
    source: str
    program: str
    reference: str
    line: int
    label: str


class Found(NamedTuple):
    """What was found of one fault."""

    fault: Fault
    ranking: Ranking
    departure: Departure | None

    @property
    def rank(self) -> int:
        """Of the changed line, from 1; beyond all where it is not ranked."""
        lines = list(dict.fromkeys(each.line for each in self.ranking.suspects))
        return lines.index(self.fault.line) + 1 if self.fault.line in lines else 10**6

    @property
    def is_undone(self) -> bool:
        """Whether some edit of one statement passes all visible cases."""
        return any(each.gain == 1.0 for each in self.ranking.suspects)

    def share_in_first(self, most: int, score: str) -> float:
        """The chance that the line is among the first by one score, equals in random order."""
        by_line: dict[int, float] = {}
        for each in self.ranking.suspects:
            by_line[each.line] = max(getattr(each, score, 0.0), by_line.get(each.line, 0.0))
        if self.fault.line not in by_line:
            return 0.0
        own = by_line[self.fault.line]
        above = sum(each > own for each in by_line.values())
        equal = sum(each == own for each in by_line.values())
        return min(max((most - above) / equal, 0.0), 1.0)


def main() -> int:
    """Plant, search, print, and say whether the floors are held."""
    arguments = _parse()
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items() if name != "is_busy"))
    started = time.monotonic()
    options = SandboxOptions(workers=1)
    with open_runner(options) as runner:
        plant = Planting(runner, arguments.changes)
        faults = list(_of_families(plant, arguments.functions - arguments.stdlib))
        if arguments.stdlib:
            faults += _of_library(plant, options, arguments.stdlib)
        print(f"{len(faults)} faults after {time.monotonic() - started:.0f} s", flush=True)
        look = LookingInside(runner, Limits())
        found = []
        for fault in faults:
            found.append(_find(look, fault))
            if len(found) % 25 == 0:
                print(f"{len(found)} searched", flush=True)
    figures = _figures(found, (time.monotonic() - started) / 60)
    print(table(figures))
    _print_sources(found)
    if arguments.output:
        record = {"machine": facts, "figures": [asdict(each) for each in figures]}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 1 if any(figure.is_met is False for figure in figures) else 0


def _find(look: LookingInside, fault: Fault) -> Found:
    cases = known_cases(fault.problem)
    ranking = Suspicion(look).rank(fault.program, cases)
    departure = None
    if False in ranking.passed:
        case = cases.given[ranking.passed.index(False)]
        departure = Bisector(look).first_departure(fault.program, fault.reference, case)
    return Found(fault, ranking, departure)


def _of_families(plant: Planting, number: int) -> Iterator[Fault]:
    random = derived_random("bisection", "families")
    for index in range(number):
        family = problem_family(FAMILIES[index % len(FAMILIES)])
        while True:
            hard = family.difficulties[len(family.difficulties) // 2 :]
            try:
                problem = family.sample(random.choice(hard), random)
            except DegenerateProblem:
                continue
            if fault := plant.fault(problem, family.name, random):
                yield fault
                break


def _of_library(plant: Planting, options: SandboxOptions, number: int) -> list[Fault]:
    """Faults in functions of the standard library, in the order of its files."""
    settings = ExaminationSettings(num_inputs=60, num_challenges=200, num_tries=2)
    faults: list[Fault] = []
    with HarvestRunners(replace(options, workers=2)) as runners:
        harvest = Harvest(runners, settings, HarvestCounts())
        candidates = harvest.candidates(OpenPlaces("stdlib"))
        for _, harvested in harvest.tried(candidates, "stdlib"):
            if harvested is None:
                continue
            random = derived_random("bisection", harvested.problem.task_id)
            if fault := plant.fault(harvested.problem, "standard library", random):
                faults.append(fault)
            if len(faults) == number:
                break
    return faults


class Planting:
    """Makes programs wrong.

    Args:
        runner: says whether a visible case notices; it is running.
        num_changes: places of the one statement that are changed, 1 or 2.
    """

    def __init__(self, runner: Runner, num_changes: int) -> None:
        # A program that ends by a limit is found by the limit.
        self._verifier = Verifier(runner, Limits(cpu_seconds=0.5))
        self._num_changes = num_changes

    def fault(self, problem: Problem, source: str, random: Random) -> Fault | None:
        """One that a visible case notices, None where there is none among those tried."""
        assert isinstance(problem.tests, Cases) and problem.reference is not None
        visible = replace(problem, prompt="", suffix="", tests=Cases(problem.tests.visible))
        reference = ast.unparse(ast.parse(problem.program(problem.reference)))
        mutants = self._mutants(reference, problem.entry_point, random)
        for program, line, label in islice(mutants, MUTANTS_TRIED):
            (verdict,) = self._verifier.verify([Attempt(visible, program)])
            if verdict.status in ("failed", "error") and not verdict.passed_visible:
                return Fault(visible, source, program, reference, line, label)
        return None

    def _mutants(self, reference: str, name: str, random: Random) -> Iterator[tuple[str, int, str]]:
        """The program with one line changed, its number, and what was changed, by chance."""
        for program, line, label in _changed(reference, reference, name, None, random):
            if self._num_changes == 1:
                yield program, line, label
                continue
            twice = _changed(program, reference, name, line, random)
            for other, _, further in islice(twice, 1):
                yield other, line, f"{label}, {further}"


def _changed(
    program: str, reference: str, name: str, line: int | None, random: Random
) -> Iterator[tuple[str, int, str]]:
    """The program with a change, on that line or any; one line is unlike the reference's."""
    tree = ast.parse(program)
    lines = reference.split("\n")
    tested = [each for each in tree.body if getattr(each, "name", "") == name]
    within = [node for each in tested for node in ast.walk(each)]
    if sum(isinstance(node, ast.stmt) for node in within) < LEAST_STATEMENTS:
        return
    functions = [node for node in within if isinstance(node, ast.FunctionDef)]
    changes = [change for function in functions for change in changes_of(function)]
    for change in random.sample(changes, len(changes)):
        if "a statement is left out" in change.label or "is ignored" in change.label:
            continue
        with change.made():
            text = ast.unparse(ast.fix_missing_locations(tree))
        changed = text.split("\n")
        pairs = zip(changed, lines, strict=False)
        other = [number for number, (one, two) in enumerate(pairs, start=1) if one != two]
        is_one_line = len(changed) == len(lines) and len(other) == 1
        if is_one_line and line in (None, other[0]) and text != program:
            yield text, other[0], change.label


def _figures(found: Sequence[Found], minutes: float) -> list[Figure]:
    departures = [each.departure for each in found if each.departure is not None]
    excess = [d.num_executions - math.log2(max(d.num_steps, 2)) - 2 for d in departures]
    num_lines = [len({each.line for each in one.ranking.suspects}) for one in found]

    def share(hits: Iterator[bool] | Iterator[float]) -> list[Any]:
        return [100 * sum(hits) / max(len(found), 1)]

    def others(most: int) -> list[Any]:
        left = [each for each in found if not each.is_undone]
        return [100 * sum(each.rank <= most for each in left) / max(len(left), 1)]

    hits = (each.departure is not None and each.departure.line == each.fault.line for each in found)
    with_reference, by_tests, of = "with a reference", "by tests alone", "controls"
    return [
        Figure.of("set", "faults", [len(found)], ""),
        Figure.of("set", "lines that failing cases reach", [mean(num_lines or [0])], ""),
        Figure.of(with_reference, "line found", share(hits), "%", at_least=95),
        Figure.of(with_reference, "steps", [mean(d.num_steps for d in departures)], ""),
        Figure.of(with_reference, "executions", [mean(d.num_executions for d in departures)], ""),
        Figure.of(with_reference, "most over log2(n) + 2", [max(excess)], "", at_most=0),
        Figure.of(by_tests, "line first", share(e.rank == 1 for e in found), "%", at_least=50),
        Figure.of(by_tests, "in the first 3", share(e.rank <= 3 for e in found), "%", at_least=80),
        Figure.of(by_tests, "executions", [mean(e.ranking.num_executions for e in found)], ""),
        Figure.of(by_tests, "an edit passes all tests", share(e.is_undone for e in found), "%"),
        Figure.of(by_tests, "where none does, first", others(1), "%"),
        Figure.of(by_tests, "where none does, in the first 3", others(3), "%"),
        Figure.of(by_tests, "edits tried", [mean(e.ranking.num_edits for e in found)], ""),
        *(
            Figure.of(
                of, f"{name}, {where}", share(e.share_in_first(most, key) for e in found), "%"
            )
            for name, key in (("Ochiai alone", "ochiai"), ("by chance", ""))
            for where, most in (("first", 1), ("in the first 3", 3))
        ),
        Figure.of("elapsed", "with planting", [minutes], "min"),
    ]


def _print_sources(found: Sequence[Found]) -> None:
    """By source how many faults were found, and each that was not."""
    for source in dict.fromkeys(each.fault.source for each in found):
        own = [each for each in found if each.fault.source == source]
        by_reference = sum(
            each.departure is not None and each.departure.line == each.fault.line for each in own
        )
        first, first_three = (sum(each.rank <= most for each in own) for most in (1, 3))
        print(
            f"{source}: {len(own)} faults, {by_reference} by the reference; "
            f"by tests {first} first, {first_three} in the first 3"
        )
    for each in found:
        departure = each.departure
        if departure is None or departure.line != each.fault.line:
            said = "no departure" if departure is None else f"line {departure.line}"
            print(f"missed: {each.fault.problem.task_id}, {each.fault.label}: {said}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--functions", type=int, default=200, help="how many faults")
    parser.add_argument("--stdlib", type=int, default=60, help="how many of the standard library")
    parser.add_argument("--changes", type=int, default=1, choices=(1, 2), help="of the statement")
    parser.add_argument("--output", type=Path, help="where the figures go as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
