"""How options are shown: types only where they would not be expected.

    parser = jsonargparse.ArgumentParser(formatter_class=ShortHelp)

Shared by `fit --help` and by the tools that offer options of a configuration. Which options are
shown is the parser's business.
"""

from __future__ import annotations

import argparse
import re

from jsonargparse import DefaultHelpFormatter

# Their default says what they are, or their name, where the default is that there is none; choices
# and lists stand beside the name, and our sentence says what two kinds mean.
_PLAIN_TYPES = re.compile(
    r"type: (?:(?:bool|int|float|str)(?: \| null)?|Literal\[[^\]]*\]|Union\[[\w, ]+\]"
    r"|Sequence\[int\]|tuple\[str, \.\.\.\]), (?=default: )"
)
_LISTS = re.compile(r"type: Optional\[list\[str\]\], (?=default: )")
_CLASSES = re.compile(r"(?:type: \w+ \| null, )?(default: \w+), known subclasses: ([\w., ]+)\)")
_DEFAULT = re.compile(r"\(?default: ([^,)]+)[,)]")


class ShortHelp(DefaultHelpFormatter):
    """Help that says types only where a number, a text or yes and no would not be expected."""

    def _expand_help(self, action: argparse.Action) -> str:
        text = _PLAIN_TYPES.sub("", super()._expand_help(action))
        text = _CLASSES.sub(_short_classes, _LISTS.sub("a list, ", text))
        if not getattr(action, "has_our_help", False):
            return text
        default = None if action.required else _DEFAULT.search(text)
        return f"{action.help} (default: {default[1]})" if default else str(action.help)


def _short_classes(found: re.Match[str]) -> str:
    """Classes by the names that an option accepts, without their modules."""
    names = [path.rpartition(".")[2] for path in found[2].split(", ")]
    return f"{found[1]}, classes: {', '.join(names)})"
