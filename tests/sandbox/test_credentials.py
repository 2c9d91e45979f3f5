"""Users and capabilities: what a process gave up stays given up, by real processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.sandbox.locked_child import answers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)
NOBODY = 65534
STATUS = """
def status(*fields):
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    print(*(lines[field].strip() for field in fields))
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of another user's than root, for its owner only, that root's capabilities open."""
    file = tmp_path / "secret"
    file.write_text("secret")
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, NOBODY - 1, NOBODY - 1)
    else:
        file.chmod(0)
    return file


def test_no_new_privs_stays_set() -> None:
    body = """
status("NoNewPrivs")
credentials.set_no_new_privs()
attempt(credentials.prctl, 38, 0)
status("NoNewPrivs")
"""
    assert answers(STATUS + body)[1:] == ["EINVAL", "1"]


@as_root
def test_a_former_root_has_one_user_and_no_way_back(tmp_path: Path) -> None:
    file = tmp_path / "of-root"
    file.write_text("secret")
    file.chmod(0o600)
    body = f"""
os.setgroups([0, 7])
credentials.become_user({NOBODY}, {NOBODY - 1})
print(*os.getresuid(), *os.getresgid(), len(os.getgroups()), credentials.has_capabilities())
status("CapPrm", "CapEff", "CapBnd", "CapAmb")
attempt(os.setuid, 0)
attempt(os.seteuid, 0)
attempt(os.setgid, 0)
attempt(os.setgroups, [0])
attempt(os.open, sys.argv[1], os.O_RDONLY)
attempt(os.chmod, sys.argv[1], 0o666)
"""
    words = answers(STATUS + body, file)
    assert words[:8] == [*[str(NOBODY)] * 3, *[str(NOBODY - 1)] * 3, "0", "False"]
    assert [int(word, 16) for word in words[8:12]] == [0, 0, 0, 0]
    assert words[12:16] == ["EPERM"] * 4
    assert set(words[16:]) <= {"EPERM", "EACCES"}
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("user_id", "group_id"), [(0, 65534), (65534, 0), (-1, 65534)])
def test_nobody_becomes_root(user_id: int, group_id: int) -> None:
    body = f"""
try:
    credentials.become_user({user_id}, {group_id})
except ValueError as error:
    print("_id=" in str(error))
"""
    assert answers(body) == ["True"]


def test_becoming_another_user_without_privileges_is_an_error() -> None:
    body = f"""
credentials.drop_capabilities()
attempt(credentials.become_user, {NOBODY - 7}, {NOBODY - 7})
"""
    assert answers(body) == ["EPERM"]


@as_root
def test_a_root_without_capabilities_is_bound_by_file_modes(secret: Path) -> None:
    body = """
print(credentials.has_capabilities())
attempt(os.open, sys.argv[1], os.O_RDONLY)
credentials.drop_capabilities()
print(credentials.has_capabilities())
attempt(os.open, sys.argv[1], os.O_WRONLY)
attempt(os.chmod, sys.argv[1], 0o666)
attempt(os.setuid, 1)
"""
    assert answers(body, secret) == ["True", "done", "False", "EACCES", "EPERM", "EPERM"]
    assert secret.stat().st_mode & 0o777 == 0o600


def test_dropped_capabilities_are_in_no_set() -> None:
    body = """
credentials.drop_capabilities()
status("CapInh", "CapPrm", "CapEff", "CapAmb")
credentials.drop_capabilities()
"""
    assert [int(word, 16) for word in answers(STATUS + body)] == [0, 0, 0, 0]


@as_root
def test_the_bounding_set_is_dropped_where_that_is_allowed() -> None:
    assert answers(STATUS + 'credentials.drop_capabilities(); status("CapBnd")') == ["0" * 16]


@pytest.mark.parametrize(("dumpable", "expected"), [(True, "done"), (False, "EACCES")])
def test_only_a_dumpable_process_is_looked_into_by_its_user(dumpable: bool, expected: str) -> None:
    body = f"""
if os.geteuid() == 0:
    credentials.become_user({NOBODY}, {NOBODY})
credentials.set_dumpable({dumpable})
pid = os.getpid()
if os.fork() == 0:
    attempt(os.open, f"/proc/{{pid}}/environ", os.O_RDONLY)
    sys.stdout.flush()
    os._exit(0)
os.wait()
"""
    assert answers(body) == [expected]
