"""CoderEnvironment by gymnasium's rules, its budget, its rewards, and its replay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env  # noqa: E402

import lit_coder.environment  # noqa: E402, F401
from lit_coder.environment.coder_environment import CoderEnvironment  # noqa: E402
from lit_coder.environment.episode_log import EpisodeLog, replay  # noqa: E402
from lit_coder.problems.problem import Case, Cases, Problem  # noqa: E402
from lit_coder.sandbox.options import SandboxOptions  # noqa: E402
from lit_coder.sandbox.pool_runner import PoolRunner  # noqa: E402
from tests.environment.test_suspicion import BODY, PROBLEM  # noqa: E402

WRONG = BODY.replace("x > 3", "x >= 3")
# Passes the visible tests by knowing them.
CHEAT = "    return [0, 0, 0, 4, 13][[[], [1, 2], [3], [4], [3, 4, 9]].index(xs)]\n"
Make = Callable[..., CoderEnvironment]


@pytest.fixture
def make(runner: PoolRunner) -> Make:
    return lambda *problems, **rules: CoderEnvironment(
        problems or [PROBLEM], runner=runner, **rules
    )


def told(environment: CoderEnvironment, name: str, text: str = "") -> str:
    return str(environment.step(environment.action(name, text))[0]["output"])


def test_gymnasiums_checker_finds_nothing() -> None:
    options = SandboxOptions(workers=1, timeout_seconds=20)
    made = gymnasium.make(
        "lit_coder/Coder-v0",
        problems="loops",
        difficulties=(1,),
        sandbox=options,
        max_characters=300,
    )
    with closing(made.unwrapped) as environment:
        check_env(environment)


def test_a_program_is_written_tested_searched_and_accepted(make: Make) -> None:
    environment = make()
    observation, info = environment.reset(seed=1)
    assert observation["prompt"] == info["prompt"] == PROBLEM.prompt
    assert observation in environment.observation_space
    told(environment, "write", WRONG)
    tested = told(environment, "run_tests")
    assert tested.startswith("3 of 5 tests pass\ntest 1: f([]) gave 0, which is right\n")
    assert "test 3: f([3]) gave 3, which is wrong" in tested and "expected" not in tested
    assert told(environment, "run_snippet", "print(f([7, 8]))") == "15"
    assert "NameError" in told(environment, "run_snippet", "g()")
    searched = told(environment, "bisect")
    assert searched.startswith("line 5: if x >= 3:  (with an edit of it, 5 of 5 tests pass)")
    told(environment, "write", BODY)
    *_, info = environment.step(environment.action("run_tests"))
    assert "hidden_passed" not in info and info["num_executions"] == 6
    observation, reward, terminated, truncated, info = environment.step(
        environment.action("accept")
    )
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert info["solved"] and info["hidden_passed"] and observation in environment.observation_space
    with pytest.raises(gymnasium.error.ResetNeeded):
        environment.step(environment.action("accept"))


def test_the_reward_is_of_visible_tests_and_hidden_ones_tell_a_cheat(make: Make) -> None:
    for text, rule, reward, solved, hidden in (
        (CHEAT, "all", 1.0, True, False),
        (WRONG, "all", 0.0, False, False),
        (WRONG, "share", 0.6, False, False),
    ):
        environment = make(reward=rule, step_cost=0.1)
        environment.reset()
        environment.step(environment.action("write", text))
        _, given, _, _, info = environment.step(environment.action("accept"))
        assert given == pytest.approx(reward - 0.1)
        assert (info["solved"], info["hidden_passed"]) == (solved, hidden)


def test_the_budget_ends_an_episode_without_reward(make: Make) -> None:
    environment = make(max_steps=3, max_executions=1)
    environment.reset()
    environment.step(environment.action("write", BODY))
    assert told(environment, "run_tests").startswith("5 of 5")
    observation, reward, terminated, truncated, info = environment.step(
        environment.action("run_tests")
    )
    assert observation["output"].startswith("not run: no executions are left")
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["hidden_passed"] and list(observation["left"]) == [0, 0]


def test_what_passed_before_is_told_with_the_edits_that_broke_it(make: Make) -> None:
    environment = make()
    environment.reset()
    environment.step(environment.action("write", WRONG))
    environment.step(environment.action("run_tests"))
    environment.step(environment.action("write", "    # again\n" + WRONG.replace("+= x", "-= x")))
    assert told(environment, "bisect").endswith(
        "a test that passed before fails by these edits:\n"
        "-            total += x\n+            total -= x"
    )


def test_with_the_reference_the_first_failing_test_is_followed(make: Make) -> None:
    environment = make(bisects_with_reference=True, shows_expected=True)
    environment.reset()
    environment.step(environment.action("write", WRONG))
    assert "test 3: f([3]) gave 3, which is wrong; expected is 0" in told(environment, "run_tests")
    assert told(environment, "bisect").startswith("line 5: if x >= 3:  (goes wrong at step 3 of ")


def test_a_log_gives_the_same_observations_again(make: Make) -> None:
    problems = [PROBLEM, Problem("demo/9", "def g(x):\n", "g", _doubles(), "function", "demo")]
    environment = make(*problems)
    observations = [environment.reset(seed=5)[0]]
    actions = [("write", WRONG), ("run_tests", ""), ("run_snippet", "print(object())")]
    for name, text in [*actions, ("bisect", "")]:
        observations.append(environment.step(environment.action(name, text))[0])
    log = EpisodeLog.from_json(environment.log.to_json())
    again = replay(log, make(*problems))
    assert all(map(_same, observations, again)) and len(again) == len(observations)
    with pytest.raises(ValueError, match="make the environment with the problems of the log"):
        replay(log, make(Problem("demo/8", "def g(x):\n", "g", _doubles(), "function", "demo")))
    with pytest.raises(ValueError, match="not the log of an episode"):
        EpisodeLog.from_json("[1, 2]")


def test_seeds_choose_problems_of_a_family() -> None:
    with closing(CoderEnvironment("arithmetic", (2, 3))) as environment:
        names = [environment.reset(seed=seed)[1]["task_id"] for seed in (1, 1, 2)]
        names.append(environment.reset()[1]["task_id"])
    assert names[0] == names[1] and len(set(names)) == 3


def test_several_environments_step_together() -> None:
    made = gymnasium.make_vec(
        "lit_coder/Coder-v0", num_envs=2, vectorization_mode="sync", problems=[PROBLEM]
    )
    observations, _ = made.reset(seed=0)
    assert observations["prompt"] == (PROBLEM.prompt,) * 2
    actions = {"kind": np.array([0, 0]), "text": (WRONG, BODY)}
    made.step(actions)
    _, rewards, ended, _, infos = made.step({"kind": np.array([4, 4]), "text": ("", "")})
    assert list(rewards) == [0.0, 1.0] and all(ended)
    assert list(infos["hidden_passed"]) == [False, True]
    made.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"problems": "aritmetic"}, "did you mean 'arithmetic'"),
        ({"problems": []}, "give at least one problem"),
        ({"problems": "sudoku"}, "no visible tests that run a Python program"),
        ({"problems": "loops", "difficulties": (77,)}, "has no difficulty 77"),
        ({"max_steps": 0}, "max_steps must be at least 1, not 0"),
        ({"reward": "some"}, "reward must be all or share"),
        ({"budget": 3}, "CoderEnvironment has no option budget; its rules are max_steps"),
        ({"render_mode": "human"}, "render_mode must be ansi or None"),
    ],
)
def test_a_mistake_is_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        CoderEnvironment(**options)


def test_odd_texts_are_shown_within_the_observation_space(make: Make) -> None:
    environment = make(max_characters=100)
    environment.reset()
    for text in ("é\r\0\ud800" * 9, "x" * 101, "(", ""):
        environment.step(environment.action("write", text))
        observation = environment.step(environment.action("run_tests"))[0]
        assert observation in environment.observation_space
    environment.render_mode = "ansi"
    assert environment.render()
    with pytest.raises(ValueError, match="there is no action 'think'"):
        environment.action("think")


def _doubles() -> Cases:
    return Cases(tuple(Case.call("g", (x,), 2 * x) for x in (1, 2, 3)))


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one) and set(one) == set(other)
