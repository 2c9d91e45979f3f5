"""The repairer: a trained TRM that is not trained further and makes rejected drafts right.

    repairer = open_repairer("runs/repair_trm")
    repaired = repairer.repair(groups, gate, drafts_per_problem=4, batch_size=256)
    repaired.drafts[i]          # repairs of problem i, as drafts: not yet run or judged

It gets the drafts of problems of which the gate let no draft in: each text once, those that passed
the most visible tests first. The TRM has a tokenizer and a canvas of its own, so drafts travel as
texts; what has no room in its canvas is counted and left out. Its halting head says of each
repair after each step: 0 = accept, 1 = refine again. Nothing is drawn: one repair of each draft.

With `repairer.suspects` set it is also shown which line of a draft is the most suspicious, in the
text that the family `repair_hinted` teaches to read. Only what it reads bears the hint: its repairs
are judged and kept with the plain prompt.

Repairs bear neither token ids nor log-probabilities: those would be the TRM's, and mean nothing to
the model that is trained. That one reads the texts, encoded by its own tokenizer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.generation.trm_generator import TRMGenerator
from lit_coder.modules.load import LAST, load_module
from lit_coder.modules.trm_module import TRMModule
from lit_coder.modules.weights_checksum import weights_checksum
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.problem import Problem
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.solvers import Draft
from lit_coder.recursion.suspects import SuspectSearch
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.training_data.sample import Candidate

logger = logging.getLogger("lit_coder.recursion")

REPAIR = "trm repair"
"""The origin of samples that a repairer wrote."""


class Repaired(NamedTuple):
    """Repairs of one process's problems, and what they took."""

    drafts: list[list[Draft]]
    """By problem, in the order of the problems; each one's problem bears the draft it is of."""

    num_without_room: int
    """Rejected drafts that the canvas has no room for."""

    num_steps: int
    """Supervision steps of all repairs."""

    num_hinted: int = 0
    """Drafts of which it was shown a suspicious line."""

    num_search_executions: int = 0
    """Runs in the sandbox that finding those lines took."""


class _Asked(NamedTuple):
    """A draft that is to be repaired."""

    group: int
    problem: Problem
    prompt: Prompt


class Repairer:
    """A TRM with its tokenizer, loaded once and kept.

    Args:
        path: where it is from.
        generator: fills its canvas.
        tokenizer: its own.

    Attributes:
        suspects: finds what it is shown of each draft; None = nothing.
    """

    def __init__(self, path: str, generator: TRMGenerator, tokenizer: CodeTokenizer) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self.weights = weights_checksum(generator.network)
        self.name = f"{path} ({self.weights})"
        self.suspects: SuspectSearch | None = None

    def repair(
        self,
        groups: Sequence[Sequence[Candidate]],
        gate: Gate,
        drafts_per_problem: int,
        batch_size: int,
    ) -> Repaired:
        """Repair the drafts of the problems that are not solved.

        Args:
            groups: verified drafts, by problem.
            gate: says which problems are not.
            drafts_per_problem: how many drafts of one problem are repaired, at most.
            batch_size: rows refined at the same time.
        """
        canvas = self._generator.canvas
        asked: list[_Asked] = []
        without_room: list[Prompt] = []
        for index, group in enumerate(groups):
            num_left = drafts_per_problem
            for rejected in rejected_drafts(group, gate):
                problem = replace(rejected.problem, draft=rejected.completion)
                prompt = prompt_of(problem, self._tokenizer, "")
                if not canvas.fits(prompt.ids, prompt.draft_ids):
                    without_room.append(prompt)
                elif num_left:
                    num_left -= 1
                    asked.append(_Asked(index, problem, prompt))
        if without_room and not asked:
            self._say_too_small(without_room)
        prompts = [each.prompt for each in asked]
        num_hinted = num_executions = 0
        if self.suspects is not None:
            found = self.suspects.first_suspects([each.problem for each in asked])
            lines = [[suspect.line] if suspect else [] for suspect in found.suspects]
            prompts = self._hinted(asked, lines)
            num_hinted = sum(
                prompt is not each.prompt for prompt, each in zip(prompts, asked, strict=True)
            )
            num_executions = found.num_executions
        options = SamplingOptions(max_new_tokens=canvas.shape.canvas_length, batch_size=batch_size)
        with torch.no_grad():
            answers = self._generator.generate(prompts, options)
        drafts: list[list[Draft]] = [[] for _ in groups]
        for each, (answer,) in zip(asked, answers, strict=True):
            text = self._tokenizer.decode(answer.ids)
            drafts[each.group].append(Draft(each.problem, text, (), (), answer.ended, REPAIR, ""))
        num_steps = sum(self._generator.num_steps_taken)
        return Repaired(drafts, len(without_room), num_steps, num_hinted, num_executions)

    def _say_too_small(self, without_room: Sequence[Prompt]) -> None:
        """Say why there are no repairs at all: rounds would go on with an option of no effect."""
        shape = self._generator.canvas.shape
        logger.warning(
            "recursion.repairer repairs none of %d rejected drafts, for which it has no room: it "
            "reads %d tokens of a prompt and %d of a draft, and the shortest here have %d and %d; "
            "where that stays so, name a TRM that was trained on problems of this form",
            len(without_room),
            shape.prompt_length,
            shape.canvas_length,
            min(len(prompt.ids) for prompt in without_room),
            min(len(prompt.draft_ids) for prompt in without_room),
        )

    def _hinted(self, asked: Sequence[_Asked], lines: Sequence[Sequence[int]]) -> list[Prompt]:
        """What it reads: prompts with hints where there are some, and room for them."""
        canvas = self._generator.canvas
        prompts, num_lacking, most = [], 0, 0
        for each, its_lines in zip(asked, lines, strict=True):
            text = hinted_prompt(each.problem.prompt, its_lines)
            prompt = prompt_of(replace(each.problem, prompt=text), self._tokenizer, "")
            has_room = canvas.fits(prompt.ids, prompt.draft_ids)
            prompts.append(prompt if its_lines and has_room else each.prompt)
            if not has_room:
                num_lacking += 1
                most = max(most, len(prompt.ids))
        if num_lacking:
            logger.warning(
                "%d of %d drafts are repaired without a hint at their suspicious line: the "
                "repairer reads %d tokens of a prompt, and with the hint one has %d; train it on "
                "repair_hinted with so much more of data.max_sequence_length",
                num_lacking,
                len(asked),
                canvas.shape.prompt_length,
                most,
            )
        return prompts


