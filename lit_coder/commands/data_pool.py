"""`main.py data inspect --pool RUN`, `data versions|compare|restore|export RUN`: a run's pool.

    python main.py data inspect --pool runs/last --round 3 --show 2
    python main.py data inspect --pool runs/last --task arithmetic/0f3a
    python main.py data versions runs/last
    python main.py data compare runs/last 3 5
    python main.py data restore runs/last 3
    python main.py data export runs/last --format hf --output my_pool

Reading is allowed while a run goes on; restoring waits for its end. A mistake is one sentence and
status 2. Nothing here needs a model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.ending import ended
from lit_coder.commands.pool_place import PoolPlace, find_pool, version_of

ACTIONS = ("inspect", "versions", "compare", "restore", "export")


def run(argv: list[str]) -> int:
    """Do one of `ACTIONS`, the first word of `argv`; returns the exit status."""
    arguments = _parser().parse_args(argv)
    return ended(lambda: _act(arguments))


def _act(arguments: argparse.Namespace) -> int:
    place = find_pool(arguments.run, "--pool" if arguments.action == "inspect" else "RUN")
    if arguments.action == "inspect":
        from lit_coder.commands.pool_inspection import PoolView, print_pool

        view = PoolView(arguments.round, arguments.task, arguments.reason, arguments.show)
        print_pool(place, version_of(place, arguments.version, "--version"), view)
    elif arguments.action == "versions":
        from lit_coder.commands.pool_inspection import print_versions

        print_versions(place)
    elif arguments.action == "compare":
        from lit_coder.commands.pool_inspection import print_comparison

        one, other = (version_of(place, each, "VERSION") for each in (arguments.a, arguments.b))
        print_comparison(place, one, other)
    elif arguments.action == "restore":
        _restore(place, arguments.version)
    else:
        _export(place, arguments)
    return 0


def _restore(place: PoolPlace, version: int) -> None:
    from lit_coder.training_data.folder_lock import FolderLock

    lock = FolderLock(place.run, "is training in", "wait for its end, or stop it, then restore")
    lock.acquire()
    try:
        version = version_of(place, version, "VERSION")
        newest = place.pool.newest_version()
        if version == newest:
            raise ValueError(
                f"VERSION {version} is the newest version; there is nothing to restore"
            )
        restored = place.pool.restore(version)
    finally:
        lock.release()
    print(
        f"version {restored} holds what version {version} holds; version {newest} stays in the "
        "history. A run goes on from the version that its checkpoint names."
    )


def _export(place: PoolPlace, arguments: argparse.Namespace) -> None:
    from lit_coder.commands.pool_export import export_hugging_face, export_parquet

    version = version_of(place, arguments.version, "--version")
    export = export_parquet if arguments.format == "parquet" else export_hugging_face
    count = export(place, version, Path(arguments.output), arguments.accepted)
    print(f"{arguments.output}: {count} samples of version {version}")


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="main.py data",
        description="What a run's sample pool holds, and its versions.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    inspect = actions.add_parser(
        "inspect", help="counts by round, difficulty and reason, and samples", allow_abbrev=False
    )
    inspect.add_argument("--pool", dest="run", metavar="RUN", required=True, help=_RUN)
    inspect.add_argument("--round", type=int, help="only samples of this round")
    inspect.add_argument("--task", help="only samples of this task: what became of it by round")
    inspect.add_argument("--reason", help="only samples whose reason begins so")
    inspect.add_argument(
        "--show", type=_number, default=1, help="samples to show of each reason (1)"
    )
    inspect.add_argument("--version", type=int, help="of the pool; the newest if left out")
    for name, text in (
        ("versions", "the versions that are there"),
        ("compare", "what one version has that another has not"),
        ("restore", "make an older version's content the newest version"),
        ("export", "write a version as Parquet or in the Hugging Face format"),
    ):
        action = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        action.add_argument("run", metavar="RUN", help=_RUN)
        if name == "compare":
            action.add_argument("a", metavar="A", type=int, help="a version")
            action.add_argument("b", metavar="B", type=int, help="another one")
        elif name == "restore":
            action.add_argument("version", metavar="VERSION", type=int)
        elif name == "export":
            action.add_argument("--format", choices=("parquet", "hf"), required=True)
            action.add_argument("--output", required=True, help="a new file, or folder for hf")
            action.add_argument("--version", type=int, help="the newest if left out")
            action.add_argument(
                "--accepted", action="store_true", help="only what trained the model"
            )
    return parser


_RUN = "a run's folder, or last for the newest run"


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or more")
    return int(text)
