"""Rounds as people and loggers read them: terminal rows, tables, flat metric names.

    printer = RoundTablePrinter(Console())
    printer.add(record)                      # a header once, then one aligned row a round
    console.print(summary_table(records)); console.print(difficulty_table(records[-1]))
    logger.log_metrics(flat_metrics(record), step=record.global_step)
    print_run_summary(console, records, best_checkpoint=..., continue_command=...)

What was not measured is shown as "-" and left out of the flat metrics, never written as 0: a
false-positive rate exists only where something passed the visible tests. Nothing here reads or
writes a file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lit_coder.recursion.round_record import FilterCounts, RoundRecord

MISSING = "-"


def defined_rates(counts: FilterCounts) -> dict[str, float | None]:
    """The rates of `counts`; None where the rate has nothing to be a share of."""
    passed = counts.passed_visible
    return {
        "success_rate": counts.success_rate if counts.generated else None,
        "false_positive_rate": counts.false_positive_rate if passed else None,
        "mean_quality": counts.mean_quality if counts.admitted else None,
        "distinct_ast_ratio": counts.distinct_ast_ratio if counts.syntax_ok else None,
    }


def held_out_pass(record: RoundRecord, k: int | None = 1) -> float | None:
    """Held-out pass@`k` (None: of the largest k), or None where it was not measured."""
    if record.held_out is None or not record.held_out.pass_at:
        return None
    return record.held_out.pass_at.get(max(record.held_out.pass_at) if k is None else k)


def largest_k(records: Sequence[RoundRecord]) -> int | None:
    """The largest k that any round measured pass@k for, None where that is 1 or nothing."""
    measured = [k for record in records if record.held_out for k in record.held_out.pass_at]
    return max(measured) if measured and max(measured) > 1 else None


def best_record(records: Sequence[RoundRecord]) -> RoundRecord | None:
    """The round with the highest held-out pass@1, the earliest among equals.

    One that was rolled back is none: its weights are gone.
    """
    measured = [r for r in records if held_out_pass(r) is not None and not r.rolled_back]
    return max(measured, key=lambda record: held_out_pass(record) or 0.0, default=None)


def flat_metrics(record: RoundRecord) -> dict[str, float]:
    """A record as flat names and numbers, for metrics.csv and TensorBoard.

    The names are stable; `/difficulty_N` is appended where a number is of one difficulty:

    * `round`, `pool/size`, `pool/version`, `loss/train`, `loss/validation`
    * `held_out/pass@K` for every K measured, `held_out/pass@1_low` and `held_out/pass@1_high`
      (its interval), `held_out/num_tasks`, `held_out/pass@1/difficulty_N` (greedy)
    * `generate/NAME` and `generate/NAME/difficulty_N` for the counts problems, solved_problems,
      generated, ended, syntax_ok, executed, passed_visible, passed_hidden, duplicates, over_cap,
      below_quality, contaminated, near_duplicates, over_family_cap, over_kind_cap, accepted, and
      the rates success_rate, false_positive_rate, mean_quality, distinct_ast_ratio
    * where there is a repairer, `repair/NAME` for problems, drafts, without_room, steps,
      passed_visible, passed_hidden, accepted, fixed_problems and mean_steps
    * of a policy, `policy/NAME` for what its objective measures (entropy, clip_share, ...) and for
      rollouts, groups, without_spread_share, reward_mean, reward_deviation, truncated_share, ...
    * `seconds/training`, `seconds/measuring`, `seconds/generating`, `seconds/verifying`,
      `seconds/repairing`

    A number that was not measured has no entry.
    """
    found: dict[str, float | None] = {
        "round": record.round,
        "pool/size": record.pool_size,
        "pool/version": record.pool_version,
        "loss/train": record.train_loss,
        "loss/validation": record.validation_loss,
    }
    if record.held_out is not None:
        scores = record.held_out
        found |= {f"held_out/pass@{k}": value for k, value in sorted(scores.pass_at.items())}
        found["held_out/pass@1_low"], found["held_out/pass@1_high"] = scores.interval
        found["held_out/num_tasks"] = scores.num_tasks
        for difficulty, value in sorted(scores.by_difficulty.items()):
            found[f"held_out/pass@1/difficulty_{difficulty}"] = value
    if record.counts:
        found |= _count_metrics(record.totals, "")
    for difficulty, counts in sorted(record.counts.items()):
        found |= _count_metrics(counts, f"/difficulty_{difficulty}")
    if record.repairs is not None:
        numbers = {**dataclasses.asdict(record.repairs), "mean_steps": record.repairs.mean_steps}
        found |= {f"repair/{name}": value for name, value in numbers.items()}
    found |= {f"policy/{name}": value for name, value in (record.policy or {}).items()}
    found |= {f"seconds/{name}": value for name, value in record.seconds.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _count_metrics(counts: FilterCounts, suffix: str) -> dict[str, float | None]:
    # Sums that only feed a rate would mean nothing beside it.
    only_for_rates = {"quality_sum", "distinct_fingerprints"}
    numbers: dict[str, float | None] = {
        item.name: getattr(counts, item.name)
        for item in dataclasses.fields(counts)
        if item.name not in only_for_rates
    }
    numbers |= defined_rates(counts)
    return {f"generate/{name}{suffix}": value for name, value in numbers.items()}


def percent(value: float | None) -> str:
    """A share of 1 as a percentage, "-" for None."""
    return MISSING if value is None else f"{100 * value:.1f}%"


def loss(value: float | None) -> str:
    """A loss with at most five characters for usual values, "-" for None."""
    return MISSING if value is None else f"{value:.3f}" if value < 100 else f"{value:.3g}"


def count(value: int | None) -> str:
    """A count in at most six characters, "-" for None."""
    if value is None or value < 100_000:
        return MISSING if value is None else str(value)
    return f"{value / 1e3:.0f}k" if value < 999_500 else f"{value / 1e6:.1f}M"


def duration(seconds: float | None) -> str:
    """Seconds in at most five characters: 7.2s, 45s, 5m12, 3h07; "-" for None."""
    if seconds is None:
        return MISSING
    if seconds < 59.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}"
    return f"{minutes // 60}h{minutes % 60:02d}"


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the terminal's rows; the highest `spare` goes first on a narrow terminal."""

    title: str
    width: int
    spare: int
    cell: Callable[[RoundRecord], str]


