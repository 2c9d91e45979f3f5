"""Tries a function and its mutants on many arguments; what `bundle.py` calls in the sandbox.

    examine(program, "f", task)               # arguments, what they give, which mutants differ
    observe(program, "f", arguments)          # what they give here, in another order of calls
    challenge(program, "f", task, kinds, survivors)    # a far larger search for differences

Plain values go in and out. A mutant is told apart where it gives another value than the function,
by exact type as verdicts compare, or none at all.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from lit_coder.harvesting.inside.execution import MUTANT_SECONDS, Loaded, Outcome, call, prepare
from lit_coder.harvesting.inside.mutation import mutants
from lit_coder.harvesting.inside.search import Search, TooSlow
from lit_coder.verification.comparison import equal_exactly

_LEAST_VALUES = 8
_MOST_RAISING = 40
_MOST_SHOWN = 4
_LEAST_DISTINCT = 2


def examine(program: str, name: str, task: dict[str, Any]) -> dict[str, Any]:
    """Arguments found for a function, their outcomes, and a mask of differences for each mutant.

    `task`: see `Search`; also `seed`, `num_inputs`, `most_mutants`, `source` (the function's own
    text), `more` (arguments that are tried first).
    """
    prepare()
    try:
        loaded = Loaded(program)
        function = loaded.named(name)
    # The program's first level ran: whatever it raised means that it cannot stand alone.
    except BaseException as error:
        return {"reason": f"does not run alone: {type(error).__name__}"}
    search = Search(function, task, Random(f"{task['seed']} inputs"))
    values: list[tuple[tuple[Any, ...], Outcome]] = []
    raising: list[tuple[tuple[Any, ...], str]] = []
    try:
        for given in task["more"]:
            values.append((tuple(given), call(function, tuple(given))))
        search.find_kinds()
        for arguments, outcome in search.pool(task["num_inputs"]):
            if outcome.is_value:
                values.append((arguments, outcome))
            elif outcome.exception not in ("", "Late") and len(raising) < _MOST_RAISING:
                raising.append((arguments, outcome.exception))
    except TooSlow:
        return {"reason": "takes too long"}
    if len(values) < _LEAST_VALUES:
        return {"reason": "gives values for too few arguments"}
    if len({repr(outcome.value) for _, outcome in values}) < _LEAST_DISTINCT:
        return {"reason": "always gives the same value"}
    labels, masks = _masks(loaded, name, task, values)
    return {
        "reason": "",
        "kinds": search.kinds,
        "inputs": [arguments for arguments, _ in values],
        "values": [outcome.value for _, outcome in values],
        "raising": raising,
        "mutants": labels,
        "masks": masks,
    }


def observe(program: str, name: str, inputs: list[tuple[Any, ...]]) -> list[tuple[Any, str]]:
    """Value and exception of each call, made from the last to the first."""
    prepare()
    function = Loaded(program).named(name)
    outcomes = [call(function, tuple(arguments)) for arguments in reversed(inputs)]
    return [(each.value, _fault(each)) for each in reversed(outcomes)]


def challenge(
    program: str, name: str, task: dict[str, Any], kinds: list[Any], survivors: list[int]
) -> dict[str, Any]:
    """Where those mutants differ on fresh arguments; most differ nowhere and change nothing.

    `task["num_inputs"]` arguments that give values are tried, from `task["seed"]`.
    """
    prepare()
    loaded = Loaded(program)
    function = loaded.named(name)
    chosen = _chosen(task)
    others = {
        index: loaded.replaced(name, mutant.code)
        for index, mutant in enumerate(chosen)
        if index in survivors
    }
    random = Random(f"{task['seed']} challenge")
    search = Search(function, task, random, [tuple(each) for each in kinds])
    differing: dict[int, list[tuple[Any, ...]]] = {}
    num_values = 0
    try:
        for arguments, outcome in search.pool(task["num_inputs"]):
            if not outcome.is_value:
                continue
            num_values += 1
            for index, other in others.items():
                known = differing.setdefault(index, [])
                if len(known) < _MOST_SHOWN and _differs(other, arguments, outcome):
                    known.append(arguments)
    except TooSlow:
        pass
    return {"num_values": num_values, "differing": {i: d for i, d in differing.items() if d}}


def _masks(
    loaded: Loaded, name: str, task: dict[str, Any], values: list[tuple[tuple[Any, ...], Outcome]]
) -> tuple[list[tuple[str, int]], list[int]]:
    """What each mutant changes, and a number whose bits say on which arguments it differs."""
    labels, masks = [], []
    for mutant in _chosen(task):
        labels.append((mutant.label, mutant.line))
        mask = 0
        try:
            other = loaded.replaced(name, mutant.code)
        except Exception:
            masks.append((1 << len(values)) - 1)
            continue
        for index, (arguments, outcome) in enumerate(values):
            found = call(other, arguments, MUTANT_SECONDS)
            if not found.is_value or not equal_exactly(found.value, outcome.value):
                mask |= 1 << index
            if found.exception == "Late":
                break
        masks.append(mask)
    return labels, masks


def _chosen(task: dict[str, Any]) -> list[Any]:
    # The same ones whatever arguments they meet.
    random = Random(f"{task['name']} mutants")
    return list(mutants(task["source"], task["name"], task["most_mutants"], random))


def _differs(other: Callable[..., Any], arguments: tuple[Any, ...], expected: Outcome) -> bool:
    found = call(other, arguments, MUTANT_SECONDS)
    return not found.is_value or not equal_exactly(found.value, expected.value)


def _fault(outcome: Outcome) -> str:
    return outcome.exception or ("unsupported" if outcome.unsupported else "")
