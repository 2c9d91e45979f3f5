"""Every attack on every backend that has walls: nothing may have happened on the host."""

from dataclasses import replace

import pytest

from lit_coder.sandbox.contract import Execution
from tests.sandbox.conformance.attack import Attack
from tests.sandbox.conformance.backends import WALLED, Backend, spread
from tests.sandbox.conformance.bait import Damage
from tests.sandbox.conformance.host_state import processes_with
from tests.sandbox.conformance.registry import ATTACKS, THEMES

on_every_walled_backend = pytest.mark.parametrize("backend", WALLED, indirect=True)
HARMLESS = Attack("nothing", "gain", "return 1")


def attacked(backend: Backend, attack: Attack) -> tuple[Execution, list[Damage]]:
    """Run an attack against fresh bait; what it did."""
    backend.bait.set_out(backend.user)
    program = attack.program(backend.bait.parts())
    if program is None:
        pytest.skip("this processor has no such system call")
    execution = backend.execute(attack.job(program))
    damage = backend.bait.damage(execution)
    if execution.status not in attack.statuses:
        damage.append(Damage("status", f"{execution.status}: {execution.detail}"))
    return execution, damage


def require_nothing(backend: Backend, attack: Attack) -> None:
    execution, damage = attacked(backend, attack)
    if attack.is_metadata and backend.sees_metadata:
        assert {each.kind for each in damage} <= {attack.proof}
    else:
        assert damage == [], f"{attack.name}: {execution}"


@on_every_walled_backend
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_nothing_happened(backend: Backend, attack: Attack) -> None:
    require_nothing(backend, attack)


@spread(ATTACKS, WALLED)
def test_nothing_happened_to_a_program_with_threads_and_a_folder(
    backend: Backend, item: Attack
) -> None:
    # Its walls have more doors: it starts threads, and what it needs of files is there.
    limits = replace(item.limits, processes=4, scratch_bytes=2**24)
    require_nothing(backend, replace(item, limits=limits))


@on_every_walled_backend
def test_the_runner_works_after_all_attacks(backend: Backend) -> None:
    execution, damage = attacked(backend, HARMLESS)
    assert execution.outcomes[0][0].value == 1
    assert damage == []


@on_every_walled_backend
def test_no_process_is_left_after_all_attacks(backend: Backend) -> None:
    assert processes_with(backend.bait.marker) == []


@on_every_walled_backend
def test_no_descriptor_and_no_file_is_left_after_all_attacks(backend: Backend) -> None:
    descriptors, temporary = backend.count_left()
    assert descriptors <= backend.descriptors
    assert temporary <= backend.temporary


def test_there_are_at_least_a_hundred_attacks_in_every_kind_of_wall() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 100
    assert all(len(attacks) >= 9 for attacks in THEMES.values())


def test_no_two_attacks_are_the_same_program() -> None:
    assert len({(attack.top, attack.body) for attack in ATTACKS}) == len(ATTACKS)
