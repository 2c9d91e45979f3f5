"""The first process in a container: the launching side of the zygote, where descriptors can pass.

    python3 -I -S -B -X utf8 -c "...; relay.main(...)"    # the trainer talks on its standard streams

No descriptor can be given into a container, so what the trainer does elsewhere - hold the jobs and
call `launch` - is done here: requests come on standard input, answers go to standard output. The
zygote is an ordinary one, started as a process of its own with an empty environment; it never sees
a job, and this process, which does, cannot be looked into. It ends, and with it the container,
when the trainer is gone or the zygote does not answer.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Sequence

from .codec import decode
from .credentials import set_dumpable
from .frames import NO_TAG, FrameError, read_frame
from .interpreters import find_interpreter
from .launching import WorkerDiedError, launch
from .relay_messages import (
    Message,
    pack_launch,
    pack_message,
    read_message,
    unpack_launch_request,
)
from .settings import ZygoteSettings

_MAX_READ_BYTES = 2**20


def main(source: int) -> None:
    """Start the zygote that the first message describes, then answer until nobody asks.

    `source` is a descriptor of the archive from which this package was imported.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_dumpable(False)
    with contextlib.suppress(EOFError, BrokenPipeError):
        first = read_message(_read_exactly)
        options, settings_text, languages, has_packages = first.value
        settings = _complete(ZygoteSettings.from_json(settings_text), languages, has_packages)
        with contextlib.closing(_start_zygote(source, options, settings)) as control:
            _write(pack_message(first.tag, (_first_word(control), settings.language_names)))
            while _answer(control, read_message(_read_exactly), settings.language_names):
                pass


def _complete(
    settings: ZygoteSettings, languages: Sequence[str], has_packages: bool
) -> ZygoteSettings:
    """The settings with what only the inside knows: interpreters and installed packages."""
    found = (find_interpreter(name) for name in languages)
    settings = settings._replace(languages=tuple(each for each in found if each is not None))
    if not has_packages:
        return settings
    import site

    folders = {*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    there = tuple(sorted(folder for folder in folders if os.path.isdir(folder)))
    return settings._replace(read=settings.read + there, module_paths=there)


def _start_zygote(source: int, options: Sequence[str], settings: ZygoteSettings) -> socket.socket:
    """Our end of the zygote's control socket."""
    control, zygote_end = socket.socketpair()
    folder = f"/proc/self/fd/{source}"
    # The interpreter may need it to find its own shared library.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    with zygote_end:
        subprocess.Popen(
            [sys.executable, *options, folder, str(zygote_end.fileno()), settings.to_json()],
            env=kept,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[source, zygote_end.fileno()],
            start_new_session=True,
        )
    return control


def _first_word(control: socket.socket) -> object:
    """What the zygote says of its walls; where it fails, standard error says why."""
    try:
        return decode(read_frame(control.fileno())[1])
    except (EOFError, OSError, FrameError):
        return ("unavailable", "the zygote did not start")


def _answer(control: socket.socket, message: Message, languages: Sequence[str]) -> bool:
    """Do what is asked for; whether another request can follow."""
    try:
        raw = launch(control, unpack_launch_request(message), languages)
    except WorkerDiedError as error:
        _write(pack_message(NO_TAG, str(error)))
        return False
    _write(pack_launch(message.tag, raw))
    return True


def _read_exactly(num_bytes: int) -> bytes:
    data = bytearray()
    while len(data) < num_bytes:
        piece = os.read(0, min(num_bytes - len(data), _MAX_READ_BYTES))
        if not piece:
            raise EOFError("the trainer is gone")
        data += piece
    return bytes(data)


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]
