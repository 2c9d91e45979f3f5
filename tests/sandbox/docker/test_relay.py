"""The relay as a process of this machine: what it does needs no container."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.container_worker import BOOTSTRAP, inside_archive
from lit_coder.sandbox.contract import CallJob
from lit_coder.sandbox.executions import encode_call
from lit_coder.sandbox.inside.launching import LaunchLimits, LaunchRequest
from lit_coder.sandbox.inside.relay_messages import (
    Message,
    pack_launch_request,
    pack_message,
    read_message,
    unpack_launch,
)
from lit_coder.sandbox.inside.settings import ZygoteSettings
from lit_coder.sandbox.interpreter import ISOLATED, base_interpreter, zygote_command

TAG = b"t" * 16
LIMITS = LaunchLimits(5.0, 5.0, 2**29, 2**16, 2**20, 0, 0, 64)
JOB = encode_call(CallJob("def f(): return 7", ((Call("f", ()),),)))

Relay = subprocess.Popen[bytes]


@pytest.fixture
def relay() -> Iterator[Relay]:
    settings = ZygoteSettings(walls=False)
    command = [str(base_interpreter()), *ISOLATED, BOOTSTRAP, str(len(inside_archive()))]
    options = zygote_command("", "", 0, settings)[1:-3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        say(process, inside_archive())
        say(process, pack_message(TAG, (options, settings.to_json(), (), False)))
        yield process
        process.kill()


def say(relay: Relay, data: bytes) -> None:
    assert relay.stdin is not None
    relay.stdin.write(data)
    relay.stdin.flush()


def hear(relay: Relay) -> Message:
    assert relay.stdout is not None
    return read_message(relay.stdout.read)


def zygote_of(relay: Relay) -> int:
    return int(Path(f"/proc/{relay.pid}/task/{relay.pid}/children").read_text())


def test_the_first_word_is_the_zygotes_with_its_languages(relay: Relay) -> None:
    assert hear(relay).value == (("ready", os.getuid(), 0, True), ("python",))


def test_an_answer_carries_the_tag_of_its_request(relay: Relay) -> None:
    hear(relay)
    say(relay, pack_launch_request(b"u" * 16, LaunchRequest((JOB,), LIMITS)))
    assert hear(relay).tag == b"u" * 16


def test_an_answer_is_what_the_launch_gave(relay: Relay) -> None:
    hear(relay)
    say(relay, pack_launch_request(TAG, LaunchRequest((JOB,), LIMITS)))
    assert unpack_launch(hear(relay)).children[0].end.wait_status == 0


def test_it_ends_with_its_zygote_when_standard_input_ends(relay: Relay) -> None:
    hear(relay)
    zygote = zygote_of(relay)
    assert relay.stdin is not None
    relay.stdin.close()
    assert relay.wait(5) == 0
    deadline = time.monotonic() + 5
    while Path(f"/proc/{zygote}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{zygote}").exists()


def test_it_says_that_its_zygote_died_and_ends(relay: Relay) -> None:
    hear(relay)
    os.kill(zygote_of(relay), signal.SIGKILL)
    say(relay, pack_launch_request(TAG, LaunchRequest((JOB,), LIMITS)))
    assert hear(relay).tag != TAG
    assert relay.wait(5) == 0


def test_it_sees_no_environment_in_its_zygote(relay: Relay) -> None:
    hear(relay)
    names = Path(f"/proc/{zygote_of(relay)}/environ").read_bytes().split(b"\0")
    assert [name for name in names if name and not name.startswith(b"LD_LIBRARY_PATH=")] == []


def test_an_interpreter_that_is_too_old_says_so() -> None:
    program = "import sys; sys.version_info = (3, 9); sys.argv = ['-c', '0']\n" + BOOTSTRAP
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert done.stderr == "it has Python 3.9\n"
