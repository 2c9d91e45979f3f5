r"""Suspicious lines as text that a canvas, a prompt or a person can read.

    found = suspicious_lines(look, problem, draft)        # [Suspect(line=4, ...)] of prompt + draft
    marked(problem, draft, [4])                           # the draft, "#?" behind its line 4
    unmarked(text)                                        # without marks
    hinted(problem, [4])                                  # the problem, its prompt says "# line 4?"

Lines are counted in the whole program, as Python counts them. A mark is a comment, so that a marked
program is the same program; it stands behind a line and moves none. A model reads marks only if it
has learned from drafts that bear them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lit_coder.environment.known_cases import known_cases
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.environment.suspicion import Suspect, Suspicion
from lit_coder.problems.problem import Problem

MARK = "#?"
_MARKED = re.compile(r" *#\?(?=\n|$)")


def suspicious_lines(
    look: LookingInside, problem: Problem, draft: str, most: int = 1, edits_per_statement: int = 60
) -> tuple[Suspect, ...]:
    """The lines of prompt and draft where the fault may be, the likeliest first.

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
    for suspect in ranking.suspects:
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
    """The problem whose prompt says which lines to look at, for models that cannot hold marks."""
    if not lines:
        return problem
    hint = f"# line {', '.join(map(str, lines))}?\n"
    return replace(problem, prompt=hint + problem.prompt)
