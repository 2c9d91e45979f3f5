"""The argument parser: LightningCLI's, with one sentence for every mistake.

A typo anywhere - on the command line, in a YAML file, in a class's init_args - names the key and the
nearest valid one and ends with status 2. Abbreviations are not accepted: a key that is taken
for another would change a run without a word.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from lightning.pytorch.cli import LightningArgumentParser


class OneSentenceParser(LightningArgumentParser):
    """A parser whose errors are one sentence with the remedy."""

    model_class_candidates: dict[str, type] = {}
    """Classes `model` may name; their parameters are candidates for a typo in init_args."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["allow_abbrev"] = False
        super().__init__(*args, **kwargs)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print one sentence and exit with status 2."""
        print(f"lit-coder: {self.sentence(message)}", file=sys.stderr)
        raise SystemExit(2)

    def sentence(self, message: str) -> str:
        """The message of jsonargparse as one sentence, with the nearest valid key."""
        text = " ".join(message.split())
        keys = set(self._all_keys())
        unknown = _first(
            text,
            r"does not accept option '([^']+)'",
            r"[Oo]ption '([^']+)' is not accepted",
            r"[Uu]nrecognized arguments: (?:--)?([^\s=]+)",
            r"Key '([^']+)' is not expected",
            r"No action for key \"([^\"]+)\"",
        )
        if unknown:
            return _unknown_key(unknown, keys)
        return _shortened(text)

    def _all_keys(self) -> Iterable[str]:
        """Every key of this parser and of its subcommands, init_args of the models included."""
        for action in self._actions:
            if action.dest and action.dest not in ("help", "==SUPPRESS=="):
                yield action.dest
        for subparser in getattr(self, "_subcommand_keys", ()):
            yield subparser
        for cls in self.model_class_candidates.values():
            for name in inspect.signature(cls).parameters:
                yield f"model.init_args.{name}"


def _unknown_key(unknown: str, keys: set[str]) -> str:
    name = unknown.removeprefix("--")
    near = nearest(name, keys)
    hint = f"did you mean {near}?" if near else "see --help for the valid ones"
    return f"there is no option {name}; {hint}"


def nearest(name: str, keys: Iterable[str]) -> str | None:
    """The valid key closest to a mistyped one, by its whole path or by its last part."""
    candidates = sorted(keys)
    whole = difflib.get_close_matches(name, candidates, n=1, cutoff=0.7)
    if whole:
        return whole[0]
    last = {key.rsplit(".", 1)[-1]: key for key in reversed(candidates)}
    match = difflib.get_close_matches(name.rsplit(".", 1)[-1], list(last), n=1, cutoff=0.6)
    return last[match[0]] if match else None


def _first(text: str, *patterns: str) -> str | None:
    for pattern in patterns:
        match = re.search(pattern, text)
        if match:
            return match[1]
    return None


def _shortened(text: str) -> str:
    """Reduce jsonargparse's report on a wrong value to key, expectation and value."""
    key = _first(text, r"Parser key \"([^\"]+)\"", r"argument (?:--)?([\w.]+):", r"key '([^']+)'")
    value = _first(text, r"[Gg]iven value: (.+?)(?: Given value type|$)", r"Got value: (.+?)(?: |$)")
    expected = re.findall(r"[Ee]xpected (?:a |an )?<class '([^']+)'>", text)
    if key and expected and value:
        return f"{key} must be {' or '.join(dict.fromkeys(expected))}, not {value}"
    return text
