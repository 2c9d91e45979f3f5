"""From jobs to what a worker launches, and from what came back to an `Execution`.

    payloads = encode_job(job)                      # candidate's job first, then the judge's
    execution = call_execution(job, launch)

Every message of a child is checked against the one order in which it can come: a program may
write anything on its channel, and what does not fit is a protocol error. It starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from lit_coder.problems.problem import Call, Construct, Operation
from lit_coder.sandbox.contract import (
    CallJob,
    CheckJob,
    Execution,
    ExecutionStatus,
    Features,
    Limits,
    Outcome,
)
from lit_coder.sandbox.endings import (
    ProtocolError,
    end_of,
    error_of,
    is_cut,
    limits_reached,
    make_execution,
    refuse_failed_setup,
    setup_failed,
    text_of,
)
from lit_coder.sandbox.inside.codec import encode
from lit_coder.sandbox.inside.frames import MAX_JOB_BYTES
from lit_coder.sandbox.inside.launching import WorkerDiedError
from lit_coder.sandbox.inside.program import BUILTIN_EXCEPTIONS
from lit_coder.sandbox.worker import ChildRecord, Launch

# JSON may triple the size; the frame that carries it is capped as well.
MAX_ENCODED_JOB_BYTES = MAX_JOB_BYTES // 3
_SHINGLES = re.compile("(?:[0-9a-f]{8})*")
# A script may end this way.
_CLEAN_EXITS = ("SystemExit", "SystemExit: 0")


@dataclass(frozen=True, slots=True)
class _Start:
    """How far the program came: `status` is None where it was loaded."""

    features: Features | None
    status: ExecutionStatus | None
    detail: str
    messages: tuple[object, ...]


def encode_call(job: CallJob) -> bytes:
    """The candidate's job: the program and its operations."""
    cases = tuple(tuple(_operation(each) for each in case) for case in job.cases)
    return encode(("cases", job.program, cases), MAX_ENCODED_JOB_BYTES)


def encode_check(job: CheckJob) -> tuple[bytes, bytes]:
    """The candidate's job, which holds no test, and the judge's, which holds no program."""
    check = job.check
    tests = (job.prelude, job.entry_point, check.setup, check.visible, check.hidden)
    return (
        encode(("serve", job.program, job.entry_point), MAX_ENCODED_JOB_BYTES),
        encode(("judge", *tests), MAX_ENCODED_JOB_BYTES),
    )


def encode_in_process(job: CheckJob) -> bytes:
    """Program and tests together, for the labelled fallback."""
    check = job.check
    tests = (job.entry_point, check.setup, check.visible, check.hidden)
    return encode(("in_process", job.program, *tests), MAX_ENCODED_JOB_BYTES)


def encode_stdio(program: str) -> bytes:
    """The program as a script; its standard input goes another way."""
    return encode(("stdio", program), MAX_ENCODED_JOB_BYTES)


def _operation(operation: Operation) -> tuple[object, ...]:
    if isinstance(operation, Call):
        return ("call", operation.function, operation.arguments)
    if isinstance(operation, Construct):
        return ("construct", operation.class_name, operation.arguments)
    return ("method", operation.method, operation.arguments)


def call_execution(job: CallJob, launch: Launch) -> Execution:
    """What happened to a CallJob."""
    record = launch.children[0]
    outcomes: list[list[Outcome]] = [[] for _ in job.cases]
    status: ExecutionStatus
    features = None
    try:
        start = _read_start(record, launch)
        features = start.features
        if start.status is not None:
            status, detail = start.status, start.detail
        else:
            is_done = _read_outcomes(start.messages, job, outcomes)
            status, detail = end_of(record, launch, job.limits, is_done)
    except ProtocolError as error:
        status, detail, outcomes = "protocol_error", str(error), []
    return make_execution(
        launch, status, detail, features, outcomes=tuple(tuple(case) for case in outcomes)
    )


