"""What a round writes: drafts, their verdicts, repairs, values; more problems where they are due.

    written = write_round(work, module, data, clock, repairer=None)

All processes do this together, each with its share of the problems; the first one gets all of it.
A policy learns only from problems whose completions earned differently. Where too few of a
round's do, further problems are drawn until there are enough or the limit is reached (dynamic
sampling: Yu et al., arXiv:2503.14476).

Programs run while further ones are written: the problems are taken in parts, and the verdicts of a
part are reached beside the generation of the next. What "verifying" takes of a round is what is
left then, in which the device has nothing to do. Parts change no sample: each has its own random
stream.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import partial

from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.problem import Problem
from lit_coder.recursion.foretold_values import with_values
from lit_coder.recursion.repairer import Repairer
from lit_coder.recursion.round_clock import RoundClock
from lit_coder.recursion.round_work import RoundWork, Written, memory_named
from lit_coder.recursion.solvers import Draft
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task
from lit_coder.training_data.data_module import CodeDataModule

NUM_PARTS = 8
"""Parts that a draw is generated in, at most."""

_LEAST_SHARE = 0.1
"""Share of further problems that is expected to have spread, at least."""


def write_round(
    work: RoundWork,
    module: CodeModule,
    data: CodeDataModule,
    clock: RoundClock,
    repairer: Repairer | None,
) -> Written:
    """Everything that the round writes, whole in the first process.

    Args:
        work: of the round.
        module: in sampling mode.
        data: of the round.
        clock: told what is being done.
        repairer: mends what was rejected; None = nobody.
    """
    with clock.timed("generating"):
        problems = work.problems(data)
    draws = [_written(work, module, data, clock, problems)]
    if data.learns_from == "rollouts":
        draws += _further(work, module, data, clock, problems, draws[0])
    if repairer is not None:
        with clock.timed("repairing"):
            draws = [work.with_repairs(draw, repairer) for draw in draws]
    gathered = [work.gathered(draw) for draw in draws]
    return Written(
        [group for each in gathered for group in each.groups],
        repairer is not None,
        sum(each.num_without_room for each in gathered),
        sum(each.num_steps for each in gathered),
        sum(each.num_hinted for each in gathered),
        sum(each.num_search_executions for each in gathered),
        sum(each.num_further for each in gathered),
    )


def _written(
    work: RoundWork,
    module: CodeModule,
    data: CodeDataModule,
    clock: RoundClock,
    problems: Sequence[Problem],
) -> Written:
    verdicts: list[Task[Written]] = []
    checker = InterruptibleThreads(1)
    try:
        with clock.timed("generating"):
            for part in _parts(work, problems):
                drafts = _drafts(work, module, data, part)
                verdicts.append(checker.submit(partial(work.verified, drafts)))
        with clock.timed("verifying"):
            groups = [group for verdict in verdicts for group in verdict.result().groups]
    finally:
        # A round that is broken off waits for no verdict: the sandbox's end ends what still runs.
        checker.close(wait=False)
    written = Written(groups)
    if data.learns_from == "rollouts" and work.settings.learning.advantages.wants_values:
        with clock.timed("foretelling"):
            return with_values(written, module, data.tokenizer, work.settings.sampling.batch_size)
    return written


def _parts(work: RoundWork, problems: Sequence[Problem]) -> list[Sequence[Problem]]:
    """This process's share of all problems, cut where a batch of rows ends."""
    own = work.processes.share(problems)
    sampling = work.settings.sampling
    per_batch = max(1, sampling.batch_size // max(1, sampling.num_samples))
    num_batches = -(-len(own) // per_batch)
    size = per_batch * max(1, -(-num_batches // NUM_PARTS))
    return [own[start : start + size] for start in range(0, len(own), size)]


def _drafts(
    work: RoundWork, module: CodeModule, data: CodeDataModule, problems: Sequence[Problem]
) -> list[list[Draft]]:
    """What the solver writes for problems of this process, by problem."""
    options = dataclasses.replace(work.settings.sampling, seed=data.seed)
    with memory_named(options.batch_size):
        drafts = work.settings.solver.solve(
            problems, module.generator(), data.tokenizer, options, data.round
        )
    by_task: dict[str, list[Draft]] = {problem.task_id: [] for problem in problems}
    for draft in drafts:
        by_task[draft.problem.task_id].append(draft)
    return list(by_task.values())


def _num_with_spread(work: RoundWork, written: Written) -> int:
    """Problems of which completions that can be learned from earned differently, of all processes.

    The first process alone knows what benchmarks hold.
    """
    if not work.settings.top_up.min_groups:
        return 0
    has_spread, contamination = work.settings.learning.has_spread, work.contamination
    groups = work.processes.interleaved(written.groups) or []
    return work.processes.from_first(sum(has_spread(group, contamination) for group in groups))


def _further(
    work: RoundWork,
    module: CodeModule,
    data: CodeDataModule,
    clock: RoundClock,
    problems: Sequence[Problem],
    first: Written,
) -> list[Written]:
    """Draws behind the first one; every process makes as many."""
    settings = work.settings.top_up
    draws: list[Written] = []
    taken = {problem.task_id for problem in problems}
    num_tried, num_with_spread = len(problems), _num_with_spread(work, first)
    left = settings.max_extra_problems
    while num_with_spread < settings.min_groups and left > 0:
        share = max(_LEAST_SHARE, num_with_spread / max(1, num_tried))
        count = min(left, math.ceil((settings.min_groups - num_with_spread) / share))
        left -= count
        with clock.timed("generating"):
            drawn = work.problems(data, count, draw=len(draws) + 1)
        more = [problem for problem in drawn if problem.task_id not in taken]
        taken.update(problem.task_id for problem in more)
        draw = _written(work, module, data, clock, more)._replace(num_further=len(more))
        num_tried += len(more)
        num_with_spread += _num_with_spread(work, draw)
        draws.append(draw)
    return draws
