"""The curves of a run as one PNG: held-out pass@1, pool size, success rate per round.

    plot_rounds(read_records(run_folder / "rounds"), run_folder / "rounds.png")

Drawn with matplotlib's Agg canvas through its objects, so no global figure state is touched and
no display is needed. Rounds that did not measure a number leave a gap. The interactive curves
are the report's (`evaluation/report.py`).
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lit_coder.evaluation.round_table import defined_rates, held_out_pass
from lit_coder.recursion.round_record import RoundRecord
from lit_coder.training_data.whole_file import write_whole


def plot_rounds(records: Sequence[RoundRecord], path: Path) -> Path:
    """Write the PNG so that it is there whole or not at all; return its path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    held_out, pool, success = figure.subplots(1, 3)
    _draw_held_out(held_out, records)
    _draw_pool(pool, records)
    _draw_success(success, records)
    for axes in (held_out, pool, success):
        _finish(axes, len(records))
    drawn = io.BytesIO()
    canvas.print_figure(drawn, format="png", dpi=120)
    write_whole(path, drawn.getvalue())
    return path


def _draw_held_out(axes: Any, records: Sequence[RoundRecord]) -> None:
    axes.set_title("held-out pass@k")
    measured = [record for record in records if record.held_out is not None]
    rounds = [record.round for record in measured]
    bounds = [record.held_out.interval for record in measured if record.held_out]
    if bounds:
        low, high = zip(*bounds, strict=True)
        axes.fill_between(rounds, low, high, alpha=0.2, color="C0", label="pass@1 interval")
    for k in sorted({k for record in measured if record.held_out for k in record.held_out.pass_at}):
        style = "o-" if k == 1 else "s--"
        values = [held_out_pass(record, k) for record in measured]
        _line(axes, rounds, values, style, f"pass@{k}")
    _share_axis(axes)


def _draw_pool(axes: Any, records: Sequence[RoundRecord]) -> None:
    axes.set_title("pool size")
    sizes = [float(record.pool_size) for record in records]
    _line(axes, [record.round for record in records], sizes, "o-", "accepted samples")
    axes.set_ylim(bottom=0)


def _draw_success(axes: Any, records: Sequence[RoundRecord]) -> None:
    axes.set_title("generated samples")
    rounds = [record.round for record in records]
    rates = [defined_rates(record.totals) for record in records]
    _line(axes, rounds, [rate["success_rate"] for rate in rates], "o-", "passed visible tests")
    wrong = [rate["false_positive_rate"] for rate in rates]
    _line(axes, rounds, wrong, "s--", "false positives among them")
    _share_axis(axes)


def _line(
    axes: Any, rounds: Sequence[int], values: Sequence[float | None], style: str, label: str
) -> None:
    if any(value is not None for value in values):
        numbers = [math.nan if value is None else value for value in values]
        axes.plot(rounds, numbers, style, markersize=4, label=label)


def _share_axis(axes: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))


def _finish(axes: Any, num_records: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("round")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
    elif not num_records:
        axes.text(0.5, 0.5, "no rounds yet", ha="center", transform=axes.transAxes)
