"""How right a trained TRM's answers are after each supervision step, and from noisy starts.

    trained = Trained.load(run_folder)
    trained.curve(problems, verifier, max_steps=16)         # share passed after 1, 2, ... steps
    trained.by_threshold(problems, verifier, 16, [0.5])     # and where the halting head decides
    trained.best_of(problems, verifier, num_starts=8)       # the first answer; any of K

Every step is taken by every row of a curve, whatever the halting head says: the curve is to show
what more steps do. Where it decides, an answer is that of the step at which it was sure enough,
which is the same as if no more steps had been taken. Verdicts are those of the loop, by all tests,
visible and hidden.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import torch
import yaml

from lit_coder.generation.contract import SamplingOptions
from lit_coder.generation.trm_generator import TRMGenerator
from lit_coder.modules.load import load_module
from lit_coder.modules.trm_module import TRMModule
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.problems.problem import Problem
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.verification.verifier import Attempt, Verifier

BATCH_ROWS = 256


class Starts(NamedTuple):
    """Shares of problems passed: by the first answer, and by it or any of K - 1 noisy starts."""

    first: float
    any: float


class Steps(NamedTuple):
    """What each supervision step gave, by problem."""

    passed: list[list[bool]]
    sureness: list[list[float]]
    """The sigmoid of the halting logit: how sure the network is that its answer is right."""


class AtThreshold(NamedTuple):
    """What comes of accepting answers that the network is so sure of; None = of never accepting."""

    threshold: float | None
    passed: float
    mean_steps: float
    accepted: float
    """Share of the answers that were accepted; the others took all steps."""


@dataclass(frozen=True)
class Trained:
    """A trained TRM with the data it was trained on.

    Attributes:
        module: with its averaged weights.
        data: of the run's saved configuration, so that its splits are those of the run.
    """

    module: TRMModule
    data: CodeDataModule

    @classmethod
    def load(cls, run_folder: Path) -> Trained:
        """The last checkpoint of a run.

        Raises:
            ValueError: the folder is that of no run of a TRM.
        """
        module, config_file = load_module(run_folder), run_folder / "config.yaml"
        if not isinstance(module, TRMModule) or not config_file.is_file():
            raise ValueError(f"{run_folder} is no run of a TRM; name the folder of one")
        config = yaml.safe_load(config_file.read_text(encoding="utf-8"))
        return cls(module, CodeDataModule(**config["data"], seed=config["seed_everything"]))

    @property
    def tokenizer(self) -> CodeTokenizer:
        """The run's."""
        assert self.module.tokenizer is not None
        return self.module.tokenizer

    def curve(self, problems: Sequence[Problem], verifier: Verifier, max_steps: int) -> list[float]:
        """The share of the problems that pass after 1, 2, ... `max_steps` supervision steps."""
        passed = self.steps(problems, verifier, max_steps).passed
        return [sum(of_all) / len(problems) for of_all in zip(*passed, strict=True)]

    def by_threshold(
        self,
        problems: Sequence[Problem],
        verifier: Verifier,
        max_steps: int,
        thresholds: Sequence[float],
    ) -> list[AtThreshold]:
        """What each threshold gives, and at last what taking all `max_steps` steps does."""
        found = self.steps(problems, verifier, max_steps)
        rows = []
        for threshold in (*thresholds, None):
            least = math.inf if threshold is None else threshold
            accepted_at = [
                next((step for step, sure in enumerate(row) if sure > least), None)
                for row in found.sureness
            ]
            last = [max_steps - 1 if step is None else step for step in accepted_at]
            rows.append(
                AtThreshold(
                    threshold,
                    mean(row[step] for row, step in zip(found.passed, last, strict=True)),
                    mean(step + 1 for step in last),
                    mean(step is not None for step in accepted_at),
                )
            )
        return rows

    def steps(self, problems: Sequence[Problem], verifier: Verifier, max_steps: int) -> Steps:
        """Take `max_steps` supervision steps with each problem, and judge the answer of each."""
        generator, network = self.module.generator(), self.module.used_network
        found = Steps([[] for _ in problems], [[] for _ in problems])
        for first in range(0, len(problems), BATCH_ROWS):
            batch = problems[first : first + BATCH_ROWS]
            ids_BL = torch.tensor([self._row(generator, problem) for problem in batch])
            refinement = begin_refinement(network, ids_BL)
            before = [""] * len(batch)
            for step in range(max_steps):
                refinement = refine(network, refinement, ids_BL, is_adaptive=False)
                texts = self._texts(generator, refinement.logits_BLV)
                # The verdict on the same text is the same.
                changed = [i for i, text in enumerate(texts) if not step or text != before[i]]
                attempts = [Attempt(batch[i], texts[i]) for i in changed]
                verdicts = dict(zip(changed, verifier.verify(attempts), strict=True))
                for i, sure in enumerate(refinement.halt_B.sigmoid().tolist()):
                    passed = found.passed[first + i]
                    passed.append(verdicts[i].passed if i in verdicts else passed[-1])
                    found.sureness[first + i].append(sure)
                before = texts
        return found

    def best_of(
        self, problems: Sequence[Problem], verifier: Verifier, num_starts: int, noise: float = 1.0
    ) -> Starts:
        """Greedy first answers, and those with others from noisy starts, `num_starts` in all."""
        generator = self.module.generator()
        prompts = [prompt_of(problem, self.tokenizer, problem.task_id) for problem in problems]
        greedy = generator.generate(prompts, SamplingOptions(max_new_tokens=1024))
        groups = self._passed(problems, greedy, verifier)
        if num_starts > 1:
            sampled = generator.generate(
                prompts,
                SamplingOptions(num_samples=num_starts - 1, temperature=noise, max_new_tokens=1024),
            )
            others = self._passed(problems, sampled, verifier)
            groups = [[*own, *more] for own, more in zip(groups, others, strict=True)]
        return Starts(
            sum(group[0] for group in groups) / len(problems),
            sum(any(group) for group in groups) / len(problems),
        )

    def _passed(
        self, problems: Sequence[Problem], groups: Sequence[Any], verifier: Verifier
    ) -> list[list[bool]]:
        attempts = [
            Attempt(problem, self.tokenizer.decode(completion.ids))
            for problem, group in zip(problems, groups, strict=True)
            for completion in group
        ]
        verdicts = iter(verifier.verify(attempts))
        return [[next(verdicts).passed for _ in group] for group in groups]

    def _row(self, generator: TRMGenerator, problem: Problem) -> list[int]:
        prompt = prompt_of(problem, self.tokenizer, "")
        return generator.canvas.row(prompt.ids, prompt.draft_ids)

    def _texts(self, generator: TRMGenerator, logits_BLV: torch.Tensor) -> list[str]:
        logits_BAV = logits_BLV[:, -generator.canvas.shape.canvas_length :].clone()
        logits_BAV[..., list(generator.banned_ids)] = -torch.inf
        return [
            self.tokenizer.decode(generator.canvas.answer(ids)[0])
            for ids in logits_BAV.argmax(-1).tolist()
        ]
