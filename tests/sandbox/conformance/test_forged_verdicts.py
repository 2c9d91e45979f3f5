"""No program gets a verdict that it has not earned, on any backend; a right one gets it."""

import os
import secrets
from dataclasses import replace

import pytest

from lit_coder.problems.problem import Case, Cases, CheckProgram, Problem, StdioCase, StdioCases
from lit_coder.sandbox.contract import Limits
from lit_coder.verification.verdict import Verdict
from lit_coder.verification.verifier import Attempt, Verifier
from tests.sandbox.conformance import cheats, cheats_of_texts, cheats_of_the_channel
from tests.sandbox.conformance.backends import ALL, UNWALLED, WALLED, Backend, spread

# Drawn anew each time, so that no program can know it.
EXPECTED = f"needle-{secrets.token_hex(8)}"
LIMITS = Limits(wall_seconds=1.0, cpu_seconds=1.0)
RIGHT = f"def answer(x):\n    return 1 if x == 0 else {EXPECTED!r}\n"
RIGHT_TEXT = f"print(1 if input() == '0' else {EXPECTED!r})\n"
CHEATS = {**cheats.CHEATS, **cheats_of_the_channel.CHEATS}

BY_CASES = Problem(
    "conformance/cases",
    "",
    "answer",
    Cases((Case.call("answer", (5,), EXPECTED),), (Case.call("answer", (0,), 1),)),
    "function",
    "conformance",
)
BY_CHECK = Problem(
    "conformance/check",
    "",
    "answer",
    CheckProgram((f"assert answer(5) == {EXPECTED!r}",), ("assert answer(0) == 1",)),
    "function",
    "conformance",
)
BY_TEXT = Problem(
    "conformance/text",
    "",
    "",
    StdioCases((StdioCase("5\n", f"{EXPECTED}\n"),), (StdioCase("0\n", "1\n"),)),
    "program",
    "conformance",
)

on_every_backend = pytest.mark.parametrize("backend", ALL, indirect=True)
by_cases_and_check = pytest.mark.parametrize(
    "problem", [BY_CASES, BY_CHECK], ids=lambda problem: problem.task_id
)


def judged(backend: Backend, problem: Problem, program: str) -> Verdict:
    (verdict,) = Verifier(backend.runner, LIMITS).verify([Attempt(problem, program)])
    return verdict


@on_every_backend
@pytest.mark.parametrize(
    ("problem", "program"),
    [(BY_CASES, RIGHT), (BY_CHECK, RIGHT), (BY_TEXT, RIGHT_TEXT)],
    ids=["cases", "check", "text"],
)
def test_a_right_program_passes(backend: Backend, problem: Problem, program: str) -> None:
    verdict = judged(backend, problem, program)
    assert (verdict.status, verdict.passed, verdict.trusted) == ("passed", True, True)


@by_cases_and_check
@spread(CHEATS)
def test_a_cheat_does_not_pass(backend: Backend, problem: Problem, item: str) -> None:
    name = item
    if name in cheats_of_the_channel.NEED_WALLS and backend.name == "unsafe":
        pytest.skip("without walls nothing protects the judge")
    verdict = judged(backend, problem, CHEATS[name])
    assert verdict.status != "passed" and not verdict.passed, verdict
    assert verdict.trusted


@spread(cheats.CASES_ONLY)
def test_a_value_of_another_type_does_not_pass(backend: Backend, item: str) -> None:
    program = cheats.CASES_ONLY[item].format(expected=EXPECTED)
    verdict = judged(backend, BY_CASES, program)
    assert verdict.status != "passed" and not verdict.passed, verdict


@spread(cheats_of_texts.CHEATS)
def test_a_whole_program_that_cheats_does_not_pass(backend: Backend, item: str) -> None:
    verdict = judged(backend, BY_TEXT, cheats_of_texts.CHEATS[item])
    assert verdict.status != "passed" and not verdict.passed, verdict


