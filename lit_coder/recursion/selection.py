"""Selection: which of a round's verified completions become training data.

    rules = SelectionRules(gate, max_kept_per_problem=4, min_quality=0.5)
    decisions = select(candidates, rules, known)

Gate, then filters, then caps. The gate's facts are the only way in. The normalized AST tells
duplicates of a problem apart, within the round and against the pool; what a benchmark holds and
what is much like an accepted program may be left out; quality ranks the rest. Caps on problems,
families and kinds keep what is easy from flooding the pool: every problem's best program comes
first, those of seldom solved problems before others.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lit_coder.generation.contract import SamplingOptions
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.near_duplicates import NearDuplicates
from lit_coder.recursion.quality import Least, quality
from lit_coder.training_data.sample import ACCEPTED, Candidate, KnownProgram, Sample

DUPLICATE = "duplicate"
CONTAMINATED = "contaminated"
BELOW_QUALITY = "below min_quality"
NEAR_DUPLICATE = "near-duplicate"
OVER_CAP = "over the cap"
OVER_FAMILY_CAP = "over the family's cap"
OVER_KIND_CAP = "over the kind's cap"
_ADMITTED = frozenset(
    (
        *(ACCEPTED, DUPLICATE, CONTAMINATED, BELOW_QUALITY, NEAR_DUPLICATE),
        *(OVER_CAP, OVER_FAMILY_CAP, OVER_KIND_CAP),
    )
)


class BenchmarkTask(Protocol):
    """A task of a benchmark that was found; as text it says which, and how it was found."""

    @property
    def benchmark(self) -> str:
        """The benchmark's name."""
        ...


class Contamination(Protocol):
    """Knows what benchmarks hold, as `corpora.decontamination.Decontaminator`."""

    def match(self, text: str, renamed_fingerprint: str = "") -> BenchmarkTask | None:
        """What the text holds of a benchmark; None where it holds nothing."""
        ...


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """How candidates are chosen from.

    Attributes:
        gate: facts that admit.
        max_kept_per_problem: accepted samples of one problem in a round.
        min_quality: admitted samples below this rank score are left out.
        max_kept_per_family: accepted samples of one family in a round; None = any number.
        max_kept_per_kind: accepted samples of one kind of problem in a round; None = any number.
        near_duplicates: programs with this share of their pieces in common are the same; None =
            only those with the same normalized AST.
    """

    gate: Gate
    max_kept_per_problem: int
    min_quality: float = 0.0
    max_kept_per_family: int | None = None
    max_kept_per_kind: int | None = None
    near_duplicates: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A candidate, its quality, why it was accepted or not, and what a benchmark holds of it.

    Attributes:
        candidate: as given.
        quality: its rank score; 0 where the gate refused it.
        reason: why it was accepted or not.
        task: of the benchmark that holds it.
        is_refused: by the gate, whatever else was found of it.
    """

    candidate: Candidate
    quality: float
    reason: str
    task: BenchmarkTask | None = None
    is_refused: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it trains the model."""
        return self.reason == ACCEPTED

    @property
    def admitted(self) -> bool:
        """Whether the gate let it pass; only then it has a quality."""
        return self.reason in _ADMITTED and not self.is_refused


def fingerprint(candidate: Candidate) -> str:
    """What makes two completions of a problem the same program.

    The normalized AST where the program parses, else a hash of the text.
    """
    if candidate.verdict.features is not None:
        return candidate.verdict.features.fingerprint
    return "text:" + hashlib.sha256(candidate.completion.encode()).hexdigest()[:32]


def held_by_benchmark(
    candidate: Candidate, contamination: Contamination | None
) -> BenchmarkTask | None:
    """What a benchmark holds of a program; None where nothing is looked for."""
    if contamination is None:
        return None
    features = candidate.verdict.features
    renamed = features.renamed_fingerprint if features else ""
    return contamination.match(candidate.problem.program(candidate.completion), renamed)


