"""What several processes share and how its parts come together; fits of two are in distributed/."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lit_coder.modules.code_module import LossTotal
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.objectives.policy_gradient import PolicyGradient
from lit_coder.recursion.loop_progress import in_other_micro_batches
from lit_coder.recursion.processes import Processes, interleave
from lit_coder.recursion.run_opening import share_of_sandbox
from lit_coder.recursion.shared_loss import saved_losses, take_losses
from lit_coder.sandbox.options import SandboxOptions

GROUP = object()
MODULE = GPTModule(16, 1, 2, vocab_size=270, objective=PolicyGradient())


def one_of(rank: int, count: int) -> Processes:
    return Processes(rank, count, GROUP if count > 1 else None)


@given(st.lists(st.integers()), st.integers(1, 5))
def test_the_shares_of_all_processes_make_the_whole_again(items: list[int], count: int) -> None:
    shares = [one_of(rank, count).share(items) for rank in range(count)]
    assert interleave(shares) == items
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_one_process_alone_has_everything_without_a_group() -> None:
    alone = Processes.join()
    assert alone.is_first and alone.count == 1
    assert alone.interleaved([3, 1]) == alone.all_interleaved([3, 1]) == [3, 1]
    assert alone.sums([1.5, 2]) == [1.5, 2]
    assert alone.from_first("x") == "x"
    assert alone.largest(3, 0) == (3, 0)


@given(st.integers(0, 9), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_progress_through_a_round_is_counted_in_todays_micro_batches(
    steps: int, saved: int, now: int, ends_a_batch: bool
) -> None:
    ready = steps * saved
    counts = {"ready": ready, "started": ready, "processed": ready, "completed": ready}
    if ends_a_batch and steps:
        counts["completed"] -= 1
    progress = {"total": {**counts}, "current": {**counts}, "is_last_batch": False}
    in_other_micro_batches({"fit_loop": {"epoch_loop.batch_progress": progress}}, saved, now)
    for found in (progress["total"], progress["current"]):
        assert isinstance(found, dict)
        assert found["ready"] == found["started"] == found["processed"] == steps * now
        assert found["ready"] - found["completed"] == ready - counts["completed"]


@given(st.lists(st.floats(0, 9), min_size=1, max_size=5), st.integers(1, 3), st.integers(1, 3))
def test_saved_losses_keep_their_weight_in_the_rounds_mean(
    losses: list[float], then: int, now: int
) -> None:
    module, learning = MODULE, MODULE.learning
    assert learning is not None
    before = LossTotal()
    for loss in losses:
        before.load_state_dict(
            {"sum": before.total()[0] + loss * then, "count": before.total()[1] + then}
        )
    module.train_loss.load_state_dict(before.state_dict())
    measures = {"entropy": [sum(losses), 1.0 * len(losses)]}
    learning.since_round.load_state_dict(measures)
    state = saved_losses(module, Processes(), accumulate=then)
    module.train_loss.reset()
    learning.since_round.load_state_dict({})
    take_losses(module, state, Processes(), accumulate=now)
    total, number = module.train_loss.total()
    assert number == len(losses) * now
    assert abs(total / number - sum(losses) / len(losses)) < 1e-9
    assert learning.since_round.state_dict() == measures
    if then == now:
        assert module.train_loss.state_dict() == before.state_dict()
    take_losses(module, state, one_of(1, 2), accumulate=now)
    assert module.train_loss.total() == (0.0, 0)
    # The first process alone has what all of them measured.
    assert learning.since_round.state_dict() == {}


def test_processes_of_one_machine_share_its_cores_where_the_workers_are_left_open() -> None:
    pair = one_of(0, 2)
    alone = share_of_sandbox(SandboxOptions(), one_of(0, 1), num_nodes=1)
    assert alone.workers is None
    shared = share_of_sandbox(SandboxOptions(), pair, num_nodes=1)
    spread = share_of_sandbox(SandboxOptions(), pair, num_nodes=2)
    assert shared.workers is not None and spread.workers is not None
    assert 1 <= shared.workers <= spread.workers
    assert share_of_sandbox(SandboxOptions(workers=7), pair, num_nodes=1).workers == 7
