"""`main.py data make-tests FILE.py`: a pytest file for the functions of a user's own code.

    python main.py data make-tests shapes.py                # writes test_shapes.py beside it
    python main.py data make-tests shapes.py --function area --output tests/test_area.py

Functions at the first level of the file are tried in the sandbox, as a harvest does; the tests say
what they do now. The user's module is never imported here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from lit_coder.cli.mistakes import nearest
from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.harvest_progress import HarvestProgress, sandbox_of
from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import ExaminationSettings
from lit_coder.harvesting.finding import Place
from lit_coder.harvesting.harvest import Harvest, HarvestCounts, HarvestRunners
from lit_coder.harvesting.places import python_text
from lit_coder.harvesting.pytest_file import Tested, pytest_text
from lit_coder.harvesting.typed_inputs import require_hypothesis

_LEAST_NODES = 3


def run(argv: list[str]) -> int:
    """Try the functions and write the file; returns the exit status.

    Raises:
        ValueError: an option cannot serve, or no function can be tested.
    """
    options = _parser().parse_args(argv)
    path = Path(options.file)
    text = python_text(path, "FILE")
    module = module_name(path)
    output = _output(options, path)
    require_hypothesis()
    settings = ExaminationSettings(
        seed=options.seed, min_told_apart=0.0, least_killed=0, one_set=True, keeps_weak=True
    )
    counts = HarvestCounts()
    tested: list[Tested] = []
    left_out: list[tuple[str, str]] = []
    progress = HarvestProgress(sys.stderr)
    with HarvestRunners(sandbox_of(options.workers)) as runners:
        harvest = Harvest(runners, settings, counts, _LEAST_NODES)
        found = harvest.candidates([Place(text, path.name, "not stated")])
        for refused in counts.refused:
            if not refused.name:
                raise ValueError(f"FILE {path}: {refused.reason}; repair it")
            left_out.append((refused.name, refused.reason))
        candidates = _wanted(options.function, found, left_out, path)
        with closing(harvest.examined(candidates)) as examined:
            for candidate, result in examined:
                progress.show(f"{candidate.name}, {counts.num_examined} of {len(candidates)}")
                if isinstance(result, str):
                    left_out.append((candidate.name, result))
                else:
                    tested.append(Tested(candidate, result))
    progress.end()
    if options.function:
        left_out = [each for each in left_out if each[0] in options.function]
    for name, reason in left_out:
        print(f"{name} is left out: it {reason}", file=sys.stderr)
    if not tested:
        raise ValueError(
            f"FILE {path}: no function of it can be tested by its values, and nothing was written; "
            "give pure functions at the first level of the file"
        )
    output.write_text(pytest_text(module, tested, left_out), encoding="utf-8")
    num_cases = sum(
        len({*each.examined.chosen.visible, *each.examined.chosen.hidden}) for each in tested
    )
    print(f"{output}: {len(tested)} functions, {num_cases} values; run it: pytest {output}")
    return 0


def module_name(path: Path) -> str:
    """The name under which pytest's own way of importing finds a file.

    Raises:
        ValueError: no Python program can import a file of this name.
    """
    path = path.resolve()
    parts = [path.stem] if path.stem != "__init__" else []
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    if not parts or not all(part.isidentifier() for part in parts):
        raise ValueError(
            f"FILE {path.name} is no name that a test can import; use letters, digits and _"
        )
    return ".".join(parts)


def _output(options: argparse.Namespace, path: Path) -> Path:
    output = Path(options.output) if options.output else path.with_name(f"test_{path.name}")
    if output.suffix != ".py" or output.is_dir():
        raise ValueError(f"--output {output}: a test file ends in .py; name it so")
    if not output.absolute().parent.is_dir():
        raise ValueError(f"--output {output}: there is no folder {output.parent}; make it first")
    if output.exists() and output.resolve() == path.resolve():
        raise ValueError(f"--output {output} is the tested file itself; choose another name")
    if output.exists() and not options.overwrite:
        raise ValueError(f"--output: {output} exists; name another file or add --overwrite")
    return output


def _wanted(
    names: Sequence[str] | None,
    found: Sequence[Candidate],
    left_out: list[tuple[str, str]],
    path: Path,
) -> list[Candidate]:
    """The functions to try: those asked for, or all whose name is not private.

    Raises:
        ValueError: a name is not that of a function of the file.
    """
    known = {each.name for each in found} | {name for name, _ in left_out}
    for name in names or ():
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else "name one at its first level"
            raise ValueError(f"--function {name}: {path} has no such function; {hint}")
    wanted = [each for each in found if (each.name in names if names else each.name[0] != "_")]
    left_out += [
        (each.name, "is bound again in the module") for each in wanted if not each.is_exported
    ]
    return [each for each in wanted if each.is_exported]


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py data make-tests",
        description="Write a pytest file for the functions of a file: what they give on arguments "
        "that tell them from wrong versions of themselves. Classes are left alone.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="a .py file")
    parser.add_argument(
        "--output", metavar="FILE", help="what to write; without it test_FILE.py beside the file"
    )
    parser.add_argument(
        "--function",
        action="append",
        metavar="NAME",
        help="only this function; may be given several times",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes; without it one for each core"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    return parser
