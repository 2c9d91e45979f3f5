"""The page as a real browser builds it: headless Chromium opens the file and prints its DOM."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from example_run import MakeRun

from lit_coder.evaluation.report import write_report
from lit_coder.recursion.round_record import RepairCounts, RoundRecord

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is installed")


def dom_of(page: Path, address: str = "") -> str:
    """What the page's own script made of the file; the data block itself is cut out."""
    assert BROWSER is not None
    arguments = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=4000", "--dump-dom",
        page.as_uri() + address,
    ]  # fmt: skip
    finished = subprocess.run(arguments, capture_output=True, timeout=120)
    dom = finished.stdout.decode("utf-8")
    assert 'data-ready="true"' in dom, finished.stderr.decode()[-2000:]
    return re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)


def rows(dom: str, table: str) -> int:
    body = re.search(rf'<table id="{table}">.*?<tbody>(.*?)</tbody>', dom, re.DOTALL)
    assert body is not None
    return body[1].count("<tr")


def samples(dom: str) -> list[str]:
    return re.findall(r'<details class="sample".*?</details>', dom, re.DOTALL)


def test_the_page_shows_curves_tables_and_programs(make_run: MakeRun) -> None:
    dom = dom_of(write_report(make_run()))
    assert rows(dom, "rounds-table") == 4 and rows(dom, "difficulty-table") == 3
    paths = re.findall(r'<path class="line" data-series="([^"]*)" d="(M[^"]+)"', dom)
    expected = {
        "pass@1", "pass@10", "difficulty 1", "difficulty 3", "passed visible tests",
        "false positives among them", "accepted programs", "training",
        "validation, real solutions", "distinct programs", "mean quality",
        "ended properly", "syntax ok", "executed", "passed visible and hidden",
    }  # fmt: skip
    assert expected <= {name for name, _ in paths}
    assert '<path class="band" d="M' in dom
    assert len(re.findall(r'<rect class="bar" data-series="training"', dom)) == 4
    assert len(re.findall(r'<rect class="bar" data-series="accepted"', dom)) == 4
    assert "NaN" not in dom and "undefined" not in dom and "[object" not in dom
    assert len(samples(dom)) == 25 and "Show 25 more" in dom
    assert "108 of 108 programs on this page match" in dom
    assert "read generated code before you use it" in dom
    assert "pass@1 fell by 2.0 points" in dom and "hidden_size: 64" in dom


def test_nothing_of_a_program_runs_or_becomes_markup(make_run: MakeRun) -> None:
    dom = dom_of(write_report(make_run()), "#q=onerror")
    assert len(samples(dom)) == 3
    assert "<title>quickstart - lit_coder report</title>" in dom
    assert "<img" not in dom and "&lt;/script&gt;&lt;img src=x" in dom
    assert "U+202E" in dom and "\u202e" not in dom


def test_the_address_filters_the_programs(make_run: MakeRun) -> None:
    page = write_report(make_run())
    found = samples(dom_of(page, "#round=2&status=timeout&difficulty=1"))
    assert len(found) == 2
    assert all("round 2, difficulty 1" in sample and "timeout" in sample for sample in found)
    dom = dom_of(page, "#round=2")
    assert "Round 2." in dom and re.search(r'aria-label="Show round 2"[^>]*>2<', dom)
    assert '<tr class="chosen" data-round="2">' in dom
    assert "36 of 108 programs" in dom and "Round 2 holds 36" in dom


def test_false_positives_and_untrusted_verdicts_are_marked(make_run: MakeRun) -> None:
    page = write_report(make_run())
    found = samples(dom_of(page, "#show=false_positive"))
    assert len(found) == 18
    assert all("! false positive" in sample for sample in found)
    untrusted = [s for s in samples(dom_of(page, "#round=1")) if "untrusted verdict" in s]
    assert len(untrusted) == 1


