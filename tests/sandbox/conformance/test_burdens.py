"""Programs that are too much, on every backend: they end as named, and the trainer is well."""

import time

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob
from tests.sandbox.conformance import burdens, burdens_of_output
from tests.sandbox.conformance.backends import ALL, Backend, spread
from tests.sandbox.conformance.burdens import Burden

BURDENS = burdens.BURDENS + burdens_of_output.BURDENS
SIMPLE = CallJob("def f(): return 1\n", ((Call("f", ()),),))
PATIENCE_SECONDS = 4.0
MOST_GROWTH_BYTES = 64 * 2**20

on_every_backend = pytest.mark.parametrize("backend", ALL, indirect=True)


@spread(BURDENS)
def test_it_is_bounded(backend: Backend, item: Burden) -> None:
    before = backend.resident_bytes()
    started = time.monotonic()
    execution = backend.execute(item.job())
    elapsed = time.monotonic() - started
    assert execution.status in item.statuses, execution
    # A program that waited runs a second time, alone.
    assert elapsed < 2 * item.limits.wall_seconds + PATIENCE_SECONDS
    assert backend.resident_bytes() - before < MOST_GROWTH_BYTES
    # Bytes that are no text become up to four characters each.
    most = 4 * item.limits.output_bytes
    assert len(execution.stdout) <= most and len(execution.stderr) <= most
    repr(execution).encode("utf-8", "strict")
    assert backend.execute(SIMPLE).outcomes[0][0].value == 1


@on_every_backend
def test_no_descriptor_and_no_file_is_left_after_all_burdens(backend: Backend) -> None:
    descriptors, temporary = backend.count_left()
    assert descriptors <= backend.descriptors
    assert temporary <= backend.temporary


def test_burdens_differ() -> None:
    assert len({burden.name for burden in BURDENS}) == len(BURDENS) >= 60
    assert len({(burden.body, burden.source) for burden in BURDENS}) == len(BURDENS)
