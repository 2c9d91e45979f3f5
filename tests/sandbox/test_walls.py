"""Which wall is chosen, that it is proven first, and what programs find behind it."""

import logging
import os
import sys
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox import pool_runner
from lit_coder.sandbox.contract import CallJob, Outcome, SandboxError, SandboxUnavailable
from lit_coder.sandbox.inside.interpreters import find_interpreter
from lit_coder.sandbox.kernel_wall import KernelWall
from lit_coder.sandbox.no_wall import NoWall
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import Backend, Isolation, SandboxOptions
from lit_coder.sandbox.packages import Packages, find_packages
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.sandbox.wall import Wall
from tests.sandbox.conftest import CallF, ChangedWall, isolation_of

ONE = SandboxOptions(workers=1)


def wall_taken(isolation: Isolation = "auto", backend: Backend = "subprocess") -> str:
    """The wall's name; a test is skipped where this machine has none of that kind."""
    try:
        with open_runner(SandboxOptions(backend, isolation, workers=1)) as runner:
            return runner.wall.name
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def refusal(runner: PoolRunner) -> str:
    with pytest.raises(SandboxUnavailable) as caught, runner:
        pass
    assert runner.worker_pids == []
    return str(caught.value)


def hide_bubblewrap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))


def test_bubblewrap_is_taken_where_it_starts() -> None:
    assert wall_taken("bubblewrap") == wall_taken("auto") == "bubblewrap"


def test_the_kernel_s_wall_is_taken_where_bubblewrap_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall_taken("kernel")
    hide_bubblewrap(tmp_path, monkeypatch)
    assert wall_taken("auto") == "kernel"


def test_a_bubblewrap_that_fails_is_passed_over_and_named_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wall_taken("kernel")
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    hide_bubblewrap(tmp_path, monkeypatch)
    caplog.clear()
    with caplog.at_level(logging.INFO, "lit_coder.sandbox"):
        assert wall_taken("auto") == "kernel"
    passed_over, taken = caplog.messages
    assert "not behind bubblewrap" in passed_over
    assert "setting up uid map: Permission denied" in passed_over
    assert "behind kernel" in taken


def test_a_wall_asked_for_by_name_says_alone_why_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_bubblewrap(tmp_path, monkeypatch)
    message = refusal(open_runner(SandboxOptions(isolation="bubblewrap", workers=1)))
    assert message == (
        "No program is run: bubblewrap is not installed (apt-get install bubblewrap, dnf install "
        "bubblewrap)."
    )


def test_on_another_system_the_message_names_the_reason_of_every_wall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    message = refusal(open_runner(ONE))
    assert "bubblewrap: " in message
    assert "kernel: Landlock and seccomp are parts of Linux and this is darwin." in message


class PretendedWall(NoWall):
    """No wall that says it is one."""

    name = "pretended"
    is_proven = True


def test_a_wall_that_does_not_hold_is_refused_by_what_got_through() -> None:
    message = refusal(PoolRunner(ONE, [PretendedWall(find_packages([]))]))
    assert "No program is run: The sandbox's self-test broke through" in message
    for attack in ("file write", "file creation", "connection", "chmod", "kill of the parent"):
        assert attack in message


def test_a_single_hole_in_a_wall_is_found_and_named() -> None:
    wall_taken("kernel")
    message = refusal(PoolRunner(ONE, [ChangedWall(find_packages([]), read=("/",))]))
    assert "broke through: file read." in message


def test_a_wall_with_a_hole_is_passed_over_for_one_that_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wall_taken("kernel")
    walls: list[Wall] = [
        ChangedWall(find_packages([]), read=("/",)),
        KernelWall(Packages((), ())),
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO, "lit_coder.sandbox"), PoolRunner(ONE, walls) as runner:
        assert runner.wall.name == "kernel"
    assert "not behind changed" in caplog.messages[0]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, whose programs are another user's")