def test_a_sample_says_how_it_was_made_and_judged(make_run: MakeRun) -> None:
    dom = dom_of(write_report(make_run()), "#round=3&status=failed&show=rejected&difficulty=2")
    text = re.sub(r"<[^>]+>", " ", samples(dom)[0])
    facts = [
        "-0.750 per token, lowest -1.500, 3 tokens",
        "temperature 0.8",
        "ast:03",
        "a visible test failed",
        "expected [1]",
        "gpt at step 800",
        "7/3/lists/2-",
    ]
    for fact in facts:
        assert fact in text


def driven(page: Path, actions: str, keep_policy: bool = False) -> str:
    """The DOM after `actions` ran in the page, with the page's security policy taken out."""
    text = page.read_text(encoding="utf-8")
    if not keep_policy:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    changed = page.with_name("driven.html")
    changed.write_text(text.replace("</body>", f"<script>{actions}</script></body>"), "utf-8")
    return dom_of(changed)


def test_the_policy_lets_no_other_script_run(make_run: MakeRun) -> None:
    page = write_report(make_run())
    owned = "document.title = 'owned'"
    assert "<title>owned</title>" in driven(page, owned)
    assert "<title>owned</title>" not in driven(page, owned, keep_policy=True)


def test_sorting_keys_buttons_and_fields_work(make_run: MakeRun) -> None:
    actions = """
      byId("rounds-table").querySelectorAll("thead button")[4].click();
      const plot = document.querySelector("svg.plot");
      plot.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
      byId("more").click();
      document.body.dataset.shown = document.querySelectorAll(".sample").length;
      document.querySelector('[aria-label="Show round 1"]').click();
      const field = byId("filters").elements.status;
      field.value = "timeout";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      document.body.dataset.address = location.hash;
    """
    dom = driven(write_report(make_run()), actions)
    assert re.findall(r'<tr[^>]* data-round="(\d)"', dom) == ["3", "2", "1", "0"]
    assert 'aria-sort="descending"' in dom
    assert 'aria-label="Held-out pass@k, pass@1 with interval, round 2: pass@1 23.6%' in dom
    assert 'data-shown="50"' in dom
    assert 'data-address="#round=1&amp;status=timeout"' in dom
    assert len(samples(dom)) == 6 and '<tr class="chosen" data-round="1">' in dom


def test_an_unknown_filter_value_shows_everything(make_run: MakeRun) -> None:
    assert "108 of 108" in dom_of(write_report(make_run()), "#status=nonsense&round=99")


def test_a_run_without_rounds_or_without_a_pool_says_so(make_run: MakeRun) -> None:
    dom = dom_of(write_report(make_run("new", rounds=0)))
    assert re.search(r'<p id="no-rounds" class="notice">', dom)
    assert re.search(r'<section id="rounds"[^>]* hidden', dom)
    dom = dom_of(write_report(make_run("bare", with_pool=False)))
    assert rows(dom, "rounds-table") == 4 and "pool.lance is missing" in dom
    assert not samples(dom)


def test_a_single_round_has_points_to_see(make_run: MakeRun) -> None:
    dom = dom_of(write_report(make_run(rounds=1)))
    assert rows(dom, "rounds-table") == 1
    assert 'class="point"' in dom and "not measured" in dom and "NaN" not in dom


def test_repairs_are_shown_where_there_is_a_repairer(make_run: MakeRun) -> None:
    run = make_run()
    assert "Fixed problems" not in dom_of(write_report(run))
    path = run / "rounds" / "0003.json"
    counts = RepairCounts(drafts=41, passed_visible=17, accepted=11, fixed_problems=13)
    replace(RoundRecord.read(path), repairer="runs/trm", repairs=counts).write(path.parent)
    dom = dom_of(write_report(run))
    assert "Fixed problems" in dom and "NaN" not in dom and "undefined" not in dom
    for number in (41, 17, 11, 13):
        assert f"<td>{number}</td>" in dom
    assert '<rect class="bar" data-series="accepted repairs"' in dom
