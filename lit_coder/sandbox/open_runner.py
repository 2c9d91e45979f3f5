"""Chooses the runner that the options ask for.

with open_runner(SandboxOptions()) as runner:
    executions = list(runner.run(jobs))
"""

from __future__ import annotations

from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.subprocess_runner import SubprocessRunner


def open_runner(options: SandboxOptions) -> Runner:
    """A runner of the options' backend; its processes start when it is entered."""
    return SubprocessRunner(options)
