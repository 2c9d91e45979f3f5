"""Agents play whole episodes: the reference's, and a tiny model's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("gymnasium")

from lit_coder.environment.agents import (
    ModelAgent,
    ReferenceAgent,
    play,
    with_a_fault,
)
from lit_coder.environment.coder_environment import CoderEnvironment
from lit_coder.generation.contract import SamplingOptions
from lit_coder.problems.problem import Case, Cases, Problem
from lit_coder.sandbox.pool_runner import PoolRunner
from tests.environment.test_suspicion import BODY, PROBLEM
from tests.trained_model import COMPLETIONS, DOUBLE, WRONG, trained_module


@pytest.fixture
def model() -> Iterator[ModelAgent]:
    module = trained_module()
    assert module.tokenizer is not None
    yield ModelAgent(module.generator(), module.tokenizer, SamplingOptions(max_new_tokens=40))


def problem(prompt: str, name: str, factor: int) -> Problem:
    cases = Cases(tuple(Case.call(name, (x,), factor * x) for x in (1, 2, 3)))
    return Problem(f"demo/{name}", prompt, name, cases, kind="function", source="demo")


def test_the_reference_is_spoilt_searched_and_put_right(runner: PoolRunner) -> None:
    assert with_a_fault(BODY) == BODY.replace("+=", "-=")
    played = play(CoderEnvironment([PROBLEM], runner=runner), ReferenceAgent(), 0)
    assert played.solved and played.hidden_passed and played.suspicious_lines[0] == 6
    names = [name for name, _ in played.told]
    assert names == ["write", "run_tests", "bisect", "write", "run_tests", "accept"]
    assert (played.num_steps, played.num_executions, played.reward) == (6, 4, 1.0)


def test_what_a_model_knows_is_accepted_at_once(runner: PoolRunner, model: ModelAgent) -> None:
    environment = CoderEnvironment([problem(DOUBLE, "double", 2)], runner=runner)
    played = play(environment, model, 0)
    assert played.solved and [name for name, _ in played.told] == ["write", "run_tests", "accept"]
    assert environment.log.actions[0] == ("write", COMPLETIONS[DOUBLE])


def test_a_model_that_fails_writes_on_from_the_suspicious_line_until_its_steps_end(
    runner: PoolRunner, model: ModelAgent
) -> None:
    environment = CoderEnvironment([problem(WRONG, "triple", 3)], runner=runner, max_steps=9)
    played = play(environment, model, 0)
    assert not played.solved and played.suspicious_lines[0] == WRONG.count("\n") + 1
    names = [name for name, _ in played.told]
    assert names == [*(["write", "run_tests", "bisect"] * 2), "write", "run_tests", "accept"]


def test_a_problem_without_a_reference_is_refused_by_the_agent_that_needs_one(
    runner: PoolRunner,
) -> None:
    environment = CoderEnvironment([problem(DOUBLE, "double", 2)], runner=runner)
    with pytest.raises(ValueError, match="demo/double has no reference"):
        play(environment, ReferenceAgent(), 0)
