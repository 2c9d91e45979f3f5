"""From jsonargparse's report on a mistake to one sentence: the key, what is wrong, the nearest.

    sentence = Mistakes(keys, given, model_classes).sentence(message)

jsonargparse names a mistyped key in four ways, by place, and inside a class without its path;
where the user gave it tells the rest. Nothing is parsed or printed here.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lit_coder.cli.config_file import COMMAND_LINE, Given

_UNKNOWN = (
    r"does not accept option '([^']+)'",
    r"[Oo]ption '([^']+)' is not accepted",
    r"[Uu]nrecognized arguments: ([^\s=]+)",
    r"Key '([^']+)' is not expected",
    r"No action for key \"([^\"]+)\"",
)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list as [a, b]",
    "collections.abc.Sequence": "a list as [a, b]",
    "dict": "options as {a: 1}",
    "NoneType": "null",
}


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What a sentence may refer to.

    Attributes:
        keys: every option of the command.
        given: what the user gave.
        model_classes: classes `model` may name, by their short names.
    """

    keys: frozenset[str]
    given: Given
    model_classes: Mapping[str, type]

    def sentence(self, message: str) -> str:
        """The report as one sentence."""
        text = " ".join(message.split())
        unknown = _first(text, *_UNKNOWN)
        if unknown:
            return self._unknown_key(unknown)
        if "arguments are required" in text and re.search(r"[ .]model\b", text):
            return (
                "model is not given: name a configuration, as --config configs/quickstart.yaml, or "
                f"a class, as --model {next(iter(self.model_classes), 'CLASS')}"
            )
        lacking = _first(
            text, r"argument (?:--?)?([\w./-]+): expected (?:one|at least one) argument"
        )
        if lacking:
            return f"{lacking.removeprefix('c/--')} needs a value"
        linked = re.search(r"Linked \"([^\"]+)\" must be given via \"([^\"]+)\"", text)
        if linked:
            return f"{linked[1]} is not set by hand: it follows {linked[2]}; set that"
        if _first(text, r"Parser key \"(model)\":"):
            return self._wrong_model(text)
        return self._wrong_value(text)

    def _unknown_key(self, unknown: str) -> str:
        if (
            not unknown.startswith("-")
            and unknown not in _keys_of(self.given)
            and ("." not in unknown and self.given.where(unknown) is None)
        ):
            return f"{unknown!r} has no meaning here: options are written as --section.name value"
        name, where = self._whole(unknown.lstrip("-"))
        near = nearest(name, self._candidates(name))
        hint = f"did you mean {near}?" if near else "--help lists the valid ones"
        return f"{_place(where)}there is no option {name}; {hint}"

    def _wrong_model(self, text: str) -> str:
        name = self.given.model
        known = ", ".join(self.model_classes)
        where = _place(
            self._whole("model.class_path")[1] if self.given.value("model.class_path") else ""
        )
        if name is None:
            for key, _, place in self.given.items:
                part = key.partition(".")[2].partition(".")[0]
                if (
                    key.startswith("model.")
                    and part != "class_path"
                    and (difflib.get_close_matches(part, ["class_path"], cutoff=0.7))
                ):
                    return (
                        f"{_place(place)}there is no option {key}; did you mean model.class_path?"
                    )
            return f"{where}model needs a class_path: one of {known}, or an import path of your own"
        if name.rsplit(".", 1)[-1] in self.model_classes:
            return self._wrong_value(text)
        near = nearest(name, self.model_classes)
        if near:
            return f"{where}model: there is no class {name}; did you mean {near}?"
        return (
            f"{where}model: {name} is not a class that can be trained here; choose from {known}, "
            "or give the import path of a CodeModule of your own"
        )

    def _wrong_value(self, text: str) -> str:
        key = _first(text, r"Parser key \"([^\"]+)\"", r"argument --([\w.]+):", r"key '([^']+)'")
        value = _first(text, r"Given value: (.+?)$", r"Got value: (.+?)$")
        if key is None or value is None:
            return text
        name, where = self._whole(key)
        faults = _first(text, r"Errors: (.+?) Given value type") or text
        known = _known_kinds(faults)
        choices = re.findall(r"typing\.Literal\[([^\]]+)\]", text)
        if choices:
            names = ", ".join(choices).replace("'", "").split(", ")
            known = [f"one of {', '.join(dict.fromkeys(names))}"]
        missing = _first(
            text, r"(?:module '[^']+' )(has no attribute '[^']+')", r"(No module named '[^']+')"
        )
        if missing or "import path" in faults:
            section = name.partition(".")[0]
            chosen = f" {self.given.model}" if section == "model" and self.given.model else ""
            return (
                f"{_place(where)}{name}: there is no class {value}; --{section}.help{chosen} names "
                "those there are, one of your own is given by its import path"
            )
        nested = re.match(r"NestedArg\(key='([^']+)'", value)
        if nested:
            return (
                f"{name}.{nested[1]} is an option of a class, and {name} has none; give that "
                f"before, as --{name} CLASS"
            )
        if not known:
            return f"{_place(where)}{name} cannot be {value}: {faults[:200]}"
        return f"{_place(where)}{name} must be {' or '.join(known)}, not {value}"

    def _whole(self, name: str) -> tuple[str, str]:
        """The key as the user wrote it, with its path, and the file it stands in."""
        return self.given.where(name) or (name, "")

    def _candidates(self, name: str) -> set[str]:
        """Every valid key, those inside the model's class written as the user wrote his."""
        chosen = (self.given.model or "").rsplit(".", 1)[-1]
        classes = [self.model_classes[chosen]] if chosen in self.model_classes else []
        inside = "model.init_args." if name.startswith("model.init_args.") else "model."
        found = set(self.keys) - {"help"}
        for cls in classes or list(self.model_classes.values()):
            found |= {inside + parameter for parameter in inspect.signature(cls).parameters}
        if name.startswith("model."):
            rest = name.removeprefix("model.").partition(".")[2]
            found |= {"model.class_path", f"model.init_args.{rest}" if rest else "model.init_args"}
        return {key for key in found if not key.endswith(".help")} - {name}


