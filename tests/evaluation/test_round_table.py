from __future__ import annotations

import dataclasses
import io
from pathlib import Path

from example_run import make_record, make_samples
from rich.console import Console

from lit_coder.evaluation.round_table import (
    RoundTablePrinter,
    best_record,
    count,
    defined_rates,
    difficulty_table,
    duration,
    flat_metrics,
    loss,
    percent,
    print_run_summary,
    summary_table,
)
from lit_coder.recursion.round_record import FilterCounts, RepairCounts, RoundRecord


def printed(width: int, *records: RoundRecord) -> list[str]:
    stream = io.StringIO()
    printer = RoundTablePrinter(Console(file=stream, width=width))
    for record in records:
        printer.add(record)
    return stream.getvalue().splitlines()


def rendered(table: object, width: int = 140) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    return stream.getvalue()


def test_the_header_is_printed_once_and_rows_stand_under_it() -> None:
    lines = printed(100, *(make_record(n, make_samples(n, 12)) for n in (1, 3, 4)))
    assert len(lines) == 4
    assert lines[0].split()[:2] == ["round", "step"]
    assert len({len(line) for line in lines}) == 1
    assert "33.3%" in lines[1], "false positives among the 18 that passed the visible tests"


def test_rows_fit_a_terminal_of_eighty_columns_and_narrower_ones() -> None:
    for width in (120, 87, 80, 60, 40):
        lines = printed(width, make_record(1, make_samples(1, 12)))
        assert all(len(line) <= width for line in lines), width
        assert "pass@1" in lines[0] and "pool" in lines[0]
    assert "step" not in printed(80, make_record(1, []))[0]


def test_a_round_that_was_rolled_back_is_never_the_best() -> None:
    records = [make_record(n, []) for n in (1, 2, 3, 4)]
    best = best_record(records)
    assert best is not None
    records = [dataclasses.replace(r, rolled_back=r is best) for r in records]
    other = best_record(records)
    assert other is not None and other.round != best.round


def test_what_was_not_measured_is_a_dash_and_not_a_zero() -> None:
    header, row = printed(100, make_record(0, []))
    cells = dict(zip(header.split(), row.split(), strict=True))
    assert cells["pass@1"] == cells["val"] == cells["made"] == cells["false+"] == "-"
    assert cells["pool"] == "0"
    assert defined_rates(FilterCounts(generated=3)) == {
        "success_rate": 0.0,
        "false_positive_rate": None,
        "mean_quality": None,
        "distinct_ast_ratio": None,
    }


def repaired(number: int, repairs: RepairCounts | None) -> RoundRecord:
    record = make_record(number, make_samples(number, 12))
    return dataclasses.replace(record, repairer="runs/trm (sha256:0)", repairs=repairs)


def test_problems_that_only_a_repair_solved_have_a_column_where_there_is_a_repairer() -> None:
    counts = RepairCounts(drafts=9, steps=36, passed_visible=8, fixed_problems=7)
    header, *rows = printed(100, repaired(0, None), repaired(1, counts))
    place = header.index("fixed")
    assert [row[place : place + 5].strip() for row in rows] == ["-", "7"]
    assert len(header) == 93 and "fixed" in printed(80, repaired(1, counts))[0]
    assert "fixed" in rendered(summary_table([repaired(0, None), repaired(1, counts)]))
    assert "fixed" not in printed(100, make_record(1, make_samples(1, 12)))[0]
    metrics = flat_metrics(repaired(1, counts))
    assert (metrics["repair/fixed_problems"], metrics["repair/mean_steps"]) == (7.0, 4.0)
    assert not any(name.startswith("repair/") for name in flat_metrics(repaired(0, None)))
    assert "repair/mean_steps" not in flat_metrics(repaired(0, RepairCounts()))


def test_a_note_follows_its_row_and_is_not_read_as_markup() -> None:
    record = RoundRecord(0, 1, 1, 0, "r", 7, note="rolled back [bold]to round 3[/bold]")
    assert printed(100, record)[2].strip() == "rolled back [bold]to round 3[/bold]"