def rejected_drafts(group: Sequence[Candidate], gate: Gate) -> list[Candidate]:
    """The drafts of one problem that are worth a repair, the best first; none where one got in."""
    if any(gate.admits(candidate) for candidate in group):
        return []
    distinct: dict[str, Candidate] = {}
    for candidate in group:
        distinct.setdefault(candidate.completion, candidate)
    # Sorting keeps the order of equals: that in which they were written.
    return sorted(distinct.values(), key=lambda each: -each.verdict.visible_passed)


def repairer_path(path: str) -> str:
    """The path as it is understood from any folder, and once `last` is another run."""
    named = Path("runs") / LAST if path == LAST else Path(path)
    return str(named.resolve() if named.name == LAST else named.absolute())


def open_repairer(
    path: str | None,
    device: torch.device | str = "cpu",
    saved_weights: str | None = None,
    processes: Processes | None = None,
) -> Repairer | None:
    """Load the repairer of a run, in each of its processes; None where it has none.

    Args:
        path: a TRM's checkpoint, or its run's folder.
        device: where it shall work.
        saved_weights: checksum of the repairer that the run began with, "" = it had none; None
            where the run begins.
        processes: of the run.

    Raises:
        ValueError: there is no TRM, or not the one that the run began with.
    """
    repairer = None if path is None else _load(path, device)
    weights = "" if repairer is None else repairer.weights
    if saved_weights is not None and saved_weights != weights:
        raise ValueError(
            f"recursion.repairer is {path} ({weights or 'no weights'}), but the run has "
            f"{saved_weights or 'none'} and a resume cannot change it; give the TRM that it began "
            "with, or start a new run"
        )
    if (processes or Processes()).from_first(weights) != weights:
        raise ValueError(
            f"recursion.repairer {path}: the processes of this run found different TRMs there; "
            "name a file that all of them see"
        )
    return repairer


def _load(path: str, device: torch.device | str) -> Repairer:
    # Making a module draws its first weights: the run's own numbers shall not depend on that.
    with torch.random.fork_rng(devices=()):
        try:
            module = load_module(repairer_path(path))
        except ValueError as error:
            raise ValueError(f"recursion.repairer: {error}") from error
    if not isinstance(module, TRMModule):
        raise ValueError(
            f"recursion.repairer {path} holds a {type(module).__name__}, which goes on from a "
            "prompt and reads no draft; name a checkpoint or a run of a TRMModule"
        )
    assert module.tokenizer is not None, "a module is loaded with its tokenizer"
    module.requires_grad_(False).to(device)
    return Repairer(path, module.generator(), module.tokenizer)
