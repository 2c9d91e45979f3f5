"""Candidates of a source: its documents go to the finder in the sandbox, functions come back.

    candidates = find_candidates(runners, places, limits, 12, refused, seen)

Calls with literal arguments, found in any document (tests are the best), become examples of the
functions with that name. A function that stands in several files is taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeAlias

from lit_coder.harvesting.bundle import FINDER, bundle
from lit_coder.harvesting.candidate import Candidate, candidate_from
from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Execution, Limits, Runner
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads

_DOCUMENTS_A_JOB = 8
_DOCUMENTS_A_BATCH = 512
_MOST_EXAMPLES = 48


class Place(NamedTuple):
    """A document to look into: its text, its name, its licence, and the package it belongs to."""

    text: str
    name: str
    licence: str
    package: str = ""


class Refused(NamedTuple):
    """A function that cannot be taken, by its syntax; no name where it is about the whole file."""

    place: str
    name: str
    reason: str


def package_of(name: str) -> str:
    """The package of a file in the standard library, by its path: "json" for json/decoder.py."""
    return ".".join(PurePosixPath(name).parts[:-1])


def find_candidates(
    runners: Sequence[Runner],
    places: Iterable[Place],
    limits: Limits,
    least_nodes: int,
    refused: list[Refused],
    seen: set[str],
) -> list[Candidate]:
    """The functions that may be pure, in the order of the documents.

    Args:
        runners: those that share the work; they are running.
        places: where to look.
        limits: for one job, which reads a few documents.
        least_nodes: syntax nodes of the smallest body that is taken.
        refused: filled with what is left out.
        seen: fingerprints of functions that were found before; filled with those found now.
    """
    candidates: list[Candidate] = []
    calls: dict[str, dict[str, tuple[Value, ...]]] = {}
    for place, found in _answers(runners, places, limits, least_nodes):
        if found is None:
            refused.append(Refused(place.name, "", "the file cannot be read in time"))
            continue
        functions, reasons, literal_calls = found
        refused += [Refused(place.name, *each) for each in reasons]
        for name, arguments in literal_calls.items():
            known = calls.setdefault(name, {})
            known.update((repr(each), tuple(each)) for each in arguments)
        for each in functions:
            candidate = candidate_from(each, place.name, place.licence)
            if candidate.fingerprint in seen:
                refused.append(Refused(place.name, each["name"], "stands in another file, too"))
                continue
            seen.add(candidate.fingerprint)
            candidates.append(candidate)
    return [_with_examples(each, calls.get(each.name, {})) for each in candidates]


def _with_examples(candidate: Candidate, calls: dict[str, tuple[Value, ...]]) -> Candidate:
    own = {repr(each): each for each in candidate.examples}
    examples = islice((own | calls).values(), _MOST_EXAMPLES)
    return replace(candidate, examples=tuple(examples))


_Found: TypeAlias = tuple[
    list[dict[str, Any]], list[tuple[str, str]], dict[str, list[tuple[Value, ...]]]
]


def _answers(
    runners: Sequence[Runner], places: Iterable[Place], limits: Limits, least_nodes: int
) -> Iterator[tuple[Place, _Found | None]]:
    """What the finder says of each place, None where it came to no end even alone."""
    how = (bundle(FINDER), least_nodes, limits)
    waiting = iter(places)
    threads = InterruptibleThreads(len(runners))
    try:
        while batch := list(islice(waiting, _DOCUMENTS_A_BATCH)):
            shares = [batch[number :: len(runners)] for number in range(len(runners))]
            tasks = [
                threads.submit(partial(_share, runner, share, how))
                for runner, share in zip(runners, shares, strict=True)
            ]
            answers = {id(place): answer for task in tasks for place, answer in task.result()}
            for place in batch:
                yield place, answers.get(id(place))
    finally:
        # Whoever stops in the middle closes the runners, which ends the jobs at work.
        threads.close(wait=False)


def _share(
    runner: Runner, places: list[Place], how: tuple[str, int, Limits]
) -> list[tuple[Place, _Found]]:
    """The answers of one runner; a place whose group came to no end is tried alone."""
    answers: dict[int, _Found] = {}
    for size in (_DOCUMENTS_A_JOB, 1):
        left = [place for place in places if id(place) not in answers]
        groups = [left[start : start + size] for start in range(0, len(left), size)]
        jobs = (_job(group, *how) for group in groups)
        for group, execution in zip(groups, runner.run(jobs), strict=True):
            values = _values(execution)
            answers.update({id(p): value for p, value in zip(group, values, strict=False)})
    return [(place, answers[id(place)]) for place in places if id(place) in answers]


def _job(group: list[Place], program: str, least_nodes: int, limits: Limits) -> CallJob:
    cases = tuple((Call("find", (place.text, place.package, least_nodes)),) for place in group)
    return CallJob(program, cases, limits)


def _values(execution: Execution) -> list[Any]:
    """The answers before the first one that is missing."""
    values = []
    for outcomes in execution.outcomes:
        if not outcomes or outcomes[0].exception or outcomes[0].unsupported:
            break
        values.append(outcomes[0].value)
    return values