def select(
    candidates: Sequence[Candidate],
    rules: SelectionRules,
    known: Sequence[Sample | KnownProgram] = (),
    contamination: Contamination | None = None,
    checks_refused: bool = False,
) -> list[Decision]:
    """Decide on every candidate, in the order given.

    Args:
        candidates: a round's verified completions.
        rules: what is let in, and how much of it.
        known: the accepted samples that the pool already holds.
        contamination: finds what a benchmark holds; None looks for nothing.
        checks_refused: look at what the gate refuses, too: where rewards or pairs are learned from,
            it is trained on as well.
    """
    chooser = _Chooser(rules, known, contamination)
    by_task: dict[str, list[int]] = defaultdict(list)
    decisions: dict[int, Decision] = {}
    for index, candidate in enumerate(candidates):
        if rules.gate.admits(candidate):
            by_task[candidate.problem.task_id].append(index)
        else:
            task = held_by_benchmark(candidate, contamination) if checks_refused else None
            reason = CONTAMINATED if task is not None else rules.gate.refusal(candidate)
            decisions[index] = Decision(candidate, 0.0, reason, task, is_refused=True)
    turns: list[tuple[int, int, int, float]] = []
    for indices in by_task.values():
        least = Least.of(candidates[index] for index in indices)
        scores = {index: quality(candidates[index], least) for index in indices}
        # The best first; the earlier sample wins a tie, so the order is the same in every run.
        indices.sort(key=lambda index: (-scores[index], index))
        turns += [(turn, len(indices), index, scores[index]) for turn, index in enumerate(indices)]
    for _, _, index, score in sorted(turns):
        decisions[index] = chooser.decision(candidates[index], score)
    return [decisions[index] for index in range(len(candidates))]


class _Chooser:
    """Decides on admitted candidates one after the other, and remembers what it kept."""

    def __init__(
        self,
        rules: SelectionRules,
        known: Sequence[Sample | KnownProgram],
        contamination: Contamination | None,
    ) -> None:
        self._rules = rules
        self._contamination = contamination
        self._seen = {(sample.task_id, sample.fingerprint) for sample in known}
        self._held: dict[tuple[str, str], BenchmarkTask] = {}
        self._near = None
        if rules.near_duplicates is not None:
            pieces = (sample.shingles for sample in known)
            self._near = NearDuplicates(rules.near_duplicates, pieces)
        self._caps = (
            (OVER_CAP, rules.max_kept_per_problem),
            (OVER_FAMILY_CAP, rules.max_kept_per_family),
            (OVER_KIND_CAP, rules.max_kept_per_kind),
        )
        self._kept: Counter[tuple[str, str]] = Counter()

    def decision(self, candidate: Candidate, score: float) -> Decision:
        """Whether it is accepted, and why not."""
        mark = (candidate.problem.task_id, fingerprint(candidate))
        # Before duplicates: written twice it is a benchmark's still.
        task = self._held.get(mark)
        if task is None and mark in self._seen:
            return Decision(candidate, score, DUPLICATE)
        self._seen.add(mark)
        task = task or held_by_benchmark(candidate, self._contamination)
        if task is not None:
            self._held[mark] = task
            return Decision(candidate, score, CONTAMINATED, task)
        if score < self._rules.min_quality:
            return Decision(candidate, score, BELOW_QUALITY)
        shingles = candidate.verdict.features.shingles if candidate.verdict.features else ""
        if self._near is not None and self._near.holds(shingles):
            return Decision(candidate, score, NEAR_DUPLICATE)
        cap = self._full_cap(candidate)
        if cap is None and self._near is not None:
            self._near.add(shingles)
        return Decision(candidate, score, cap or ACCEPTED)

    def _full_cap(self, candidate: Candidate) -> str | None:
        """The first cap that is reached; None counts the candidate as kept."""
        problem = candidate.problem
        names = (problem.task_id, problem.source, problem.kind)
        counted = [(cap, name) for (cap, _), name in zip(self._caps, names, strict=True)]
        for (cap, most), key in zip(self._caps, counted, strict=True):
            if most is not None and self._kept[key] >= most:
                return cap
        self._kept.update(counted)
        return None


def to_sample(decision: Decision, sampling: SamplingOptions, round: int, model_step: int) -> Sample:
    """The pool's row of a decision."""
    candidate, verdict = decision.candidate, decision.candidate.verdict
    return Sample(
        round=round,
        model_step=model_step,
        task_id=candidate.problem.task_id,
        source=candidate.problem.source,
        difficulty=candidate.problem.difficulty,
        prompt=candidate.problem.prompt,
        completion=candidate.completion,
        token_ids=candidate.token_ids,
        log_probabilities=candidate.log_probabilities,
        ended=candidate.ended,
        origin=candidate.origin,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        stream=candidate.stream,
        status=verdict.status,
        # A program's own words may hold what no UTF-8 can: lone surrogates.
        detail=str(decision.task or verdict.detail).encode("utf-8", "backslashreplace").decode(),
        passed_visible=verdict.passed_visible,
        passed=verdict.passed,
        trusted=verdict.trusted,
        fingerprint=fingerprint(candidate),
        quality=decision.quality,
        accepted=decision.accepted,
        reason=decision.reason,
        draft=candidate.problem.draft,
        # What is rejected is never compared with.
        shingles=verdict.features.shingles if decision.accepted and verdict.features else "",
        visible_passed=verdict.visible_passed,
        visible_total=verdict.visible_total,
        values=candidate.values,
        num_steps=candidate.num_steps,
    )