def test_numbers_keep_to_their_columns() -> None:
    assert [duration(s) for s in (None, 0, 9.94, 59.4, 59.9, 312, 3599.6, 11220)] == [
        "-", "0.0s", "9.9s", "59s", "1m00", "5m12", "1h00", "3h07",
    ]  # fmt: skip
    assert [count(n) for n in (None, 0, 99_999, 123_456, 4_200_000)] == [
        "-", "0", "99999", "123k", "4.2M",
    ]  # fmt: skip
    assert [loss(v) for v in (None, 1.23456, 123.4, float("nan"))] == ["-", "1.235", "123", "nan"]
    assert percent(1.0) == "100.0%"


def test_flat_metrics_have_stable_names_and_leave_out_what_was_not_measured() -> None:
    metrics = flat_metrics(make_record(1, make_samples(1, 12), version=2, pool_size=12))
    expected = {
        "held_out/pass@1", "held_out/pass@10", "held_out/pass@1_low", "held_out/pass@1_high",
        "held_out/num_tasks", "held_out/pass@1/difficulty_3", "generate/passed_visible",
        "generate/passed_visible/difficulty_2", "generate/false_positive_rate",
        "generate/distinct_ast_ratio/difficulty_1", "generate/duplicates", "pool/size",
        "pool/version", "loss/train", "loss/validation", "seconds/generating", "round",
    }  # fmt: skip
    assert expected <= set(metrics)
    assert not any("quality_sum" in name for name in metrics)
    assert metrics["generate/generated"] == 36.0
    assert metrics["generate/generated/difficulty_2"] == 12.0
    assert all(isinstance(value, float) for value in metrics.values())
    assert set(flat_metrics(make_record(0, []))) == {
        "round", "pool/size", "pool/version", "loss/train", "seconds/training",
        "seconds/measuring", "seconds/generating", "seconds/verifying",
    }  # fmt: skip


def test_the_summary_marks_the_best_round() -> None:
    records = [make_record(0, []), make_record(3, []), make_record(1, make_samples(1, 12))]
    assert best_record(records) is records[1]
    assert best_record(records[:1]) is None
    lines = [line for line in rendered(summary_table(records)).splitlines() if "best" in line]
    assert len(lines) == 1 and "31.7%" in lines[0]


def test_the_difficulty_table_has_a_row_each_and_their_sum() -> None:
    text = rendered(difficulty_table(make_record(1, make_samples(1, 12))))
    assert text.count("33.3%") == 4 and "36" in text
    assert "Round 0 by difficulty" in rendered(difficulty_table(make_record(0, [])))


def test_both_tables_fit_eighty_columns_uncut() -> None:
    records = [make_record(n, make_samples(n, 900)) for n in (1, 2)]
    for table in (summary_table(records), difficulty_table(records[-1])):
        text = rendered(table, width=80)
        assert "\u2026" not in text and max(map(len, text.splitlines())) <= 80
        assert "pass@1" in text and "false+" in text


def test_the_end_of_a_run_says_where_its_things_are_in_lines_to_copy() -> None:
    stream = io.StringIO()
    command = "python main.py fit --ckpt_path last  # " + "x" * 120
    print_run_summary(
        Console(file=stream, width=80),
        [make_record(1, make_samples(1, 12))],
        best_checkpoint=Path("runs/demo/checkpoints/best.ckpt"),
        continue_command=command,
    )
    lines = stream.getvalue().splitlines()
    assert lines[-1].endswith(command)
    assert lines[-2].endswith("runs/demo/checkpoints/best.ckpt")
    assert "curves:" not in stream.getvalue()
    print_run_summary(Console(file=io.StringIO()), [])


def test_what_few_runs_leave_out_has_a_column_only_where_it_is_left_out() -> None:
    record = RoundRecord(1, 1, 1, 0, "r", 7, counts={2: FilterCounts(generated=9, accepted=4)})
    plain = rendered(difficulty_table(record))
    assert not {"near", "capped", "bench"} & set(plain.split())
    counts = dataclasses.replace(
        record.counts[2], near_duplicates=3, over_family_cap=5, over_kind_cap=6
    )
    table = rendered(difficulty_table(dataclasses.replace(record, counts={2: counts})))
    titles, row = (next(x for x in table.splitlines() if word in x) for word in ("level", " 9 "))
    cells = dict(zip(titles.split(), row.split(), strict=True))
    assert (cells["near"], cells["capped"], cells["new"]) == ("3", "11", "4")
    assert "bench" not in cells and counts.admitted == 18
