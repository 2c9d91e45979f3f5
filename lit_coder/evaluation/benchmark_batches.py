"""Which tasks are asked together, and which do not fit the model's context.

    batches = make_batches(chosen, tokenizer, data.rows.fits, 256, options, seed=0)
    batches[0].problems          # for the module
    batches[0].tasks, batches[0].unasked

Batches are made of all wanted tasks, whatever was finished before: the numbers a network gives
depend a little on what stands beside a row, and an interrupted test must end like one that was not.
A test that is enlarged fills the former last batch up, so it is like a whole one but for that float
noise, which can turn a choice between nearly equal tokens; streams of random numbers are each
task's and sample's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lit_coder.evaluation.benchmark_choice import ChosenBenchmark
from lit_coder.evaluation.benchmark_options import BenchmarkOptions
from lit_coder.evaluation.benchmark_summary import PROMPT_EMPTY, PROMPT_TOO_LONG
from lit_coder.generation.contract import Prompt
from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_batch import AskedPrompt, ProblemBatch

logger = logging.getLogger("lit_coder.evaluation")

Fits = Callable[[Prompt], bool]
"""Whether a model has room for a prompt and an answer."""


@dataclass(frozen=True)
class TaskBatch:
    """A few tasks of one benchmark.

    Attributes:
        chosen: place of the benchmark among those chosen.
        tasks: in the benchmark's order.
        unasked: tasks that are not asked, with the reason; they count as failed.
        problems: the prompts of the others, in the same order.
    """

    chosen: int
    tasks: tuple[BenchmarkTask, ...]
    unasked: Mapping[str, str]
    problems: ProblemBatch

    @property
    def asked(self) -> list[BenchmarkTask]:
        """The tasks that the model is asked."""
        return [task for task in self.tasks if task.task_id not in self.unasked]


def make_batches(
    chosen: Sequence[ChosenBenchmark],
    tokenizer: CodeTokenizer,
    fits: Fits,
    context: int,
    options: BenchmarkOptions,
    seed: int,
) -> list[TaskBatch]:
    """Batches of all benchmarks, one after the other.

    Args:
        chosen: the benchmarks.
        tokenizer: the model's.
        fits: whether a prompt has room.
        context: tokens of prompt and completion together, to be named where one has not.
        options: batch size and sampling.
        seed: of the sampling.

    Raises:
        ValueError: no prompt of any benchmark fits.
    """
    size = max(1, options.batch_size // options.num_samples)
    batches: list[TaskBatch] = []
    for index, each in enumerate(chosen):
        prompts = [_prompt(each, task) for task in each.tasks]
        unfit = [_unfit(prompt, tokenizer, fits) for prompt in prompts]
        _say_unfit(each, sum(reason is not None for reason in unfit), context)
        for first in range(0, len(each.tasks), size):
            part = slice(first, first + size)
            asked = [p for p, reason in zip(prompts[part], unfit[part], strict=True) if not reason]
            tasks = each.tasks[part]
            problems = ProblemBatch(
                len(batches),
                asked,
                each.sampling(options, seed),
                # A cut by syntax takes the place of the stop sequences.
                () if options.ast_cut else each.protocol.stops,
                options.token_healing,
            )
            reasons = {
                task.task_id: reason
                for task, reason in zip(tasks, unfit[part], strict=True)
                if reason is not None
            }
            batches.append(TaskBatch(index, tasks, reasons, problems))
    if not any(batch.problems.prompts for batch in batches):
        raise ValueError(
            "benchmark.names leaves no problem to measure on; no prompt has room in "
            f"data.max_sequence_length ({context} tokens, a TRM's canvas included)"
        )
    return batches


def _prompt(chosen: ChosenBenchmark, task: BenchmarkTask) -> AskedPrompt:
    protocol = chosen.protocol
    return AskedPrompt(
        stream=f"{protocol.name}/{task.task_id}",
        text=protocol.prompt(task, chosen.benchmark),
        suffix=task.problem.suffix if protocol.fills_in_the_middle else None,
        draft=task.problem.draft,
    )


def _unfit(prompt: AskedPrompt, tokenizer: CodeTokenizer, fits: Fits) -> str | None:
    """Why the prompt cannot be asked."""
    asked = Prompt(prompt.ids(tokenizer), draft_ids=prompt.draft_ids(tokenizer))
    if fits(asked):
        return None
    return PROMPT_TOO_LONG if asked.ids or asked.draft_ids else PROMPT_EMPTY


def _say_unfit(chosen: ChosenBenchmark, number: int, context: int) -> None:
    if number:
        logger.warning(
            "%s: %d of %d prompts are empty or have no room in data.max_sequence_length (%d "
            "tokens, a TRM's canvas included); they are not asked and count as not passed",
            chosen.protocol.name,
            number,
            len(chosen.tasks),
            context,
        )
