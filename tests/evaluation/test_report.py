from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_run import HOSTILE, RUN_ID, MakeRun, make_sample

from lit_coder.evaluation import report_samples
from lit_coder.evaluation.report import is_run_folder, write_report
from lit_coder.evaluation.report_samples import is_false_positive, read_shown_samples
from lit_coder.recursion.round_record import RepairCounts, RoundRecord
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool


def page_data(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_is_one_file_that_loads_nothing(make_run: MakeRun) -> None:
    run = make_run()
    before = {path.name for path in run.iterdir()}
    page = write_report(run)
    assert page == run / "report.html"
    assert {path.name for path in run.iterdir()} - before == {"report.html"}
    text = page.read_text(encoding="utf-8")
    assert "{{" not in text.replace("{{data}}", "")
    assert not re.search(r"""(src|href)=["']?(https?:|//)""", text)
    assert "default-src 'none'" in text


def test_a_report_written_twice_is_the_same_to_the_byte(make_run: MakeRun) -> None:
    run = make_run()
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_a_program_cannot_leave_its_data_block(make_run: MakeRun) -> None:
    run = make_run()
    page = write_report(run)
    text = page.read_text(encoding="utf-8")
    assert "<img" not in text and "onerror=\\" in text
    assert text.count("</script") == 2 and "<!--" not in text and "\u2028" not in text
    assert HOSTILE in [sample["completion"] for sample in page_data(page)["samples"]]


def test_the_name_of_a_run_is_escaped_too(make_run: MakeRun) -> None:
    page = write_report(make_run("a<b>&amp;"))
    assert "<title>a&lt;b&gt;&amp;amp; - lit_coder report</title>" in page.read_text()


def test_rounds_have_their_rates_and_what_is_missing_is_null(make_run: MakeRun) -> None:
    data = page_data(write_report(make_run()))
    assert [entry["round"] for entry in data["rounds"]] == [0, 1, 2, 3]
    assert data["rounds"][0]["totals"] is data["rounds"][0]["held_out"] is None
    assert data["rounds"][1]["totals"]["false_positive_rate"] == pytest.approx(1 / 3)
    assert data["best_round"] == 3
    assert data["samples_missing"] == ""


def test_a_round_shows_its_repairs_and_a_record_of_before_has_none(make_run: MakeRun) -> None:
    run = make_run()
    path = run / "rounds" / "0003.json"
    record = RoundRecord.read(path)
    counts = RepairCounts(drafts=4, steps=8, fixed_problems=2)
    replace(record, repairer="runs/trm (sha256:0)", repairs=counts).write(path.parent)
    rounds = page_data(write_report(run))["rounds"]
    assert rounds[3]["repairer"] == "runs/trm (sha256:0)"
    assert (rounds[3]["repairs"]["fixed_problems"], rounds[3]["repairs"]["mean_steps"]) == (2, 2.0)
    assert (rounds[2]["repairer"], rounds[2]["repairs"]) == ("", None)


def test_a_run_without_rounds_has_a_page_that_says_so(make_run: MakeRun) -> None:
    for run in (make_run("new", rounds=0), make_run("bare", rounds=0, with_pool=False)):
        shutil.rmtree(run / "rounds")
        data = page_data(write_report(run))
        assert data["rounds"] == [] and "No round has ended yet" in data["samples_missing"]


def test_a_missing_or_damaged_pool_is_said_on_the_page(make_run: MakeRun) -> None:
    run = make_run()
    for manifest in (run / "pool.lance" / "_versions").iterdir():
        manifest.write_bytes(b"not a manifest")
    assert "cannot be read" in page_data(write_report(run))["samples_missing"]
    shutil.rmtree(run / "pool.lance")
    assert "pool.lance is missing" in page_data(write_report(run))["samples_missing"]
    assert is_run_folder(run)


def test_a_loss_that_is_not_a_number_is_shown_as_such(make_run: MakeRun) -> None:
    run = make_run(rounds=1)
    record = run / "rounds" / "0000.json"
    record.write_text(re.sub(r'"train_loss": [\d.]+', '"train_loss": NaN', record.read_text()))
    assert page_data(write_report(run))["rounds"][0]["train_loss"] == "nan"


def test_a_text_of_any_length_is_bounded(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run()
    (run / "config.yaml").write_text("x" * 1_000_000)
    assert write_report(run).stat().st_size < 400_000


def test_false_positives_come_first_and_reasons_are_spread(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / "pool.lance", RUN_ID)
    version = EMPTY_VERSION
    for number in range(1, 4):
        samples = [make_sample(number, level, i) for level in (1, 2, 3) for i in range(200)]
        version = pool.commit(samples, version)
    shown = read_shown_samples(pool, version)
    assert len(shown.samples) <= report_samples.MOST_SAMPLES
    wrong = Counter(sample.round for sample in shown.samples if is_false_positive(sample))
    assert wrong == {3: 99, 2: 99, 1: 99}
    for number in (1, 2, 3):
        of_round = [s for s in shown.samples if s.round == number and not is_false_positive(s)]
        assert sum(sample.accepted for sample in of_round) == report_samples.ACCEPTED_PER_ROUND
        rejected = [sample for sample in of_round if not sample.accepted]
        assert len(rejected) == report_samples.REJECTED_PER_ROUND
        groups = Counter((sample.difficulty, sample.reason) for sample in rejected)
        assert len(groups) == 12 and max(groups.values()) - min(groups.values()) <= 1
    assert [sample.round for sample in shown.samples] == sorted(
        (sample.round for sample in shown.samples), reverse=True
    )
    assert shown.totals[2].samples == 600 and shown.totals[2].false_positives == 99
    assert read_shown_samples(pool, version) == shown


def test_the_number_of_samples_is_bounded_whatever_the_rounds(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / "pool.lance", RUN_ID)
    version = EMPTY_VERSION
    for number in range(1, 15):
        samples = [make_sample(number, level, i) for level in (1, 2) for i in range(150)]
        version = pool.commit(samples, version)
    shown = read_shown_samples(pool, version).samples
    assert len(shown) == report_samples.MOST_SAMPLES
    assert sum(map(is_false_positive, shown)) == report_samples.MOST_FALSE_POSITIVES
    assert shown[0].round == 14


def test_a_pool_pinned_at_an_older_version_shows_that_version(make_run: MakeRun) -> None:
    run = make_run(rounds=4)
    (run / "rounds" / "0003.json").unlink()
    samples = page_data(write_report(run))["samples"]
    assert {sample["round"] for sample in samples} == {1, 2}
