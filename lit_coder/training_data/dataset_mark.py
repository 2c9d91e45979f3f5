"""The mark of weights that were trained on a benchmark, wherever their scores are shown.

    mark(["humaneval"])                        # "trained on humaneval"
    marked_in(Path("runs/a/benchmarks/humaneval@openai/settings.json"))     # ("humaneval",)
    marked_by_config(Path("runs/a/config.yaml"))

The mark itself rides in the checkpoint; results and configurations repeat it. Files that are not
there, or are something else, carry no mark.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from lit_coder.training_data.dataset_choice import (
    TRAINED_ON_KEY,
    benchmark_names,
    dataset_choices,
)


def mark(benchmarks: Sequence[str]) -> str:
    """What is said beside a score; "" where nothing is to be said."""
    return f"trained on {', '.join(benchmarks)}" if benchmarks else ""


def marked_in(settings: Path) -> tuple[str, ...]:
    """The benchmarks that a settings file of a test's results names."""
    try:
        content = json.loads(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    names = content.get(TRAINED_ON_KEY, ()) if isinstance(content, dict) else ()
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def marked_by_config(config: Path) -> tuple[str, ...]:
    """The benchmarks among the datasets of a run's configuration."""
    try:
        content: Any = yaml.safe_load(config.read_text(encoding="utf-8"))
        return benchmark_names(dataset_choices(content["data"]["datasets"]))
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return ()
