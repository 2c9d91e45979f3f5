"""A hub on this machine: it speaks what the Hugging Face hub speaks of a dataset and its files.

with running(LoopbackHub({"full/train.jsonl": b"..."})) as (hub, address):
    hub.requests                     # [("GET", "full/train.jsonl", "bytes=100-"), ...]
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class LoopbackHub:
    """Its files, and how it misbehaves.

    Attributes:
        files: content by path; those in `small` are stored without Git LFS.
        breaks_at: bytes of a file after which the connection ends, once.
        is_down: files are answered with a server's error.
        lies: another content is sent than is listed.
        is_gated: files are for those who agreed to terms.
    """

    files: Mapping[str, bytes]
    small: frozenset[str] = frozenset()
    breaks_at: int | None = None
    is_down: bool = False
    lies: bool = False
    is_gated: bool = False
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    def information(self) -> bytes:
        siblings = []
        for path, content in self.files.items():
            sha1 = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            sibling = {"rfilename": path, "size": len(content), "blobId": sha1}
            if path not in self.small:
                sha256 = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
            siblings.append(sibling)
        return json.dumps({"id": "owner/name", "sha": COMMIT, "siblings": siblings}).encode()


@contextmanager
def running(hub: LoopbackHub) -> Iterator[tuple[LoopbackHub, str]]:
    """The hub, and where it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/api/datasets/"):
                self._answer(200, hub.information())
                return
            name = path.partition(f"/resolve/{COMMIT}/")[2]
            wanted = self.headers.get("Range", "")
            if name:
                hub.requests.append((self.command, name, wanted))
            if hub.is_gated:
                self._answer(403, b"", {"X-Error-Code": "GatedRepo"})
            elif name not in hub.files:
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            elif hub.is_down:
                self._answer(500, b"")
            else:
                content = hub.files[name]
                sent = bytes(len(content)) if hub.lies else content
                start = int(wanted[6:].rstrip("-")) if wanted else 0
                self._answer(206 if wanted else 200, sent[start:], full=len(content), start=start)

        def _answer(
            self,
            status: int,
            body: bytes,
            headers: Mapping[str, str] | None = None,
            full: int = 0,
            start: int = 0,
        ) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(body)))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{full - 1}/{full}")
            self.end_headers()
            if hub.breaks_at is not None and full:
                body, hub.breaks_at, hub.is_down = body[: hub.breaks_at], None, True
                self.close_connection = True
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
