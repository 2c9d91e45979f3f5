"""A progress bar while a corpus is tokenized: documents and megabytes a second of each source.

    with TokenizationProgress() as progress:
        progress.begin("stdlib", num_documents=1733)
        progress.advance(num_bytes=4096)            # one document more

It is drawn on standard error where that is a terminal, and gone when it is done; what stays is the
log. The speed is of the text, in millions of bytes.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn


class TokenizationProgress:
    """A bar for each source.

    Args:
        console: where it is drawn; None is standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        chosen = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("tokenizing {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("documents  {task.fields[speed]:.1f} MB/s"),
            console=chosen,
            transient=True,
            disable=not chosen.is_terminal,
        )
        self._task: TaskID | None = None
        self._num_bytes = 0
        self._start_seconds = 0.0

    def begin(self, name: str, num_documents: int | None) -> None:
        """The next source, with the number of its documents where it is known."""
        self._task = self._progress.add_task(name, total=num_documents, speed=0.0)
        self._num_bytes = 0
        self._start_seconds = time.perf_counter()

    def advance(self, num_bytes: int) -> None:
        """One document of the source is done."""
        assert self._task is not None
        self._num_bytes += num_bytes
        seconds = max(time.perf_counter() - self._start_seconds, 1e-9)
        self._progress.update(self._task, advance=1, speed=self._num_bytes / 1e6 / seconds)

    def __enter__(self) -> TokenizationProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