def nearest(name: str, keys: Iterable[str]) -> str | None:
    """The valid key closest to a mistyped one, by its whole path or by its last part."""
    candidates = sorted(keys)
    section, _, last_part = name.rpartition(".")
    # In the section that was meant first: a typo seldom moves a key to another one.
    within = {
        key.rpartition(".")[2]: key for key in candidates if key.rpartition(".")[0] == section
    }
    match = difflib.get_close_matches(last_part, list(within), n=1, cutoff=0.6)
    if match:
        return within[match[0]]
    prefixed = [key for part, key in sorted(within.items()) if part.startswith(last_part)]
    if prefixed and last_part:
        return prefixed[0]
    whole = difflib.get_close_matches(name, candidates, n=1, cutoff=0.7)
    if whole:
        return whole[0]
    last = {key.rpartition(".")[2]: key for key in reversed(candidates)}
    match = difflib.get_close_matches(last_part, list(last), n=1, cutoff=0.7)
    return last[match[0]] if match else None


def _known_kinds(faults: str) -> list[str]:
    found = re.findall(r"[Ee]xpected (?:a |an )?<class '([^']+)'>", faults)
    kinds = [_KINDS[name] for name in dict.fromkeys(found) if name in _KINDS]
    return [] if kinds == ["null"] else kinds


def _keys_of(given: Given) -> set[str]:
    return {key for key, _, _ in given.items}


def _first(text: str, *patterns: str) -> str | None:
    for pattern in patterns:
        match = re.search(pattern, text)
        if match:
            return match[1]
    return None


def _place(where: str) -> str:
    return "" if where in ("", COMMAND_LINE) else f"{where}: "
