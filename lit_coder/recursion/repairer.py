"""The repairer: a trained TRM that is not trained further and makes rejected drafts right.

    repairer = open_repairer("runs/repair_trm")
    repaired = repairer.repair(groups, gate, drafts_per_problem=4, batch_size=256)
    repaired.drafts[i]          # repairs of problem i, as drafts: not yet run or judged

It gets the drafts of problems of which the gate let no draft in: each text once, those that passed
the most visible tests first. The TRM has a tokenizer and a canvas of its own, so drafts travel as
texts; what has no room in its canvas is counted and left out. Its halting head says of each
repair after each step: 0 = accept, 1 = refine again. Nothing is drawn: one repair of each draft.

Repairs bear neither token ids nor log-probabilities: those would be the TRM's, and mean nothing to
the model that is trained. That one reads the texts, encoded by its own tokenizer.
"""

from __future__ import annotations

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
from lit_coder.problems.problem import Problem
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.solvers import Draft
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.training_data.sample import Candidate

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


class Repairer:
    """A TRM with its tokenizer, loaded once and kept.

    Args:
        path: where it is from.
        generator: fills its canvas.
        tokenizer: its own.
    """

    def __init__(self, path: str, generator: TRMGenerator, tokenizer: CodeTokenizer) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self.weights = weights_checksum(generator.network)
        self.name = f"{path} ({self.weights})"

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
        shape = self._generator.canvas.shape
        asked: list[tuple[int, Problem, Prompt]] = []
        num_without_room = 0
        for index, group in enumerate(groups):
            num_left = drafts_per_problem
            for rejected in rejected_drafts(group, gate):
                problem = replace(rejected.problem, draft=rejected.completion)
                prompt = prompt_of(problem, self._tokenizer, "")
                if not shape.fits(prompt.ids, prompt.draft_ids):
                    num_without_room += 1
                elif num_left:
                    num_left -= 1
                    asked.append((index, problem, prompt))
        options = SamplingOptions(max_new_tokens=shape.canvas_length, batch_size=batch_size)
        with torch.no_grad():
            answers = self._generator.generate([prompt for _, _, prompt in asked], options)
        drafts: list[list[Draft]] = [[] for _ in groups]
        for (index, problem, _), (answer,) in zip(asked, answers, strict=True):
            text = self._tokenizer.decode(answer.ids)
            drafts[index].append(Draft(problem, text, (), (), answer.ended, REPAIR, ""))
        return Repaired(drafts, num_without_room, sum(self._generator.num_steps_taken))


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
