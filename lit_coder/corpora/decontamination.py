"""Whether a text holds a task of a benchmark: its words, runs of them, or its syntax renamed.

    with Decontaminator.of_this_machine() as decontaminator:
        decontaminator.matches(text)    # (Match("humaneval", "HumanEval/13", "syntax tree", 1.0),)
        decontaminator.about()          # which benchmarks, of which files, and which are missing

Three detectors look through every text. "substring": a statement or a solution is there word for
word. "10-gram": enough runs of ten words of it are (`run_index.py` has the rule). "syntax
tree": the body of one of its functions is there, whatever its variables are called, with or without
docstring and comments, as a function or within one. What comes with the package covers HumanEval,
MBPP and MBPP+; a file of theirs in LIT_CODER_DATA_DIR or ./data that is of another version is
looked for as well, wherever `benchmark_files.py` finds it. It finds no paraphrase and no other
solution of the same task.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy
from numpy.typing import NDArray

from lit_coder.corpora.benchmark_files import find_benchmark_files, read_benchmark_files
from lit_coder.corpora.benchmark_fingerprints import (
    BenchmarkFingerprints,
    Body,
    beginning_length,
    packaged_fingerprints,
)
from lit_coder.corpora.program_signs import program_signs
from lit_coder.corpora.rolling_hashes import Hashes, RollingHashes, word_numbers
from lit_coder.corpora.syntax_process import SyntaxProcess
from lit_coder.problems.benchmarks.registry import files_checksum

logger = logging.getLogger("lit_coder.corpora")

Detector: TypeAlias = Literal["substring", "10-gram", "syntax tree"]
DETECTORS: tuple[Detector, ...] = ("substring", "10-gram", "syntax tree")
GUARDED = ("humaneval", "humaneval_plus", "mbpp", "mbpp_sanitized", "mbpp_plus")
CONTAMINATED = "contaminated"
"""The reason for which a problem, a sample or a document is left out."""

# HumanEval+ has HumanEval's statements and more tests.
_TASKS_OF = {"humaneval_plus": "humaneval"}
_FILTER_BITS = 16
_SAID: set[tuple[str, ...]] = set()


class Match(NamedTuple):
    """A task of a benchmark in a text.

    Attributes:
        benchmark, task_id: which.
        detector: how it was found.
        share: of its distinct runs of words that are there; 1 for a syntax tree.
    """

    benchmark: str
    task_id: str
    detector: Detector
    share: float

    def __str__(self) -> str:
        return f"{self.task_id} of {self.benchmark} by {self.detector}"


class Decontaminator:
    """Looks for benchmarks in texts.

    Args:
        fingerprints: of the benchmarks.
        missing: names of benchmarks that nothing is known of.
        parser: parses texts whose signs are those of a solution; None starts one when needed.

    Attributes:
        parser: the same; it is ended by `close`.
    """

    def __init__(
        self,
        fingerprints: Sequence[BenchmarkFingerprints],
        missing: Sequence[str] = (),
        parser: SyntaxProcess | None = None,
    ) -> None:
        self._fingerprints = tuple(fingerprints)
        self._missing = tuple(missing)
        self.parser = parser or SyntaxProcess()
        self._bodies = [_BodySearch(each.bodies) for each in fingerprints]

    @classmethod
    def of_this_machine(
        cls, folder: str | Path | None = None, parser: SyntaxProcess | None = None
    ) -> Decontaminator:
        """For what comes with the package and what lies in the folders of benchmark files.

        Raises:
            ValueError: a file that is there is damaged.
        """
        packaged = packaged_fingerprints()
        known = {(each.name, each.version) for each in packaged.benchmarks}
        others, missing = [], []
        for name in GUARDED:
            paths = find_benchmark_files(name, folder)
            if paths and (name, _version(paths)) not in known:
                others.append(read_benchmark_files(name, paths))
            elif not paths and name not in {each.name for each in packaged.benchmarks}:
                missing.append(name)
        fingerprints = [packaged]
        if others:
            fingerprints.append(BenchmarkFingerprints.of(others))
        return cls(fingerprints, missing, parser)

    def matches(
        self, text: str, words: RollingHashes | None = None, shape: Hashes | None = None
    ) -> tuple[Match, ...]:
        """The best match of each benchmark and detector.

        Args:
            text: a document, a problem with its reference, a sample with its prompt.
            words: `word_numbers` of the text, where they are there already.
            shape: `program_signs(text).shape`, where it is there already.
        """
        words = RollingHashes(word_numbers(text)) if words is None else words
        shape = program_signs(text).shape if shape is None else shape
        best: dict[tuple[str, Detector], Match] = {}
        for fingerprints, bodies in zip(self._fingerprints, self._bodies, strict=True):
            found: list[tuple[int, Detector, float]] = [
                (held.owner, "substring" if held.is_whole else "10-gram", held.share)
                for held in fingerprints.runs.search(words)
            ]
            found += [
                (task, "syntax tree", 1.0) for task in bodies.search(text, shape, self.parser)
            ]
            for task, detector, share in found:
                number, task_id = fingerprints.tasks[task]
                match = Match(fingerprints.benchmarks[number].name, task_id, detector, share)
                key = (match.benchmark, detector)
                if key not in best or share > best[key].share:
                    best[key] = match
        return tuple(best.values())

    def match(self, text: str, renamed_fingerprint: str = "") -> Match | None:
        """Why a problem or a sample is to be left out, None where nothing was found.

        Args:
            text: prompt and solution.
            renamed_fingerprint: of the verdict's features, where there is one: it tells a
                solution under its own name without parsing anything.
        """
        for fingerprints in self._fingerprints:
            task = fingerprints.programs.get(renamed_fingerprint[:16])
            if task is not None:
                number, task_id = fingerprints.tasks[task]
                return Match(fingerprints.benchmarks[number].name, task_id, "syntax tree", 1.0)
        found = self.matches(text)
        return max(found, key=lambda m: (-DETECTORS.index(m.detector), m.share), default=None)

    def about(self) -> dict[str, Any]:
        """Which benchmarks are looked for, for a manifest."""
        covered = [each for known in self._fingerprints for each in known.benchmarks]
        return {
            "benchmarks": [
                {
                    "name": each.name,
                    "version": each.version,
                    "release": each.release,
                    "tasks": each.num_tasks,
                    "splits": each.splits,
                }
                for each in covered
            ],
            "not_at_hand": list(self._missing),
        }

    def say_missing(self) -> None:
        """Log which benchmarks nothing is known of, once in a process.

        One whose tasks are another's is known with that.
        """
        held = {each.name for known in self._fingerprints for each in known.benchmarks}
        missing = tuple(name for name in self._missing if _TASKS_OF.get(name) not in held)
        if missing and missing not in _SAID:
            _SAID.add(missing)
            logger.warning(
                "decontamination: %s: no file in LIT_CODER_DATA_DIR or ./data, so only what it "
                "shares with the others is found",
                ", ".join(missing),
            )

    def close(self) -> None:
        """End the process that parses."""
        self.parser.close()

    def __enter__(self) -> Decontaminator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _BodySearch:
    """Finds bodies of functions by their signs, and asks the syntax tree about what it found."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        # By the length of their beginnings, then by the beginnings' hashes.
        self._bodies: dict[int, dict[int, list[Body]]] = defaultdict(lambda: defaultdict(list))
        for body in bodies:
            self._bodies[beginning_length(body.shape_length)][body.beginning].append(body)
        self._known: dict[int, NDArray[numpy.bool_]] = {}
        for length, by_hash in self._bodies.items():
            self._known[length] = numpy.zeros(2**_FILTER_BITS, bool)
            self._known[length][_first_bits(numpy.array(list(by_hash), numpy.uint64))] = True

    def search(self, text: str, shape: Hashes, parser: SyntaxProcess) -> list[int]:
        """The tasks of which a body is there."""
        likely = self._likely(RollingHashes(shape))
        if not likely:
            return []
        there = parser.bodies(text, {body.kinds for body in likely})
        return sorted({body.task for body in likely if there and body.fingerprint in there})

    def _likely(self, shape: RollingHashes) -> list[Body]:
        """The bodies whose signs are all there, one after the other."""
        found: list[Body] = []
        for length, by_hash in self._bodies.items():
            runs = shape.of_length(length)
            places = numpy.flatnonzero(self._known[length][_first_bits(runs)])
            beginnings = runs[places]
            for beginning in set(beginnings.tolist()) & by_hash.keys():
                starts = places[beginnings == beginning]
                found += [
                    body
                    for body in by_hash[beginning]
                    if (shape.at(starts, body.shape_length) == body.shape_hash).any()
                ]
        return found


def _first_bits(hashes: Hashes) -> NDArray[numpy.int64]:
    return (hashes >> numpy.uint64(64 - _FILTER_BITS)).astype(numpy.int64)


def _version(paths: Sequence[Path]) -> str:
    return f"sha256:{files_checksum(paths)[:12]}"


def count_matches(found: Iterable[Match]) -> dict[str, dict[str, int]]:
    """How many texts hold each benchmark, by detector."""
    counts = Counter((match.benchmark, match.detector) for match in found)
    return {
        name: {detector: counts[name, detector] for detector in DETECTORS if counts[name, detector]}
        for name in sorted({name for name, _ in counts})
    }
