"""Every attack on walls works where there is none: none of them fails by a mistake of its own."""

import subprocess
import sys
from dataclasses import replace

import pytest

from lit_coder.sandbox.contract import Execution, Outcome
from tests.sandbox.conformance.attack import Attack
from tests.sandbox.conformance.backends import UNWALLED, Backend
from tests.sandbox.conformance.bait import Bait, Damage
from tests.sandbox.conformance.registry import ATTACKS
from tests.sandbox.conformance.test_attacks import HARMLESS, attacked

pytestmark = pytest.mark.slow

IN_UNWALLED = [attack for attack in ATTACKS if attack.control == "unwalled"]
IN_BARE = [attack for attack in ATTACKS if attack.control == "bare"]
UNTRIED = [attack for attack in ATTACKS if attack.control == "none"]


def require(attack: Attack, damage: list[Damage], execution: Execution, is_root: bool) -> None:
    if attack.proof in {each.kind for each in damage}:
        return
    if attack.is_optional:
        pytest.skip(f"this machine lacks what it needs: {execution.outcomes} {execution.detail}")
    if attack.needs_root and not is_root:
        pytest.skip("without walls it works for root")
    raise AssertionError(f"{attack.name} did nothing: {execution} {damage}")


@pytest.mark.parametrize("backend", UNWALLED, indirect=True)
@pytest.mark.parametrize("attack", IN_UNWALLED, ids=str)
def test_it_works_without_walls(backend: Backend, attack: Attack) -> None:
    # An unprivileged program may start no process at all but within this limit.
    limits = replace(attack.limits, processes=100)
    execution, damage = attacked(backend, replace(attack, limits=limits))
    require(attack, damage, execution, backend.user == 0)


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
