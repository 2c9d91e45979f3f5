"""One candidate in the sandbox: arguments, stable values, mutants, and the score of its cases.

    examiner = Examiner((first, second), settings)
    found = examiner.examine(candidate)         # Examined, or a sentence why there is none

Each function runs in two processes that started apart, so their hash seeds and addresses differ,
and in two orders of calls; one that gives different values is left out. The score of the chosen
cases is `killed / (killed + missed)`. A mutant is *missed* that no chosen case tells apart and that
differs on one of many fresh arguments, drawn from another seed than those the cases were chosen
from; what differs nowhere is likely equivalent and does not count.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from lit_coder.harvesting.bundle import TRIAL, bundle
from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.choice import ChosenCases, choose_cases, choose_few
from lit_coder.harvesting.literals import literal
from lit_coder.harvesting.typed_inputs import kinds_of, typed_arguments
from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Limits, Runner
from lit_coder.verification.comparison import equal_exactly

# Processor time decides, so that a busy machine finds what an idle one does.
LIMITS = Limits(wall_seconds=900.0, cpu_seconds=20.0)
_TYPED_ARGUMENTS = 60
_LEAST_SHARE_OF_A_SET = 0.5
# More arguments of the same kinds would not help.
_NOT_REACHED = "is not reached by the arguments"


@dataclass(frozen=True, slots=True)
class ExaminationSettings:
    """How hard a function is tried.

    Args:
        seed: where all chance comes from.
        min_mutation_score: least score of the chosen cases.
        min_told_apart: least share of all mutants that the cases tell apart, whatever seems
            equivalent: where most mutants change nothing, the arguments do not reach the code.
        least_killed: least number of wrong versions that the cases tell apart.
        one_set: whether the cases are one set, as few as tell what can be told, for people to read.
        keeps_weak: whether a function stays whose cases are too weak after all tries.
        num_inputs: arguments that cases are chosen from.
        num_challenges: fresh arguments for what is not told apart.
        most_mutants: most wrong versions of a function.
        num_tries: how often more arguments are looked for.
    """

    seed: int = 0
    min_mutation_score: float = 0.8
    min_told_apart: float = 0.5
    least_killed: int = 3
    one_set: bool = False
    keeps_weak: bool = False
    num_inputs: int = 160
    num_challenges: int = 1600
    most_mutants: int = 60
    num_tries: int = 3


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a function.

    Attributes:
        inputs, values: arguments and what they give.
        raising: arguments and the built-in exception that they raise, the same in both runs.
        chosen: the cases.
        num_mutants: wrong versions that were run.
        num_missed: those that no case tells apart and that are not equivalent.
        num_fresh: fresh arguments that gave values.
        survivors: what the missed ones change, for people.
    """

    inputs: tuple[tuple[Value, ...], ...]
    values: tuple[Value, ...]
    raising: tuple[tuple[tuple[Value, ...], str], ...]
    chosen: ChosenCases
    num_mutants: int
    num_missed: int
    num_fresh: int
    survivors: tuple[str, ...]

    @property
    def score(self) -> float:
        """Killed mutants of those that are not equivalent, as far as is known."""
        killed = len(self.chosen.killed)
        return killed / max(killed + self.num_missed, 1)

    @property
    def told_apart(self) -> float:
        """Killed mutants of all."""
        return len(self.chosen.killed) / max(self.num_mutants, 1)


