"""`main.py data inspect`: look into a dataset: what it holds, and how much of it holds.

    python main.py data inspect mbpp
    python main.py data inspect train.csv --rows 500
    python main.py data inspect apps_train --folder /data --no-run

A file is recognized by its columns. The first rows are read, measured, and checked in the sandbox
the way the dataset says: a solution passes its tests, a program parses or runs. Rows that cannot
be read are counted by their reasons and shown. What is printed is made in `data_findings.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.data_findings import CheckCounts, about_files, about_rows, sample_lines
from lit_coder.corpora.datasets.finding import tables_below
from lit_coder.corpora.datasets.opening import CodeDataset, open_dataset, open_file
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.registry import DATASETS, dataset_spec
from lit_coder.corpora.datasets.row_files import file_format
from lit_coder.corpora.datasets.statistics import RecordStatistics
from lit_coder.corpora.datasets.validation import RecordChecks
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.packages import find_packages

_OPTION_NAMES = {
    "sandbox.timeout_seconds": "--timeout",
    "sandbox.workers": "--workers",
    "sandbox.packages": "--packages",
}
# A larger dataset is not read to its end only to count its rows.
_COUNTED_BYTES = 256 * 2**20


def run(argv: list[str]) -> int:
    """Inspect one dataset; returns the exit status."""
    options = _parser().parse_args(argv)
    if options.rows < 0 or options.show < 0:
        name = "rows" if options.rows < 0 else "show"
        raise ValueError(f"--{name} must not be negative, not {getattr(options, name)}")
    sandbox = None if options.no_run else _sandbox(options)
    dataset = _opened(options.dataset, options.folder, options.table_tokenizer)
    for line in about_files(dataset):
        print(line, flush=True)
    statistics, samples = RecordStatistics(), list[Record]()
    stream = dataset.records()
    looked_at = islice(stream, options.rows) if options.rows else stream
    watched = _kept(statistics.watched(looked_at), samples, options.show)
    counts = None
    if sandbox is not None:
        counts = _checked(dataset, watched, sandbox)
    else:
        for _ in watched:
            pass
    is_whole = _read_on(dataset, stream)
    for line in about_rows(dataset, statistics, counts, is_whole):
        print(line)
    for record in samples:
        print("\n".join(["", *sample_lines(record)]))
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py data inspect",
        description="Columns, counts, samples and checksum of a dataset, and the share of its rows "
        "that holds. With --pool FOLDER: the samples of a run (main.py data inspect --pool -h).",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("dataset", metavar="NAME_OR_FILE", help="a name of main.py data list, a file, or a folder")
    add("--rows", type=int, default=1000, metavar="N", help="look at so many (1000); 0 = all")
    add("--show", type=int, default=3, metavar="N", help="rows to show (3)")
    add("--folder", type=Path, metavar="FOLDER", help="where its files are")
    add("--table-tokenizer", type=Path, metavar="FILE", help="that made a table of tokens")
    add("--no-run", action="store_true", help="check nothing in the sandbox")
    add("--packages", default="", metavar="A,B", help="packages that programs may import")
    add("--workers", type=int, metavar="N", help="programs at the same time (default: cores)")
    add("--timeout", type=float, default=10.0, metavar="SECONDS", help="for each program (10)")
    return parser


def _opened(name: str, folder: Path | None, tokenizer: Path | None) -> CodeDataset:
    """The dataset of a name, a file, or a folder that holds one."""
    path = Path(name).expanduser()
    key = name.strip().lower().replace("-", "_")
    if key in DATASETS or not path.exists():
        if key not in DATASETS and (path.suffix or "/" in name):
            raise ValueError(f"there is no file {name}; main.py data list shows what has a name")
        return open_dataset(dataset_spec(name).name, folder, tokenizer)
    if folder is not None:
        raise ValueError(f"--folder goes with a dataset's name, and {name} is a path; leave it out")
    if path.is_file() or file_format(path):
        return open_file(path, tokenizer)
    likeliest = {table.candidates[0].name for table in tables_below(path)}
    if len(likeliest) == 1:
        return open_dataset(likeliest.pop(), path, tokenizer)
    if likeliest:
        raise ValueError(
            f"the folder {path} holds {', '.join(sorted(likeliest))}; name one of them: "
            f"main.py data inspect {min(likeliest)} --folder {path}"
        )
    raise ValueError(f"the folder {path} holds no file of a dataset that is known here")


def _sandbox(options: argparse.Namespace) -> SandboxOptions:
    """The options of the sandbox.

    Raises:
        ValueError: one is out of its range, or a package is not installed.
    """
    packages = tuple(name.strip() for name in options.packages.split(",") if name.strip())
    try:
        find_packages(packages)
        return SandboxOptions(
            workers=options.workers,
            packages=packages,
            timeout_seconds=options.timeout,
            cpu_seconds=options.timeout,
        )
    except ValueError as error:
        raise ValueError(_under_our_names(str(error))) from error


def _checked(
    dataset: CodeDataset, records: Iterable[Record], sandbox: SandboxOptions
) -> CheckCounts:
    counts = CheckCounts()
    with open_runner(sandbox) as runner:
        for check in RecordChecks(dataset.spec, runner, sandbox.limits()).check(records):
            counts.add(check)
    return counts


def _under_our_names(message: str) -> str:
    """A mistake in the sandbox's options as this command calls them."""
    for theirs, ours in _OPTION_NAMES.items():
        message = message.replace(theirs, ours)
    return message


def _kept(records: Iterable[Record], samples: list[Record], most: int) -> Iterator[Record]:
    """The same records, of which the first few are kept."""
    for record in records:
        if len(samples) < most:
            samples.append(record)
        yield record


def _read_on(dataset: CodeDataset, stream: Iterator[Record]) -> bool:
    """Read what was not looked at, to count it, where that is not too much; whether it was done."""
    first = next(stream, None)
    if first is None:
        return True
    if any(path.is_dir() for path in dataset.files):
        return False
    if sum(path.stat().st_size for path in dataset.files) > _COUNTED_BYTES:
        return False
    for _ in stream:
        pass
    return True
