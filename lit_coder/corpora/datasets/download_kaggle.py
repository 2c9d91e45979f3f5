"""The files of a dataset of Kaggle, by Kaggle's own client.

    sums = fetch_kaggle("inoueu1/openai-human-eval", folder)     # {"data.jsonl": "ab12..."}

The archive arrives in the folder's `.partial` (the client's cache is put there while it works), is
gone on with where it was interrupted, checked by the client against Kaggle's MD5, and unpacked
into the folder. Public datasets need no account. What the files hold is not looked at here.
"""

from __future__ import annotations

import importlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lit_coder.corpora.datasets.download_hub import PARTIAL_FOLDER
from lit_coder.corpora.datasets.download_manifest import checksums
from lit_coder.corpora.hub_files import REACH_SECONDS

_CACHE_VARIABLE = "KAGGLEHUB_CACHE"
_CACHE_FOLDER = "kaggle"


class KaggleUnavailable(RuntimeError):
    """The dataset cannot be downloaded now; the message says why."""


def fetch_kaggle(handle: str, folder: Path) -> dict[str, str]:
    """Bring all files of a dataset into the folder; returns their SHA-256 by relative path.

    Args:
        handle: OWNER/NAME, or OWNER/NAME/versions/NUMBER.
        folder: theirs.

    Raises:
        KaggleUnavailable: it cannot be had now; what has arrived is kept and gone on with.
        ValueError: `kagglehub` is not installed.
    """
    client = _import_kagglehub()
    _reach_kaggle()
    cache = folder / PARTIAL_FOLDER / _CACHE_FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with _client_cache(cache):
            unpacked = Path(client.dataset_download(handle))
    # Its errors share no class: those of `requests` and its own, which derive from Exception.
    except _kaggle_errors() as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a full disk
        raise KaggleUnavailable(f"{handle}: {_sentence(error)}") from error
    sums = _moved(unpacked, folder)
    shutil.rmtree(cache)
    return sums


def _moved(unpacked: Path, folder: Path) -> dict[str, str]:
    """Every file put into the folder under its own name."""
    sums = {}
    for path in sorted(path for path in unpacked.rglob("*") if path.is_file()):
        name = path.relative_to(unpacked)
        sums[name.as_posix()] = checksums(path).sha256
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, folder / name)
    return sums


@contextmanager
def _client_cache(cache: Path) -> Iterator[None]:
    """The client asks the environment where its cache is, each time."""
    former = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = str(cache)
    try:
        yield
    finally:
        if former is None:
            del os.environ[_CACHE_VARIABLE]
        else:
            os.environ[_CACHE_VARIABLE] = former


def _reach_kaggle() -> None:
    """Open and close a connection: the client itself would wait without end for one."""
    try:
        environment = importlib.import_module("kagglesdk.kaggle_env")
    except ImportError:
        return  # an older client has its own limits
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return
    address = urlsplit(environment.get_endpoint(environment.get_env()))
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise KaggleUnavailable(f"{address.netloc} cannot be reached ({error})") from error


def _kaggle_errors() -> tuple[type[BaseException], ...]:
    errors = importlib.import_module("kagglehub.exceptions")
    own = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return (
        *(kind for kind in own if issubclass(kind, Exception)),
        OSError,  # `requests` derives its errors from it
        ValueError,
        RuntimeError,
    )


def _import_kagglehub() -> Any:
    try:
        return importlib.import_module("kagglehub")
    except ImportError as error:
        raise ValueError(
            "datasets of Kaggle are downloaded by the package kagglehub; pip install "
            '"lit-coder[hub]"'
        ) from error


def _sentence(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__
