"""Hashes of benchmarks that say whether a text holds one of their tasks; no text is in them.

    fingerprints = BenchmarkFingerprints.of([load_benchmark("humaneval")])
    fingerprints.save(path)
    packaged_fingerprints().benchmarks      # HumanEval, MBPP, MBPP+ and their checksums

What comes with the package was made by `python -m benchmarks.decontamination --write-fingerprints`,
so that training data are compared with benchmarks whose files are not here. Of MBPP, the tasks of
the test and the prompt split count: the others are there to be trained on. Kept of each task are
the runs of ten words of its statement and its solution, and the syntax of the functions of its
solution, by `program_signs.py` and `syntax_fingerprints.py`. A function of fewer nodes than
`MIN_BODY_NODES` is anybody's (`return x + y`), and so is a single statement of fewer than
`MIN_STATEMENT_NODES`. Measured on HumanEval and MBPP's test and prompt split, renamed and without
docstring, and on files of the standard library and of this package:

    smallest body, single statement    8, 12    10, 10    10, 12    12, 12    14, 14
    tasks found, of 674                   623       612       600       583       544
    files taken for one, of 2,170           5         9         4         4         1
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from lit_coder.corpora.program_signs import program_signs
from lit_coder.corpora.rolling_hashes import RollingHashes
from lit_coder.corpora.run_index import RunIndex
from lit_coder.corpora.syntax_fingerprints import Kinds, function_bodies
from lit_coder.problems.benchmarks.benchmark import Benchmark, BenchmarkTask
from lit_coder.problems.python_text import parse_quietly
from lit_coder.sandbox.inside.features import describe

MIN_BODY_NODES, MIN_STATEMENT_NODES = 8, 12
"""Nodes of the smallest function's body that is looked for: of several statements, of one."""

BEGINNINGS = (32, 16, 8, 4)
"""Lengths of beginnings of bodies: each body is looked for by the longest that it has."""

PACKAGED_FILE = Path(__file__).parent / "benchmark_fingerprints.npz"
_WORDING_FIELDS = ("text", "prompt", "question_content", "code", "canonical_solution")
_MBPP_PROMPT_SPLIT = range(1, 11)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class CoveredBenchmark:
    """A benchmark that is looked for.

    Attributes:
        name: as "humaneval".
        version: the start of its file's SHA-256.
        release: what that file is known as.
        num_tasks: how many of its tasks are looked for.
        splits: which those are.
    """

    name: str
    version: str
    release: str
    num_tasks: int
    splits: str


@dataclass(frozen=True, slots=True)
class Body:
    """The syntax of a function's body.

    Attributes:
        task: number of the task.
        beginning: hash of the first `beginning_length(shape_length)` of its signs without names.
        shape_length, shape_hash: of all of them.
        kinds: classes of its statements.
        fingerprint: of its syntax tree with variables renamed.
    """

    task: int
    beginning: int
    shape_length: int
    shape_hash: int
    kinds: Kinds
    fingerprint: str


