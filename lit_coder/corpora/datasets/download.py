"""Downloads datasets: says sizes first, goes on with what broke off, checks every byte.

    plans = [plan_download(dataset_spec("mbpp_train"), folder)]
    refuse_full_disk(plans, folder)
    for plan in plans:
        download(plan)                         # DownloadFailed: one sentence with the way by hand

A plan asks the source what the files are and looks what of them is here already; nothing is
written before `download`. From the Hugging Face hub where a dataset is there, else from Kaggle.
Files are stored as published: no code of a dataset is run, nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lit_coder.corpora.datasets.download_cleanup import remove_empty_partials
from lit_coder.corpora.datasets.download_hub import (
    HubFile,
    HubFiles,
    fetch_hub_dataset_file,
    list_hub_files,
    partial_path,
)
from lit_coder.corpora.datasets.download_kaggle import KaggleUnavailable, fetch_kaggle
from lit_coder.corpora.datasets.download_manifest import checksums, read_sums, write_sums
from lit_coder.corpora.datasets.manual_placement import dataset_folder, placed_by_hand
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.corpora.hub_files import HubUnavailable

Source: TypeAlias = Literal["hub", "kaggle"]

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"([\d.]+) ?([KMGT]B)")
# Kaggle's archive and what is unpacked from it are there at the same time.
_KAGGLE_COPIES = 2


class DownloadFailed(ValueError):
    """A dataset cannot be had now: one sentence that names its page and the way by hand."""


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """What is to be done for one dataset.

    Attributes:
        spec: of the dataset.
        root: the folder of all datasets.
        source: where it is downloaded from.
        listing: its files, where it comes from the hub.
        missing: those of them that are not here.
        num_bytes: of all its files; of Kaggle, what the registry says; 0 = not known.
        num_missing_bytes: that have yet to come.
    """

    spec: DatasetSpec
    root: Path
    source: Source
    listing: HubFiles | None
    missing: tuple[HubFile, ...]
    num_bytes: int
    num_missing_bytes: int

    @property
    def folder(self) -> Path:
        """Where its files go."""
        return dataset_folder(self.spec, self.root)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to do."""
        return not self.missing if self.listing else bool(read_sums(self.folder))

    @property
    def num_needed_bytes(self) -> int:
        """Of the disk."""
        if self.is_complete:
            return 0
        return self.num_missing_bytes * (1 if self.source == "hub" else _KAGGLE_COPIES)


def plan_download(spec: DatasetSpec, root: Path, source: Source | None = None) -> DownloadPlan:
    """What is to be done for one dataset.

    Args:
        spec: of the dataset.
        root: the folder of all datasets.
        source: None takes the hub where the dataset is there.

    Raises:
        DownloadFailed: the hub cannot be asked, or the source does not have it.
    """
    chosen: Source = source or ("hub" if spec.hub_id else "kaggle")
    if chosen == "kaggle":
        if not spec.kaggle_ids:
            raise DownloadFailed(f"--source kaggle: {spec.name} is not on Kaggle; leave it out")
        size = published_bytes(spec)
        return DownloadPlan(spec, root, chosen, None, (), size, size)
    if spec.hub_id is None:
        raise DownloadFailed(f"--source hub: {spec.name} is not on the hub; leave it out")
    try:
        listing = list_hub_files(spec.hub_id, spec.files or ("*",))
    except HubUnavailable as error:
        raise _failed(spec, root, error) from error
    folder = dataset_folder(spec, root)
    missing = tuple(_missing(folder, listing.files))
    return DownloadPlan(
        spec,
        root,
        chosen,
        listing,
        missing,
        sum(file.num_bytes for file in listing.files),
        sum(max(0, file.num_bytes - _num_arrived(folder, file)) for file in missing),
    )


def refuse_full_disk(plans: Sequence[DownloadPlan], root: Path) -> None:
    """Raise where the disk has no room for all of it.

    Raises:
        ValueError: naming the folder and both sizes.
    """
    needed = sum(plan.num_needed_bytes for plan in plans)
    existing = root.absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise ValueError(
            f"--folder {root} has {readable(free)} free, and {readable(needed)} are needed; free "
            "some, name a folder of another disk, or leave large sets out by --max-size"
        )


def download(plan: DownloadPlan) -> None:
    """Bring the missing files and note the checksums of all in SHA256SUMS.

    Raises:
        DownloadFailed: it broke off; what is whole is noted, and the rest is gone on with.
    """
    if plan.is_complete:
        return
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    sums = read_sums(folder)
    try:
        if plan.listing is None:
            write_sums(folder, sums | fetch_kaggle(plan.spec.kaggle_ids[0], folder))
        else:
            for file in plan.missing:
                sums[file.path] = fetch_hub_dataset_file(plan.listing, file, folder)
                write_sums(folder, sums)
        remove_empty_partials(folder)
    except (HubUnavailable, KaggleUnavailable) as error:
        remove_empty_partials(folder)
        with contextlib.suppress(OSError):
            # Where nothing came, nothing is left; a folder that holds anything stays.
            folder.rmdir()
        raise _failed(plan.spec, plan.root, error) from error


def published_bytes(spec: DatasetSpec) -> int:
    """What the registry says of a dataset's size; 0 where it says no number."""
    match = _SIZE.search(spec.size)
    return int(float(match[1]) * _UNITS[match[2]]) if match else 0


def readable(num_bytes: int) -> str:
    """A size for people: "1.3 MB"."""
    for unit, size in reversed(_UNITS.items()):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes} bytes"


def _missing(folder: Path, files: Iterable[HubFile]) -> Iterable[HubFile]:
    """Files that are not here, or not as the hub lists them."""
    sums = read_sums(folder)
    for file in files:
        path = folder / file.path
        is_whole = path.is_file() and path.stat().st_size == file.num_bytes
        if is_whole and file.sha256 and sums.get(file.path) == file.sha256:
            continue
        if is_whole and file.is_like(checksums(path)):
            continue
        yield file


def _num_arrived(folder: Path, file: HubFile) -> int:
    partial = partial_path(folder, file)
    return partial.stat().st_size if partial.is_file() else 0


def _failed(spec: DatasetSpec, root: Path, error: Exception) -> DownloadFailed:
    return DownloadFailed(
        f"{spec.name} could not be downloaded ({error}); {placed_by_hand(spec, root)}"
    )
