"""A TRM and a GPT trained through the command line: the GPT drafts, the TRM repairs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from lit_coder import load_module
from lit_coder.recursion.repairer import REPAIR
from lit_coder.recursion.round_record import RoundRecord, read_records
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample
from tests.cli.command_line import TINY, CommandLine

BOTH = (
    *TINY,
    "--data.difficulties=[2]",
    "--data.held_out_difficulties=[2]",
)
TRM = (
    "fit",
    *(option for option in BOTH if not option.startswith("--model")),
    "--model=TRMModule",
    "--model.hidden_size=16",
    "--model.num_attention_heads=2",
    "--model.num_registers=1",
    "--model.num_outer_cycles=1",
    "--model.num_inner_cycles=1",
    "--model.supervision_steps=2",
    "--data.families=[repair]",
    "--data.max_sequence_length=52",
    "--data.canvas_length=24",
    "--recursion.max_new_tokens=24",
    "--benchmark.max_new_tokens=24",
    "--data.labelled_share=1",
    "--recursion.num_problems=0",
    "--trainer.default_root_dir=runs/trm",
)
GPT = (
    "fit",
    *BOTH,
    "--data.families=[synthesis]",
    "--recursion.num_samples=3",
    "--recursion.repairer=last",
    "--recursion.repairs_per_problem=2",
    "--recursion.gate=tests.recursion.tiny_repairer.RepairsOnly",
    "--trainer.default_root_dir=runs/gpt",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a TRM that learned repair for four steps, and a GPT that drafted for it."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["main.py"])
        from lit_coder.__main__ import main

        assert main([*TRM]) == 0
        assert main([*GPT]) == 0
    return folder


@pytest.fixture
def runs(command: CommandLine, trained: Path) -> CommandLine:
    """The command line in a folder that holds both runs; the GPT's repairer is still the first."""
    shutil.copytree(trained / "runs", command.folder / "runs", symlinks=True)
    return command


def samples_of(run: Path, record: RoundRecord) -> list[Sample]:
    return SamplePool(run / "pool.lance", record.run_id).read(record.pool_version)


def test_rejected_drafts_are_repaired_counted_and_pooled_with_their_origin(trained: Path) -> None:
    run = trained / "runs" / "gpt"
    first, second = read_records(run / "rounds")
    assert first.repairer.startswith(f"{trained / 'runs' / 'trm'} (sha256:")
    for record in (first, second):
        assert record.repairs is not None and record.repairs.problems == 4
        assert record.repairs.drafts + record.repairs.without_room == 8
        samples = [s for s in samples_of(run, record) if s.round == record.round]
        repairs = [s for s in samples if s.origin == REPAIR]
        drafts = [s for s in samples if s.origin == "gpt"]
        assert len(drafts) == record.totals.generated == 12
        assert len(repairs) == record.repairs.drafts
        assert {s.draft for s in repairs} <= {s.completion for s in drafts}
        assert sum(s.accepted for s in repairs) == record.repairs.accepted > 0
        assert not any(s.accepted for s in drafts)
        assert sum(s.passed_visible for s in repairs) == record.repairs.passed_visible
    assert second.pool_size == sum(s.accepted for s in samples_of(run, second))


def test_the_repairer_is_shown_and_saved_as_what_last_was(trained: Path) -> None:
    run = trained / "runs" / "gpt"
    saved = yaml.safe_load((run / "config.yaml").read_text())["recursion"]
    assert saved["repairer"] == str(trained / "runs" / "trm")
    assert (trained / "runs" / "last").resolve() == run
    page = (run / "report.html").read_text()
    assert '"origin": "trm repair"' in page and '"repairer": "' in page


def test_a_run_goes_on_in_its_middle_with_its_repairer(runs: CommandLine, trained: Path) -> None:
    older = "runs/gpt/checkpoints/round-0000.ckpt"
    ended = runs("fit", "--ckpt_path", older)
    assert ended.status == 0, ended.err
    header = next(line for line in ended.out.splitlines() if line.startswith("round "))
    assert "fixed" in header.split()
    again, before = (
        read_records(folder / "runs" / "gpt" / "rounds") for folder in (runs.folder, trained)
    )
    assert [r.repairs for r in again] == [r.repairs for r in before]
    pools = [
        samples_of(folder / "runs" / "gpt", records[-1])
        for folder, records in ((runs.folder, again), (trained, before))
    ]
    assert pools[0] == pools[1]


def test_another_repairer_or_none_is_refused_in_a_resume(runs: CommandLine) -> None:
    resume = ("fit", "--ckpt_path", "runs/gpt/checkpoints/last.ckpt")
    none = runs.refused(*resume, "--recursion.repairer=null")
    assert "recursion.repairer is None" in none and "a resume cannot change it" in none
    ended = runs(*TRM, "--trainer.default_root_dir=runs/other", "--seed_everything=5")
    assert ended.status == 0, ended.err
    size = sum(p.numel() for p in load_module("runs/other").network.parameters())
    assert f"TRMModule: {size / 1e6:.2f} M parameters" in ended.out
    other = runs.refused(*resume, "--recursion.repairer=runs/other")
    assert "recursion.repairer is runs/other" in other and "a resume cannot change it" in other


def test_a_repairer_that_has_moved_is_named_anew_and_a_test_does_not_need_it(
    runs: CommandLine, trained: Path
) -> None:
    config = runs.folder / "runs" / "gpt" / "config.yaml"
    config.write_text(config.read_text().replace(str(trained), str(runs.folder)))
    (runs.folder / "runs" / "trm").rename(runs.folder / "moved")
    older = ("fit", "--ckpt_path", "runs/gpt/checkpoints/round-0000.ckpt")
    gone = runs.refused(*older)
    assert "recursion.repairer" in gone and "no such checkpoint" in gone
    assert runs("test", "--ckpt_path", "runs/gpt/checkpoints/last.ckpt").status == 0
    ended = runs(*older, "--recursion.repairer=moved")
    assert ended.status == 0, ended.err


@pytest.mark.parametrize(
    ("repairer", "fault"),
    [
        ("nowhere", "there is no such checkpoint"),
        ("runs", "holds neither"),
        ("runs/gpt", "holds a GPTModule"),
        ("runs/gpt/config.yaml", "not a checkpoint"),
        ("last", "holds a GPTModule"),
    ],
)
def test_what_cannot_repair_is_refused_before_anything_is_made(
    runs: CommandLine, repairer: str, fault: str
) -> None:
    folder = "--trainer.default_root_dir=runs/new"
    sentence = runs.refused(*GPT, folder, f"--recursion.repairer={repairer}")
    assert sentence.startswith("recursion.repairer") and fault in sentence


def test_no_repairs_are_a_mistake(runs: CommandLine) -> None:
    folder = "--trainer.default_root_dir=runs/new"
    sentence = runs.refused(*GPT, folder, "--recursion.repairs_per_problem=0")
    assert "recursion.repairs_per_problem must be 1 or more, not 0" in sentence