def _generated(record: RoundRecord) -> int | None:
    return record.totals.generated if record.counts else None


def _rate(record: RoundRecord, name: str) -> float | None:
    return defined_rates(record.totals)[name]


def _fixed(record: RoundRecord) -> int | None:
    """Problems that only a repair solved."""
    return record.repairs.fixed_problems if record.repairs else None


def _columns(records: Sequence[RoundRecord]) -> list[_Column]:
    """The columns for these rounds; what no run of theirs has gets none."""
    k = largest_k(records)

    def pass_at_k(record: RoundRecord) -> str:
        largest = largest_k([record])
        return percent(held_out_pass(record, largest)) if largest else MISSING

    repairs = [_Column("fixed", 5, 1, lambda r: count(_fixed(r)))]
    return [
        _Column("round", 5, 0, lambda r: str(r.round)),
        _Column("step", 6, 9, lambda r: count(r.global_step)),
        _Column("loss", 6, 5, lambda r: loss(r.train_loss)),
        _Column("val", 6, 3, lambda r: loss(r.validation_loss)),
        _Column("pass@1", 6, 0, lambda r: percent(held_out_pass(r))),
        _Column(f"pass@{k or 'k'}", 7, 4, pass_at_k),
        _Column("made", 6, 2, lambda r: count(_generated(r))),
        _Column("passed", 6, 1, lambda r: percent(_rate(r, "success_rate"))),
        _Column("false+", 6, 1, lambda r: percent(_rate(r, "false_positive_rate"))),
        *(repairs if any(record.repairer for record in records) else ()),
        _Column("pool", 6, 0, lambda r: count(r.pool_size)),
        _Column("train", 5, 6, lambda r: duration(r.seconds.get("training"))),
        _Column("gen", 5, 7, lambda r: duration(r.seconds.get("generating"))),
        _Column("check", 5, 8, lambda r: duration(r.seconds.get("verifying"))),
    ]


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """The columns that fit `width`, in their order; at least those that are never spared."""
    kept = list(columns)
    while sum(column.width + 1 for column in kept) - 1 > width:
        spared = max(kept, key=lambda column: column.spare)
        if not spared.spare:
            break
        kept.remove(spared)
    return kept


