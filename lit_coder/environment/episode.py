r"""One problem being solved: write, run tests, run a snippet, bisect, accept; without gymnasium.

    episode = Episode(problem, runner, EpisodeRules())
    episode.act("write", "\n    return x + 1")
    episode.act("run_tests")
    episode.output                      # what the action said
    episode.act("accept")
    episode.ending.reward, episode.ending.verdict

Everything is executed in the sandbox and counted, but for the verdict at the end. The same actions
on the same problem give the same outputs, as far as the programs do the same each time: nothing
that depends on time or place is in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from lit_coder.environment.bisection import Bisector
from lit_coder.environment.delta_debugging import smallest_failing_edits
from lit_coder.environment.known_cases import known_cases
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.environment.suspicion import Suspicion
from lit_coder.environment.visible_run import run_visible_tests
from lit_coder.problems.problem import Problem
from lit_coder.sandbox.contract import Limits, Runner, StdioJob
from lit_coder.verification.verdict import Verdict
from lit_coder.verification.verifier import Attempt, Verifier

ActionName: TypeAlias = Literal["write", "run_tests", "run_snippet", "bisect", "accept"]
ACTION_NAMES: tuple[ActionName, ...] = get_args(ActionName)

_RANKING_EXECUTIONS = 2
# log2 of the most steps that are followed, and two.
_REFERENCE_EXECUTIONS = 16
_MOST_SUSPECTS = 3
# The two programs, and parts of their edits.
_EDIT_TRIALS = 10
_EDIT_EXECUTIONS = 2 + _EDIT_TRIALS
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


@dataclass(frozen=True, slots=True)
class EpisodeRules:
    """What an episode allows, and what it pays.

    Args:
        max_steps: actions of an episode.
        max_executions: runs in the sandbox, the verdict at the end not counted.
        max_characters: of a text that is written, and of what is told.
        reward: of accepting: "all" = 1 where all visible tests pass, else 0; "share" = the share
            of visible tests that pass, which pays for half a program, too.
        step_cost: taken from the reward for every action.
        shows_expected: whether a failed test tells what it expected; who learns from rewards will
            write it down instead of solving the problem.
        bisects_with_reference: whether `bisect` compares with the problem's reference, where it has
            one; otherwise it works by tests alone.
        limits: of one run.
    """

    max_steps: int = 16
    max_executions: int = 64
    max_characters: int = 8000
    reward: Literal["all", "share"] = "all"
    step_cost: float = 0.0
    shows_expected: bool = False
    bisects_with_reference: bool = False
    limits: Limits = Limits(wall_seconds=20.0, cpu_seconds=5.0)

    def __post_init__(self) -> None:
        for name, least in (("max_steps", 1), ("max_executions", 0), ("max_characters", 100)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if self.reward not in ("all", "share"):
            raise ValueError(f"reward must be all or share, not {self.reward!r}")
        if not 0 <= self.step_cost <= 1:
            raise ValueError(f"step_cost must be between 0 and 1, not {self.step_cost}")


class Ending(NamedTuple):
    """How an episode ended.

    Attributes:
        accepted: whether the program was accepted, or the steps ran out.
        reward: of the last action, by the visible tests.
        verdict: on the program as it stood, visible and hidden tests.
    """

    accepted: bool
    reward: float
    verdict: Verdict


class Episode:
    """The state of one episode.

    Args:
        problem: what is to be solved.
        runner: runs programs; it is running.
        rules: what is allowed.
    """

    def __init__(self, problem: Problem, runner: Runner, rules: EpisodeRules) -> None:
        self.problem = problem
        self.rules = rules
        self.completion = problem.draft
        self.output = ""
        self.passed: tuple[bool, ...] | None = None
        self.suspicious_lines: tuple[int, ...] = ()
        self.num_steps = 0
        self.ending: Ending | None = None
        self._runner = runner
        self._num_runs = 0
        self._best: tuple[str, tuple[bool, ...]] = ("", ())
        self._look = LookingInside(runner, rules.limits)

    @property
    def num_executions(self) -> int:
        """Runs in the sandbox so far."""
        return self._num_runs + self._look.num_executions

    @property
    def program(self) -> str:
        """The whole program as it stands."""
        return self.problem.program(self.completion)

    @property
    def share_passed(self) -> float:
        """Of the visible tests when they last ran on this program; -1 where they did not."""
        return -1.0 if not self.passed else sum(self.passed) / len(self.passed)

    def act(self, name: ActionName, text: str = "") -> float:
        """Do one action; the reward.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        assert self.ending is None, "the episode has ended"
        self.num_steps += 1
        acts: dict[ActionName, Callable[[], str]] = {
            "write": lambda: self._write(text),
            "run_tests": self._run_tests,
            "run_snippet": lambda: self._run_snippet(text),
            "bisect": self._bisect,
            "accept": lambda: self._end(accepted=True),
        }
        self.output = _ADDRESS.sub("0x...", acts[name]())
        if self.ending is None and self.num_steps >= self.rules.max_steps:
            self.output = f"{self.output}\n{self._end(accepted=False)}"
        return (self.ending.reward if self.ending else 0.0) - self.rules.step_cost

    def _write(self, text: str) -> str:
        if len(text) > self.rules.max_characters:
            return f"not written: more than {self.rules.max_characters} characters"
        self.completion = text
        self.passed, self.suspicious_lines = None, ()
        return "written"

    def _run_tests(self) -> str:
        if not self._may_run(1):
            return _NO_EXECUTIONS
        self._num_runs += 1
        rules = self.rules
        found = run_visible_tests(
            self._runner, self.problem, self.completion, rules.limits, rules.shows_expected
        )
        self._note(found.passed)
        return f"{sum(found.passed)} of {len(found.passed)} tests pass\n{found.text}"

    def _run_snippet(self, text: str) -> str:
        """After the program, in one script; of a whole program the text is its standard input."""
        if not self._may_run(1):
            return _NO_EXECUTIONS
        self._num_runs += 1
        is_script = self.problem.kind == "program"
        program = self.program if is_script else f"{self.program}\n\n\n{text}\n"
        job = StdioJob(program, (text if is_script else "",), self.rules.limits)
        (execution,) = self._runner.run([job])
        ended = "" if execution.status == "completed" else execution.status.replace("_", " ")
        detail = f"{ended}: {execution.detail}".strip(": ") if ended else ""
        return "\n".join(filter(None, (execution.stdout.rstrip("\n"), detail))) or "no output"

    def _bisect(self) -> str:
        """The lines to look at, by the reference or by tests alone."""
        if not self._may_run(_RANKING_EXECUTIONS):
            return _NO_EXECUTIONS
        cases = known_cases(self.problem)
        with_reference = self.rules.bisects_with_reference and self.problem.reference is not None
        edits = 0 if with_reference else 60
        ranking = Suspicion(self._look, edits).rank(self.program, cases)
        if not ranking.passed:
            return "the program cannot be followed: it does not parse, or does not come to an end"
        self._note(ranking.passed)
        if all(ranking.passed):
            return "all tests pass: there is no fault to find"
        if with_reference and self._may_run(_REFERENCE_EXECUTIONS):
            return self._bisect_with_reference(cases.given[ranking.passed.index(False)])
        suspects = ranking.suspects[:_MOST_SUSPECTS]
        self.suspicious_lines = tuple(each.line for each in suspects)
        told = [f"line {each.line}: {self._line(each.line)}  ({each.reason})" for each in suspects]
        told = told or ["no statement of the program is reached by a failing test"]
        return "\n".join([*told, *self._edits_that_fail(ranking.passed)])

    def _note(self, passed: tuple[bool, ...]) -> None:
        """Keep what the tests say, and the program that passes most of them."""
        self.passed = passed
        if sum(passed) > sum(self._best[1]):
            self._best = (self.completion, passed)

    def _edits_that_fail(self, passed: tuple[bool, ...]) -> list[str]:
        """The fewest edits since the best program so far that make it fail a test it passed."""
        best, best_passed = self._best
        has_lost = any(one and not two for one, two in zip(best_passed, passed, strict=False))
        if not has_lost or not self._may_run(_EDIT_EXECUTIONS):
            return []
        limits = self.rules.limits
        found = smallest_failing_edits(
            self._runner, self.problem, best, self.completion, limits, _EDIT_TRIALS
        )
        self._num_runs += found.num_executions
        return [f"a test that passed before fails by these edits:\n{found.text}"]

    def _bisect_with_reference(self, case: tuple[object, ...]) -> str:
        reference = self.problem.program(self.problem.reference or "")
        found = Bisector(self._look).first_departure(self.program, reference, case)
        if found is None or not found.line:
            return "no statement was found after which the program goes wrong"
        self.suspicious_lines = (found.line,)
        return (
            f"line {found.line}: {self._line(found.line)}  (goes wrong at step {found.step} of "
            f"{found.num_steps} of the first failing test)"
        )

    def _line(self, number: int) -> str:
        lines = self.program.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def _may_run(self, number: int) -> bool:
        return self.num_executions + number <= self.rules.max_executions

    def _end(self, accepted: bool) -> str:
        verifier = Verifier(self._runner, self.rules.limits)
        (verdict,) = verifier.verify([Attempt(self.problem, self.completion)])
        share = verdict.visible_passed / max(verdict.visible_total, 1)
        reward = float(verdict.passed_visible) if self.rules.reward == "all" else share
        self.ending = Ending(accepted, reward if accepted else 0.0, verdict)
        ended = "accepted" if accepted else "the steps are used up"
        return f"{ended}; {verdict.visible_passed} of {verdict.visible_total} visible tests pass"


_NO_EXECUTIONS = "not run: no executions are left"
