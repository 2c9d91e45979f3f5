"""One worker as a warm container: a relay in it starts the zygote and passes launches on.

    worker = ContainerWorker(image, flags, settings, languages)
    worker.start(); worker.wait_until_ready()
    launch = worker.launch(LaunchRequest((encoded_job,), limits))
    worker.stop()

Our sources go in over standard input, into memory: nothing is mounted or copied into the
container's file system. When the trainer ends, however it does, standard input ends, and with it
the relay and the container.
"""

from __future__ import annotations

import io
import os
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lit_coder.sandbox.container_flags import ContainerFlags
from lit_coder.sandbox.container_stream import ContainerStream
from lit_coder.sandbox.contract import Limits, SandboxError, SandboxUnavailable
from lit_coder.sandbox.docker_daemon import (
    DockerDaemon,
    Image,
    NoSuchProgramError,
    StartedContainer,
    close_attachment,
)
from lit_coder.sandbox.inside.codec import CodecError
from lit_coder.sandbox.inside.frames import TAG_BYTES
from lit_coder.sandbox.inside.launching import LaunchRequest, WorkerDiedError
from lit_coder.sandbox.inside.relay_messages import (
    Message,
    pack_launch_request,
    pack_message,
    read_message,
    unpack_launch,
)
from lit_coder.sandbox.inside.settings import ZygoteSettings
from lit_coder.sandbox.interpreter import INSIDE_PARENT, ISOLATED, zygote_command
from lit_coder.sandbox.worker import Launch, WallFacts, read_launch

_START_SECONDS = 30.0
# What launching inside waits for the zygote, twice, and the way there and back.
_ANSWER_GRACE_SECONDS = 6.0
_PYTHONS = ("python3", "python")
# For any Python that somebody may have in an image. A file that has no name and is not on a disk.
_BOOTSTRAP = """\
import os, sys
if sys.version_info < (3, 10): sys.exit('it is Python %d.%d' % sys.version_info[:2])
source = os.memfd_create('inside')
size = int(sys.argv[1])
while size:
    data = os.read(0, min(size, 65536))
    if not data: sys.exit('the trainer is gone')
    size -= os.write(source, data)
sys.path.insert(0, '/proc/self/fd/%d' % source)
from inside import relay
del sys.path[0]
relay.main(source)
"""


class ContainerWorker:
    """A container that can be started again after it was stopped."""

    def __init__(
        self,
        image: Image,
        flags: ContainerFlags,
        settings: ZygoteSettings,
        most: Limits,
        languages: Sequence[str],
    ) -> None:
        self._image = image
        self._flags = flags
        self._settings = settings
        self._most = most
        self._languages = tuple(languages)
        self._language_names: tuple[str, ...] = ("python",)
        self._daemon: DockerDaemon | None = None
        self._started: StartedContainer | None = None
        self._stream: ContainerStream | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The container's first process, where it is one of this machine; else None."""
        daemon, started = self._daemon, self._started
        if daemon is None or started is None:
            return None
        pid = daemon.process_id(started.identifier)
        return pid if pid is not None and _is_inside(pid, started.identifier) else None