def _read_outcomes(messages: Sequence[object], job: CallJob, outcomes: list[list[Outcome]]) -> bool:
    """Fill in the outcomes; whether the child said that it is done."""
    last_case = 0
    for position, message in enumerate(messages):
        match message:
            case ("outcome", int(index), kind, value):
                if not last_case <= index < len(job.cases) or _is_over(outcomes[index], job, index):
                    raise ProtocolError("an outcome for an operation that was not next")
                last_case = index
                outcomes[index].append(_outcome(kind, value))
            case ("done",) if position == len(messages) - 1:
                return True
            case _:
                raise ProtocolError("a reply that is not an outcome")
    return False


def _is_over(case_outcomes: Sequence[Outcome], job: CallJob, index: int) -> bool:
    if case_outcomes and case_outcomes[-1].exception is not None:
        return True
    return len(case_outcomes) >= len(job.cases[index])


def _outcome(kind: object, value: object) -> Outcome:
    if kind == "value":
        return Outcome(value=value)
    if kind == "exception" and isinstance(value, str) and value in BUILTIN_EXCEPTIONS:
        return Outcome(exception=value)
    if kind == "unsupported":
        return Outcome(unsupported=True)
    raise ProtocolError("an outcome of an unknown kind")


def check_execution(job: CheckJob, launch: Launch) -> Execution:
    """What happened to a CheckJob whose tests ran in the judge's process."""
    candidate, judge = launch.children
    num_tests = len(job.check.visible) + len(job.check.hidden)
    status: ExecutionStatus
    passed: list[bool] = []
    features = None
    try:
        start = _read_start(candidate, launch)
        features = start.features
        passed, end = _read_judge(judge, num_tests)
        if start.status is not None:
            status, detail = start.status, start.detail
        elif launch.reached_wall_limit:
            status, detail = "timeout", "over the wall limit"
        elif end is None:
            status, detail = end_of(judge, launch, job.limits, is_done=False)
            detail = f"the judge's process: {detail}"
        elif end[0] == "gone":
            status, detail = end_of(candidate, launch, job.limits, is_done=False)
        else:
            status, detail = end
    except ProtocolError as error:
        status, detail, passed = "protocol_error", str(error), []
    passed += [False] * (num_tests - len(passed))
    return _with_tests(job, launch, status, detail, features, passed)


def _read_judge(
    record: ChildRecord, num_tests: int
) -> tuple[list[bool], tuple[ExecutionStatus | Any, str] | None]:
    """Each test's result so far, and the judge's last word, if it had one."""
    if setup_failed(record):
        raise WorkerDiedError("the judge's process could not be set up")
    passed: list[bool] = []
    for message in record.messages:
        match message:
            case ("result", bool(result)) if len(passed) < num_tests:
                passed.append(result)
            case ("end", "completed" | "unsupported" | "protocol_error" | "gone" as status, str(d)):
                return passed, (status, d)
            case _:
                raise ProtocolError("a reply that is not a test's result")
    return passed, None


def in_process_execution(job: CheckJob, launch: Launch) -> Execution:
    """What the program's own process said of its tests: not to be trusted."""
    record = launch.children[0]
    status: ExecutionStatus
    features = None
    results: list[bool] = []
    try:
        start = _read_start(record, launch)
        features = start.features
        if start.status is not None:
            status, detail = start.status, start.detail
        else:
            results = [m[1] for m in start.messages if isinstance(m, tuple) and m[0] == "result"]
            is_done = start.messages[-1:] == (("done",),)
            status, detail = end_of(record, launch, job.limits, is_done)
    except ProtocolError as error:
        status, detail = "protocol_error", str(error)
    num_tests = len(job.check.visible) + len(job.check.hidden)
    # The first result is that of the set-up: without it nothing counts.
    setup_passed = bool(results) and results[0] is True
    passed = [setup_passed and result is True for result in results[1 : num_tests + 1]]
    passed += [False] * (num_tests - len(passed))
    return _with_tests(job, launch, status, detail, features, passed, trusted=False)


