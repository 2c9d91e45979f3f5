"""Where to look for functions: documents of corpus sources, folders and single files.

    for place in OpenPlaces("stdlib"): place.text, place.name, place.licence
    OpenPlaces("codesearchnet", folder, max_documents=10_000)

A source is a `.py` file, a dataset by its name (`main.py data list`), or named as in `data.corpus`
(`corpora/open_sources.py`). Each document carries its own licence where it has one, or that which
its source states; of installed packages, that of its package.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lit_coder.corpora.datasets.dataset_source import DatasetSource
from lit_coder.corpora.datasets.registry import DATASETS, DatasetSpec, dataset_spec
from lit_coder.corpora.open_sources import open_source
from lit_coder.corpora.python_files import read_python_text
from lit_coder.corpora.python_sources import SitePackages, StandardLibrary
from lit_coder.corpora.source import CorpusSource, Fault, SourceError, clean
from lit_coder.harvesting.finding import Place, package_of


class OpenPlaces:
    """The documents of one source.

    Args:
        spec: what the user wrote.
        folder: where datasets lie; None is where they usually do.
        max_documents: those that are looked into; None is all.
        is_dataset: whether it is a dataset's name even where a file or folder is called so.

    Raises:
        ValueError: nothing can be read under that name, or it is a benchmark's.
    """

    def __init__(
        self,
        spec: str,
        folder: Path | None = None,
        max_documents: int | None = None,
        is_dataset: bool = False,
    ) -> None:
        self.name = Path(spec).expanduser().resolve().stem if Path(spec).exists() else spec
        self._max_documents = max_documents
        self._path: Path | None = None
        self._source: CorpusSource | None = None
        if is_dataset or is_named_dataset(spec):
            dataset = dataset_spec(spec)
            refuse_benchmark(dataset, "--datasets" if is_dataset else "SOURCE")
            self.name = dataset.name
            self._source = DatasetSource(dataset, folder, max_documents)
            return
        if spec.endswith(".py"):
            self._path = Path(spec).expanduser()
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
        for document in islice(self._source.documents(), self._max_documents):
            folder = document.name.partition("/")[0]
            yield Place(
                document.text,
                document.name,
                document.licence or licences.get(folder, self._source.licence),
                package_of(document.name) if is_library else "",
            )


def is_named_dataset(name: str) -> bool:
    """Whether a name is that of a dataset, and not of something that lies here."""
    return name.strip().lower().replace("-", "_") in DATASETS and not Path(name).exists()


def refuse_benchmark(dataset: DatasetSpec, option: str) -> None:
    """Raise where a dataset is there to be measured on.

    Raises:
        ValueError: naming what to take instead.
    """
    if not dataset.is_benchmark:
        return
    train = f"{dataset.reader}_train"
    instead = f"take {train}" if train in DATASETS else "name another source"
    raise ValueError(
        f"{option} {dataset.name} is a benchmark, and problems made of it would be trained on; "
        f"{instead}"
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
