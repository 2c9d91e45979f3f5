from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import pytest

from lit_coder.sandbox.interruptible_threads import InterruptibleThreads
from tests.runs.harness import REPOSITORY


def test_a_caller_that_is_broken_off_anywhere_leaves_no_thread_stuck() -> None:
    # With concurrent.futures one of two hundred was; there are too few here to be sure of that.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.broken_off_callers", "300"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout.split()[0]) > 200


def test_calls_are_made_in_order_and_side_by_side() -> None:
    both_there = threading.Barrier(2)
    threads = InterruptibleThreads(2)
    waits = [threads.submit(lambda: both_there.wait(30)) for _ in range(2)]
    assert sorted(wait.result() for wait in waits) == [0, 1]
    threads.close()


def test_what_a_call_raises_reaches_whoever_waits() -> None:
    threads = InterruptibleThreads(1)
    task = threads.submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        task.result()
    assert threads.submit(lambda: 2).result() == 2
    threads.close()


def test_closing_leaves_out_what_has_not_begun_and_waits_for_what_has() -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def act() -> str:
        has_begun.set()
        may_end.wait(30)
        return "made"

    threads = InterruptibleThreads(1)
    begun, waiting = threads.submit(act), threads.submit(act)
    has_begun.wait(30)
    threads.close(wait=False)
    assert not begun.wait(0.01)
    may_end.set()
    threads.close()
    assert begun.result() == "made"
    with pytest.raises(CancelledError):
        waiting.result()


def test_what_is_submitted_while_the_threads_are_closed_is_made_or_left_out() -> None:
    made, left_out = 0, 0
    for _ in range(200):
        threads = InterruptibleThreads(2)
        closing = threading.Thread(target=threads.close)
        closing.start()
        tasks = [threads.submit(lambda: True) for _ in range(50)]
        for task in tasks:
            try:
                made += task.result()
            except CancelledError:
                left_out += 1
        closing.join()
    assert made + left_out == 200 * 50
    assert left_out


def test_a_cancelled_call_is_not_made() -> None:
    may_end = threading.Event()
    threads = InterruptibleThreads(1)
    first, second = threads.submit(lambda: may_end.wait(30)), threads.submit(lambda: True)
    second.cancel()
    may_end.set()
    assert first.result()
    with pytest.raises(CancelledError):
        second.result()
    threads.close()
