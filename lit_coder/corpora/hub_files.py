"""Fetches single files of data sets from the Hugging Face hub, or says at once that it cannot.

    path = fetch_hub_file("openai/openai_humaneval", "openai_humaneval/test-....parquet")

A file that is in the hub's cache is used as it is, without a question to the hub: what is
measured today is what was measured yesterday. Otherwise it is downloaded by `huggingface_hub`,
with its variables (HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE, HF_TOKEN). Its own answer to a missing
network is minutes of retries, so whether the hub can be reached is tried first.
"""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

REACH_SECONDS = 5.0


class HubUnavailable(RuntimeError):
    """The file is not in the cache and cannot be downloaded; the message says why."""


def fetch_hub_file(repository: str, file: str, revision: str = "main") -> Path:
    """Path of a data set's file in the hub's cache, downloaded where it is not there yet.

    Raises:
        HubUnavailable: it is not there and cannot be downloaded.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    cached = try_to_load_from_cache(repository, file, revision=revision, repo_type="dataset")
    if isinstance(cached, str):
        return Path(cached)
    if constants.HF_HUB_OFFLINE:
        raise HubUnavailable("HF_HUB_OFFLINE is set and the hub's cache does not hold it")
    reach_hub()
    try:
        return Path(hf_hub_download(repository, file, repo_type="dataset", revision=revision))
    except hub_errors() as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise HubUnavailable(f"{repository}: {reason}") from error


def hub_commit(path: Path) -> str:
    """The commit a cached file is of, shortened; "" where its path does not say it."""
    parts = path.parts
    return parts[parts.index("snapshots") + 1][:7] if "snapshots" in parts[:-1] else ""


def hub_errors() -> tuple[type[BaseException], ...]:
    """What a question to the hub may raise.

    Its own errors, those of the HTTP library it is built on (which has changed), and the rest.
    """
    from huggingface_hub.errors import HfHubHTTPError

    return (*HfHubHTTPError.__bases__, OSError, ValueError, RuntimeError)


def reach_hub() -> None:
    """Open and close a connection to the hub, or to the proxy that leads there.

    Raises:
        HubUnavailable: there is none within `REACH_SECONDS`.
    """
    from huggingface_hub import constants

    address = urlsplit(constants.ENDPOINT)
    proxy = urllib.request.getproxies().get(address.scheme)
    if proxy and not urllib.request.proxy_bypass(address.hostname or ""):
        address = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise HubUnavailable(f"{address.netloc} cannot be reached ({error})") from error