class Examiner:
    """Examines candidates on two runners, which may be used by several threads."""

    def __init__(self, runners: tuple[Runner, Runner], settings: ExaminationSettings) -> None:
        self._runners = runners
        self._settings = settings
        self._program = bundle(TRIAL)
        self._drawing = threading.Lock()

    def examine(self, candidate: Candidate, turn: int = 0) -> Examined | str:
        """What is found, or why the candidate is left out.

        Args:
            candidate: the function.
            turn: even or odd: which runner begins, so that both are busy.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        settings = self._settings
        first, second = (self._runners[turn % 2], self._runners[1 - turn % 2])
        more: list[tuple[Value, ...]] = []
        reason = ""
        for number in range(settings.num_tries):
            task = self._task(candidate, f"{settings.seed} {number}", settings.num_inputs, more)
            found = self._ask(first, "examine", candidate, task)
            if isinstance(found, str):
                return found
            if found["reason"]:
                return str(found["reason"])
            if not self._is_stable(second, candidate, found):
                return "gives different values in another process"
            result, missed = self._scored(second, candidate, found, number)
            if isinstance(result, str):
                return result
            reason = self._weakness(result)
            is_last = number + 1 == settings.num_tries
            if not reason or (settings.keeps_weak and (is_last or reason == _NOT_REACHED)):
                return result
            if reason == _NOT_REACHED:
                break
            chosen = (*result.chosen.visible, *result.chosen.hidden)
            more = [*missed, *(result.inputs[index] for index in chosen)]
        return reason

    def _scored(
        self, runner: Runner, candidate: Candidate, found: dict[str, Any], number: int
    ) -> tuple[Examined | str, list[tuple[Value, ...]]]:
        """The examination with its score, and arguments that would raise it."""
        inputs = [tuple(arguments) for arguments in found["inputs"]]
        outputs = [literal(value) for value in found["values"]]
        costs = [len(literal(i)) + len(o) for i, o in zip(inputs, outputs, strict=True)]
        choose = choose_few if self._settings.one_set else choose_cases
        chosen = choose(found["masks"], costs, outputs)
        survivors = [each for each in range(len(found["masks"])) if each not in chosen.killed]
        task = self._task(
            candidate, f"{self._settings.seed} {number} fresh", self._settings.num_challenges, []
        )
        more: dict[str, Any] | str = {"differing": {}, "num_values": 0}
        if survivors:
            more = self._ask(runner, "challenge", candidate, task, found["kinds"], survivors)
        if isinstance(more, str):
            return more, []
        differing: dict[int, list[tuple[Value, ...]]] = more["differing"]
        labels = found["mutants"]
        result = Examined(
            inputs=tuple(inputs),
            values=tuple(found["values"]),
            raising=tuple((tuple(arguments), name) for arguments, name in found["raising"]),
            chosen=chosen,
            num_mutants=len(labels),
            num_missed=len(differing),
            num_fresh=more["num_values"],
            survivors=tuple(f"line {labels[i][1]}: {labels[i][0]}" for i in sorted(differing)),
        )
        return result, [tuple(each) for shown in differing.values() for each in shown]

    def _weakness(self, found: Examined) -> str:
        killed = len(found.chosen.killed)
        least = _LEAST_SHARE_OF_A_SET * killed
        if killed < self._settings.least_killed:
            return "has too few wrong versions"
        if found.told_apart < self._settings.min_told_apart:
            return _NOT_REACHED
        if found.score < self._settings.min_mutation_score:
            return "has cases that are too weak"
        if self._settings.one_set:
            return ""
        if min(len(found.chosen.killed_by_visible), len(found.chosen.killed_by_hidden)) < least:
            return "has visible or hidden cases that are too weak"
        return ""

    def _is_stable(self, runner: Runner, candidate: Candidate, found: dict[str, Any]) -> bool:
        raising = found["raising"]
        inputs = [*found["inputs"], *(arguments for arguments, _ in raising)]
        expected = [(value, "") for value in found["values"]]
        expected += [(None, exception) for _, exception in raising]
        seen = self._call(runner, "observe", (candidate.program, candidate.name, inputs))
        if isinstance(seen, str):
            return False
        return all(
            fault == wanted and equal_exactly(value, right)
            for (value, fault), (right, wanted) in zip(seen, expected, strict=True)
        )

    def _task(
        self, candidate: Candidate, seed: str, num_inputs: int, more: list[tuple[Value, ...]]
    ) -> dict[str, Any]:
        with self._drawing:
            typed = typed_arguments(candidate.parameters, _TYPED_ARGUMENTS, self._settings.seed)
        return {
            "name": candidate.name,
            "source": candidate.source,
            "parameters": [
                (each.name, kinds_of(each.hint), each.is_required, each.default)
                for each in candidate.parameters
            ],
            "constants": list(candidate.constants),
            "examples": [*candidate.examples, *typed],
            "seed": f"{seed} {candidate.place} {candidate.name}",
            "num_inputs": num_inputs,
            "most_mutants": self._settings.most_mutants,
            "more": more,
        }

    def _ask(
        self, runner: Runner, action: str, candidate: Candidate, *rest: Value
    ) -> dict[str, Any] | str:
        found = self._call(runner, action, (candidate.program, candidate.name, *rest))
        assert isinstance(found, (dict, str))
        return found

    def _call(self, runner: Runner, action: str, arguments: tuple[Value, ...]) -> Any:
        job = CallJob(self._program, ((Call(action, arguments),),), LIMITS)
        (execution,) = runner.run([job])
        if execution.status != "completed" or not execution.outcomes[0]:
            return f"ended its process: {execution.status.replace('_', ' ')}"
        outcome = execution.outcomes[0][0]
        if outcome.exception is not None or outcome.unsupported:
            return f"cannot be tried: {outcome.exception or 'its values do not cross'}"
        return outcome.value