def stdio_execution(launches: Sequence[Launch], limits: Limits) -> Execution:
    """What happened to a StdioJob: `stdouts` ends before the first input that went wrong."""
    stdouts: list[str] = []
    status: ExecutionStatus = "completed"
    detail = ""
    features = None
    for launch in launches:
        record = launch.children[0]
        try:
            start = _read_start(record, launch)
            features = features or start.features
            if start.status is not None and start.detail not in _CLEAN_EXITS:
                status, detail = start.status, start.detail
            else:
                is_done = bool(start.messages) or record.wait_status == 0
                status, detail = end_of(record, launch, limits, is_done)
        except ProtocolError as error:
            status, detail = "protocol_error", str(error)
        if status != "completed":
            break
        stdouts.append(text_of(launch.stdout))
    output_bytes = sum(launch.output_bytes for launch in launches)
    return Execution(
        status=status,
        stdout="".join(text_of(launch.stdout) for launch in launches),
        stderr=text_of(launches[-1].stderr) if launches else "",
        stdouts=tuple(stdouts),
        cut_stdouts=tuple(
            index
            for index, launch in enumerate(launches[: len(stdouts)])
            if is_cut(launch) and len(launch.stdout) >= limits.output_bytes
        ),
        detail=detail,
        cpu_seconds=sum(launch.children[0].cpu_seconds for launch in launches),
        wall_seconds=sum(launch.wall_seconds for launch in launches),
        peak_memory_bytes=max((each.children[0].peak_memory_bytes for each in launches), default=0),
        features=features,
        limits_reached=limits_reached(status, detail, launches),
        output_bytes=output_bytes,
    )


def _read_start(record: ChildRecord, launch: Launch) -> _Start:
    """The first messages of every candidate: features, then whether it was loaded."""
    refuse_failed_setup(record)
    if record.broken:
        raise ProtocolError(record.broken)
    if not record.messages:
        return _Start(None, None, "", ())
    match record.messages:
        case (("syntax_error", str(text)),):
            return _Start(None, "syntax_error", text, ())
        case (("features", facts), *rest):
            features = _features(facts)
        case _:
            raise ProtocolError("a first reply that is not the program's features")
    match rest:
        case []:
            return _Start(features, None, "", ())
        case [("loaded",), *messages]:
            return _Start(features, None, "", tuple(messages))
        case [("error", str(name), str(text))]:
            return _Start(features, *error_of(name, text), ())
    raise ProtocolError("a reply in the wrong place")


def _features(facts: object) -> Features:
    match facts:
        case (str(exact), str(renamed), int(nodes), int(lines), int(branches), unused, *more):
            style = _style(more)
            if style is not None and _are_texts(unused):
                return Features(exact, renamed, nodes, lines, branches, unused, *style)
    raise ProtocolError("malformed features")


def _style(more: Sequence[object]) -> tuple[int, tuple[str, ...], str] | None:
    match more:
        case []:
            return 0, (), ""
        case [int(dead), documented, str(shingles)] if _are_texts(documented):
            if _SHINGLES.fullmatch(shingles):
                return dead, documented, shingles
    return None


def _are_texts(values: object) -> TypeGuard[tuple[str, ...]]:
    return isinstance(values, tuple) and all(isinstance(value, str) for value in values)


def _with_tests(
    job: CheckJob,
    launch: Launch,
    status: ExecutionStatus,
    detail: str,
    features: Features | None,
    passed: Sequence[bool],
    trusted: bool = True,
) -> Execution:
    num_visible = len(job.check.visible)
    return make_execution(
        launch,
        status,
        detail,
        features,
        visible_passed=tuple(passed[:num_visible]),
        hidden_passed=tuple(passed[num_visible:]),
        trusted=trusted,
    )
