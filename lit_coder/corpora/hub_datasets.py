"""Programs of a data set of the Hugging Face hub, read as they arrive: nothing is stored first.

    HubDataset("owner/name")                            # split "train", the usual column
    HubDataset("owner/name/config@revision:test:code")
    HubDataset("./folder:train:text")                   # a folder in the hub's format

Read by `datasets` (extra `hub`), which never runs code of a data set here. Which commit is read is
asked once, and the tokens are cached under it. Where commit (40 digits) and column are named, the
hub is asked nothing: a machine without network goes on with the tokens that are cached.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import re
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from lit_coder.corpora.columns import cell_text, choose_column
from lit_coder.corpora.hub_files import hub_errors, reach_hub
from lit_coder.corpora.python_files import content_digest
from lit_coder.corpora.source import CorpusSource, Fault, SourceError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_LICENCE_LINE = re.compile(r"^license:[ \t]*(\S.*)$", re.MULTILINE)


class HubDataset(CorpusSource):
    """The texts of one column of one split, in its order.

    Args:
        address: OWNER/NAME[/CONFIG][@REVISION][:SPLIT][:COLUMN], or a folder for the name.

    Raises:
        ValueError: `datasets` is not installed, or there is no such data set, split or column.
        SourceError: the hub cannot be reached, or the data set is damaged or empty.
    """

    def __init__(self, address: str) -> None:
        super().__init__(f"hf:{address}")
        where, _, rest = address.partition(":")
        split, _, column = rest.partition(":")
        self._split = split or "train"
        self._is_folder = where.startswith((".", "/", "~"))
        if self._is_folder:
            self._path, self._config, self._asked = str(Path(where).expanduser()), None, "main"
            if not Path(self._path).is_dir():
                raise ValueError(f"data.corpus: there is no folder {where}; give a data set's")
        else:
            where, _, revision = where.partition("@")
            parts = where.split("/")
            self._path = "/".join(parts[:2])
            self._config = "/".join(parts[2:]) or None
            self._asked = revision or "main"
        _import_datasets()
        if column and _COMMIT.fullmatch(self._asked):
            self.column = column
            return
        self.licence = self._stated_licence()
        first = next(self._rows(), None)
        if first is None:
            raise SourceError(f"the data set {self.name} has no rows")
        types = {name: type(value).__name__ for name, value in first.items()}
        self.column = choose_column(types, column or None, self.name)

    def fingerprint(self) -> str:
        """By commit, config, split and column; of a folder by the bytes of its files."""
        parts = (self._config or "", self._split, self.column)
        if not self._is_folder:
            return "/".join((self._path, self.commit, *parts))
        files = [Path(folder) / file for folder, _, names in os.walk(self._path) for file in names]
        named = sorted((path.relative_to(self._path).as_posix(), path) for path in files)
        return "/".join((content_digest(named), *parts))

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The column of each row."""
        for number, row in enumerate(self._rows(), start=1):
            name = f"{self.name}, row {number}"
            if self.column not in row:
                there = ", ".join(row)
                raise ValueError(
                    f"data.corpus: {self.name} has no column {self.column!r}; its columns are "
                    f"{there}"
                )
            yield name, cell_text(row[self.column])

    @cached_property
    def commit(self) -> str:
        """The commit that the revision names, 40 digits."""
        return self._asked if _COMMIT.fullmatch(self._asked) else str(self._information.sha)

    @cached_property
    def _information(self) -> Any:
        from huggingface_hub import HfApi, constants
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        if constants.HF_HUB_OFFLINE:
            raise SourceError(f"{self.name} is not read: HF_HUB_OFFLINE is set")
        try:
            reach_hub()
            return HfApi().dataset_info(self._path, revision=self._asked)
        except (RepositoryNotFoundError, RevisionNotFoundError) as error:
            raise ValueError(
                f"data.corpus: the hub shows no data set {self._path} at {self._asked}; check the "
                "name, or log in with `hf auth login` where it is private"
            ) from error
        # `HubUnavailable` is one of them.
        except hub_errors() as error:
            raise SourceError(f"{self.name} cannot be read ({_sentence(error)})") from error

    def _stated_licence(self) -> str:
        if not self._is_folder:
            card = self._information.card_data
            stated = card.get("license") if card is not None else None
            return ", ".join(stated) if isinstance(stated, list) else str(stated or "not stated")
        card_file = Path(self._path) / "README.md"
        text = card_file.read_text(errors="replace") if card_file.is_file() else ""
        found = _LICENCE_LINE.search(text)
        return found.group(1).strip() if found else "not stated"

    def _rows(self) -> Iterator[dict[str, Any]]:
        datasets = _import_datasets()
        options: dict[str, Any] = {} if self._is_folder else {"revision": self.commit}
        # Releases that can run a data set's code ask for consent by this argument.
        if "trust_remote_code" in inspect.signature(datasets.load_dataset).parameters:
            options["trust_remote_code"] = False
        # A timeout is its own class below Python 3.11.
        errors = (
            *hub_errors(),
            datasets.exceptions.DatasetsError,
            asyncio.TimeoutError,
            EOFError,
            zlib.error,
        )
        try:
            rows = datasets.load_dataset(
                self._path, self._config, split=self._split, streaming=True, **options
            )
        except (ValueError, FileNotFoundError) as error:
            raise ValueError(f"data.corpus: {self.name}: {_sentence(error)}") from error
        except StopIteration as error:
            raise SourceError(f"the first file of {self.name} is empty") from error
        except errors as error:
            raise SourceError(f"{self.name} cannot be read ({_sentence(error)})") from error
        stream = iter(rows)
        while True:
            try:
                row = next(stream, None)
            except errors as error:
                raise SourceError(f"{self.name} broke off ({_sentence(error)})") from error
            if row is None:
                return
            yield row


def _import_datasets() -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise ValueError(
            "data.corpus: hf: sources are read by the package datasets; pip install "
            '"lit-coder[hub]"'
        ) from error


def _sentence(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
