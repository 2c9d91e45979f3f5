"""The sandbox of `main.py score`, which starts while the rest of the command is still loading.

    with StartingSandbox(request) as sandbox:
        ...                              # imports, the benchmark's file
        runner = sandbox.runner()        # waits until it is there

To start takes about as long as to import what is needed beside it, and happens in other processes.
"""

from __future__ import annotations

import logging
from types import TracebackType

from lit_coder.cli.screen import log_to_stderr
from lit_coder.commands.score_arguments import ScoreRequest
from lit_coder.commands.score_packages import benchmark_before_sandbox, sandbox_options
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.pool_runner import PoolRunner


class StartingSandbox:
    """A runner that is on its way; leaving the block ends every process of it.

    `benchmark` is there if it had to be read before, else None.
    """

    def __init__(self, request: ScoreRequest) -> None:
        """`request` says which options it gets, and which libraries its programs may need.

        Raises:
            ValueError: an option cannot be served, or the benchmark's file cannot be had.
        """
        self.benchmark = benchmark_before_sandbox(request)
        self._runner = open_runner(sandbox_options(request, self.benchmark))
        self._thread = InterruptibleThreads(1)

    def __enter__(self) -> StartingSandbox:
        """Start it, and do not wait."""
        log_to_stderr()
        self._started = self._thread.submit(self._runner.__enter__)
        return self

    def runner(self) -> PoolRunner:
        """The runner once it has started.

        Raises:
            SandboxUnavailable: no wall holds here.
        """
        return self._started.result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process, also of a start that is not finished."""
        if error is not None:
            # Workers that are ended in the middle of a job are no news.
            logging.getLogger("lit_coder").setLevel(logging.WARNING)
        self._thread.close()
        self._runner.close()
