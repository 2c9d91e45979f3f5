"""Where to look for functions: documents of corpus sources, folders and single files.

    for place in places("stdlib"): place.text, place.name, place.licence

A source is named as in `data.corpus` (`corpora/open_sources.py`), or is a `.py` file. Each document
carries the licence that its source states; of installed packages, that of its package.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lit_coder.corpora.open_sources import open_source
from lit_coder.corpora.python_files import read_python_text
from lit_coder.corpora.python_sources import SitePackages, StandardLibrary
from lit_coder.corpora.source import CorpusSource, Fault, SourceError, clean
from lit_coder.harvesting.finding import Place, package_of


class OpenPlaces:
    """The documents of one source.

    Args:
        spec: what the user wrote.

    Raises:
        ValueError: nothing can be read under that name.
    """

    def __init__(self, spec: str) -> None:
        self.name = Path(spec).expanduser().resolve().stem if Path(spec).exists() else spec
        self._path = Path(spec).expanduser() if spec.endswith(".py") else None
        self._source: CorpusSource | None = None
        if self._path is not None:
            self._text = python_text(self._path, "SOURCE")
            return
        try:
            self._source = open_source(spec)
        except SourceError as error:
            raise ValueError(f"SOURCE {spec}: {error}; give another source") from error
        except ValueError as error:
            raise ValueError(str(error).replace("data.corpus:", "SOURCE:")) from error

    def __iter__(self) -> Iterator[Place]:
        """The documents, each pass anew."""
        if self._source is None:
            assert self._path is not None
            yield Place(self._text, self._path.name, "not stated")
            return
        is_library = isinstance(self._source, StandardLibrary)
        licences = _licences(self._source)
        for document in self._source.documents():
            folder = document.name.partition("/")[0]
            yield Place(
                document.text,
                document.name,
                licences.get(folder, self._source.licence),
                package_of(document.name) if is_library else "",
            )


def python_text(path: Path, option: str) -> str:
    """The text of one Python file.

    Raises:
        ValueError: it is missing or cannot be read; names the option.
    """
    if not path.is_file():
        raise ValueError(f"{option} {path}: there is no such file; give the path of a .py file")
    found = read_python_text(path)
    cleaned = found if isinstance(found, Fault) else clean(found)
    if isinstance(cleaned, Fault):
        raise ValueError(f"{option} {path} {cleaned.reason}; give a file of Python text")
    return cleaned


def _licences(source: CorpusSource) -> dict[str, str]:
    """By the first part of a document's name the licence of an installed package."""
    if not isinstance(source, SitePackages):
        return {}
    stated = {each.part.rpartition(" ")[0].lower(): each.licence for each in source.licences()}
    folders = {name.partition("/")[0] for name, _ in source.files}
    return {
        folder: stated.get(folder.removesuffix(".py").lower().replace("_", "-"), "not stated")
        for folder in folders
    }