@pytest.mark.parametrize("user", [None, 0])
def test_a_zygote_of_root_s_that_would_stay_root_is_refused(user: int | None) -> None:
    message = refusal(PoolRunner(ONE, [ChangedWall(find_packages([]), user_id=user)]))
    assert "programs must not run as root" in message


def test_the_absence_of_a_wall_is_a_warning_at_each_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "lit_coder.sandbox"):
        for _ in range(2):
            wall_taken(backend="unsafe")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "resource limits only" in caplog.text


def test_a_wall_that_holds_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lit_coder.sandbox"):
        wall_taken()
    assert caplog.records
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_no_program_runs_as_root(call_walled: CallF) -> None:
    program = (
        "import os\ndef f():\n    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}\n"
        "    return len(ids), 0 in ids\n"
    )
    assert call_walled(program).outcomes == ((Outcome((1, False)),),)


def test_the_environment_of_a_program_is_the_sandbox_s_own(call_walled: CallF) -> None:
    program = "import os\ndef f(names): return sorted({*os.environ} - {*names})\n"
    own = ["HOME", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TMPDIR"]
    assert call_walled(program, own).outcomes == ((Outcome([]),),)


def test_no_home_folder_is_in_the_environment(call_walled: CallF) -> None:
    program = "import os\ndef f(): return os.path.exists(os.path.expanduser('~'))\n"
    assert call_walled(program).outcomes == ((Outcome(False),),)


def test_there_is_no_writable_folder(call_walled: CallF) -> None:
    program = """
import os, sys
def f(names):
    written = []
    for name in names + [os.environ["TMPDIR"], os.path.dirname(os.__file__), sys.prefix]:
        for action in (lambda path: open(path, "w").close(), os.mkdir, os.mkfifo):
            try:
                action(os.path.join(name, "written"))
            except OSError:
                continue
            written.append(name)
    return written
"""
    names = [".", "/", "/tmp", "/dev", "/dev/shm", "/var/tmp", "/run", "/home", "/proc/self"]
    assert call_walled(program, names).outcomes == ((Outcome([]),),)


def test_workers_are_replaced_now_and_then_without_a_lost_job(
    walled: PoolRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_runner, "_JOBS_PER_WORKER", 5)
    with open_runner(SandboxOptions(isolation=isolation_of(walled), workers=1)) as runner:
        pids = [runner.worker_pids]
        for first in (0, 5, 10):
            jobs = [
                CallJob(f"def f(): return {n}\n", ((Call("f", ()),),))
                for n in range(first, first + 5)
            ]
            values = [execution.outcomes[0][0].value for execution in runner.run(jobs)]
            assert values == list(range(first, first + 5))
            pids.append(runner.worker_pids)
        assert pids[0] == pids[1] and len({tuple(each) for each in pids}) == 3


@pytest.mark.parametrize("language", ["cobol", "Python", ""])
def test_a_language_that_nobody_knows_is_one_sentence(walled: PoolRunner, language: str) -> None:
    with pytest.raises(SandboxError, match=f"^The sandbox runs python, .*, not '{language}'.$"):
        list(walled.run([CallJob("", (), language=language)]))


def test_a_language_whose_interpreter_is_missing_is_one_sentence_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    find_interpreter.cache_clear()
    try:
        with (
            open_runner(SandboxOptions("unsafe", workers=1)) as runner,
            pytest.raises(SandboxError, match=r"cannot run javascript .*: install Node\.js 18"),
        ):
            list(runner.run([CallJob("", (), language="javascript")]))
    finally:
        find_interpreter.cache_clear()


def test_a_job_that_was_refused_does_not_disturb_the_next(walled: PoolRunner) -> None:
    with pytest.raises(SandboxError):
        list(walled.run([CallJob("", (), language="cobol")]))
    assert [each.status for each in walled.run([CallJob("x = 1\n", ())])] == ["completed"]