class BenchmarkFingerprints:
    """What is kept of benchmarks.

    Attributes:
        benchmarks: which ones.
        tasks: of each task its benchmark's number and its name.
        runs: words of their texts; owners are numbers of tasks.
        bodies: their functions.
        programs: tasks by the renamed fingerprint of a whole solution, as verdicts have it.
    """

    def __init__(
        self,
        benchmarks: Sequence[CoveredBenchmark],
        tasks: Sequence[tuple[int, str]],
        runs: RunIndex,
        bodies: Sequence[Body],
        programs: dict[str, int],
    ) -> None:
        self.benchmarks = tuple(benchmarks)
        self.tasks = tuple(tasks)
        self.runs = runs
        self.bodies = tuple(bodies)
        self.programs = programs

    @classmethod
    def of(cls, benchmarks: Sequence[Benchmark]) -> BenchmarkFingerprints:
        """The fingerprints of benchmarks whose files are here."""
        covered: list[CoveredBenchmark] = []
        tasks: list[tuple[int, str]] = []
        texts: list[tuple[int, str]] = []
        bodies: list[Body] = []
        programs: dict[str, int] = {}
        for number, benchmark in enumerate(benchmarks):
            chosen, splits = _looked_for(benchmark)
            for task in chosen:
                texts += [(len(tasks), text) for text in _texts(task)]
                bodies += _bodies(task, len(tasks))
                if (program := _program_fingerprint(task)) is not None:
                    programs[program] = len(tasks)
                tasks.append((number, task.task_id))
            covered.append(
                CoveredBenchmark(
                    benchmark.name, benchmark.version, benchmark.release, len(chosen), splits
                )
            )
        return cls(covered, tasks, RunIndex.of(texts), bodies, programs)

    def save(self, path: Path) -> None:
        """Write everything into a file, the same bytes for the same benchmarks."""
        kinds = sorted({body.kinds for body in self.bodies})
        about = {
            "format": _FORMAT,
            "benchmarks": [asdict(each) for each in self.benchmarks],
            "tasks": self.tasks,
            "kinds": kinds,
        }
        rows = [(b.task, b.shape_length, kinds.index(b.kinds)) for b in self.bodies]
        arrays: dict[str, NDArray[Any]] = {
            "about": numpy.frombuffer(json.dumps(about).encode(), numpy.uint8),
            "bodies": numpy.array(rows, numpy.uint32).reshape(-1, 3),
            "beginnings": numpy.array([b.beginning for b in self.bodies], numpy.uint64),
            "shapes": numpy.array([b.shape_hash for b in self.bodies], numpy.uint64),
            "trees": _as_numbers([b.fingerprint for b in self.bodies]),
            "programs": _as_numbers(list(self.programs)),
            "program_tasks": numpy.array(list(self.programs.values()), numpy.uint32),
            **self.runs.arrays(),
        }
        numpy.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> BenchmarkFingerprints:
        """Read what `save` wrote.

        Raises:
            ValueError: the file is missing or damaged.
        """
        try:
            with numpy.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(arrays["about"].tobytes())
            kinds = [tuple(each) for each in about["kinds"]]
            bodies = [
                Body(task, beginning, length, shape, kinds[kind], f"{tree:016x}")
                for (task, length, kind), beginning, shape, tree in zip(
                    arrays["bodies"].tolist(),
                    arrays["beginnings"].tolist(),
                    arrays["shapes"].tolist(),
                    arrays["trees"].tolist(),
                    strict=True,
                )
            ]
            programs = zip(
                arrays["programs"].tolist(), arrays["program_tasks"].tolist(), strict=True
            )
            return cls(
                [CoveredBenchmark(**each) for each in about["benchmarks"]],
                [(number, name) for number, name in about["tasks"]],
                RunIndex.from_arrays(arrays),
                bodies,
                {f"{program:016x}": task for program, task in programs},
            )
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"the benchmarks' fingerprints {path} cannot be read ({error}); install lit_coder "
                "again"
            ) from error


@functools.cache
def packaged_fingerprints() -> BenchmarkFingerprints:
    """What comes with the package.

    Raises:
        ValueError: the file is missing or damaged.
    """
    return BenchmarkFingerprints.load(PACKAGED_FILE)


def _looked_for(benchmark: Benchmark) -> tuple[Sequence[BenchmarkTask], str]:
    if benchmark.measured is None:
        return benchmark.tasks, "all"
    if not benchmark.name.startswith("mbpp"):
        return benchmark.measured_tasks, "test"
    prompts = [t for t in benchmark.tasks if _number(t) in _MBPP_PROMPT_SPLIT]
    return [*prompts, *benchmark.measured_tasks], "prompt (1-10) and test (11-510)"


def _number(task: BenchmarkTask) -> int:
    return int(task.task_id.partition("/")[2])


def _texts(task: BenchmarkTask) -> Iterator[str]:
    texts = [task.problem.prompt, task.problem.reference or ""]
    texts += [str(task.record.get(name) or "") for name in _WORDING_FIELDS]
    yield from dict.fromkeys(texts)


def _program(task: BenchmarkTask) -> str:
    reference = task.problem.reference or str(task.record.get("code") or "")
    return task.problem.program(reference)


def _bodies(task: BenchmarkTask, number: int) -> list[Body]:
    program = _program(task)
    try:
        tree = parse_quietly(program)
    except SyntaxError:
        return []
    lines = program.splitlines(keepends=True)
    found: dict[str, Body] = {}
    for part in function_bodies(tree):
        if part.num_nodes < (MIN_BODY_NODES if len(part.kinds) > 1 else MIN_STATEMENT_NODES):
            continue
        first, last = part.statements[0], part.statements[-1]
        shape = program_signs("".join(lines[first.lineno - 1 : last.end_lineno])).shape
        length = beginning_length(len(shape))
        if length == 0:
            continue
        found[part.fingerprint] = Body(
            number,
            RollingHashes(shape[:length]).whole(),
            len(shape),
            RollingHashes(shape).whole(),
            part.kinds,
            part.fingerprint,
        )
    return list(found.values())


def _program_fingerprint(task: BenchmarkTask) -> str | None:
    try:
        _, renamed, num_nodes, *_ = describe(parse_quietly(_program(task)), "")
    except SyntaxError:
        return None
    return renamed[:16] if num_nodes >= MIN_STATEMENT_NODES else None


def _as_numbers(fingerprints: Sequence[str]) -> NDArray[numpy.uint64]:
    return numpy.array([int(each, 16) for each in fingerprints], numpy.uint64)


def beginning_length(shape_length: int) -> int:
    """How many of a body's signs are looked for first; 0 where it has too few to mean anything."""
    return next((length for length in BEGINNINGS if length <= shape_length), 0)
