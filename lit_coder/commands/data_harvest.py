"""`main.py data harvest`: problems made of the functions found in real code.

    python main.py data harvest stdlib --output harvested.jsonl --max-functions 200 --to-solve 0.5
    python main.py data harvest --datasets codesearchnet --output harvested.jsonl
    python main.py fit --config configs/quickstart.yaml --data.problem_files "[harvested.jsonl]"

What holds a task of a benchmark is left out and counted in the manifest. Ctrl+C ends it, and what
was found until then is written. The work is `harvesting/`'s.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, islice
from pathlib import Path
from statistics import mean

from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.harvest_progress import HarvestProgress, sandbox_of
from lit_coder.corpora.datasets.registry import dataset_spec
from lit_coder.corpora.decontamination import Decontaminator, count_matches
from lit_coder.harvesting.examination import ExaminationSettings
from lit_coder.harvesting.finding import Place
from lit_coder.harvesting.harvest import Harvest, HarvestCounts, Harvested, HarvestRunners
from lit_coder.harvesting.places import OpenPlaces
from lit_coder.harvesting.record import manifest_path, write_harvest
from lit_coder.harvesting.typed_inputs import require_hypothesis

_MOST_REASONS = 5
# More than the standard library has: its tests show arguments for functions of all its files.
_DOCUMENTS_AT_ONCE = 10_000


def run(argv: list[str]) -> int:
    """Harvest and write; returns the exit status.

    Raises:
        ValueError: an option cannot serve.
    """
    options = _parser().parse_args(argv)
    settings = ExaminationSettings(seed=options.seed, min_mutation_score=options.min_mutation_score)
    output = _checked(options)
    require_hypothesis()
    names = list(dict.fromkeys([*options.sources, *options.datasets]))
    places = [
        OpenPlaces(name, options.folder, options.max_documents, name in options.datasets)
        for name in names
    ]
    counts = HarvestCounts()
    kept: list[Harvested] = []
    progress = HarvestProgress(sys.stderr)
    with ExitStack() as stack:
        guard = None
        if options.decontaminate:
            guard = stack.enter_context(Decontaminator.of_this_machine())
            guard.say_missing()
        try:
            sandbox = sandbox_of(options.workers)
            with HarvestRunners(sandbox) as runners:
                harvest = Harvest(runners, settings, counts, decontaminator=guard)
                with closing(_problems(harvest, places, counts, progress)) as problems:
                    for harvested in problems:
                        kept.append(harvested)
                        if len(kept) == options.max_functions:
                            break
        finally:
            # However it ends: what was found is kept.
            progress.end()
            if kept:
                about = None if guard is None else guard.about()
                write_harvest(output, kept, names, settings, counts, options.to_solve, about)
                _say(output, kept, counts)
    if not kept:
        raise ValueError(_nothing(names, counts))
    return 0


def _problems(
    harvest: Harvest,
    places: Sequence[OpenPlaces],
    counts: HarvestCounts,
    progress: HarvestProgress,
) -> Generator[Harvested, None, None]:
    for each in places:
        documents = iter(_shown(each, counts, progress))
        # A part of a large source at a time, so that the first problems need not wait for its end.
        while part := list(islice(documents, _DOCUMENTS_AT_ONCE)):
            candidates = harvest.candidates(part)
            total = counts.num_candidates
            with closing(harvest.tried(candidates, each.name)) as tried:
                for candidate, problem in tried:
                    progress.show(
                        f"tried {counts.num_examined} of {total} functions, kept "
                        f"{counts.num_kept}, now {candidate.place}"
                    )
                    if problem is not None:
                        yield problem


def _shown(places: OpenPlaces, counts: HarvestCounts, progress: HarvestProgress) -> Iterator[Place]:
    for place in places:
        progress.show(f"read {counts.num_documents} files")
        yield place


def _checked(options: argparse.Namespace) -> Path:
    """The output file.

    Raises:
        ValueError: an option cannot serve.
    """
    if not options.sources and not options.datasets:
        raise ValueError("name a SOURCE, or a dataset with --datasets; stdlib is always there")
    for name in options.datasets:
        try:
            dataset_spec(name)
        except ValueError as error:
            raise ValueError(f"--datasets: {error}") from error
    if options.folder is not None and not options.folder.expanduser().exists():
        raise ValueError(
            f"--folder {options.folder}: there is no such folder; give the one with the datasets"
        )
    output = Path(options.output)
    if output.suffix != ".jsonl":
        raise ValueError(f"--output {output}: a problem file ends in .jsonl; name it so")
    if not output.absolute().parent.is_dir():
        raise ValueError(f"--output {output}: there is no folder {output.parent}; make it first")
    for path in (output, manifest_path(output)):
        if path.exists() and not options.overwrite:
            raise ValueError(f"--output: {path} exists; name another file or add --overwrite")
    if options.max_functions is not None and options.max_functions < 1:
        raise ValueError(
            f"--max-functions must be at least 1, not {options.max_functions}; leave it out for "
            "all functions"
        )
    if options.max_documents is not None and options.max_documents < 1:
        raise ValueError(
            f"--max-documents must be at least 1, not {options.max_documents}; leave it out for all"
        )
    if not 0 <= options.to_solve <= 1:
        raise ValueError(
            f"--to-solve is a share between 0 and 1, not {options.to_solve:g}; with 0.5 half of "
            "the problems have no reference"
        )
    if not 0 < options.min_mutation_score <= 1:
        raise ValueError(
            f"--min-mutation-score must be above 0 and at most 1, not "
            f"{options.min_mutation_score:g}; the usual one is 0.8"
        )
    return output


def _say(output: Path, kept: Sequence[Harvested], counts: HarvestCounts) -> None:
    scores = [each.examined.score for each in kept]
    print(
        f"{output}: {len(kept)} problems of {counts.num_examined} tried functions, mutation "
        f"score {mean(scores):.2f} on average, {min(scores):.2f} at least"
    )
    print(f"{manifest_path(output)}: files, lines, licences, scores, and what was left out")
    for reason, number in counts.left_out.most_common(_MOST_REASONS):
        print(f"  left out, {reason}: {number}")
    for name, by_detector in count_matches(counts.contaminated).items():
        found = ", ".join(f"{detector} {number}" for detector, number in by_detector.items())
        print(f"  contaminated by {name}: {found}")
    print(f'use it: python main.py fit --config ... --data.problem_files "[{output}]"')


def _nothing(sources: Sequence[str], counts: HarvestCounts) -> str:
    reasons = chain(counts.left_out.most_common(2), counts.not_found.most_common(2))
    said = "; ".join(f"{reason}: {number}" for reason, number in reasons)
    return (
        f"no function of {', '.join(sources)} became a problem, and nothing was written "
        f"({said or 'there is none'}); give code with pure functions at the first level of a file"
    )


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py data harvest",
        description="Make problems of pure functions: arguments are found by trial, values are "
        "recorded in the sandbox, and mutants prove that the cases tell right from wrong.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="stdlib, site-packages, a folder, a .py file, the name of a dataset, or another "
        "source of data.corpus",
    )
    parser.add_argument(
        "--datasets",
        nargs="+",
        metavar="NAME",
        default=[],
        help="datasets (main.py data list) whose programs are looked into, as codesearchnet",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="where datasets lie (default: LIT_CODER_DATA_DIR, then ./data)",
    )
    parser.add_argument(
        "--max-documents", type=int, metavar="N", help="of each source (default: all)"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="the .jsonl file to write")
    parser.add_argument("--max-functions", type=int, metavar="N", help="stop after so many")
    parser.add_argument(
        "--min-mutation-score",
        type=float,
        default=0.8,
        metavar="X",
        help="least share of wrong versions that the cases tell apart (default: 0.8)",
    )
    parser.add_argument(
        "--to-solve",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share written without references: a run learns from references, and its loop solves "
        "what has none (default: 0)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes; without it one for each core"
    )
    parser.add_argument(
        "--no-decontaminate",
        dest="decontaminate",
        action="store_false",
        help="keep what holds a task of HumanEval or MBPP",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    return parser
