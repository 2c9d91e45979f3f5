"""What one round did, in counts: the content of `rounds/NNNN.json`.

    record.write(folder)                 # atomic: temporary file, fsync, rename
    RoundRecord.read(folder / "0003.json"), read_records(folder)

Counts of every filter are kept per difficulty; rates are derived from them, so that rounds can
be added up. Timing columns are the only fields that differ between two runs of the same seed.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lit_coder.training_data.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """Counts of samples that reached each stage, and the rates derived from them.

    Attributes:
        executed: samples whose top level ran to its end and whose cases were tried, and those
            that a limit stopped on the way (statuses passed, failed, timeout, out_of_memory); a
            sample with syntax_error, error, crashed, protocol_error or unsupported is not one.
        quality_sum: over the samples that the gate admitted, kept or not.
    """

    problems: int = 0
    solved_problems: int = 0
    generated: int = 0
    ended: int = 0
    syntax_ok: int = 0
    executed: int = 0
    passed_visible: int = 0
    passed_hidden: int = 0
    duplicates: int = 0
    over_cap: int = 0
    below_quality: int = 0
    accepted: int = 0
    distinct_fingerprints: int = 0
    quality_sum: float = 0.0
    contaminated: int = 0
    near_duplicates: int = 0
    over_family_cap: int = 0
    over_kind_cap: int = 0

    @property
    def admitted(self) -> int:
        """Samples past the gate, whatever selection made of them afterwards."""
        left_out = self.duplicates + self.near_duplicates + self.contaminated + self.below_quality
        over_caps = self.over_cap + self.over_family_cap + self.over_kind_cap
        return self.accepted + left_out + over_caps

    @property
    def false_positive_rate(self) -> float:
        """Share of samples past the visible tests that fail a hidden one; 0 where none passed."""
        if not self.passed_visible:
            return 0.0
        return 1.0 - self.passed_hidden / self.passed_visible

    @property
    def success_rate(self) -> float:
        """Share of generated samples that passed every visible test."""
        return self.passed_visible / self.generated if self.generated else 0.0

    @property
    def distinct_ast_ratio(self) -> float:
        """Distinct programs among those that parse (normalized AST, per problem)."""
        return self.distinct_fingerprints / self.syntax_ok if self.syntax_ok else 0.0

    @property
    def mean_quality(self) -> float:
        """Mean quality of the samples that the gate admitted; only those are ranked."""
        return self.quality_sum / self.admitted if self.admitted else 0.0

    def __add__(self, other: FilterCounts) -> FilterCounts:
        names = [item.name for item in dataclasses.fields(self)]
        return FilterCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class RepairCounts:
    """Rejected drafts that a repairer got in a round, and what became of its repairs.

    Attributes:
        problems: problems of which no draft was let in and at least one was repaired.
        drafts: rejected drafts that were repaired, each once.
        without_room: rejected drafts that do not fit the repairer's canvas.
        steps: supervision steps of all repairs; its halting head says when each is done.
        passed_visible: repairs that passed every visible test.
        passed_hidden: those of them that passed every hidden one, too.
        accepted: repairs that entered the pool.
        fixed_problems: problems of which a repair passed every visible test, and no draft did.
        hinted: drafts of which the repairer was shown the most suspicious line.
        search_executions: runs in the sandbox that finding those lines took.
    """

    problems: int = 0
    drafts: int = 0
    without_room: int = 0
    steps: int = 0
    passed_visible: int = 0
    passed_hidden: int = 0
    accepted: int = 0
    fixed_problems: int = 0
    hinted: int = 0
    search_executions: int = 0

    @property
    def mean_steps(self) -> float | None:
        """Supervision steps of a repair; None where there was none."""
        return self.steps / self.drafts if self.drafts else None


@dataclass(frozen=True, slots=True)
class HeldOutScore:
    """Held-out scores: unbiased pass@k, averaged over tasks, as fractions of 1."""

    num_tasks: int
    pass_at: dict[int, float]
    interval: tuple[float, float]
    by_difficulty: dict[int, float]
    """Greedy pass@1 by difficulty."""


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round: training steps, then measuring, generating, verifying, selecting.

    Attributes:
        round: counted from 0; a round is one Lightning epoch.
        global_step: optimizer steps at its end.
        pool_version: Lance version that holds this round's samples.
        pool_size: accepted samples in the pool at that version.
        run_id: of the run the record belongs to.
        seed: the run's seed; every random stream of the round derives from it.
        counts: of the solver's drafts by difficulty; empty where the round generated nothing.
        held_out: scores of the weights at the round's end, None where there is no held-out set.
        validation_loss: mean next-token loss on real validation solutions; None if not measured.
        train_loss: mean over the round's steps.
        seconds: "training", "measuring", "generating", "verifying", "repairing".
        note: what the run said about this round (a decline, a roll-back); "" if nothing.
        rolled_back: whether the weights that were measured were thrown away at its end.
        repairer: path and checksum of the TRM that repairs; "" where there is none.
        repairs: what it did; None where there is none, and where the round generated nothing.
        curriculum: what it drew and what it knows afterwards; None where there is none.
        contaminated: samples left out by the benchmark that holds them, repairs included; None
            where nothing was looked for.
        policy: of an objective that learns from rollouts or pairs: what it measured in the round's
            steps, and how the round's new rollouts were rewarded; None of another one.
        exact_at_step: of a TRM, the share of validation rows that is exact after so many
            supervision steps; empty of another model, and where it was not measured.
    """

    round: int
    global_step: int
    pool_version: int
    pool_size: int
    run_id: str
    seed: int
    counts: dict[int, FilterCounts] = field(default_factory=dict)
    held_out: HeldOutScore | None = None
    validation_loss: float | None = None
    train_loss: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    note: str = ""
    rolled_back: bool = False
    repairer: str = ""
    repairs: RepairCounts | None = None
    curriculum: dict[str, Any] | None = None
    contaminated: dict[str, int] | None = None
    policy: dict[str, float] | None = None
    exact_at_step: dict[int, float] = field(default_factory=dict)

    @property
    def totals(self) -> FilterCounts:
        """The counts added up over difficulties."""
        return sum(self.counts.values(), FilterCounts())

    def path(self, folder: Path) -> Path:
        """`<folder>/NNNN.json`."""
        return folder / f"{self.round:04d}.json"

    def write(self, folder: Path) -> Path:
        """Write the record so that it is there whole or not at all; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = self.path(folder)
        write_whole(path, json.dumps(dataclasses.asdict(self), indent=1))
        return path

    @classmethod
    def read(cls, path: Path) -> RoundRecord:
        """Read a record.

        Raises:
            ValueError: the file is not a round's record.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**data, **_typed(data)})
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise ValueError(
                f"{path} is not a round's record ({error}); delete it, or resume the run "
                "from an earlier checkpoint to write it again"
            ) from error


def _typed(data: dict[str, Any]) -> dict[str, Any]:
    """JSON has only text keys and lists; give the nested parts their types back."""
    held_out = data["held_out"]
    if held_out is not None:
        held_out = HeldOutScore(
            num_tasks=held_out["num_tasks"],
            pass_at={int(k): value for k, value in held_out["pass_at"].items()},
            interval=(held_out["interval"][0], held_out["interval"][1]),
            by_difficulty={int(k): value for k, value in held_out["by_difficulty"].items()},
        )
    counts = {int(k): FilterCounts(**value) for k, value in data["counts"].items()}
    exact_at_step = {int(k): value for k, value in data.get("exact_at_step", {}).items()}
    # Records of before there were repairers have no such entry.
    repairs = data.get("repairs")
    if repairs is not None:
        repairs = RepairCounts(**repairs)
    return {
        "held_out": held_out,
        "counts": counts,
        "repairs": repairs,
        "exact_at_step": exact_at_step,
    }


def read_records(folder: Path) -> list[RoundRecord]:
    """Every record of a run's `rounds/` folder, in the order of the rounds."""
    return [RoundRecord.read(path) for path in sorted(folder.glob("[0-9]*.json"))]
