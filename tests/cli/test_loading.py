from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from lit_coder.cli.loading import ending_at_once
from tests.runs.harness import REPOSITORY

_INTERRUPTED_IMPORT = """
import signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "torch._C":
            signal.raise_signal({number})

sys.meta_path.insert(0, Interrupts())
from lit_coder.__main__ import main
raise SystemExit(main(["fit", "--config", "configs/quickstart.yaml"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_torch_is_loaded_ends_in_one_sentence(number: signal.Signals) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_IMPORT.format(number=int(number))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert ended.stderr == "lit-coder: stopped\n"


def test_afterwards_signals_mean_what_they_meant() -> None:
    former = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with ending_at_once():
        assert signal.getsignal(signal.SIGINT) != former[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == former
