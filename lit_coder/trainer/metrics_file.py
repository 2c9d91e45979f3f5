"""`metrics.csv`: one row a logged step, columns as they come up, readable with any tool.

A Lightning logger. A resumed run goes on in the same file: rows after the resumed step move to
`metrics.superseded.csv` first, so that no step stands there twice and nothing is lost. A row that
a full disk cut short is dropped then. Several rows may have the same step, one for each part that
logs.
"""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from lit_coder.training_data.whole_file import write_whole


class MetricsFile(Logger):
    """Writes metrics to `<folder>/metrics.csv`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "metrics.csv"

    @property
    def name(self) -> str:
        """Name of the logger."""
        return "metrics"

    @property
    def version(self) -> str:
        """There is one file a run."""
        return ""

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Hyper-parameters stand in config.yaml."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add a row; a new column is empty in the rows before."""
        if not metrics:
            return
        row = {"step": "" if step is None else str(step)}
        row |= {name: repr(float(value)) for name, value in metrics.items()}
        columns = self._columns()
        if set(row) <= set(columns):
            with self.path.open("a", newline="", encoding="utf-8") as stream:
                csv.DictWriter(stream, columns).writerow(row)
        else:
            columns += [name for name in row if name not in columns]
            self._write(self.path, columns, [*self._rows(), row])

    def go_on_from(self, step: int) -> None:
        """Set aside the rows of steps after `step`."""
        self._drop_cut_row()
        rows = self._rows()
        later = [row for row in rows if row["step"] and int(row["step"]) > step]
        if not later:
            return
        aside = self.path.with_name("metrics.superseded.csv")
        former = self._read(aside)
        columns = list(dict.fromkeys(name for row in [*former, *later] for name in row))
        self._write(aside, columns, [*former, *later])
        kept = [row for row in rows if row not in later]
        self._write(self.path, self._columns(), kept)

    def _drop_cut_row(self) -> None:
        """Take off a last row without its end: the next one would go on in its line."""
        content = self.path.read_bytes() if self.path.exists() else b""
        if content and not content.endswith(b"\n"):
            with self.path.open("r+b") as stream:
                stream.truncate(content.rfind(b"\n") + 1)

    def _columns(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as stream:
            return next(csv.reader(stream), [])

    def _rows(self) -> list[dict[str, str]]:
        return self._read(self.path)

    @staticmethod
    def _read(path: Path) -> list[dict[str, str]]:
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @staticmethod
    def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        write_whole(path, text.getvalue())
