from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_coder.recursion.round_record import (
    FilterCounts,
    HeldOutScore,
    RepairCounts,
    RoundRecord,
    read_records,
)
from tests.recursion.candidates import make_record

FULL = RoundRecord(
    round=7,
    global_step=80,
    pool_version=9,
    pool_size=12,
    run_id="run",
    seed=1,
    counts={1: FilterCounts(generated=4, accepted=2, quality_sum=1.5), 3: FilterCounts(problems=1)},
    held_out=HeldOutScore(10, {1: 0.5, 4: 0.75}, (0.25, 0.75), {1: 1.0, 3: 0.0}),
    validation_loss=1.25,
    train_loss=0.5,
    seconds={"training": 1.5},
    note="a note",
    rolled_back=True,
    repairer="runs/trm (sha256:0123456789abcdef)",
    repairs=RepairCounts(problems=2, drafts=3, steps=12, passed_visible=1, fixed_problems=1),
    exact_at_step={1: 0.25, 16: 0.5},
)


@pytest.mark.parametrize("record", [FULL, make_record(0)])
def test_a_record_comes_back_as_it_was(tmp_path: Path, record: RoundRecord) -> None:
    path = record.write(tmp_path / "rounds")
    assert path.name == f"{record.round:04d}.json"
    assert RoundRecord.read(path) == record
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_records_are_read_in_the_order_of_the_rounds(tmp_path: Path) -> None:
    for round in (2, 0, 10, 1):
        make_record(round).write(tmp_path)
    (tmp_path / "0003.json.partial").write_text("{")
    assert [record.round for record in read_records(tmp_path)] == [0, 1, 2, 10]
    assert read_records(tmp_path / "none") == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"round": 1}', "null"])
def test_a_damaged_record_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "0001.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is not a round's record") as caught:
        RoundRecord.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_record_of_before_roll_backs_were_noted_is_one_without(tmp_path: Path) -> None:
    path = make_record(0).write(tmp_path)
    content = json.loads(path.read_text())
    assert content.pop("rolled_back") is False
    path.write_text(json.dumps(content))
    assert RoundRecord.read(path) == make_record(0)


def test_a_record_of_before_there_were_repairers_is_one_without(tmp_path: Path) -> None:
    path = make_record(0).write(tmp_path)
    content = json.loads(path.read_text())
    assert (content.pop("repairer"), content.pop("repairs")) == ("", None)
    path.write_text(json.dumps(content))
    assert RoundRecord.read(path) == make_record(0)


def test_totals_add_up_over_difficulties() -> None:
    total = FULL.totals
    assert (total.generated, total.accepted, total.problems, total.quality_sum) == (4, 2, 1, 1.5)
    assert FilterCounts().false_positive_rate == FilterCounts().success_rate == 0.0
