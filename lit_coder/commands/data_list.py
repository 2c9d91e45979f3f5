"""`main.py data list`: every dataset that can be read, and which of them are on this machine.

    python main.py data list
    python main.py data list apps              # all that is known of one
    python main.py data list --folder /data

Files are found by their columns. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lit_coder.commands.command_parser import CommandParser
from lit_coder.corpora.datasets.finding import Table, choose_files, search_places, tables_below
from lit_coder.corpora.datasets.registry import DATASETS, DatasetSpec, dataset_spec
from lit_coder.problems.benchmarks.files import data_places

_TITLES = ("name", "rows", "size", "licence", "validation", "here")
_WIDEST = (26, 12, 12, 16, 15, 40)


def run(argv: list[str]) -> int:
    """Print the table, or one dataset; returns the exit status."""
    parser = CommandParser(
        prog="main.py data list",
        description="Every dataset that can be read, and which of them are on this machine.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", help="show all that is known of this one")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="where to look for files (default: LIT_CODER_DATA_DIR, then ./data)",
    )
    options = parser.parse_args(argv)
    is_given = options.folder is not None
    spec = dataset_spec(options.name) if options.name else None
    found = [list(tables_below(place)) for place in search_places(options.folder)]
    if spec is not None:
        print("\n".join(described(spec, where(spec, found, is_given))))
        return 0
    rows = [_row(known, where(known, found, is_given)) for known in DATASETS.values()]
    widths = [
        min(widest, max(len(row[column]) for row in (_TITLES, *rows)))
        for column, widest in enumerate(_WIDEST)
    ]
    for row in (_TITLES, *rows):
        print("  ".join(f"{_fitted(c, w):<{w}}" for c, w in zip(row, widths, strict=True)).rstrip())
    num_here = sum(row[-1] != "-" for row in rows)
    print(f"\n{len(rows)} datasets, {num_here} of them here. main.py data list NAME says more.")
    print(f"Looked into: {', '.join(_places(options.folder))}.")
    return 0


def where(spec: DatasetSpec, found: Sequence[Sequence[Table]], is_given: bool) -> list[Path]:
    """The dataset's files from the first place that has any; [] where none has."""
    for tables in found:
        try:
            files = choose_files(spec, tables, is_given)
        # Of a split that no file's name speaks of there is nothing to be shown.
        except ValueError:
            continue
        if files:
            return files
    return []


def described(spec: DatasetSpec, files: Sequence[Path]) -> Iterator[str]:
    """All that is known of one dataset, line by line."""
    yield f"{spec.name}: {spec.title}" + (" (a benchmark)" if spec.is_benchmark else "")
    facts = (
        ("rows", _rows(spec)),
        ("size", spec.size),
        ("licence", spec.licence),
        ("kind", spec.kind),
        ("validation", spec.validation),
        ("formats", ", ".join(spec.formats)),
        ("hub", f"{spec.hub_id} ({', '.join(spec.files)})" if spec.hub_id else "-"),
        ("kaggle", ", ".join(spec.kaggle_ids) or "-"),
        ("columns", " | ".join(" ".join(sorted(needed)) for needed in spec.columns)),
        ("here", ", ".join(str(path) for path in files) or "no"),
        ("note", spec.note),
    )
    for name, text in facts:
        if text:
            yield f"  {name:<11} {text}"


def _row(spec: DatasetSpec, files: Sequence[Path]) -> tuple[str, ...]:
    here = "-" if not files else files[0].name
    if len(files) > 1:
        here = f"{len(files)} files in {files[0].parent.name}"
    return (spec.name, _rows(spec), spec.size, spec.licence, spec.validation, here)


def _places(folder: Path | None) -> list[str]:
    """The folders that are looked into; a mistyped one is told by its not being there."""
    places = data_places() if folder is None else (folder,)
    return [f"{place}{'' if place.exists() else ' (not there)'}" for place in places]


def _rows(spec: DatasetSpec) -> str:
    return f"{spec.num_rows:,}" if isinstance(spec.num_rows, int) else spec.num_rows


def _fitted(text: str, width: int) -> str:
    """The text, cut where a column is narrower."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."