class RoundTablePrinter:
    """Prints one aligned row as each round ends, between whatever else is logged.

    87 columns are used where the terminal has them, 93 where there is a repairer; narrower ones
    lose the step first, then the seconds. Rows are plain lines, the same in a log file.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._shown: list[_Column] = []

    def add(self, record: RoundRecord) -> None:
        """Print the record's row, with the header before the first and its note below."""
        if not self._shown:
            self._shown = _fitting(_columns([record]), self.console.width)
            self._line(" ".join(item.title.rjust(item.width) for item in self._shown), "bold")
        self._line(" ".join(item.cell(record).rjust(item.width) for item in self._shown), "")
        if record.note:
            self.console.print(Text(f"      {record.note}", style="yellow"), highlight=False)

    def _line(self, text: str, style: str) -> None:
        self.console.print(Text(text, style=style), highlight=False, soft_wrap=True)


def summary_table(records: Sequence[RoundRecord], width: int = 80) -> Table:
    """The rounds of a run, one row each, the best held-out pass@1 marked; fits `width` columns."""
    best = best_record(records)
    columns = _fitting(_columns(records), width - len(" best"))
    table = _compact_table("Rounds", [column.title for column in columns])
    table.add_column("", justify="left")
    for record in records:
        mark = "best" if record is best else ""
        style = "bold" if record is best else ""
        table.add_row(*(column.cell(record) for column in columns), mark, style=style)
    return table


def difficulty_table(record: RoundRecord) -> Table:
    """One round by difficulty: how far its samples came, and the held-out greedy pass@1.

    made, ended properly, syntax ok, ran, passed the visible tests, passed all tests, false
    positives, mean quality, distinct programs, duplicates, new in the pool; where there are some,
    also near-duplicates, what is over the cap of a family or kind, and what a benchmark holds.
    """
    titles = ["level", "made", "ended", "syntax", "ran", "passed", "all", "false+", "qual."]
    used = [title for title, number in _SELDOM.items() if number(record.totals)]
    titles += ["distinct", "dupl.", *used, "new", "pass@1"]
    table = _compact_table(f"Round {record.round} by difficulty", titles)
    scores = record.held_out.by_difficulty if record.held_out else {}
    for difficulty in sorted({*record.counts, *scores}):
        cells = _count_cells(record.counts.get(difficulty), used)
        table.add_row(str(difficulty), *cells, percent(scores.get(difficulty)))
    if record.counts:
        table.add_section()
        cells = _count_cells(record.totals, used)
        table.add_row("all", *cells, percent(held_out_pass(record)))
    return table


def _compact_table(title: str, column_titles: Sequence[str]) -> Table:
    """Right-aligned columns one space apart, so that a dozen fit eighty characters."""
    table = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for column_title in column_titles:
        table.add_column(column_title, justify="right", no_wrap=True)
    return table


_SELDOM: dict[str, Callable[[FilterCounts], int]] = {
    "near": lambda counts: counts.near_duplicates,
    "capped": lambda counts: counts.over_family_cap + counts.over_kind_cap,
    "bench": lambda counts: counts.contaminated,
}
"""Counts that have a column only where they are not all 0."""


def _count_cells(counts: FilterCounts | None, used: Sequence[str]) -> list[str]:
    if counts is None:
        return [MISSING] * (11 + len(used))
    stages = [counts.generated, counts.ended, counts.syntax_ok, counts.executed]
    stages += [counts.passed_visible, counts.passed_hidden]
    rates = defined_rates(counts)
    quality = rates["mean_quality"]
    return [
        *(count(stage) for stage in stages),
        percent(rates["false_positive_rate"]),
        MISSING if quality is None else f"{quality:.2f}",
        percent(rates["distinct_ast_ratio"]),
        count(counts.duplicates),
        *(count(_SELDOM[title](counts)) for title in used),
        count(counts.accepted),
    ]


def print_run_summary(
    console: Console,
    records: Sequence[RoundRecord],
    *,
    plot: Path | None = None,
    report: Path | None = None,
    best_checkpoint: Path | None = None,
    continue_command: str | None = None,
) -> None:
    """What stands on the terminal when a run ends; lines without a value are left out."""
    if records:
        console.print(summary_table(records, console.width))
        if records[-1].counts:
            console.print(difficulty_table(records[-1]))
    lines = {
        "curves": plot,
        "report": report,
        "best checkpoint": best_checkpoint,
        "to go on": continue_command,
    }
    for name, value in lines.items():
        if value is not None:
            # One unbroken line, so that a path or a command can be copied as it stands.
            text = Text(f"{name + ':':17}{value}")
            console.print(text, highlight=False, soft_wrap=True)
