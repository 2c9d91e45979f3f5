"""A fresh interpreter that locks itself with the sandbox's walls, then runs what a test gives it.

    assert answers("lock(); attempt(os.chmod, sys.argv[1], 0o777)", path) == ["EPERM"]

In the child: `lock` installs the filter of a policy, `attempt` prints how a call went.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lit_coder.sandbox
from lit_coder.sandbox.inside.credentials import prctl
from lit_coder.sandbox.inside.syscalls import find_architecture

PRELUDE = """
import ctypes, errno, fcntl, os, resource, signal, socket, sys
sys.path.insert(0, sys.argv.pop(1))
from inside import credentials, landlock, seccomp, syscalls
del sys.path[0]
call = ctypes.CDLL(None, use_errno=True).syscall
def lock(*policy):
    credentials.set_no_new_privs()
    architecture = syscalls.find_architecture()
    seccomp.install(seccomp.build_filter(seccomp.Policy(*policy), architecture))
def attempt(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        print(errno.errorcode[error.errno])
    else:
        print("done")
def attempt_call(*arguments):
    result = call(*map(ctypes.c_long, arguments))
    print(errno.errorcode[ctypes.get_errno()] if result < 0 else "done")
"""
PR_GET_NO_NEW_PRIVS = 39
INSIDE = str(Path(lit_coder.sandbox.__file__).parent)
filtered = pytest.mark.skipif(
    find_architecture() is None, reason="no filter for this processor or operating system"
)
can_gain_privileges = pytest.mark.skipif(
    sys.platform != "linux" or prctl(PR_GET_NO_NEW_PRIVS) == 1,
    reason="the tests themselves run under no_new_privs, so nothing is without it",
)


def run_child(
    body: str, *arguments: object, stdin: int = subprocess.DEVNULL, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `body` in a fresh interpreter with an environment of nothing but what is given."""
    command = [sys.executable, "-I", "-S", "-B", "-c", PRELUDE + body, INSIDE]
    return subprocess.run(
        [*command, *map(str, arguments)],
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )


def answers(body: str, *arguments: object, stdin: int = subprocess.DEVNULL) -> list[str]:
    """The words that `body` printed; it must have come to its end."""
    finished = run_child(body, *arguments, stdin=stdin)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()
