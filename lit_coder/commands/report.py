"""`main.py report RUN`: write a run's report.html again and print its path.

    python main.py report runs/quickstart
    python main.py report last --open

A run writes its report after every round by itself; this is for a run that was copied, or whose
page is older than its records. It reads the run's folder only, needs neither torch nor a GPU,
and may be used while the run goes on.
"""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

from lit_coder.commands.command_parser import CommandParser
from lit_coder.evaluation.report import is_run_folder, write_report

LAST_RUN = Path("runs") / "last"


def run(argv: list[str]) -> int:
    """Write the report; return the exit code."""
    parser = CommandParser(
        prog="main.py report",
        description="Write a run's report.html: curves, rounds, and a sample of its programs.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="a run's folder, or `last` for the newest run")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    arguments = parser.parse_args(argv)
    try:
        path = write_report(_run_folder(arguments.run))
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    print(path)
    if arguments.open:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _run_folder(name: str) -> Path:
    """The folder that `name` means.

    Raises:
        ValueError: there is no such folder, or no run has written into it.
    """
    if name == "last" and not Path(name).exists():
        if not LAST_RUN.is_dir():
            raise ValueError(f"there is no {LAST_RUN} here; name a run's folder")
        return LAST_RUN.resolve()
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; name a run's folder, as runs/quickstart")
    if not is_run_folder(folder):
        raise ValueError(f"{folder} is not a run's folder: it holds neither rounds nor a config")
    return folder
