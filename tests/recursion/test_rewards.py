"""Rewards of verdicts and advantages of rewards; cheats earn nothing in the real sandbox."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lit_coder.problems.problem import Case, Cases, Problem
from lit_coder.recursion.advantages import (
    Advantages,
    GroupAdvantages,
    RolloutLearning,
    ValueAdvantages,
)
from lit_coder.recursion.rewards import (
    AllVisibleTests,
    Reward,
    ShapedByExecution,
    ShareOfVisibleTests,
)
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.sample import Candidate, Sample
from lit_coder.verification import self_test
from lit_coder.verification.verifier import Attempt, Verifier
from tests.recursion.candidates import make_candidate
from tests.training_data.parts import make_sample


def weighed(
    advantages: Advantages, *rewards: tuple[str, int], reward: Reward | None = None
) -> tuple[list[Sample], Any]:
    """Samples of the problems named, which passed (1) or failed their visible test."""
    candidates = [make_candidate(task=task, visible=visible) for task, visible in rewards]
    samples = [
        make_sample(task_id=task, log_probabilities=(-1.0, -0.5, -0.25), values=(0.5, 0.5, 0.5))
        for task, _ in rewards
    ]
    learning = RolloutLearning(reward or AllVisibleTests(), advantages)
    return learning.weighed(samples, candidates)


def test_the_reward_is_that_all_visible_tests_passed_whatever_hidden_ones_say() -> None:
    assert AllVisibleTests()(make_candidate(visible=1, hidden=0)) == 1.0
    assert AllVisibleTests()(make_candidate(visible=0, hidden=1)) == 0.0


def test_a_share_of_the_visible_tests_is_a_share_of_the_reward() -> None:
    candidate = make_candidate()
    verdict = dataclasses.replace(candidate.verdict, visible_passed=1, visible_total=4)
    assert ShareOfVisibleTests()(dataclasses.replace(candidate, verdict=verdict)) == 0.25


def test_shaping_puts_what_runs_above_what_stops_and_that_above_what_does_not_parse() -> None:
    reward = ShapedByExecution()
    unparsable = make_candidate(visible=0, fingerprint=None, status="syntax_error")
    stopped = make_candidate(visible=0, status="error")
    found = [reward(each) for each in (unparsable, stopped, make_candidate(visible=0))]
    assert found == [-1.0, -0.6, -0.3] and reward(make_candidate()) == 1.0


@pytest.mark.parametrize(("truncated", "expected"), [("zero", 0.0), ("mask", None)])
def test_what_was_cut_earns_nothing_or_is_left_out(truncated: Any, expected: float | None) -> None:
    assert AllVisibleTests(truncated)(make_candidate(ended=False)) == expected


def test_a_verdict_that_cannot_be_trusted_is_no_reward() -> None:
    assert AllVisibleTests()(make_candidate(trusted=False)) is None


def test_advantages_compare_within_a_problem_and_skip_one_without_spread() -> None:
    samples, counts = weighed(GroupAdvantages("mean"), ("a", 1), ("b", 1), ("a", 0), ("b", 1))
    assert [sample.advantages for sample in samples] == [(0.5,) * 3, (), (-0.5,) * 3, ()]
    assert [sample.reward for sample in samples] == [1.0, 1.0, 0.0, 1.0]
    assert (counts.groups, counts.without_spread, counts.reward_mean) == (2, 1, 0.75)


def test_a_value_that_learns_rewards_meets_problems_without_spread_too() -> None:
    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages(), keeps_all=True)
    solved = [make_sample(), make_sample()]
    samples, counts = learning.weighed(solved, [make_candidate(), make_candidate()])
    assert [sample.advantages for sample in samples] == [(0.0,) * 4] * 2
    assert counts.without_spread == 1


def test_values_give_each_token_an_advantage_and_a_return() -> None:
    samples, _ = weighed(ValueAdvantages(trace_decay=1.0, whiten=False), ("a", 1), ("b", 0))
    assert samples[0].advantages == pytest.approx((0.5,) * 3)
    assert samples[0].returns == pytest.approx((1.0,) * 3)
    assert samples[1].advantages == pytest.approx((-0.5,) * 3)


def test_what_the_policy_did_not_draw_is_no_rollout() -> None:
    repaired = dataclasses.replace(make_candidate(), token_ids=(), log_probabilities=())
    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages())
    samples, counts = learning.weighed([make_sample()], [repaired])
    assert samples[0].reward is None and counts.dropped == 1


@pytest.mark.parametrize(("num_ids", "num_probabilities"), [(3, 3), (2, 3)])
def test_an_answer_that_fills_its_canvas_is_a_rollout_as_one_with_an_end_token_is(
    num_ids: int, num_probabilities: int
) -> None:
    parts = {"token_ids": (7,) * num_ids, "log_probabilities": (-0.5,) * num_probabilities}
    written = dataclasses.replace(make_candidate(), **parts, ended=True)
    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages())
    samples, counts = learning.weighed([make_sample()], [written])
    assert samples[0].reward == 1.0 and counts.dropped == 0


def test_what_holds_a_benchmarks_task_is_not_learned_from() -> None:
    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages())
    samples, _ = learning.weighed([make_sample(reason="contaminated")], [make_candidate()])
    assert samples[0].reward is None


class HoldsPasses:
    """A benchmark that holds the usual candidate's program."""

    benchmark = "HumanEval"

    def match(self, text: str, renamed_fingerprint: str = "") -> HoldsPasses | None:
        return self if "return x + 1" in text else None


def test_a_problem_has_spread_without_what_holds_a_benchmarks_task() -> None:
    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages())
    failed = make_candidate(visible=0, completion="    return x\n")
    held = [make_candidate(), failed]
    assert learning.has_spread(held) and not learning.has_spread(held, HoldsPasses())
    another = make_candidate(completion="    return 1 + x\n")
    assert learning.has_spread([*held, another], HoldsPasses())


def test_no_known_cheat_earns_anything() -> None:
    tests = Cases((Case.call("answer", (5,), "a secret"),), (Case.call("answer", (0,), 1),))
    problem = Problem("cheats/1", "", "answer", tests, "function", "cheats")
    programs = [*self_test._CHEATS.values(), "def answer(x):\n    return 'a secret'\n"]
    with open_runner(SandboxOptions(workers=1)) as runner:
        verdicts = Verifier(runner, SandboxOptions().limits()).verify(
            [Attempt(problem, program) for program in programs]
        )
    for reward in (AllVisibleTests(), ShareOfVisibleTests()):
        earned = [
            reward(Candidate(problem, program, (1,), (-1.0, -1.0), True, "gpt", "", verdict))
            for program, verdict in zip(programs, verdicts, strict=True)
        ]
        assert earned == [0.0] * (len(programs) - 1) + [1.0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AllVisibleTests("often"), "truncated must be zero or mask"),  # type: ignore[arg-type]
        (lambda: ShapedByExecution(wrong=-2.0), "must rise in this order"),
        (lambda: ValueAdvantages(trace_decay=1.5), "trace_decay must be from 0 to 1"),
        (lambda: GroupAdvantages("median"), "advantages must be grpo, rloo or mean"),  # type: ignore[arg-type]
    ],
)
def test_an_option_that_cannot_be_is_named(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()
