"""Tries single-statement edits of a program on its cases; `looking_inside.py` calls it.

    probe(program, cases, [3, 4], 40, 4.0)      # the answers of every edit of statements 3 and 4

What is right is not known here: the answers go out, and are compared there. The edits of all
statements take turns, so that where time runs out each has had its share.
"""

from __future__ import annotations

import ast
import io
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest
from typing import Any

from lit_coder.environment.inside.cases import LATE, Answer, load, try_case, try_script
from lit_coder.environment.inside.edits import Edit, edits, put
from lit_coder.environment.inside.numbering import Numbered, number_statements
from lit_coder.environment.inside.states import described
from lit_coder.harvesting.inside.execution import copied, prepare

_CASE_SECONDS = 0.05
_MOST_CHARACTERS = 400_000


def probe(
    program: str, cases: list[tuple[Any, ...]], numbers: list[int], most: int, seconds: float
) -> dict[str, Any]:
    """What edits of these statements do.

    Args:
        program: as written.
        cases: what is tried.
        numbers: of the statements.
        most: edits of one statement.
        seconds: processor time for all.

    Returns: `answers`, each different list of answers that a case gave; and `edits`, each with its
    statement's number, its label, and by case the place of its answers in that list.
    """
    prepare()
    numbered = number_statements(program)
    known: dict[str, int] = {}
    answers: list[list[tuple[Any, str]]] = []
    found: list[tuple[int, str, list[int]]] = []
    num_characters = 0
    former, sys.stdout = sys.stdout, io.StringIO()
    start = time.process_time()
    try:
        for number, edit in _in_turns(numbered, numbers, most):
            if time.process_time() - start > seconds or num_characters > _MOST_CHARACTERS:
                break
            given = _tried(numbered, edit, cases)
            places = []
            for each in given:
                text = "".join(f"{described(answer.value)}{answer.fault}" for answer in each)
                if text not in known:
                    known[text] = len(answers)
                    answers.append([tuple(answer) for answer in each])
                    num_characters += len(text)
                places.append(known[text])
            if given:
                found.append((number, edit.label, places))
    finally:
        sys.stdout = former
    return {"answers": answers, "edits": found}


def _in_turns(numbered: Numbered, numbers: list[int], most: int) -> Iterator[tuple[int, Edit]]:
    """One edit of each statement, then the next one of each."""
    by_statement = [
        [(number, edit) for edit in islice(edits(numbered, number), most)] for number in numbers
    ]
    return (each for each in chain.from_iterable(zip_longest(*by_statement)) if each is not None)


def _tried(numbered: Numbered, edit: Edit, cases: list[tuple[Any, ...]]) -> list[list[Answer]]:
    """The edited program's answers to all cases; none where it cannot be compiled or loaded."""
    former = put(edit, edit.replacement)
    try:
        code = compile(ast.fix_missing_locations(numbered.tree), "<edited>", "exec")
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return []
    finally:
        put(edit, former)
    names: dict[str, Any] = {}
    if any(case[0] != "stdin" for case in cases):
        loaded = _in_time(lambda: load(code))
        if not isinstance(loaded, dict):
            return []
        names = loaded
    given: list[list[Answer]] = []
    for case in cases:
        own = copied(case)
        if own[0] == "stdin":
            answer = _in_time(lambda own=own: try_script(code, own[1]))  # type: ignore[misc]
        else:
            answer = _in_time(lambda own=own: try_case(names, own))  # type: ignore[misc]
        given.append(answer if isinstance(answer, list) else [Answer(fault=LATE)])
        if given[-1][-1:] == [Answer(fault=LATE)]:
            # It would be late again and again.
            return given + [[Answer(fault=LATE)]] * (len(cases) - len(given))
    return given


def _in_time(act: Callable[[], Any]) -> Any:
    """What it gives; None where it takes too long or raises."""
    try:
        signal.setitimer(signal.ITIMER_PROF, _CASE_SECONDS)
        try:
            return act()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    # An edited program ran at its first level: whatever it raised, it cannot be tried.
    except BaseException:
        return None