@on_every_backend
def test_the_verdict_of_a_right_program_after_all_cheats(backend: Backend) -> None:
    assert judged(backend, BY_CHECK, RIGHT).passed
    assert not judged(backend, BY_CHECK, cheats.WRONG).passed


@pytest.mark.parametrize("backend", UNWALLED, indirect=True)
@pytest.mark.parametrize(
    "name", ["a search of frames", "a search of all objects", "a search of raw memory"]
)
def test_a_search_finds_what_is_in_its_memory(backend: Backend, name: str) -> None:
    planted = f"PLANTED = [{EXPECTED!r}]\n"
    assert judged(backend, BY_CASES, planted + CHEATS[name]).passed


@pytest.mark.parametrize("backend", UNWALLED, indirect=True)
@pytest.mark.skipif(os.geteuid() != 0, reason="without walls it works for root")
def test_without_walls_the_judge_s_memory_is_found(backend: Backend) -> None:
    assert judged(backend, BY_CHECK, CHEATS["a search of the memory by name"]).passed


def test_there_are_at_least_sixty_cheats_that_differ() -> None:
    families = (CHEATS, cheats.CASES_ONLY, cheats_of_texts.CHEATS)
    assert all(len(set(family.values())) == len(family) for family in families)
    assert sum(map(len, families)) >= 60
    assert not set(cheats.CHEATS) & set(cheats_of_the_channel.CHEATS)


LOOPS = CheckProgram(
    ("assert all(map(lambda pair: answer(pair[0]) == pair[1], [(5, 'a'), (0, 1)]))",),
    (
        "for got, want in zip(map(answer, [5, 0]), ['a', 1]): assert got == want",
        "for value in iter(lambda: answer(1), 2): assert False",
    ),
)


@on_every_backend
@pytest.mark.parametrize("name", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_no_exception_ends_a_test_s_own_loop(backend: Backend, name: str) -> None:
    problem = Problem("conformance/loops", "", "answer", LOOPS, "function", "conformance")
    verdict = judged(backend, problem, f"def answer(x):\n    raise {name}\n")
    assert (verdict.visible_passed, verdict.hidden_passed) == (0, 0)


@on_every_backend
def test_an_exception_that_cannot_be_made_again_is_not_another_one(backend: Backend) -> None:
    tests = CheckProgram(
        ("try: answer(5)\nexcept TypeError: pass\nelse: raise AssertionError",), ()
    )
    problem = Problem("conformance/groups", "", "answer", tests, "function", "conformance")
    program = "def answer(x):\n    raise ExceptionGroup('', [TypeError()])\n"
    assert judged(backend, problem, program).passed is False


@pytest.mark.parametrize("backend", WALLED, indirect=True)
def test_a_test_cannot_leave_its_expected_value_where_the_program_finds_it(
    backend: Backend,
) -> None:
    leaving = (
        "def leave():\n    open('left', 'w').write(EXPECTED)\ntry: leave()\nexcept OSError: pass"
    )
    tests = CheckProgram(
        (f"assert answer(5) == {EXPECTED!r}",), (), setup=f"EXPECTED = {EXPECTED!r}\n{leaving}"
    )
    problem = Problem("conformance/left", "", "answer", tests, "function", "conformance")
    program = "def answer(x):\n    return open('left').read()\n"
    limits = replace(LIMITS, scratch_bytes=2**20)
    (verdict,) = Verifier(backend.runner, limits).verify([Attempt(problem, program)])
    assert (verdict.status, verdict.passed) == ("failed", False)


@on_every_backend
def test_what_follows_the_kept_output_counts(backend: Backend) -> None:
    tests = StdioCases((StdioCase("", "right\n"),), ())
    problem = Problem("conformance/cut", "", "", tests, "program", "conformance")
    assert judged(backend, problem, "print('right')").passed
    assert not judged(backend, problem, "print('right' + ' ' * 70_000 + '\\nwrong')").passed
