"""The argument parser of tools with plain options: a mistake is one sentence and status 2.

    parser = CommandParser(prog="main.py report", description="...")
    options = parser.parse_args(argv)

Options that stand in a configuration are jsonargparse's business; see `sandbox_arguments`.
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


class CommandParser(argparse.ArgumentParser):
    """As argparse's, with one sentence instead of the whole usage.

    Attributes:
        speaker: what the sentence begins with; None = the command's own name.
    """

    speaker: str | None = None

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with status 2."""
        print(f"{self.speaker or self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        # Not `self.exit`: libraries replace sys.exit, and a mistake's status must stay 2.
        raise SystemExit(2)
