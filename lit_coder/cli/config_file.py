"""Reads configuration files before the parser does, so that a mistake in one is said plainly.

    given = Given.read(["--config", "x.yaml", "--data.batch_size", "8"])
    given.value("trainer.default_root_dir")      # whichever comes last, as for the parser
    given.where("hidden_size")                   # ("model.init_args.hidden_size", "x.yaml")

Only what a parser cannot say well is checked here: a file that is missing, empty or no YAML, a
section that holds no options, a value that follows another one. Keys and types are the parser's.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SECTIONS = ("trainer", "data", "sandbox", "recursion", "checkpoint", "benchmark")
COMMAND_LINE = "the command line"
FOLLOWS = {
    "model.init_args.vocab_size": "the tokenizer; set data.tokenizer_vocab_size or data.tokenizer",
    "model.init_args.max_position_embeddings": "data.max_sequence_length; set that",
    "data.steps_per_round": "recursion.every_n_steps; set that",
    "data.start_after_steps": "recursion.start_after_steps; set that",
    "data.accumulate_grad_batches": "trainer.accumulate_grad_batches; set that",
    "data.seed": "seed_everything; set that",
    "data.pretrained": "model.init_args.pretrained; set that",
    "data.learns_from": "model.init_args.objective; set that",
}


@dataclass(frozen=True, slots=True)
class Given:
    """Every key that a user gave, with its value and where it was given, in order.

    Attributes:
        items: (key, value, file or `COMMAND_LINE`).
        configs: the configuration files.
    """

    items: tuple[tuple[str, Any, str], ...]
    configs: tuple[str, ...]

    @classmethod
    def read(cls, arguments: list[str]) -> Given:
        """Read the command line and its configuration files.

        Raises:
            ValueError: a file cannot serve, or a value is given that follows another one.
        """
        items: list[tuple[str, Any, str]] = []
        configs: list[str] = []
        for key, value in _options(arguments):
            if key in ("config", "c"):
                if not isinstance(value, str):
                    raise ValueError("--config needs the path of a file")
                configs.append(value)
                items += [(name, at, value) for name, at in _flat("", read_config(value))]
            else:
                items.append((key, value, COMMAND_LINE))
        given = cls(tuple(items), tuple(configs))
        given._refuse_followers()
        return given

    def value(self, *keys: str) -> Any:
        """The value given last for any of the keys, None where none is given."""
        found = [value for key, value, _ in self.items if key in keys]
        return found[-1] if found else None

    def where(self, name: str) -> tuple[str, str] | None:
        """The whole key that ends with `name`, and where it was given."""
        found = [(k, at) for k, _, at in self.items if k == name or k.endswith("." + name)]
        return found[-1] if found else None

    @property
    def model(self) -> str | None:
        """The model's class as it was given."""
        value = self.value("model", "model.class_path")
        return value if isinstance(value, str) else None

    def _refuse_followers(self) -> None:
        for key, _, where in self.items:
            whole = key
            if key.startswith("model.") and not key.startswith("model.init_args."):
                whole = "model.init_args." + key.removeprefix("model.")
            if whole in FOLLOWS:
                raise ValueError(
                    f"{_at(where)}{key} is not set by hand: it follows {FOLLOWS[whole]}"
                )


def read_config(name: str) -> dict[str, Any]:
    """The content of a configuration file.

    Raises:
        ValueError: it is missing, empty, no YAML, or a section of it holds no options.
    """
    path = Path(name)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"--config {name}: there is no such file{_near(path)}") from error
    except IsADirectoryError as error:
        raise ValueError(f"--config {name} is a folder; name a .yaml file in it") from error
    except OSError as error:
        raise ValueError(f"--config {name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"--config {name} is not a text file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        fault = getattr(error, "problem", None) or "it cannot be read"
        raise ValueError(f"--config {name}{line}: this is not YAML: {fault}") from error
    if content is None:
        raise ValueError(f"--config {name} is empty; configs/ holds working ones")
    if not isinstance(content, dict):
        raise ValueError(
            f"--config {name}: a configuration is sections of options, not {content!r:.60}"
        )
    for section in (*SECTIONS, "model"):
        held = content.get(section, {})
        if held is None:
            raise ValueError(
                f"--config {name}: the section {section} is empty; give it an option or take the "
                "heading away"
            )
        if not isinstance(held, dict) and not (section == "model" and isinstance(held, str)):
            raise ValueError(f"--config {name}: {section} must hold options, not {held!r:.60}")
    return content


def _options(arguments: list[str]) -> Iterator[tuple[str, Any]]:
    """Options and their values; a later word that starts with two dashes is no value."""
    index = 0
    while index < len(arguments):
        name, equals, value = arguments[index].partition("=")
        index += 1
        if not name.startswith("-"):
            continue
        following = arguments[index] if index < len(arguments) else "--"
        if not equals and not following.startswith("--"):
            value, index = following, index + 1
        yield name.lstrip("-"), value if equals or value else None


def _flat(prefix: str, content: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(name + ".", value)
        else:
            yield name, value


def _near(path: Path) -> str:
    folder = path.parent
    names = [p.name for p in folder.glob("*.yaml")] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {folder / near[0]}?" if near else ""


def _at(where: str) -> str:
    return "" if where == COMMAND_LINE else f"{where}: "
