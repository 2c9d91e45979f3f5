"""Which functions are taken, and with what of their module."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.finding import Place, find_candidates
from lit_coder.harvesting.harvest import HarvestCounts
from lit_coder.sandbox.contract import Execution, Job, Limits, SandboxError
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions

FindCandidates = Callable[..., list[Candidate]]

MODULE = '''"""A module."""
import os, re as regular
from math import floor, ceil

WIDTH = 4
TABLE = {}
TABLE["a"] = 1
UNUSED = open


def helper(text):
    return regular.sub("x", "y", text)


@property
def unused():
    pass


def wanted(text: str, width=WIDTH):
    """Say it."""
    # the reason
    first = helper(text)   # odd   spacing
    return first[:floor(width)] + str(TABLE)
'''


def test_a_function_comes_with_what_it_needs_as_it_was_written(find: FindCandidates) -> None:
    candidate = find(MODULE)[-1]
    assert candidate.name == "wanted"
    assert candidate.context == (
        "import re as regular\nfrom math import floor\n\n\n"
        'WIDTH = 4\nTABLE = {}\nTABLE["a"] = 1\n\n\n'
        'def helper(text):\n    return regular.sub("x", "y", text)\n'
    )
    assert candidate.header == "def wanted(text: str, width=WIDTH):\n"
    assert candidate.docstring == '    """Say it."""\n'
    assert candidate.body.startswith("    # the reason\n    first = helper(text)   # odd")
    assert candidate.licence == "MIT"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(path):\n    return open(path).name + path * 2 + path\n", "uses open"),
        ("import time\ndef f(x):\n    return time.time() + x * 2 + x * 3 - x\n", "uses .time"),
        ("import os\ndef f(x):\n    return os.getcwd() + x * 2 + x * 3 + x\n", "uses os.getcwd"),
        ("def f(x):\n    for i in range(x):\n        yield i * 2 + x * 3\n", "is a generator"),
        ("async def f(x):\n    return x * 2 + x * 3 + x * 4 + x\n", "is asynchronous"),
        ("SEEN = []\ndef f(x):\n    SEEN.append(x)\n    return len(SEEN) + x * 2\n", "has state"),
        ("def f(self, x):\n    return self.a * 2 + x * 3 + x * 4\n", "is a method"),
        ("def f(x):\n    return missing(x) * 2 + x * 3 + x * 4\n", "its module does not give"),
        ("from . import a\ndef f(x):\n    return a(x) * 2 + x * 3 + x\n", "imports relatively"),
        (
            "import random as r\ndef f(x):\n    return r.choice(x) + x * 2 + x * 3\n",
            "imports random",
        ),
    ],
)
def test_what_may_be_impure_is_refused_with_the_reason(
    find: FindCandidates, counts: HarvestCounts, text: str, reason: str
) -> None:
    assert find(text) == []
    (refused,) = counts.refused
    assert reason in refused.reason


def test_a_name_of_an_impure_builtin_may_be_a_parameter(find: FindCandidates) -> None:
    assert len(find("def f(input):\n    return [each * 2 for each in input if each > 1]\n")) == 1


def test_a_body_beside_its_signature_is_put_below(find: FindCandidates) -> None:
    (candidate,) = find("def f(x, y={1: 2}): return x * 2 + x * 3 + x * 4 + y[1]\n")
    assert candidate.header == "def f(x, y={1: 2}):\n"
    assert candidate.body == "    return x * 2 + x * 3 + x * 4 + y[1]\n"


def test_calls_in_another_file_are_examples_and_a_copy_is_taken_once(
    find: FindCandidates, counts: HarvestCounts
) -> None:
    text = "def f(a, b):\n    return [each for each in a if each != b] + [b]\n"
    (candidate,) = find(text, f"{text}assert f([1, 2], 2)\n", "import m\nm.f('ab', 'b')\nf(x)\n")
    assert candidate.examples == (([1, 2], 2), ("ab", "b"))
    assert [each.reason for each in counts.refused] == ["stands in another file, too"]


def test_a_file_that_breaks_the_parser_costs_only_itself(
    find: FindCandidates, counts: HarvestCounts
) -> None:
    good = "def f(x):\n    return x * 2 + x * 3 + x * 4 + x\n"
    assert len(find("(" * 5000, good, "def f(:\n")) == 1
    assert [each.reason for each in counts.refused] == ["the file does not parse"] * 2


def test_hints_are_read_and_not_evaluated(find: FindCandidates) -> None:
    (candidate,) = find(
        "from typing import Optional\n"
        "def f(a: Optional[int], b: 'dict[str, list[int]]', c: tuple[int, ...]):\n"
        "    return a, b, c, a, b, c, a, b, c, a\n"
    )
    assert [each.hint for each in candidate.parameters] == [
        ("union", ("int",), ("None",)),
        ("dict", ("str",), ("list", ("int",))),
        ("tuples", ("int",)),
    ]


def test_a_search_that_is_broken_off_waits_for_no_other_runner() -> None:
    may_end = threading.Event()

    class Busy:
        def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
            may_end.wait(10)
            return iter(())

    runners: Any = open_runner(SandboxOptions(workers=1)), Busy()
    places = [Place("x = 1\n", f"file{number}.py", "MIT") for number in range(2)]
    started = time.monotonic()
    with pytest.raises(SandboxError, match="not running"):
        find_candidates(runners, places, Limits(), 12, [], set())
    assert time.monotonic() - started < 5
    may_end.set()
