from __future__ import annotations

import os
import signal

import pytest

from lit_coder.trainer.stop_signals import RunInterrupted, StopSignals


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_aborts(number: int) -> None:
    said: list[str] = []
    signals = StopSignals(busy=lambda: "", announce=said.append, repeat_seconds=0)
    with signals:
        assert signals.requested == 0
        send(number)
        assert signals.requested == number
        assert len(said) == 1 and "after this optimizer step" in said[0]
        with pytest.raises(RunInterrupted, match="aborted without saving") as caught:
            send(signal.SIGINT)
    assert caught.value.signal_number == signal.SIGINT and caught.value.aborted


def test_a_signal_that_a_tool_sends_twice_counts_once() -> None:
    said: list[str] = []
    with StopSignals(busy=lambda: "", announce=said.append, repeat_seconds=1e9) as signals:
        send(signal.SIGINT)
        send(signal.SIGINT)
        assert signals.requested == signal.SIGINT
    assert len(said) == 1


def test_only_sigterm_is_forwarded_for_a_terminal_sends_ctrl_c_to_all() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        forwarded: list[int] = []
        with StopSignals(lambda: "", lambda sentence: None, forward=forwarded.append):
            send(number)
        assert forwarded == ([number] if number == signal.SIGTERM else [])


def test_work_that_may_be_broken_off_stops_at_once() -> None:
    said: list[str] = []
    with (
        StopSignals(busy=lambda: "verifying", announce=said.append),
        pytest.raises(RunInterrupted, match="stopped while verifying") as caught,
    ):
        send(signal.SIGTERM)
    assert caught.value.signal_number == signal.SIGTERM
    assert said == []


@pytest.mark.parametrize("ends_badly", [False, True])
def test_the_former_handlers_are_given_back(ends_badly: bool) -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError("not called")

    former = {n: signal.signal(n, mine) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with StopSignals(busy=lambda: "", announce=print):
            assert signal.getsignal(signal.SIGINT) is not mine
            if ends_badly:
                raise KeyError
    except KeyError:
        pass
    finally:
        found = {n: signal.getsignal(n) for n in former}
        for number, handler in former.items():
            signal.signal(number, handler)
    assert found == {signal.SIGINT: mine, signal.SIGTERM: mine}


def test_an_interruption_is_no_error_that_somebody_may_swallow() -> None:
    assert not issubclass(RunInterrupted, Exception)
