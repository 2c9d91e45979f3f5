"""The folder of one protocol's results: streamed as they come, gone on with after an interruption.

    folder = BenchmarkFolder(run / "benchmarks" / "humaneval@openai", settings)
    folder.open()                       # what was finished under the same settings is kept
    folder.add(rows)                    # all samples of one task
    rows = folder.collect(task_ids)     # everything, in the order of the tasks

`samples.jsonl` holds a line {"task_id", "completion", ...} for each sample, as official evaluators
read it; `results.jsonl` adds the verdicts; `settings.json` says what they are results of. A folder
of other settings is renamed and never written over. A test of fewer tasks leaves the other tasks'
rows where they are; only the summary is of the tasks that were asked last. With several processes
each streams to files of its own, which the first one puts together. How a score is made of rows is
not known here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

from lit_coder.training_data.whole_file import write_whole

logger = logging.getLogger("lit_coder.evaluation")

SETTINGS_FILE = "settings.json"
SAMPLES_FILE = "samples.jsonl"
RESULTS_FILE = "results.jsonl"
SUMMARY_FILE = "summary.json"
SAMPLE_FIELDS = ("task_id", "completion", "sample")
NOT_COMPARED = ("checkpoint", "max_problems")
"""Settings that say where something stood or how much is wanted, not what a result is of."""

Row: TypeAlias = dict[str, Any]


class BenchmarkFolder:
    """Results of one protocol; see the module's text.

    Args:
        path: the folder; made by `open`.
        settings: what the results depend on, as JSON.
        rank: this process among those that write here; only 0 changes what others wrote.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], rank: int = 0) -> None:
        self.path = path
        self.kept: dict[str, list[Row]] = {}
        """Rows of tasks that were finished before, by the task's name."""
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._rank = rank
        self._samples: IO[str] | None = None
        self._results: IO[str] | None = None

    def prepare(self) -> None:
        """Keep what can be gone on with, set other results aside; for the first process only."""
        former = _read_settings(self.path / SETTINGS_FILE)
        # A folder without anything in it is left by a process that was killed just then.
        is_used = self.path.is_dir() and any(self.path.iterdir())
        if is_used and _compared(former) != _compared(self.settings):
            self._set_aside(former)
        self.path.mkdir(parents=True, exist_ok=True)
        if former != self.settings:
            # It would say of fewer or more tasks that all are there.
            (self.path / SUMMARY_FILE).unlink(missing_ok=True)
        write_whole(self.path / SETTINGS_FILE, json.dumps(self.settings, indent=1))
        self._read_kept()
        rows = [row for group in self.kept.values() for row in group]
        write_whole(self.path / RESULTS_FILE, "".join(map(_line, rows)))
        write_whole(self.path / SAMPLES_FILE, "".join(map(_sample_line, rows)))
        for path in self._parts():
            path.unlink()

    def open(self) -> None:
        """Begin to stream; `prepare` of the first process must have ended."""
        if self._rank:
            self._read_kept()
        self._samples = self._own(SAMPLES_FILE).open("a", encoding="utf-8")
        self._results = self._own(RESULTS_FILE).open("a", encoding="utf-8")

    def add(self, rows: Sequence[Row]) -> None:
        """Write all samples of one task."""
        assert self._samples is not None and self._results is not None, "open comes first"
        self._samples.write("".join(map(_sample_line, rows)))
        self._samples.flush()
        self._results.write("".join(map(_line, rows)))
        self._results.flush()

    def close(self) -> None:
        """Stop streaming; closing twice is allowed."""
        for stream in (self._samples, self._results):
            if stream is not None:
                stream.close()
        self._samples = self._results = None

    def collect(self, task_ids: Sequence[str]) -> list[Row]:
        """The rows of these tasks, in their order; the parts of other processes are put in."""
        self.close()
        parts = self._parts()
        by_task = _whole_tasks([self.path / RESULTS_FILE, *parts], self._num_samples)
        rows = [row for task_id in task_ids for row in by_task.get(task_id, ())]
        if parts:
            unwanted = by_task.keys() - set(task_ids)
            every = rows + [row for name in by_task if name in unwanted for row in by_task[name]]
            write_whole(self.path / RESULTS_FILE, "".join(map(_line, every)))
            write_whole(self.path / SAMPLES_FILE, "".join(map(_sample_line, every)))
            for path in parts:
                path.unlink()
        return rows

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Say that all tasks are there, and what they amount to."""
        write_whole(self.path / SUMMARY_FILE, json.dumps(summary, indent=1))

    @property
    def _num_samples(self) -> int:
        return int(self.settings["num_samples"])

    def _own(self, name: str) -> Path:
        """This process's file of that name."""
        return self.path / (f"rank{self._rank}.{name}" if self._rank else name)

    def _parts(self) -> list[Path]:
        """Files of the processes beside the first; the samples' come last, they hold no verdict."""
        return sorted(self.path.glob("rank*.*.jsonl"))

    def _read_kept(self) -> None:
        results = [self.path / RESULTS_FILE, *self._parts()]
        self.kept = _whole_tasks(results, self._num_samples)

    def _set_aside(self, former: Mapping[str, Any]) -> None:
        number = 1
        while (place := self.path.with_name(f"{self.path.name}.former-{number}")).exists():
            number += 1
        self.path.rename(place)
        now = _compared(self.settings)
        changed = sorted(key for key in {*now, *former} if now.get(key) != former.get(key))
        logger.info(
            "%s: former results of another %s are kept in %s",
            self.path.name,
            ", ".join(key for key in changed if key not in NOT_COMPARED) or "kind",
            place,
        )


def _whole_tasks(paths: Iterable[Path], num_samples: int) -> dict[str, list[Row]]:
    """Rows of the tasks all of whose samples are there, in the order they were written."""
    groups: dict[str, dict[int, Row]] = {}
    for path in paths:
        for row in _read_rows(path):
            groups.setdefault(row["task_id"], {})[row["sample"]] = row
    wanted = list(range(num_samples))
    return {
        task_id: [samples[number] for number in wanted]
        for task_id, samples in groups.items()
        if sorted(samples) == wanted
    }


def _read_rows(path: Path) -> Iterable[Row]:
    """The rows of a results file; a line that was torn when its process died is dropped."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace", newline="\n") as stream:
        for line in stream:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and "passed" in row and {*SAMPLE_FIELDS} <= row.keys():
                yield row


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _compared(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in NOT_COMPARED}


def _line(row: Row) -> str:
    # Escaped, so that no line holds what some reader takes for a line end.
    return json.dumps(row) + "\n"


def _sample_line(row: Row) -> str:
    return _line({name: row[name] for name in SAMPLE_FIELDS})
