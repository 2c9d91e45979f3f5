"""Kaggle's client against a server on this machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROWS = "task_id,prompt\n" + "".join(f'{n},"def f():\n"\n' for n in range(150_000))
# The client has a name for this machine, and no variable for the port.
SCRIPT = """
import os, sys
from kagglesdk import kaggle_env
kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.LOCAL] = os.environ["ADDRESS"]
from lit_coder.commands.data_download import run
sys.exit(run(sys.argv[1:]))
"""


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as content:
        content.writestr("test.csv", ROWS)
    return stream.getvalue()


class Kaggle(BaseHTTPRequestHandler):
    """What Kaggle answers about one dataset."""

    content = archive()
    breaks_at: int | None = None
    wrong_checksum = False
    ranges: list[str]
    address: str

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/GetDataset"):
            body = json.dumps({"currentVersionNumber": 3, "totalBytes": 5}).encode()
            self._answer(200, body, {"Content-Type": "application/json"})
        else:
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/storage/archive.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.ranges.append(wanted)
        start = int(wanted[6:].rstrip("-")) if wanted else 0
        md5 = hashlib.md5(b"other" if self.wrong_checksum else self.content).digest()
        headers = {
            "Accept-Ranges": "bytes",
            "X-Goog-Hash": f"md5={base64.b64encode(md5).decode()}",
            "Content-Type": "application/zip",
        }
        self._answer(206 if wanted else 200, self.content[start:], headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.breaks_at is not None and "zip" in headers["Content-Type"]:
            body, type(self).breaks_at = body[: self.breaks_at], None
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def kaggle() -> Iterator[type[Kaggle]]:
    pytest.importorskip("kagglesdk", reason="older clients have another address")
    handler = type("OneKaggle", (Kaggle,), {"ranges": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def download(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if "proxy" not in name.lower() and not name.startswith(("KAGGLE", "LIT_CODER"))
    }
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, "humaneval", "--source", "kaggle"],
        cwd=folder,
        env={
            **kept,
            "HOME": str(folder),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "ADDRESS": address,
            "PYTHONPATH": str(Path(__file__).parents[3]),
        },
        capture_output=True,
        text=True,
        errors="replace",
        timeout=100,
    )


def test_an_archive_is_gone_on_with_checked_unpacked_and_noted(
    tmp_path: Path, kaggle: type[Kaggle]
) -> None:
    kaggle.breaks_at = 2_000_000
    broken = download(tmp_path, kaggle.address)
    assert broken.returncode == 2, broken.stderr
    assert "humaneval could not be downloaded" in broken.stderr
    assert "https://www.kaggle.com/datasets/inoueu1/openai-human-eval" in broken.stderr
    folder = tmp_path / "data" / "humaneval"
    assert not list(folder.glob("*.csv"))
    ended = download(tmp_path, kaggle.address)
    assert ended.returncode == 0, ended.stderr
    assert kaggle.ranges[-1].startswith("bytes=") and kaggle.ranges[-1] != "bytes=0-"
    assert (folder / "test.csv").read_text() == ROWS
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    assert {path.name for path in folder.iterdir()} == {"test.csv", "SHA256SUMS"}
    asked = len(kaggle.ranges)
    assert "complete in data/humaneval" in download(tmp_path, kaggle.address).stdout
    assert len(kaggle.ranges) == asked


def test_a_wrong_checksum_leaves_nothing_that_could_be_taken_for_data(
    tmp_path: Path, kaggle: type[Kaggle]
) -> None:
    kaggle.wrong_checksum = True
    ended = download(tmp_path, kaggle.address)
    assert ended.returncode == 2 and "checksum" in ended.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".archive")]


def test_out_of_reach_it_is_said_at_once_with_the_way_by_hand(tmp_path: Path) -> None:
    pytest.importorskip("kagglesdk", reason="older clients have another address")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ended = download(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 2
    assert "cannot be reached" in ended.stderr and "put them into data/humaneval" in ended.stderr
    assert ended.stderr.count("\n") == 1
