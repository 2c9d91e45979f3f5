"""A run's report: `report.html`, one self-contained page to open in a browser.

    write_report(Path("runs/quickstart"))

It is made of what lies in the run's folder: `rounds/*.json`, the pool, `config.yaml`,
`environment.json`; whatever is missing is said on the page. It loads nothing from anywhere and
works from a file. Programs are a model's text and are never trusted: they reach the page as JSON
without a single `<`, are shown as text only, and a content security policy lets no script but
the page's own run. The page is drawn by `report_page.html` and the three files it embeds.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import math
import re
from datetime import datetime, timezone
from importlib import resources
from pathlib import Path
from typing import Any

from lit_coder.evaluation.report_samples import ShownSamples, is_false_positive, read_shown_samples
from lit_coder.evaluation.round_table import best_record, defined_rates
from lit_coder.recursion.round_record import FilterCounts, RoundRecord, read_records
from lit_coder.training_data.dataset_mark import mark, marked_by_config
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample
from lit_coder.training_data.whole_file import write_whole

REPORT_NAME = "report.html"
_LONGEST_TEXT = 20_000
_SIGNS_OF_A_RUN = ("rounds", "config.yaml", "environment.json", "pool.lance", "checkpoints")


def is_run_folder(folder: Path) -> bool:
    """Whether `folder` holds anything that a run writes."""
    return folder.is_dir() and any((folder / name).exists() for name in _SIGNS_OF_A_RUN)


def write_report(run_folder: Path) -> Path:
    """Write the run's `report.html` so that it is there whole or not at all; return its path.

    A pool that cannot be read is said on the page, so that a report never stops a run.

    Raises:
        ValueError: a round's record cannot be read.
        OSError: the page cannot be written.
    """
    records = read_records(run_folder / "rounds")
    path = run_folder / REPORT_NAME
    write_whole(path, _page(_page_data(run_folder, records)))
    return path


def _page_data(run_folder: Path, records: list[RoundRecord]) -> dict[str, Any]:
    shown, missing = _shown_samples(run_folder, records)
    best = best_record(records)
    last_checkpoint = run_folder / "checkpoints" / "last.ckpt"
    command = f"python main.py fit --ckpt_path {last_checkpoint}"
    return {
        "name": run_folder.resolve().name,
        "run_id": records[-1].run_id if records else None,
        "seed": records[-1].seed if records else None,
        "recorded": _recorded_at(run_folder, records),
        "best_round": best.round if best else None,
        "mark": mark(marked_by_config(run_folder / "config.yaml")),
        "continue_command": command if last_checkpoint.exists() else None,
        "rounds": [_round_data(record) for record in records],
        "samples": [_sample_data(sample) for sample in shown.samples],
        "sample_totals": {
            number: dataclasses.asdict(totals) for number, totals in shown.totals.items()
        },
        "samples_missing": missing,
        "config": _text_of(run_folder / "config.yaml"),
        "environment": _text_of(run_folder / "environment.json"),
    }


def _shown_samples(run_folder: Path, records: list[RoundRecord]) -> tuple[ShownSamples, str]:
    """The samples to show, and in one sentence why there are none ("" if there are)."""
    if not records:
        return ShownSamples(), "No round has ended yet, so there are no samples."
    path = run_folder / "pool.lance"
    if not path.is_dir():
        return ShownSamples(), "The samples are not available: the run's pool.lance is missing."
    try:
        pool = SamplePool(path, records[-1].run_id)
        shown = read_shown_samples(pool, records[-1].pool_version)
    except ValueError as error:
        return ShownSamples(), f"The samples are not available: {error}."
    return shown, "" if shown.samples else "The pool holds no samples yet."


def _recorded_at(run_folder: Path, records: list[RoundRecord]) -> str | None:
    """When the newest round ended: of use in the morning, and the same for every rewrite."""
    if not records:
        return None
    modified = records[-1].path(run_folder / "rounds").stat().st_mtime
    moment = datetime.fromtimestamp(modified, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _round_data(record: RoundRecord) -> dict[str, Any]:
    held_out = record.held_out
    return {
        "round": record.round,
        "global_step": record.global_step,
        "pool_size": record.pool_size,
        "train_loss": record.train_loss,
        "validation_loss": record.validation_loss,
        "held_out": None if held_out is None else dataclasses.asdict(held_out),
        "totals": _counts_data(record.totals) if record.counts else None,
        "by_difficulty": {n: _counts_data(counts) for n, counts in sorted(record.counts.items())},
        "seconds": record.seconds,
        "repairer": record.repairer,
        "repairs": _repairs_data(record),
        "note": record.note,
    }


def _counts_data(counts: FilterCounts) -> dict[str, Any]:
    return {**dataclasses.asdict(counts), **defined_rates(counts)}


def _repairs_data(record: RoundRecord) -> dict[str, Any] | None:
    repairs = record.repairs
    if repairs is None:
        return None
    return {**dataclasses.asdict(repairs), "mean_steps": repairs.mean_steps}


def _sample_data(sample: Sample) -> dict[str, Any]:
    data = dataclasses.asdict(sample)
    log_probabilities = data.pop("log_probabilities")
    num_tokens = len(data.pop("token_ids"))
    total = math.fsum(log_probabilities)
    data |= {
        "num_tokens": num_tokens,
        "mean_log_probability": total / len(log_probabilities) if log_probabilities else None,
        "lowest_log_probability": min(log_probabilities, default=None),
        "false_positive": is_false_positive(sample),
    }
    for name in ("prompt", "draft", "completion", "detail"):
        if len(data[name]) > _LONGEST_TEXT:
            cut = len(data[name]) - _LONGEST_TEXT
            data[name] = f"{data[name][:_LONGEST_TEXT]}\n[{cut} more characters are not shown]"
    return data


def _text_of(path: Path) -> str | None:
    if not path.is_file():
        return None
    return path.read_text(encoding="utf-8", errors="replace")[:_LONGEST_TEXT]


def _embeddable_json(data: object) -> str:
    """JSON that cannot end its script element: pure ASCII, and `<`, `>` and `&` escaped.

    That covers `</script`, `<!--` and the line separators U+2028 and U+2029. Numbers that JSON
    lacks become text, so that a loss of nan is shown as "nan".
    """
    text = json.dumps(_with_finite_numbers(data), ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _with_finite_numbers(data: object) -> object:
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    if isinstance(data, dict):
        return {key: _with_finite_numbers(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_with_finite_numbers(value) for value in data]
    return data


def _page(data: dict[str, Any]) -> str:
    """The template with its parts put in, in one pass: what is put in is not looked at again."""
    script = _part("report_charts.html") + _part("report_script.html")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    parts = {
        "title": html.escape(f"{data['name']} - lit_coder report"),
        "style": _part("report_style.html"),
        "script": script,
        "script_hash": f"sha256-{digest}",
        "data": _embeddable_json(data),
    }
    template = _read("report_page.html")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match.group(1)], template)


def _part(name: str) -> str:
    """What stands inside the one element of a part's file (the tag keeps editors helpful)."""
    text = _read(name)
    return text[text.index(">") + 1 : text.rindex("</")]


def _read(name: str) -> str:
    return resources.files("lit_coder.evaluation").joinpath(name).read_text(encoding="utf-8")
