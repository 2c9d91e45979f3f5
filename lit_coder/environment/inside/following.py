"""Follows a program statement by statement; what `looking_inside.py` calls in the sandbox.

    follow(program, case, None, 20_000, False)     # the states after every step
    follow(program, case, [12], 20_000, True)      # the state after step 12, where it then stops
    cover(program, cases, 20_000)                  # by case what it reached, and its answers

A step is a statement that is about to be executed, a function that returns, or an operation's
outcome. Between two steps with complete states only one statement was executed. A program that
takes more than the given number of steps is stopped.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from lit_coder.environment.inside.cases import (
    Answer,
    exception_name,
    load,
    printed,
    try_case,
    try_script,
)
from lit_coder.environment.inside.numbering import FILE_NAME, Numbered, number_statements
from lit_coder.environment.inside.states import State, described, globals_text
from lit_coder.harvesting.inside.execution import Late, copied

# Frames of these are part of the statement that evaluates them.
_PARTS_OF_STATEMENTS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
_MOST_FRAMES = 60


class Steps:
    """Counts the steps of a program and keeps the states that are wanted.

    Args:
        numbered: the program.
        wanted: steps whose states are kept, None = all.
        most: steps after which the program is stopped.
        has_module: whether statements of the first level are steps.
    """

    def __init__(
        self, numbered: Numbered, wanted: list[int] | None, most: int, has_module: bool
    ) -> None:
        self.num_steps = 0
        self.states: list[tuple[int, State]] = []
        self.reached: set[int] = set()
        self._numbered = numbered
        self._wanted = None if wanted is None else frozenset(wanted)
        self._most = most
        self._has_module = has_module
        self._names: dict[str, Any] = {}
        self._told = ""

    def run(self, act: Callable[[], list[Answer]], names: dict[str, Any]) -> list[Answer]:
        """Do what runs the program, following it."""
        self._names = names
        sys.settrace(self._follow)
        try:
            return act()
        finally:
            sys.settrace(None)

    def outcome(self, answer: Answer) -> None:
        """One more step: what an operation gave, which is part of all later states."""
        self.num_steps += 1
        self._told += f"outcome {answer.fault} {described(answer.value)}\n"
        if self._is_wanted():
            self.states.append((self.num_steps, State.of([], ("", 0), [self._told])))

    def _is_wanted(self) -> bool:
        return self._wanted is None or self.num_steps in self._wanted

    def _follow(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename != FILE_NAME or code.co_name in _PARTS_OF_STATEMENTS:
            return None
        if code.co_name == "<module>" and not self._has_module:
            return None
        if event in ("line", "return"):
            self._step(frame, event, argument)
        return self._follow

    def _step(self, frame: FrameType, event: str, argument: object) -> None:
        self.num_steps += 1
        if event == "line":
            self.reached.add(self._numbered.statement_at(frame.f_lineno))
        if self._is_wanted():
            frames = _frames(frame)
            # A function that returns hands over to the statement that called it.
            returned = [f"returned {described(argument)}"] if event == "return" else []
            going_on = frames[1:] if returned else frames
            place = self._place(going_on[0]) if going_on else ("", 0)
            more = [*returned, self._told, printed(), globals_text(self._names)]
            self.states.append((self.num_steps, State.of(frames, place, more)))
        if self.num_steps >= self._most:
            raise Late

    def _place(self, frame: FrameType) -> tuple[str, int]:
        """The function, and which of its statements."""
        code = frame.f_code
        if code.co_name == "<module>":
            return code.co_name, self._numbered.statement_at(frame.f_lineno)
        first = self._numbered.statement_at(code.co_firstlineno)
        return code.co_name, self._numbered.statement_at(frame.f_lineno) - first


def follow(
    program: str, case: tuple[Any, ...], wanted: list[int] | None, most: int, stops: bool
) -> dict[str, Any]:
    """The program's steps on one case; it stops at the last wanted one, or goes to its end.

    Returns: `num_steps`, `is_late`; `states`, each the step, its two digests and its place; and
    `lines`, by place the line in the program as written.
    """
    numbered = number_statements(program)
    is_script = case[0] == "stdin"
    last = min(most, max(wanted)) if wanted and stops else most
    steps = Steps(numbered, wanted, last, is_script)
    if is_script:
        code = numbered.code()
        answers = steps.run(lambda: try_script(code, case[1]), {})
    else:
        former, sys.stdout = sys.stdout, io.StringIO()
        try:
            names = load(numbered.code())
            answers = steps.run(lambda: try_case(names, _copied(case), steps.outcome), names)
        # The program's first level ran: it cannot be followed further, and that is its outcome.
        except BaseException as error:
            answers = [Answer(fault=exception_name(error))]
        finally:
            sys.stdout = former
    is_late = bool(answers) and answers[-1].fault == "Late"
    if answers and not is_late and (is_script or case[0] == "check" or answers[-1].fault):
        steps.outcome(answers[-1])
    return {
        "num_steps": steps.num_steps,
        "is_late": is_late,
        "states": [
            (step, state.by_name, state.by_order, state.place) for step, state in steps.states
        ],
        "lines": _lines_by_place(numbered),
    }


def cover(program: str, cases: list[tuple[Any, ...]], most: int) -> dict[str, Any]:
    """By case the numbers of the statements that it reached, and its answers; and all lines."""
    numbered = number_statements(program)
    code = numbered.code()
    names: dict[str, Any] = {}
    reached, answers = [], []
    former, sys.stdout = sys.stdout, io.StringIO()
    try:
        if any(case[0] != "stdin" for case in cases):
            names = load(code)
        for case in cases:
            is_script = case[0] == "stdin"
            steps = Steps(numbered, [], most, is_script)
            given = _copied(case)
            if is_script:
                found = steps.run(lambda given=given: try_script(code, given[1]), {})  # type: ignore[misc]
            else:
                found = steps.run(lambda given=given: try_case(names, given), names)  # type: ignore[misc]
            reached.append(sorted(steps.reached - {0}))
            answers.append([tuple(each) for each in found])
    finally:
        sys.stdout = former
    return {"reached": reached, "answers": answers, "lines": numbered.line_of}


def _copied(case: tuple[Any, ...]) -> tuple[Any, ...]:
    copy: tuple[Any, ...] = copied(case)
    return copy


def _frames(frame: FrameType | None) -> list[FrameType]:
    """The program's own frames, the innermost first."""
    found: list[FrameType] = []
    while frame is not None and len(found) < _MOST_FRAMES:
        code = frame.f_code
        if code.co_filename == FILE_NAME and code.co_name not in _PARTS_OF_STATEMENTS:
            found.append(frame)
        frame = frame.f_back
    return found


def _lines_by_place(numbered: Numbered) -> list[tuple[tuple[str, int], int]]:
    """By function and statement counted from its first the line as written."""
    found: dict[tuple[str, int], int] = {}
    waiting = [numbered.code()]
    while waiting:
        code = waiting.pop()
        waiting += [each for each in code.co_consts if isinstance(each, type(code))]
        is_module = code.co_name == "<module>"
        first = 0 if is_module else numbered.statement_at(code.co_firstlineno)
        for line in {line for _, _, line in code.co_lines() if line}:
            number = numbered.statement_at(line)
            found.setdefault((code.co_name, number - first), numbered.line_of[number])
    return list(found.items())
