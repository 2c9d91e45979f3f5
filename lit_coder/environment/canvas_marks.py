r"""Suspicious lines as text that a canvas, a prompt or a person can read.

    found = suspicious_lines(look, problem, draft)        # [Suspect(line=4, ...)] of the draft
    hinted(problem, [4])                                  # the problem, its prompt says "# line 4?"
    marked(problem, draft, [4])                           # the draft, "#?" behind its line 4
    unmarked(text)                                        # without marks

Lines are counted in the whole program, as Python counts them. Hints are what a repairer is shown
(`recursion.repairer_sees_suspects`) and what the family `repair_hinted` teaches to read; their text
is that of `problems/line_hints.py`. A mark is a comment, so that a marked program is the same
program; it stands behind a line and moves none, but costs places of a canvas in the middle of the
draft: it is for people and for models that go on from a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lit_coder.environment.known_cases import known_cases
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.environment.suspicion import Suspect, Suspicion
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.problem import Problem

MARK = "#?"
_MARKED = re.compile(r" *#\?(?=\n|$)")


def suspicious_lines(
    look: LookingInside, problem: Problem, draft: str, most: int = 1, edits_per_statement: int = 60
) -> tuple[Suspect, ...]:
    """The lines of the draft where the fault may be, the likeliest first.

    Args:
        look: asks the sandbox: two executions.
        problem: its visible tests decide; without cases that run Python there are no suspects.
        draft: a completion.
        most: how many lines.
        edits_per_statement: see `Suspicion`.

    Raises:
        SandboxError: the sandbox itself broke down.
    """
    cases = known_cases(problem)
    if not cases.given:
        return ()
    ranking = Suspicion(look, edits_per_statement).rank(problem.program(draft), cases)
    by_line: dict[int, Suspect] = {}
    # What stands in the prompt nobody is asked to mend.
    num_given = problem.prompt.count("\n")
    for suspect in ranking.suspects:
        if suspect.line > num_given:
            by_line.setdefault(suspect.line, suspect)
    return tuple(by_line.values())[:most]


def marked(problem: Problem, draft: str, lines: Sequence[int]) -> str:
    """The draft with a mark behind each of these lines; lines of the prompt get none."""
    # The first piece of the draft ends the prompt's last line.
    first = problem.prompt.count("\n") + 1
    pieces = draft.split("\n")
    for line in lines:
        place = line - first
        if 0 <= place < len(pieces) and pieces[place].strip():
            pieces[place] = f"{pieces[place]}  {MARK}"
    return "\n".join(pieces)


def unmarked(text: str) -> str:
    """The text without marks."""
    return _MARKED.sub("", text)


def hinted(problem: Problem, lines: Sequence[int]) -> Problem:
    """The problem whose prompt says which lines to look at; to be read, not to be run."""
    return replace(problem, prompt=hinted_prompt(problem.prompt, lines))
