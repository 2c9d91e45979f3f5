r"""Reads rows of benchmarks, by the readers that scores are made with.

    record = BENCHMARK_READERS["mbpp"](Cells(row, number=1))
    record.name, record.problem.reference       # "MBPP/11", ...

What a model would learn from such a row is its whole program: the prompt and the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lit_coder.corpora.datasets.cells import Cells, RowFault, without_place
from lit_coder.corpora.datasets.record import Record
from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.benchmarks.bigcodebench import bigcodebench_task
from lit_coder.problems.benchmarks.cruxeval import cruxeval_task
from lit_coder.problems.benchmarks.evalplus import humaneval_plus_task, mbpp_plus_task
from lit_coder.problems.benchmarks.humaneval import humaneval_task
from lit_coder.problems.benchmarks.infilling import infilling_task
from lit_coder.problems.benchmarks.livecodebench import livecodebench_task
from lit_coder.problems.benchmarks.mbpp import mbpp_task, sanitized_task
from lit_coder.problems.benchmarks.records import SourceRecord

# Tasks of MBPP's splits, by their numbers; 1 to 10 are for prompts.
MBPP_SPLITS = {
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
}


def pack_task(record: SourceRecord) -> BenchmarkTask:
    """The task of a row of HumanEvalPack: HumanEval's, whose draft is the published wrong solution.

    Raises:
        ValueError: a field is missing.
    """
    number = record.text("task_id").rpartition("/")[2]
    # Its tests end with the call of `check`, which a judge makes by itself.
    test, entry_point = record.text("test"), record.text("entry_point")
    setup = test.replace(f"\ncheck({entry_point})", "")
    fields = {**record.fields, "task_id": f"HumanEval/{number}", "test": setup}
    task = humaneval_task(SourceRecord(fields, record.place, record.remedy))
    problem = replace(
        task.problem,
        task_id=f"HumanEvalPack/{number}",
        source="humanevalpack",
        draft=record.text("buggy_solution"),
    )
    return BenchmarkTask(problem, task.record)


def _reader(task_of: Callable[[SourceRecord], BenchmarkTask]) -> Callable[[Cells], Record]:
    def read(cells: Cells) -> Record:
        try:
            task = task_of(cells.source_record())
        except ValueError as error:
            raise RowFault(without_place(str(error))) from error
        problem = task.problem
        reference = problem.reference
        text = "" if reference is None else problem.program(reference)
        if reference is not None and not reference.strip():
            raise RowFault("the solution is empty")
        return Record(
            problem.task_id,
            "problem",
            instruction_of(task.record) or problem.prompt,
            text,
            problem,
            language=problem.language,
        )

    return read


def instruction_of(fields: Mapping[str, Any]) -> str:
    """What is asked for in words, under the names that benchmarks give it."""
    for name in ("text", "instruct_prompt", "question_content", "prompt"):
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            starter = str(fields.get("starter_code") or "").rstrip()
            return f"{value.rstrip()}\n\n{starter}\n" if starter else value
    return ""


def _cruxeval(cells: Cells) -> Record:
    record = _reader(cruxeval_task)(cells)
    code, given, output = (cells.text(name) for name in ("code", "input", "output"))
    text = f"{code.rstrip()}\n\nassert f({given}) == {output}\n"
    return replace(record, instruction=f"What does f({given}) return?\n\n{code}", text=text)


BENCHMARK_READERS: dict[str, Callable[[Cells], Record]] = {
    "humaneval": _reader(humaneval_task),
    "mbpp": _reader(mbpp_task),
    "mbpp_sanitized": _reader(sanitized_task),
    "humaneval_plus": _reader(humaneval_plus_task),
    "mbpp_plus": _reader(mbpp_plus_task),
    "humaneval_infilling": _reader(infilling_task),
    "humanevalpack": _reader(pack_task),
    "cruxeval": _cruxeval,
    "bigcodebench_hard": _reader(bigcodebench_task),
    "livecodebench": _reader(livecodebench_task),
}
