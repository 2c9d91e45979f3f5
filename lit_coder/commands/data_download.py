"""`main.py data download`: brings datasets to this machine, checked; goes on where it broke off.

    python main.py data download mbpp_train alpaca_python
    python main.py data download --all --max-size 2 --cleanup

Sizes are said before anything is written. What one dataset lacks does not stop the others.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.ending import ended
from lit_coder.corpora.datasets.download import (
    DownloadFailed,
    DownloadPlan,
    download,
    plan_download,
    readable,
    refuse_full_disk,
)
from lit_coder.corpora.datasets.download_cleanup import removable, remove
from lit_coder.corpora.datasets.manual_placement import dataset_folder, datasets_folder
from lit_coder.corpora.datasets.registry import DATASETS, dataset_spec
from lit_coder.corpora.datasets.spec import DatasetSpec


def run(argv: list[str]) -> int:
    """Run the command; returns the exit status."""
    return ended(lambda: _download(argv))


def _download(argv: list[str]) -> int:
    options = _parser().parse_args(argv)
    specs = _chosen(options)
    root = datasets_folder(options.folder)
    if root.exists() and not root.is_dir():
        raise ValueError(f"--folder {root} is a file; name a folder")
    failures: list[str] = []
    plans = _plans(specs, root, options, failures)
    refuse_full_disk(plans, root)
    for plan in plans:
        try:
            download(plan)
        except DownloadFailed as error:
            failures.append(str(error))
            _say_failure(error)
        else:
            if not plan.is_complete:
                print(f"{plan.spec.name} is in {plan.folder}, checked; SHA256SUMS is beside it")
    if options.cleanup:
        _clean_up(specs, root)
    return 2 if failures else 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py data download",
        description="Bring datasets to this machine. What is interrupted is gone on with by the "
        "same command; every file's checksum is compared and noted in SHA256SUMS.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="datasets; `data list` names them")
    parser.add_argument("--datasets", nargs="+", metavar="NAME", default=[], help="the same")
    parser.add_argument("--all", action="store_true", help="every dataset there is")
    parser.add_argument(
        "--folder", help="where they go, each into its own; default: LIT_CODER_DATA_DIR, or ./data"
    )
    parser.add_argument(
        "--source",
        choices=("hub", "kaggle"),
        help="default: the Hugging Face hub where a dataset is there, else Kaggle",
    )
    parser.add_argument(
        "--max-size", type=float, metavar="GB", help="leave larger datasets out, and say which"
    )
    parser.add_argument(
        "--cleanup",
        action="store_true",
        help="afterwards remove parts of files and download caches of these datasets, and say "
        "what; data are never removed",
    )
    return parser


def _chosen(options: Any) -> list[DatasetSpec]:
    """The datasets that are asked for, each folder once."""
    names: Sequence[str] = [*options.names, *options.datasets]
    if options.all:
        if names:
            raise ValueError("--all is every dataset; leave the names out, or --all")
        names = [name for name in DATASETS if _is_at(DATASETS[name], options.source)]
    if not names:
        raise ValueError("name a dataset, or give --all; main.py data list shows what there is")
    if options.max_size is not None and options.max_size <= 0:
        raise ValueError(f"--max-size must be above 0, not {options.max_size:g}")
    by_folder: dict[tuple[Path, tuple[str, ...]], DatasetSpec] = {}
    for spec in map(dataset_spec, names):
        by_folder.setdefault((dataset_folder(spec, Path()), spec.files), spec)
    return list(by_folder.values())


def _is_at(spec: DatasetSpec, source: str | None) -> bool:
    """Whether a dataset is where `--source` says; of all sets only those are meant."""
    if source is None:
        return True
    return bool(spec.kaggle_ids) if source == "kaggle" else spec.hub_id is not None


def _plans(
    specs: Sequence[DatasetSpec], root: Path, options: Any, failures: list[str]
) -> list[DownloadPlan]:
    """What is to be done, said as it is found out; what cannot be had goes to `failures`."""
    plans = []
    for spec in specs:
        try:
            plan = plan_download(spec, root, options.source)
        except DownloadFailed as error:
            failures.append(str(error))
            _say_failure(error)
            continue
        if options.max_size is not None and plan.num_bytes > options.max_size * 10**9:
            print(f"{spec.name}: {readable(plan.num_bytes)}, left out by --max-size")
            continue
        print(_described(plan), flush=True)
        plans.append(plan)
    return plans


def _described(plan: DownloadPlan) -> str:
    """Name, size, licence and what has yet to come."""
    about = "" if plan.source == "hub" else "about "
    size = f"{about}{readable(plan.num_bytes)}" if plan.num_bytes else f"{plan.spec.size}"
    if plan.is_complete:
        rest = f"complete in {plan.folder}"
    elif plan.num_missing_bytes == plan.num_bytes:
        rest = f"to {plan.folder}"
    else:
        rest = f"{readable(plan.num_missing_bytes)} of it missing in {plan.folder}"
    where = plan.spec.hub_id if plan.source == "hub" else f"Kaggle's {plan.spec.kaggle_ids[0]}"
    return f"{plan.spec.name}: {size} of {where} ({plan.spec.licence}), {rest}"


def _clean_up(specs: Sequence[DatasetSpec], root: Path) -> None:
    found = [each for spec in specs for each in removable(dataset_folder(spec, root))]
    for each in found:
        remove(each.path)
        print(f"removed {each.path} ({readable(each.num_bytes)})")
    if not found:
        print("nothing to clean up: no parts of files and no caches are left")


def _say_failure(error: DownloadFailed) -> None:
    print(f"lit-coder: {error}", file=sys.stderr)
