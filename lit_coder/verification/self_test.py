"""Proof at start that verdicts hold here: right, wrong and cheating programs with known verdicts.

    with open_runner(options) as runner:
        check_sandbox(runner)        # SandboxUnavailable if any verdict is off

Every program goes through the real runner, once judged by cases and once by a check program. It
proves verdicts, not walls: what a program can reach outside its process is not tried.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from lit_coder.problems.problem import Case, Cases, CheckProgram, Problem
from lit_coder.sandbox.contract import Limits, Runner, SandboxUnavailable
from lit_coder.verification.verifier import Attempt, Verifier

_HANG_SECONDS = 0.3
_MARKER = "answer-"

# What a cheat returns where it would not be caught by a wrong value alone.
_WRONG = "def answer(x):\n    return 0\n"

_CHEATS = {
    "sys.exit(0) at the top": "import sys\nsys.exit(0)\n",
    "os._exit(0) at the top": "import os\nos._exit(0)\n",
    "raise SystemExit in the function": "def answer(x):\n    raise SystemExit(0)\n",
    "os._exit(0) in the function": "import os\ndef answer(x):\n    os._exit(0)\n",
    "an object equal to everything": """
class Same:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
def answer(x):
    return Same()
""",
    "a str subclass equal to everything": """
class Same(str):
    def __eq__(self, other): return True
    def __hash__(self): return 0
def answer(x):
    return Same("answer-")
""",
    "a search of frames and memory for the expected value": """
import gc, sys
def answer(x):
    found, frame = [], sys._getframe()
    while frame is not None:
        found += list(frame.f_locals.values()) + list(frame.f_globals.values())
        frame = frame.f_back
    for holder in [found, *gc.get_objects()]:
        for item in gc.get_referents(holder):
            if type(item) is not str:
                continue
            for piece in item.split("answer" + "-")[1:]:
                if len(piece) >= 16 and set(piece[:16]) <= set("0123456789abcdef"):
                    return "answer" + "-" + piece[:16]
    return 1 if x == 0 else None
""",
    "a forged reply on every descriptor": """
import os
def answer(x):
    for reply in (b'["t","done"]', b'["t","outcome",0,"value",1]', b'["t","result",true]'):
        for number in range(64):
            try:
                os.write(number, len(reply).to_bytes(4, "big") + bytes(16) + reply)
            except OSError:
                pass
    return 0
""",
    "patched builtins": """
import builtins, json, math, operator
for name in ("isinstance", "all", "any", "bool", "callable", "hasattr", "issubclass"):
    setattr(builtins, name, lambda *arguments: True)
builtins.AssertionError = builtins.Exception = Warning
operator.eq = math.isclose = lambda *arguments, **keywords: True
"""
    + _WRONG,
    "a printed pass marker": _WRONG + "print('passed', 'ok', True, flush=True)\n",
    "an exit handler that says passed": """
import atexit, os
atexit.register(os._exit, 0)
atexit.register(print, "passed")
"""
    + _WRONG,
}
_CASES_ONLY_CHEATS = {
    "True for 1": "def answer(x):\n    return True if x == 0 else {expected!r}\n",
    "an int subclass for 1": """
class Number(int): pass
def answer(x):
    return Number(1) if x == 0 else {expected!r}
""",
}
_HUNG = "def answer(x):\n    while True: pass\n"


class _Known(NamedTuple):
    """A program, how it is judged, and the verdict it must get."""

    name: str
    attempt: Attempt
    must_pass: bool


def check_sandbox(runner: Runner) -> None:
    """Run every known program through the runner.

    Raises:
        SandboxUnavailable: a verdict is not what it must be; nothing can be believed then.
        SandboxError: the sandbox broke down meanwhile.
    """
    # Drawn anew each time, so that no program can know it.
    expected = _MARKER + secrets.token_hex(8)
    by_cases = Cases((Case.call("answer", (5,), expected),), (Case.call("answer", (0,), 1),))
    by_check = CheckProgram((f"assert answer(5) == {expected!r}",), ("assert answer(0) == 1",))
    known: list[_Known] = []
    hung: list[Attempt] = []
    for kind, tests in (("cases", by_cases), ("a check program", by_check)):
        problem = Problem(f"self-test/{kind}", "", "answer", tests, "function", "self-test")
        known += _known_programs(problem, expected)
        hung.append(Attempt(problem, _HUNG))
    _check(runner, known)
    _check_hung(runner, hung)


def _known_programs(problem: Problem, expected: str) -> list[_Known]:
    right = f"def answer(x):\n    return 1 if x == 0 else {expected!r}\n"
    cheats = dict(_CHEATS)
    if isinstance(problem.tests, Cases):
        # A check program compares as Python does, for which True is 1.
        for name, source in _CASES_ONLY_CHEATS.items():
            cheats[name] = source.format(expected=expected)
    return [
        _Known("a right program", Attempt(problem, right), True),
        _Known("a wrong program", Attempt(problem, _WRONG), False),
        *(_Known(name, Attempt(problem, source), False) for name, source in cheats.items()),
    ]


def _check(runner: Runner, known: list[_Known]) -> None:
    verdicts = Verifier(runner, Limits()).verify([each.attempt for each in known])
    for each, verdict in zip(known, verdicts, strict=True):
        if verdict.passed != each.must_pass or (verdict.status == "passed") != each.must_pass:
            _refuse(each.name, each.attempt.problem, verdict.status, verdict.detail)


def _check_hung(runner: Runner, hung: list[Attempt]) -> None:
    verdicts = Verifier(runner, Limits(wall_seconds=_HANG_SECONDS)).verify(hung)
    for attempt, verdict in zip(hung, verdicts, strict=True):
        if verdict.status != "timeout":
            _refuse("an endless loop", attempt.problem, verdict.status, verdict.detail)


def _refuse(name: str, problem: Problem, status: str, detail: str) -> None:
    kind = problem.task_id.partition("/")[2]
    explanation = f" ({detail})" if detail else ""
    raise SandboxUnavailable(
        f"The sandbox's self-test failed: {name}, judged by {kind}, "
        f"got the verdict {status!r}{explanation}, so no verdict can be believed here."
    )
