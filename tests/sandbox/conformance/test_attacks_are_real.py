"""Every attack on walls works where there is none: none of them fails by a mistake of its own."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lit_coder.sandbox.contract import Execution, Outcome
from tests.sandbox.conformance.attack import Attack
from tests.sandbox.conformance.backends import UNWALLED, Backend
from tests.sandbox.conformance.bait import Bait, Damage
from tests.sandbox.conformance.registry import ATTACKS
from tests.sandbox.conformance.test_attacks import HARMLESS, attacked

_LAST_CAPABILITY = 40
pytestmark = pytest.mark.slow

IN_UNWALLED = [attack for attack in ATTACKS if attack.control == "unwalled"]
IN_BARE = [attack for attack in ATTACKS if attack.control == "bare"]
UNTRIED = [attack for attack in ATTACKS if attack.control == "none"]


OWN_MISTAKES = {"NameError", "TypeError", "AttributeError", "UnboundLocalError", "IndexError"}


def has_all_capabilities() -> bool:
    """Whether this process is root with all that belongs to it, which in containers it is not."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (effective,) = [line.split()[1] for line in lines if line.startswith("CapEff:")]
    return os.geteuid() == 0 and int(effective, 16).bit_count() > _LAST_CAPABILITY


def require(attack: Attack, damage: list[Damage], execution: Execution) -> None:
    if attack.proof in {each.kind for each in damage}:
        return
    assert execution.status not in ("syntax_error", "protocol_error"), execution
    exceptions = {outcome.exception for case in execution.outcomes for outcome in case}
    assert not exceptions & OWN_MISTAKES, execution
    if attack.is_optional:
        pytest.skip(f"this machine lacks what {attack.name!r} needs")
    if attack.needs_root and not has_all_capabilities():
        pytest.skip(f"{attack.name!r} needs all capabilities")
    raise AssertionError(f"{attack.name} did nothing: {execution} {damage}")


@pytest.mark.parametrize("backend", UNWALLED, indirect=True)
@pytest.mark.parametrize("attack", IN_UNWALLED, ids=str)
def test_it_works_without_walls(backend: Backend, attack: Attack) -> None:
    # An unprivileged program may start no process at all but within this limit.
    limits = replace(attack.limits, processes=100)
    execution, damage = attacked(backend, replace(attack, limits=limits))
    require(attack, damage, execution)


@pytest.mark.parametrize("backend", UNWALLED, indirect=True)
def test_without_walls_a_harmless_program_does_no_damage(backend: Backend) -> None:
    assert attacked(backend, HARMLESS)[1] == []


@pytest.mark.parametrize("attack", IN_BARE, ids=str)
def test_it_works_in_an_interpreter_that_inherits_everything(bait: Bait, attack: Attack) -> None:
    bait.set_out(0)
    program = attack.program(bait.parts())
    assert program is not None
    finished = subprocess.run(
        [sys.executable, "-c", f"{program}\nprint(f(), end='')"],
        pass_fds=[bait.descriptor],
        capture_output=True,
        text=True,
    )
    execution = Execution("completed", ((Outcome(finished.stdout),),), stderr=finished.stderr)
    damage = bait.damage(execution)
    assert attack.proof in {each.kind for each in damage}, finished


@pytest.mark.parametrize("attack", UNTRIED, ids=str)
def test_what_is_not_tried_without_walls_has_a_reason(attack: Attack) -> None:
    assert attack.why_no_control


def test_few_attacks_are_not_tried_without_walls() -> None:
    assert len(UNTRIED) <= 6
