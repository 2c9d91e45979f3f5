"""Files of a dataset of the Hugging Face hub: listed with their sizes, fetched, resumed, checked.

    found = list_hub_files("openai/openai_humaneval", ("*/test-*.parquet",))
    sha256 = fetch_hub_dataset_file(found, found.files[0], folder)

A file arrives as `.partial/NAME.CHECKSUM` and goes on from there when it was interrupted, also by
another process (`huggingface_hub` begins a file anew). It takes its name only with the checksum
that the hub lists: of Git LFS the SHA-256, of small files Git's own. No code of a dataset is run.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lit_coder.corpora.datasets.download_manifest import Checksums, checksums
from lit_coder.corpora.hub_files import HubUnavailable, hub_errors, reach_hub

PARTIAL_FOLDER = ".partial"


class HubFile(NamedTuple):
    """A file as the hub lists it; `sha256` is "" where it is not in Git LFS."""

    path: str
    num_bytes: int
    sha256: str
    git_sha1: str

    def is_like(self, found: Checksums) -> bool:
        """Whether these are the checksums of its content."""
        if self.sha256:
            return found.sha256 == self.sha256
        return found.git_sha1 == self.git_sha1


class HubFiles(NamedTuple):
    """The files of one commit that are wanted."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]


def list_hub_files(repository: str, patterns: Sequence[str], revision: str = "main") -> HubFiles:
    """The files of a dataset that match one of the patterns, by path.

    Raises:
        HubUnavailable: the hub cannot be asked, does not show the dataset, or it has no such file.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise HubUnavailable("HF_HUB_OFFLINE is set")
    reach_hub()
    try:
        found = HfApi().dataset_info(repository, revision=revision, files_metadata=True)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise HubUnavailable(
            f"the hub shows no dataset {repository} at {revision}, or none to you: a private one "
            "needs `hf auth login`"
        ) from error
    except hub_errors() as error:
        raise HubUnavailable(f"{repository}: {_sentence(error)}") from error
    files = [
        HubFile(
            sibling.rfilename,
            sibling.size or 0,
            sibling.lfs.sha256 if sibling.lfs else "",
            sibling.blob_id or "",
        )
        for sibling in found.siblings or ()
        if any(fnmatch.fnmatchcase(sibling.rfilename, pattern) for pattern in patterns)
    ]
    if not files:
        raise HubUnavailable(f"{repository} has no file like {', '.join(patterns)}")
    return HubFiles(repository, str(found.sha), tuple(sorted(files)))


def partial_path(folder: Path, file: HubFile) -> Path:
    """Where a file lies until it is whole; another content of it lies elsewhere."""
    return folder / PARTIAL_FOLDER / f"{file.path}.{(file.sha256 or file.git_sha1)[:16]}"


def fetch_hub_dataset_file(found: HubFiles, file: HubFile, folder: Path) -> str:
    """Bring a file into the folder; returns its SHA-256.

    Raises:
        HubUnavailable: it cannot be had now; what has arrived is kept and gone on with.
    """
    target, partial = folder / file.path, partial_path(folder, file)
    _require_inside(folder, target)
    for path in (target, partial):
        path.parent.mkdir(parents=True, exist_ok=True)
    _receive(found, file, partial)
    sums = checksums(partial)
    if not file.is_like(sums):
        partial.unlink()
        raise HubUnavailable(
            f"{file.path} of {found.repository} arrived with another checksum than the hub lists, "
            "and was thrown away; try again"
        )
    os.replace(partial, target)
    return sums.sha256


def _receive(found: HubFiles, file: HubFile, partial: Path) -> None:
    """The rest of a file, behind what is there of it."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.errors import GatedRepoError
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    address = hf_hub_url(found.repository, file.path, repo_type="dataset", revision=found.commit)
    if partial.exists() and partial.stat().st_size > file.num_bytes:
        partial.unlink()
    with partial.open("ab") as stream:
        try:
            http_get(
                address,
                stream,
                resume_size=stream.tell(),
                # Packed on the way, a part of it would not be a part of the file.
                headers={**build_hf_headers(), "Accept-Encoding": "identity"},
                expected_size=file.num_bytes,
                displayed_filename=file.path,
            )
        except GatedRepoError as error:
            raise HubUnavailable(
                f"{found.repository} is shown to those who are logged in (`hf auth login`) and "
                "have agreed to its terms on its page"
            ) from error
        except hub_errors() as error:
            if isinstance(error, OSError) and error.errno is not None and error.filename is None:
                raise  # a full disk
            raise HubUnavailable(
                f"{file.path} of {found.repository} broke off after {stream.tell():,} of "
                f"{file.num_bytes:,} bytes ({_sentence(error)}); the same command goes on with it"
            ) from error


def _require_inside(folder: Path, target: Path) -> None:
    """A listed path must not lead out of the folder."""
    if not target.resolve().is_relative_to(folder.resolve()):
        raise HubUnavailable(f"the hub lists the path {target}, which leaves the folder")


def _sentence(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
