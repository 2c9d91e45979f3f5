"""Small agents for CoderEnvironment: one that a model writes for, and one that knows the answer.

    agent = ModelAgent(generator, tokenizer, SamplingOptions(temperature=0.8))
    played = play(environment, agent)
    played.solved, played.num_steps, played.num_executions

Both write, run the tests, and accept what passes. Where tests fail they bisect: a model that goes
on from a prompt keeps what stands before the suspicious line and writes the rest anew, every second
time all of it; one that fills a canvas gets its own program as the draft to be repaired.
`ReferenceAgent` starts from the reference with one sign changed and puts the suspicious lines
right, one after another: it shows the environment at work without a model.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from lit_coder.environment.coder_environment import CoderEnvironment, Observation
from lit_coder.environment.episode import ActionName
from lit_coder.generation.contract import Prompt, SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.tokenizer import CodeTokenizer

_CHANGEABLE = re.compile(r"\d|<(?!=)|>(?!=)| \+ | - |\+=|-=")
_CHANGES = {"<": "<=", ">": ">=", " + ": " - ", " - ": " + ", "+=": "-=", "-=": "+="}
# To write, to test and to accept.
_STEPS_TO_REFINE = 3


class Played(NamedTuple):
    """One episode.

    Attributes:
        solved: whether a program was accepted that passes all visible tests.
        hidden_passed: whether it passes the hidden ones, too.
        suspicious_lines: what the last search named.
        told: by action its name and what it said.
    """

    task_id: str
    solved: bool
    hidden_passed: bool
    reward: float
    num_steps: int
    num_executions: int
    suspicious_lines: tuple[int, ...]
    told: tuple[tuple[str, str], ...]


class Agent(Protocol):
    """Chooses actions."""

    def begin(self, problem: Problem, prompt: str) -> None:
        """An episode begins; a fair agent looks at the prompt alone."""

    def act(self, observation: Observation, info: dict[str, Any]) -> tuple[ActionName, str]:
        """The next action and its text."""


def play(environment: CoderEnvironment, agent: Agent, draw: int | None = None) -> Played:
    """One episode from its start to its end; `draw` names its problem."""
    options = None if draw is None else {"draw": draw}
    observation, info = environment.reset(options=options)
    agent.begin(environment.problem, info["prompt"])
    total, told, suspicious = 0.0, [], ()
    while True:
        name, text = agent.act(observation, info)
        action = environment.action(name, text)
        observation, reward, terminated, truncated, info = environment.step(action)
        total += float(reward)
        told.append((name, observation["output"]))
        suspicious = info["suspicious_lines"] or suspicious
        if terminated or truncated:
            break
    return Played(
        task_id=info["task_id"],
        solved=terminated and info["solved"],
        hidden_passed=info["hidden_passed"],
        reward=total,
        num_steps=info["num_steps"],
        num_executions=info["num_executions"],
        suspicious_lines=suspicious,
        told=tuple(told),
    )


class _Refining:
    """Write, test, accept what passes; else search and write again, as long as there are steps."""

    def __init__(self) -> None:
        self._last: ActionName | None = None

    def begin(self, problem: Problem, prompt: str) -> None:
        """As `Agent`."""
        self._last = None

    def act(self, observation: Observation, info: dict[str, Any]) -> tuple[ActionName, str]:
        """As `Agent`."""
        name, text = self._next(observation, info)
        self._last = name
        return name, text

    def _next(self, observation: Observation, info: dict[str, Any]) -> tuple[ActionName, str]:
        steps_left, executions_left = map(int, observation["left"])
        if self._last is None:
            return "write", self._first()
        if steps_left <= 1:
            return "accept", ""
        if self._last == "write" and executions_left:
            return "run_tests", ""
        has_passed = float(observation["share_passed"][0]) == 1.0
        if has_passed or steps_left < _STEPS_TO_REFINE or not executions_left:
            return "accept", ""
        if self._last == "run_tests" and not self._has_more() and steps_left > _STEPS_TO_REFINE:
            return "bisect", ""
        return "write", self._again(info["suspicious_lines"])

    def _first(self) -> str:
        raise NotImplementedError

    def _again(self, suspicious: tuple[int, ...]) -> str:
        raise NotImplementedError

    def _has_more(self) -> bool:
        """Whether the last search named lines that are still to be tried."""
        return False


class ModelAgent(_Refining):
    """Lets a model write.

    Args:
        generator: completes token ids, or fills a canvas.
        tokenizer: its own.
        options: how it samples; one sample is drawn each time, from a stream of its own.
    """

    def __init__(
        self, generator: TokenGenerator, tokenizer: CodeTokenizer, options: SamplingOptions
    ) -> None:
        super().__init__()
        self._generator = generator
        self._tokenizer = tokenizer
        self._options = replace(options, num_samples=1)
        self._prompt, self._draft, self._written, self._stream = "", "", "", ""
        self._num_writings = 0

    def begin(self, problem: Problem, prompt: str) -> None:
        """As `Agent`."""
        super().begin(problem, prompt)
        self._prompt, self._draft, self._stream = prompt, problem.draft, problem.task_id
        self._written, self._num_writings = "", 0

    def _first(self) -> str:
        return self._write("", self._draft)

    def _again(self, suspicious: tuple[int, ...]) -> str:
        if self._generator.origin == "trm":
            return self._write("", self._written)
        is_whole = self._num_writings % 2 == 0 or not suspicious
        return self._write("" if is_whole else self._before(min(suspicious)), "")

    def _before(self, line: int) -> str:
        """What was written before a line of the program, cut where lines of the prompt end."""
        lines = (self._prompt + self._written).splitlines(keepends=True)
        kept = "".join(lines[: line - 1])
        if not self._prompt.endswith("\n"):
            kept = kept.removesuffix("\n")
        return kept[len(self._prompt) :]

    def _write(self, kept: str, draft: str) -> str:
        self._num_writings += 1
        prompt = Prompt(
            tuple(self._tokenizer.encode(self._prompt + kept)),
            f"{self._stream}/{self._num_writings}",
            draft_ids=tuple(self._tokenizer.encode(draft)),
        )
        ((completion,),) = self._generator.generate([prompt], self._options)
        self._written = kept + self._tokenizer.decode(completion.ids)
        return self._written


class ReferenceAgent(_Refining):
    """Starts from the reference with one fault, or from the problem's draft, and repairs lines."""

    def __init__(self) -> None:
        super().__init__()
        self._problem: Problem | None = None
        self._written = ""
        self._waiting: list[int] = []

    def begin(self, problem: Problem, prompt: str) -> None:
        """As `Agent`; the reference is looked at, which no model may.

        Raises:
            ValueError: the problem has none.
        """
        super().begin(problem, prompt)
        if problem.reference is None:
            raise ValueError(
                f"{problem.task_id} has no reference, which this agent writes; give problems that "
                "have one"
            )
        self._problem, self._waiting = problem, []
        self._written = problem.draft or with_a_fault(problem.reference)

    def _first(self) -> str:
        return self._written

    def _has_more(self) -> bool:
        return bool(self._waiting)

    def _again(self, suspicious: tuple[int, ...]) -> str:
        """The program with the next suspicious line as the reference has it."""
        assert self._problem is not None and self._problem.reference is not None
        self._waiting = self._waiting or list(dict.fromkeys(suspicious))
        right = self._problem.program(self._problem.reference).split("\n")
        lines = self._problem.program(self._written).split("\n")
        if not self._waiting or len(right) != len(lines):
            return self._problem.reference
        place = self._waiting.pop(0) - 1
        lines[place] = right[place]
        suffix = len(self._problem.suffix)
        text = "\n".join(lines)[len(self._problem.prompt) :]
        self._written = text[: len(text) - suffix]
        return self._written


def with_a_fault(text: str) -> str:
    """The text with its last changeable sign changed; the same where there is none."""
    places = list(_CHANGEABLE.finditer(text))
    if not places:
        return text
    found = places[-1]
    sign = found[0]
    other = str((int(sign) + 1) % 10) if sign.isdigit() else _CHANGES[sign]
    return text[: found.start()] + other + text[found.end() :]
