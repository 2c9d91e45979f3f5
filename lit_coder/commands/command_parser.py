"""The argument parser of tools with plain options: a mistake is one sentence and status 2.

    parser = CommandParser(prog="main.py report", description="...")
    options = parser.parse_args(argv)

Options that stand in a configuration are jsonargparse's business; see `sandbox_arguments`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from lit_coder.cli.mistakes import nearest


class CommandParser(argparse.ArgumentParser):
    """As argparse's, with one sentence instead of the whole usage.

    Options are written whole, and names may stand between them.

    Attributes:
        speaker: what the sentence begins with; None = the command's own name.
    """

    speaker: str | None = None

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options; a mistyped one is told before what is missing because of it."""
        words = list(sys.argv[1:] if args is None else args)
        actions = next(
            (a for a in self._actions if isinstance(a, argparse._SubParsersAction)), None
        )
        if actions is None:
            self._refuse_typo(words)
            return self.parse_intermixed_args(words, namespace)
        if words and words[0] in actions.choices:
            actions.choices[words[0]]._refuse_typo(words[1:])
        return super().parse_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with status 2."""
        print(f"{self.speaker or self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        # Not `self.exit`: libraries replace sys.exit, and a mistake's status must stay 2.
        raise SystemExit(2)

    def _refuse_typo(self, words: Sequence[str]) -> None:
        known = [name for name in self._option_string_actions if name.startswith("--")]
        for word in words:
            name = word.partition("=")[0]
            if name == "--":
                return
            # As argparse has it, what holds a blank is no option.
            if name.startswith("--") and name not in known and " " not in word:
                near = nearest(name, known)
                hint = f"did you mean {near}?" if near else f"the options are {', '.join(known)}"
                self.error(f"there is no option {name}; {hint}")
