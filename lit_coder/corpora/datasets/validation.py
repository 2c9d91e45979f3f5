r"""Shows that the rows of a dataset hold: their tests pass, their programs parse or run.

    with open_runner(SandboxOptions()) as runner:
        for check in RecordChecks(spec, runner, limits).check(dataset.records()):
            check.holds, check.reason           # True, "" / False, "test 2 of 3 failed" / None, ...

How a row is checked, its dataset says: a problem's reference passes its own tests; a program
parses; a program runs without an error; the code in an answer parses and runs. Everything happens
in the sandbox, parsing too. Tests that need the program's own objects run in its process, as a
published solution is not out to forge its verdict. What cannot be checked (no solution, another
language) counts neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from lit_coder.corpora.datasets.fences import python_blocks
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.spec import DatasetSpec, Validation
from lit_coder.problems.problem import Answer
from lit_coder.sandbox.contract import Execution, Job, Limits, Runner, StdioJob
from lit_coder.verification.verifier import Attempt, Verifier, judge_execution

_BATCH_RECORDS = 64
_PARSES = "parses"
_PARSER = f"""\
import ast, sys, warnings

warnings.simplefilter("ignore")
try:
    ast.parse(sys.stdin.read())
except SyntaxError as error:
    print(error.msg)
except (ValueError, RecursionError, MemoryError) as error:
    print(type(error).__name__)
else:
    print({_PARSES!r})
"""


class Check(NamedTuple):
    """What was found of one record.

    Attributes:
        record: the record.
        holds: None where it cannot be checked.
        reason: why it does not hold or cannot be checked, "" where it holds.
        detail: the same with what the program said.
    """

    record: Record
    holds: bool | None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one record is checked; without a job it is not."""

    record: Record
    way: Validation
    job: Job | None = None
    obstacle: str = ""
    fault: str = ""


class RecordChecks:
    """Checks records of one dataset with a runner that is already running."""

    def __init__(self, spec: DatasetSpec, runner: Runner, limits: Limits) -> None:
        self._spec = spec
        self._runner = runner
        self._limits = limits
        self._verifier = Verifier(runner, limits, allow_in_process=True)

    def check(self, records: Iterable[Record]) -> Iterator[Check]:
        """The records with what was found, in their order.

        Raises:
            SandboxError: the sandbox broke down.
        """
        stream = iter(records)
        while batch := list(islice(stream, _BATCH_RECORDS)):
            plans = [self._plan(record) for record in batch]
            executions = self._runner.run(plan.job for plan in plans if plan.job is not None)
            for plan in plans:
                if plan.job is None:
                    yield _unrun(plan)
                else:
                    yield _judged(plan, next(executions))

    def _plan(self, record: Record) -> _Plan:
        way = way_for(self._spec, record)
        if record.language != "python":
            return _Plan(record, way, obstacle=f"is {record.language}")
        if way in ("unit tests", "test cases"):
            return self._tested(record, way)
        text = record.text
        if way == "question-answer" and record.kind == "question-answer":
            found = python_blocks(text)
            if not found:
                return _Plan(record, way, fault="the answer has no code block")
            text = "\n".join(found)
        if not text.strip():
            return _Plan(record, way, obstacle="has no program")
        if way == "syntax":
            return _Plan(record, way, StdioJob(_PARSER, (text,), self._limits))
        return _Plan(record, way, StdioJob(text, ("",), self._limits))

    def _tested(self, record: Record, way: Validation) -> _Plan:
        problem = record.problem
        if problem is None or problem.reference is None or isinstance(problem.tests, Answer):
            return _Plan(record, way, obstacle="no solution is published")
        job = self._verifier.job(Attempt(problem, problem.reference))
        return _Plan(record, way, job)


def way_for(spec: DatasetSpec, record: Record) -> Validation:
    """How a record is checked: as its dataset says, or as its kind allows where it has no tests."""
    if record.problem is not None or spec.validation not in ("unit tests", "test cases"):
        return spec.validation
    return {"text": "syntax", "instruction": "execution"}.get(  # type: ignore[return-value]
        record.kind, "question-answer"
    )


def _unrun(plan: _Plan) -> Check:
    if plan.fault:
        return Check(plan.record, False, plan.fault, plan.fault)
    return Check(plan.record, None, plan.obstacle, plan.obstacle)


def _judged(plan: _Plan, execution: Execution) -> Check:
    record = plan.record
    if plan.way in ("unit tests", "test cases"):
        assert record.problem is not None
        verdict = judge_execution(record.problem, execution)
        if verdict.passed:
            return Check(record, True)
        reason = "its tests fail" if verdict.status == "failed" else _reason(execution)
        return Check(record, False, reason, verdict.detail or reason)
    if execution.status != "completed":
        return Check(record, False, _reason(execution), execution.detail)
    said = "".join(execution.stdouts).strip()
    if plan.way == "syntax" and said != _PARSES:
        return Check(record, False, "does not parse", said)
    return Check(record, True)


def _reason(execution: Execution) -> str:
    """What went wrong in words that many rows share."""
    if execution.status == "syntax_error":
        return "does not parse"
    if execution.status != "error":
        return execution.status.replace("_", " ")
    name = execution.detail.partition(":")[0].strip().rpartition(" ")[2]
    return f"raises {name}" if name.isidentifier() else "ends with an error"
