from __future__ import annotations

import sys
from pathlib import Path

import pytest
from example_run import make_record, make_samples

from lit_coder.evaluation.round_plot import plot_rounds
from lit_coder.recursion.round_record import RoundRecord


def runs() -> dict[str, list[RoundRecord]]:
    return {
        "no round": [],
        "one round without scores": [make_record(0, [])],
        "one round": [make_record(1, make_samples(1, 6))],
        "gaps": [make_record(n, make_samples(n, 6) if n % 2 else []) for n in range(6)],
        "nan": [RoundRecord(0, 1, 1, 0, "r", 7, train_loss=float("nan"))],
    }


@pytest.mark.parametrize("name", list(runs()))
def test_the_plot_is_a_png_that_replaces_the_older_one_whole(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rounds.png"
    path.write_text("older")
    assert plot_rounds(runs()[name], path) == path
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) > 10_000
    assert [item.name for item in tmp_path.iterdir()] == ["rounds.png"]


def test_plotting_leaves_pyplot_alone(tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    plot_rounds(runs()["gaps"], tmp_path / "rounds.png")
    assert ("matplotlib.pyplot" in sys.modules) == before
