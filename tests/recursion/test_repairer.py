"""The repairer alone: which drafts it gets, what its repairs are, which TRMs it takes."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lit_coder.modules.weights_checksum import weights_checksum
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.problem import Problem
from lit_coder.recursion.gates import NoTests, VisibleTests
from lit_coder.recursion.repairer import (
    REPAIR,
    Repairer,
    open_repairer,
    rejected_drafts,
    repairer_path,
)
from lit_coder.recursion.suspects import SuspectSearch
from lit_coder.sandbox.contract import Limits, SandboxError
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.sample import Candidate
from lit_coder.verification.verdict import Verdict
from tests.recursion.candidates import make_candidate
from tests.recursion.tiny_repairer import (
    make_repairer,
    make_trm,
    repair_problems,
    repair_tokenizer,
    save_trm,
)
from tests.trained_model import save_checkpoint, untrained_module

GATE = VisibleTests()


def rejected(problem: Problem, completion: str, visible_passed: int = 0) -> Candidate:
    """A draft of a problem of the family `repair` that passed some of its visible tests."""
    verdict = Verdict("failed", visible_passed, 5, 0, 11)
    return Candidate(problem, completion, (1, 2), (-1.0, -1.0), True, "gpt", "", verdict)


def test_where_a_draft_was_let_in_nothing_is_repaired() -> None:
    group = [make_candidate(visible=0), make_candidate(), make_candidate(visible=0)]
    assert rejected_drafts(group, GATE) == []
    assert len(rejected_drafts(group[:1], GATE)) == 1
    assert rejected_drafts(group[:1], NoTests()) == rejected_drafts([], GATE) == []


def test_what_passed_but_was_not_let_in_is_repaired() -> None:
    group = [make_candidate(ended=False), make_candidate(trusted=False, completion="b")]
    assert rejected_drafts(group, GATE) == group


def test_each_text_is_repaired_once_and_what_passed_most_tests_first() -> None:
    problem = repair_problems()[0]
    counts = {"a": 1, "b": 3, "c": 1, "d": 0}
    group = [rejected(problem, text, counts[text]) for text in "abacdb"]
    assert [each.completion for each in rejected_drafts(group, GATE)] == ["b", "a", "c", "d"]


def test_repairs_are_drafts_that_bear_what_they_are_of_and_no_tokens() -> None:
    problems = repair_problems()
    groups = [[rejected(p, p.draft), rejected(p, p.reference or "")] for p in problems]
    repaired = make_repairer().repair(groups, GATE, 4, 256)
    assert [len(drafts) for drafts in repaired.drafts] == [2] * len(problems)
    assert repaired.num_without_room == 0
    for problem, drafts in zip(problems, repaired.drafts, strict=True):
        assert [d.problem.draft for d in drafts] == [problem.draft, problem.reference]
        for draft in drafts:
            assert replace(draft.problem, draft=problem.draft) == problem
            assert draft.origin == REPAIR
            assert draft.token_ids == draft.log_probabilities == ()


def test_a_problem_gets_as_many_repairs_as_its_drafts_allow_and_the_option_says() -> None:
    problem, other = repair_problems()[:2]
    group = [rejected(problem, f"\n    return x % {digit}") for digit in "34567"]
    solved = [make_candidate()]
    groups = [group, solved, [], [rejected(other, other.draft)]]
    for limit, expected in ((1, [1, 0, 0, 1]), (3, [3, 0, 0, 1]), (9, [5, 0, 0, 1])):
        drafts = make_repairer().repair(groups, GATE, limit, 256).drafts
        assert [len(each) for each in drafts] == expected


def test_a_repair_does_not_depend_on_what_is_repaired_beside_it() -> None:
    repairer = make_repairer()
    groups = [[rejected(p, p.draft)] for p in repair_problems()]
    together = repairer.repair(groups, GATE, 4, 256).drafts
    assert len({draft.completion for (draft,) in together}) > 1
    assert repairer.repair(groups, GATE, 4, 2).drafts == together
    assert repairer.repair(groups[1:2], GATE, 4, 256).drafts == together[1:2]


def test_what_has_no_room_in_the_canvas_is_counted_and_does_not_use_up_the_option() -> None:
    problem = repair_problems()[0]
    long = "\n    x = x+2" * 9
    group = [rejected(problem, long, visible_passed=1), rejected(problem, problem.draft)]
    repaired = make_repairer().repair([group], GATE, 1, 256)
    assert repaired.num_without_room == 1
    assert [draft.problem.draft for draft in repaired.drafts[0]] == [problem.draft]
    # Its four lines want as many slots, and there are three.
    group = [rejected(problem, problem.draft), rejected(problem, "\n    return x")]
    repaired = make_repairer(canvas_line_length=8).repair([group], GATE, 1, 256)
    assert repaired.num_without_room == 1
    assert [draft.problem.draft for draft in repaired.drafts[0]] == ["\n    return x"]
    unread = replace(problem, prompt=problem.prompt * 3)
    repaired = make_repairer().repair([[rejected(unread, problem.draft)]], GATE, 1, 256)
    assert (repaired.num_without_room, repaired.drafts, repaired.num_steps) == (1, [[]], 0)


def test_a_repairer_that_has_room_for_no_draft_at_all_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem = repair_problems()[0]
    unread = replace(problem, prompt=problem.prompt * 3)
    fitting = [rejected(problem, problem.draft)]
    with caplog.at_level(logging.WARNING):
        make_repairer().repair([[rejected(unread, problem.draft)], fitting, []], GATE, 1, 256)
        make_repairer().repair([[], [make_candidate()]], GATE, 1, 256)
        assert caplog.messages == []
        make_repairer().repair([[rejected(unread, problem.draft)]], GATE, 1, 256)
    (said,) = caplog.messages
    assert said.startswith("recursion.repairer repairs none of 1 rejected drafts")


def test_a_repairer_reads_where_a_draft_is_suspicious_and_its_repair_is_of_the_plain_problem(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problems = repair_problems()[:3]
    groups = [[rejected(p, p.draft), rejected(p, "\n    return (")] for p in problems]
    with open_runner(SandboxOptions(workers=1)) as runner:
        search = SuspectSearch(runner, Limits())
        repairer = make_repairer()
        repairer.suspects = search
        seen = repairer.repair(groups, GATE, 4, 256)
        suspects = search.first_suspects([each[0].problem for each in groups]).suspects
        # This one reads no token more than the plain prompt has.
        length = len(repair_tokenizer().encode(problems[0].prompt)) + 24
        narrow = make_repairer(max_position_embeddings=length)
        expected = narrow.repair(groups, GATE, 4, 256)
        narrow.suspects = search
        with caplog.at_level(logging.WARNING, "lit_coder.recursion"):
            unseen = narrow.repair(groups, GATE, 4, 256)
    assert (seen.num_hinted, seen.num_search_executions) == (3, 9)
    hinted = [
        [
            rejected(replace(p, prompt=hinted_prompt(p.prompt, [s.line] if s else [])), p.draft),
            rejected(p, "\n    return ("),
        ]
        for p, s in zip(problems, suspects, strict=True)
    ]
    by_hand = make_repairer().repair(hinted, GATE, 4, 256).drafts
    texts = [[draft.completion for draft in drafts] for drafts in seen.drafts]
    assert texts == [[draft.completion for draft in drafts] for drafts in by_hand]
    assert texts != [
        [draft.completion for draft in drafts]
        for drafts in make_repairer().repair(groups, GATE, 4, 256).drafts
    ]
    assert [drafts[0].problem for drafts in seen.drafts] == list(problems)
    assert (unseen.drafts, unseen.num_hinted) == (expected.drafts, 0)
    assert "3 of 6 drafts are repaired without a hint" in caplog.text


def test_where_the_sandbox_fails_there_are_no_suspects_and_no_repairs() -> None:
    with open_runner(SandboxOptions(workers=1)) as runner:
        pass
    repairer = make_repairer()
    repairer.suspects = SuspectSearch(runner, Limits())
    problem = repair_problems()[0]
    with pytest.raises(SandboxError):
        repairer.repair([[rejected(problem, problem.draft)]], GATE, 4, 256)


def test_the_halting_head_decides_how_long_a_repair_takes() -> None:
    groups = [[rejected(p, p.draft)] for p in repair_problems()]
    for bias, steps in ((9.0, 1), (-9.0, 2)):
        module = make_trm()
        with torch.no_grad():
            module.averaged.halt_head.weight.zero_()
            module.averaged.halt_head.bias.fill_(bias)
        repairer = Repairer("trm", module.generator(), repair_tokenizer())
        assert repairer.repair(groups, GATE, 4, 256).num_steps == steps * len(groups)


def test_a_trm_is_loaded_frozen_and_stays_as_it_is(tmp_path: Path) -> None:
    path = save_trm(tmp_path / "trm.ckpt")
    numbers = torch.random.get_rng_state()
    repairer = open_repairer(str(path))
    assert torch.equal(torch.random.get_rng_state(), numbers), "the run's own numbers are drawn"
    assert repairer is not None and repairer.name == f"{path} ({repairer.weights})"
    network = repairer._generator.network
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    groups = [[rejected(p, p.draft)] for p in repair_problems()]
    repaired = repairer.repair(groups, GATE, 4, 256)
    assert repaired.drafts == make_repairer().repair(groups, GATE, 4, 256).drafts
    assert weights_checksum(network) == repairer.weights == make_repairer().weights


def test_what_is_no_trm_is_refused_in_a_sentence_that_names_the_option(tmp_path: Path) -> None:
    gpt = save_checkpoint(untrained_module(), tmp_path / "gpt.ckpt")
    (tmp_path / "text.ckpt").write_text("no checkpoint")
    (tmp_path / "empty").mkdir()
    for name, fault in (
        (gpt, "holds a GPTModule"),
        (tmp_path / "nowhere.ckpt", "no such checkpoint"),
        (tmp_path / "text.ckpt", "not a checkpoint"),
        (tmp_path / "empty", "holds neither"),
    ):
        with pytest.raises(ValueError, match=f"^recursion.repairer.*{fault}"):
            open_repairer(str(name))


def test_a_run_goes_on_with_the_repairer_that_it_began_with(tmp_path: Path) -> None:
    path = str(save_trm(tmp_path / "trm.ckpt"))
    repairer = open_repairer(path)
    assert repairer is not None
    (tmp_path / "trm.ckpt").rename(tmp_path / "moved.ckpt")
    moved = str(tmp_path / "moved.ckpt")
    again = open_repairer(moved, saved_weights=repairer.weights)
    assert again is not None and again.weights == repairer.weights
    assert open_repairer(None, saved_weights="") is None
    other = str(save_trm(tmp_path / "other.ckpt", seed=1))
    for now, began in ((other, repairer.weights), (None, repairer.weights), (moved, "")):
        with pytest.raises(ValueError, match=r"recursion.repairer is .*a resume cannot change it"):
            open_repairer(now, saved_weights=began)


def test_last_is_the_newest_run_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "trm").mkdir(parents=True)
    (tmp_path / "runs" / "last").symlink_to("trm")
    named = str(tmp_path / "runs" / "trm")
    assert [repairer_path(each) for each in ("last", "runs/last", "runs/trm", named)] == [named] * 4
