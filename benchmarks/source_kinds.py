"""One round of recursion on every kind of source: the families' five, a dataset, real functions.

    python -m benchmarks.source_kinds                           # LIT_CODER_DATA_DIR holds MBPP
    python -m benchmarks.source_kinds --sources problem_solving mbpp_train

Each source gets a fit through the command line, up to its first round: a tiny GPT, the real
callback, sandbox, selection and pool. What answers is not the model, which could solve nothing yet,
but two programs for each problem, its reference and one that does nothing: a round is right where
every reference passes and nothing else does. `harvested` is functions found in a few modules of the
standard library by `data harvest`; the run learns from one half and solves the other. Seconds are
elapsed ones of the whole fit. Exits with 1 where a round is missing or a reference fails.

The solver of this file is named to the fit as `benchmarks.source_kinds.KnownAndWrong`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lit_coder.generation.contract import SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.problem_writing import write_problems
from lit_coder.problems.registry import GROUPS
from lit_coder.recursion.round_record import read_records
from lit_coder.recursion.solvers import Draft, Solver
from lit_coder.tokenizer import CodeTokenizer

REPOSITORY = Path(__file__).parents[1]
DATASET, HARVESTED = "mbpp_train", "harvested"
SOURCES = (*GROUPS, DATASET, HARVESTED)
MODULES = ("colorsys", "textwrap", "posixpath", "keyword", "statistics", "bisect", "fnmatch")
"""Where functions are looked for: small modules of the standard library."""

_NUM_PROBLEMS = 12
_OPTIONS = (
    f"--config={REPOSITORY / 'configs' / 'quickstart.yaml'}",
    "--data.num_labelled=40",
    "--data.num_held_out=1",
    "--data.batch_size=4",
    "--data.max_sequence_length=1024",
    "--trainer.max_steps=4",
    "--trainer.enable_progress_bar=false",
    "--recursion.start_after_steps=2",
    "--recursion.every_n_steps=2",
    f"--recursion.num_problems={_NUM_PROBLEMS}",
    "--recursion.max_new_tokens=40",
    "--recursion.solver=benchmarks.source_kinds.KnownAndWrong",
    "--model.init_args.hidden_size=32",
    "--model.init_args.num_hidden_layers=1",
    "--model.init_args.num_attention_heads=2",
    "--checkpoint.every_n_train_steps=0",
    "--sandbox.workers=1",
)


class KnownAndWrong(Solver):
    """Hands in the reference of each problem, and a program that does nothing.

    Args:
        references: JSON file of references by task, for problems that come without one.
    """

    def __init__(self, references: str | None = None) -> None:
        text = Path(references).read_text(encoding="utf-8") if references else "{}"
        self.references: dict[str, str] = json.loads(text)

    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        """Two drafts for each problem."""
        drafts = []
        for problem in problems:
            reference = problem.reference or self.references[problem.task_id]
            nothing = "pass\n" if problem.kind == "program" else "\n    pass\n"
            drafts += [
                Draft(problem, text, (), (), True, "reference", "") for text in (reference, nothing)
            ]
        return drafts


@dataclass(frozen=True, slots=True)
class Row:
    """What the first round of one source did."""

    source: str
    problems: int
    completions: int
    passed: int
    accepted: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether all references passed, and nothing else."""
        return self.problems > 0 and self.passed == self.problems == self.completions // 2


def run_source(source: str, folder: Path, modules: Sequence[str]) -> Row:
    """One fit up to its first round.

    Raises:
        ValueError: the fit failed, or no function was harvested; the message says where it stands.
    """
    started = time.monotonic()
    run_folder = folder / source
    run_folder.mkdir(parents=True)
    options = [f"--data.families=[{source}]"]
    if source == DATASET:
        options = ["--data.families=[]", f"--data.datasets=[{DATASET}]"]
    elif source == HARVESTED:
        options = _harvested(run_folder, modules)
    _call(["fit", *_OPTIONS, *options, f"--trainer.default_root_dir={run_folder / 'run'}"],
          folder / f"{source}.log")  # fmt: skip
    records = read_records(run_folder / "run" / "rounds")
    if not records:
        raise ValueError(f"no round was committed, see {folder / source}.log")
    totals = next((each.totals for each in records if each.totals.generated), records[-1].totals)
    return Row(
        source,
        totals.problems,
        totals.generated,
        totals.passed_visible,
        totals.accepted,
        time.monotonic() - started,
    )


def _harvested(folder: Path, modules: Sequence[str]) -> list[str]:
    """Harvest functions of the modules; the options of a fit on them."""
    texts, found = folder / "modules", folder / "found.jsonl"
    texts.mkdir()
    for module in modules:
        path = Path(sysconfig.get_path("stdlib")) / f"{module}.py"
        if not path.is_file():
            raise ValueError(
                f"--modules {module}: the standard library has no file {module}.py; name another"
            )
        shutil.copy(path, texts / path.name)
    command = ["data", "harvest", str(texts), "--output", str(found), "--max-functions", "8"]
    _call([*command, "--workers", "1"], folder.parent / "harvest.log")
    problems = read_problems(found)
    if len(problems) < 2:
        raise ValueError("fewer than two functions were harvested; name more modules in --modules")
    cut = len(problems) // 2
    write_problems(folder / "solved.jsonl", problems[:cut])
    write_problems(
        folder / "open.jsonl", [replace(each, reference=None) for each in problems[cut:]]
    )
    references = {problem.task_id: problem.reference for problem in problems[cut:]}
    (folder / "references.json").write_text(json.dumps(references), encoding="utf-8")
    return [
        "--data.families=[]",
        f"--data.problem_files=[{folder / 'solved.jsonl'},{folder / 'open.jsonl'}]",
        f"--recursion.solver.references={folder / 'references.json'}",
    ]


def _call(arguments: list[str], log_path: Path) -> None:
    """The command line in this process, which has loaded everything already; output to the log."""
    from lit_coder.__main__ import main as lit_coder

    with (
        log_path.open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        try:
            status = lit_coder(arguments)
        except SystemExit as exit:
            status = exit.code if isinstance(exit.code, int) else 1
    if status:
        last = log_path.read_text(encoding="utf-8").strip().rpartition("\n")[2]
        raise ValueError(f"{arguments[0]} failed, see {log_path}: {last}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sources one after the other; 1 where a round is missing or wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sources", nargs="+", default=list(SOURCES), choices=SOURCES)
    parser.add_argument("--modules", nargs="+", default=list(MODULES), metavar="NAME")
    parser.add_argument("--output", type=Path, help="keep runs and logs in this new folder")
    given = parser.parse_args(arguments)
    if given.output is not None and given.output.exists():
        parser.error(f"--output {given.output} is there already; remove it or name another")
    # The fits import this file's solver by its name, wherever they are started.
    sys.path.insert(0, str(REPOSITORY))
    rows, faults = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.path.abspath(given.output or Path(temporary) / "runs"))
        folder.mkdir(parents=True)
        for source in given.sources:
            try:
                rows.append(run_source(source, folder, given.modules))
            except ValueError as error:
                faults.append(f"{source}: {error}")
                continue
            if not rows[-1].is_right:
                faults.append(f"{source}: not all references passed, or something else did")
    print(
        f"{'source':22}{'problems':>9}{'completions':>12}{'passed':>8}{'accepted':>9}{'seconds':>9}"
    )
    for row in rows:
        print(
            f"{row.source:22}{row.problems:9}{row.completions:12}{row.passed:8}"
            f"{row.accepted:9}{row.seconds:9.1f}"
        )
    for fault in faults:
        print(f"benchmarks.source_kinds: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
