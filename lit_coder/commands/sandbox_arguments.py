"""The options of `main.py sandbox`: the section `sandbox` of `fit`, under the same names.

    parser = SandboxParser("check", "", "What protects you on this machine.")
    arguments = parser.read(["--config", "configs/quickstart.yaml", "--sandbox.workers", "1"])
    arguments.options                       # SandboxOptions
    parser.add_argument("program", ...)     # of one action; found in `arguments.own`

Names, defaults, types and help come from `SandboxOptions` itself. Of a configuration only its
section `sandbox` is read; where an option is given twice, the later one holds, as for `fit`.
Torch is not imported.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import jsonargparse

from lit_coder.cli.config_file import Given, read_config
from lit_coder.cli.mistakes import Mistakes
from lit_coder.cli.short_help import ShortHelp
from lit_coder.sandbox.options import SandboxOptions

_CONFIG_OPTIONS = ("--config", "-c")


class SandboxArguments(NamedTuple):
    """What a user asks for: the sandbox's options, and those of one action by their names."""

    options: SandboxOptions
    own: dict[str, Any]


class SandboxParser(jsonargparse.ArgumentParser):
    """A parser of one action whose errors are one sentence."""

    def __init__(self, action: str, positional: str, description: str, epilog: str = "") -> None:
        """`positional` is how the usage names what follows the action."""
        usage = f"python main.py sandbox {action} {positional}[--config FILE] [--OPTION VALUE ...]"
        super().__init__(
            prog=f"main.py sandbox {action}",
            usage=usage,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=ShortHelp,
        )
        self._given = Given((), ())
        self.add_argument(
            *reversed(_CONFIG_OPTIONS),
            metavar="FILE",
            help="a configuration of fit, of which the section sandbox holds here too",
        )
        self.add_class_arguments(SandboxOptions, "sandbox")

    def read(self, argv: list[str]) -> SandboxArguments:
        """The arguments; ends the process where the parser refuses them.

        Raises:
            ValueError: a configuration cannot serve, or a value is out of its range.
        """
        self._given = Given((), ())
        if not {"-h", "--help"} & set(argv):
            self._given = Given.read(argv)
        own = self.parse_args(list(_with_sections(argv))).as_dict()
        options = own.pop("sandbox")
        return SandboxArguments(SandboxOptions(**options), own)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and exit with status 2."""
        print(f"lit-coder: {self._sentence(message)}", file=sys.stderr)
        raise SystemExit(2)

    def _sentence(self, message: str) -> str:
        text = " ".join(message.split())
        surplus = re.search(r"unrecognized arguments: ([^-\s]\S*)", text, re.IGNORECASE)
        if surplus:
            return f"{surplus[1]!r} is one word too many; see {self.prog} --help"
        missing = re.search(r"arguments are required: (.+)", text)
        if missing:
            return f"{missing[1]} is not given; see {self.prog} --help"
        # A mistake in a configuration is reported inside a report on the whole section.
        innermost = text[max(text.rfind("Parser key"), 0) :]
        keys = frozenset(action.dest for action in self._actions)
        return Mistakes(keys, self._given, {}).sentence(innermost)


def _with_sections(argv: list[str]) -> Iterator[str]:
    """The words with every configuration replaced by its section `sandbox`."""
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name not in _CONFIG_OPTIONS:
            yield word
            continue
        section = read_config(value if equals else next(words)).get("sandbox", {})
        yield f"--sandbox={json.dumps(section, default=str)}"
