"""What a pool holds, for people: counts, samples, what became of one task, versions.

    print_pool(place, version, PoolView(show=1))
    print_versions(place); print_comparison(place, 3, 5)

Only short columns are read whole; texts of a model are shown with pictures in place of control
characters, which would steer the terminal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lit_coder.commands.pool_place import PoolPlace
from lit_coder.recursion.round_record import read_records
from lit_coder.training_data.sample import Sample

_SHORT = (
    *("round", "source", "difficulty", "task_id"),
    *("reason", "accepted", "passed_visible", "passed"),
)
_IDENTITY = ("round", "model_step", "task_id", "origin", "stream", "completion", "reason")
_PICTURES = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {127: 0x2421}
# The same for those beyond ASCII, and for what hides text or turns its direction round.
_PICTURES |= {
    code: 0xFFFD
    for first, last in ((0x80, 0x9F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))
    for code in range(first, last + 1)
}


class PoolView(NamedTuple):
    """Which samples are looked at, and how many of each reason are shown as text."""

    round: int | None = None
    task: str | None = None
    reason: str | None = None
    show: int = 1


class _Row(NamedTuple):
    """The short columns of a sample, and its place in the pool."""

    place: int
    round: int
    source: str
    difficulty: int
    task_id: str
    reason: str
    accepted: bool
    passed_visible: bool
    passed: bool


def print_pool(place: PoolPlace, version: int, view: PoolView) -> None:
    """Counts by round, by family and difficulty, and by reason; then some samples.

    Raises:
        ValueError: the version cannot be read, or no sample is as the view wants it.
    """
    rows: list[_Row] = []

    def choose(columns: Mapping[str, list[Any]]) -> list[int]:
        rows.extend(_wanted(columns, view))
        return _shown_places(rows, view)

    samples = place.pool.read_chosen(version, _SHORT, choose)
    if not rows and (view.round is not None or view.task or view.reason):
        raise ValueError(
            f"no sample of version {version} is of --round, --task and --reason as given; "
            "leave one out to see what there is"
        )
    print(f"{place.pool.path}, version {version}, run {place.pool.run_id}")
    if not rows:
        print("\nThe pool holds no samples yet.")
        return
    kept = sum(row.accepted for row in rows)
    print(f"{len(rows)} samples of {len({row.task_id for row in rows})} tasks, {kept} accepted")
    _print_counts("round", rows, lambda row: str(row.round))
    if view.task is None:
        _print_counts("family", rows, lambda row: f"{row.source}, difficulty {row.difficulty}")
    _print_reasons(rows)
    for sample in samples:
        _print_sample(sample)


def print_versions(place: PoolPlace) -> None:
    """The versions that are there, with their counts and the rounds that go on from them."""
    records = read_records(place.run / "rounds")
    rounds: dict[int, list[str]] = defaultdict(list)
    for record in records:
        rounds[record.pool_version].append(str(record.round))
    lines = []
    for each in place.pool.versions():
        when = "-" if each.committed_at is None else f"{each.committed_at:%Y-%m-%d %H:%M:%S}"
        numbers = (each.num_samples, each.num_accepted, each.last_round)
        cells = ("-" if number is None else str(number) for number in numbers)
        note = ", ".join(rounds[each.version])
        unreadable = "cannot be read" if each.num_samples is None else note
        lines.append((str(each.version), when, *cells, unreadable))
    titles = ("version", "committed", "samples", "accepted", "newest round", "after rounds")
    _print_table(titles, lines)


def print_comparison(place: PoolPlace, one: int, other: int) -> None:
    """What each of two versions has that the other has not, by round and reason."""
    first, second = (_identities(place, version) for version in (one, other))
    print(f"{first.total()} samples in version {one}, {second.total()} in version {other}")
    print(f"{(first & second).total()} in both")
    for version, extra in ((one, first - second), (other, second - first)):
        print(f"{extra.total()} only in version {version}")
        counts: Counter[tuple[int, str]] = Counter()
        for (round, *_, reason), number in extra.items():
            counts[round, reason] += number
        if counts:
            lines = [(str(r), reason, str(n)) for (r, reason), n in sorted(counts.items())]
            _print_table(("round", "reason", "samples"), lines)


def _identities(place: PoolPlace, version: int) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()

    def choose(columns: Mapping[str, list[Any]]) -> list[int]:
        found.update(zip(*(columns[name] for name in _IDENTITY), strict=True))
        return []

    place.pool.read_chosen(version, _IDENTITY, choose)
    return found


def _wanted(columns: Mapping[str, list[Any]], view: PoolView) -> Iterable[_Row]:
    for number, values in enumerate(zip(*(columns[name] for name in _SHORT), strict=True)):
        row = _Row(number, *values)
        if (
            view.round in (None, row.round)
            and view.task in (None, row.task_id)
            and row.reason.startswith(view.reason or "")
        ):
            yield row


def _shown_places(rows: Sequence[_Row], view: PoolView) -> list[int]:
    """The newest samples of each reason; of one task all of a round, in the order of rounds."""
    if view.task is not None:
        return [row.place for row in rows] if view.show else []
    by_reason: dict[str, list[int]] = defaultdict(list)
    for row in reversed(rows):
        if len(by_reason[row.reason]) < view.show:
            by_reason[row.reason].append(row.place)
    return [place for reason in sorted(by_reason) for place in by_reason[reason]]


def _print_counts(title: str, rows: Sequence[_Row], key: Any) -> None:
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.round if title == "round" else 0, *row[2:4])):
        groups[key(row)].append(row)
    lines = []
    for name, group in groups.items():
        passed = [row for row in group if row.passed_visible]
        numbers = (
            len({row.task_id for row in group}),
            len(group),
            len(passed),
            sum(not row.passed for row in passed),
            sum(row.accepted for row in group),
        )
        lines.append((name, *map(str, numbers)))
    print()
    _print_table((title, "tasks", "samples", "passed", "false+", "accepted"), lines)


def _print_reasons(rows: Sequence[_Row]) -> None:
    counts = Counter(row.reason for row in rows)
    print()
    _print_table(("reason", "samples"), [(name, str(n)) for name, n in counts.most_common()])


def _print_sample(sample: Sample) -> None:
    print(
        f"\n--- {sample.reason} | round {sample.round}, step {sample.model_step} | "
        f"{sample.task_id}, difficulty {sample.difficulty} | {sample.origin} | {sample.status}"
        f"{', quality ' + format(sample.quality, '.2f') if sample.quality else ''}".translate(
            _PICTURES
        )
    )
    if sample.detail:
        print(f"    {sample.detail}".translate(_PICTURES).replace("\n", "\n    "))
    if sample.draft:
        print("draft:\n" + sample.draft.rstrip("\n").translate(_PICTURES) + "\nmade of it:")
    print((sample.prompt + sample.completion).rstrip("\n").translate(_PICTURES))


def _print_table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Columns two spaces apart; numbers to the right, texts to the left."""
    columns = list(zip(titles, *lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(cell.isdigit() or cell == "-" for cell in column[1:]) for column in columns]
    for line in (titles, *lines):
        cells = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip().translate(_PICTURES))
