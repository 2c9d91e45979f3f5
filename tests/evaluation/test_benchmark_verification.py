"""Generation and verification overlap; what goes wrong in one is seen by the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tiny_benchmarks import HELD_OUT, knowing_module, make_callback, make_data, run

from lit_coder.evaluation.benchmark_verification import MOST_WAITING, BackgroundVerification
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions, StopRule

PATIENCE_SECONDS = 60.0
Judging: TypeAlias = Generator[None, None, None]


def test_a_batch_is_judged_while_the_next_is_made() -> None:
    second_is_made = threading.Event()
    judged = []

    def judge(batch: int) -> Judging:
        if batch == 1:
            # Would wait in vain if `submit` judged by itself.
            assert second_is_made.wait(PATIENCE_SECONDS)
        judged.append(batch)
        yield

    verification = BackgroundVerification(judge)
    verification.submit(1)
    second_is_made.set()
    verification.submit(2)
    verification.finish()
    verification.close()
    assert judged == [1, 2]


def test_what_waits_is_bounded() -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def judge(batch: int) -> Judging:
        begun.release()
        assert go.wait(PATIENCE_SECONDS)
        yield

    verification = BackgroundVerification(judge)
    for batch in range(MOST_WAITING):
        verification.submit(batch)
    begun.acquire()
    one_more = threading.Thread(target=verification.submit, args=(MOST_WAITING,))
    one_more.start()
    one_more.join(0.2)
    assert one_more.is_alive()
    go.set()
    one_more.join(PATIENCE_SECONDS)
    assert not one_more.is_alive()
    verification.close()


def test_a_stop_drops_what_waits_and_breaks_off_what_is_being_judged() -> None:
    judged, begun = [], threading.Event()

    def judge(batch: int) -> Judging:
        try:
            while True:
                begun.set()
                judged.append(batch)
                yield
        finally:
            judged.append("left")

    verification = BackgroundVerification(judge)
    verification.submit(1)
    verification.submit(2)
    assert begun.wait(PATIENCE_SECONDS)
    verification.stop()
    verification.close()
    assert judged[-1] == "left" and 2 not in judged


def test_a_stop_waits_for_what_is_being_judged_though_the_batch_before_it_is_done() -> None:
    both_wait, begun, left = threading.Event(), threading.Event(), threading.Event()

    def judge(batch: int) -> Judging:
        assert both_wait.wait(PATIENCE_SECONDS)
        try:
            while batch == 2:
                begun.set()
                time.sleep(0.05)
                yield
        finally:
            if batch == 2:
                left.set()

    verification = BackgroundVerification(judge)
    verification.submit(1)
    verification.submit(2)
    both_wait.set()
    assert begun.wait(PATIENCE_SECONDS)
    verification.stop()
    assert left.is_set()
    verification.close()


@pytest.mark.parametrize("again", ["submit", "finish"])
def test_what_goes_wrong_is_raised_where_the_batches_come_from(again: str) -> None:
    def judge(batch: int) -> Judging:
        yield
        raise OSError("no space left")

    verification = BackgroundVerification(judge)
    verification.submit(1)
    with pytest.raises(OSError, match="no space left"):
        while again == "submit":
            verification.submit(2)
        verification.finish()
    verification.close()


@pytest.mark.usefixtures("no_benchmark_files")
@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*")
def test_verdicts_of_a_batch_come_while_the_next_is_written(tmp_path: Path) -> None:
    results = tmp_path / "benchmarks" / HELD_OUT / "results.jsonl"
    seen: list[int] = []
    data = make_data()
    module = knowing_module(data)
    encode = data.tokenizer.encode
    # The verdict takes a while, so that the second batch has begun before it is there.
    slow = tuple(encode("\n    return None\nimport time\ntime.sleep(1)\n"))

    class Waits:
        def generate(
            self,
            prompts: Sequence[Prompt],
            options: SamplingOptions,
            is_over: StopRule | None = None,
        ) -> list[list[Completion]]:
            is_second = len(seen) == 2
            seen.append(results.read_text().count("\n"))
            until = time.monotonic() + PATIENCE_SECONDS
            while is_second and time.monotonic() < until and not results.read_text():
                time.sleep(0.01)
            seen.append(results.read_text().count("\n"))
            return [[Completion(slow, (), True)] for _ in prompts]

    waits: Any = Waits()
    module.generator = lambda: waits  # type: ignore[method-assign]
    run("test", tmp_path, make_callback(batch_size=1, max_problems=2), data, module)
    assert seen == [0, 0, 0, 1]
