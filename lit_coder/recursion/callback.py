"""The self-improvement loop as a Lightning callback.

    python main.py fit --config X --recursion.every_n_steps 100 --recursion.num_problems 400

A round is one Lightning epoch of `every_n_steps` optimizer steps. At its end the weights are
measured on the held-out problems; after `start_after_steps` the model also writes programs for
fresh problems, the sandbox runs them, selection decides, the pool's next version is committed
and a new DataModule, pinned at that version, takes over. The objective, the schedule and the
saving of checkpoints are not its business.
"""

from __future__ import annotations

import dataclasses
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl

from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.family import without_reference
from lit_coder.recursion.decline import decline
from lit_coder.recursion.gates import Gate, VisibleTests
from lit_coder.recursion.hand_over import hand_over
from lit_coder.recursion.held_out import HeldOutOptions, measure
from lit_coder.recursion.references import failing_references
from lit_coder.recursion.round_record import HeldOutScore, RoundRecord, read_records
from lit_coder.recursion.selection import Decision, count, select, to_sample
from lit_coder.recursion.solvers import Draft, ModelSolver, Solver
from lit_coder.recursion.weights import roll_back, sampling_mode
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.sample import Candidate
from lit_coder.verification.self_test import check_sandbox
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")

ROUNDS_FOLDER = "rounds"


class RecursiveGenerationCallback(pl.Callback):
    """Lets the model generate, verifies, and trains on what truly passes, round after round.

    Args:
        start_after_steps: optimizer steps before the first generation; rounds before it only
            train and are measured.
        every_n_steps: optimizer steps of a round.
        num_problems: fresh problems a round; 0 = train and measure only, generate nothing.
        num_samples: completions of each problem.
        temperature: of the sampling; 0 = greedy.
        top_k: keep the k most likely tokens; 0 = all.
        top_p: keep the smallest set of tokens with this probability; 1 = all.
        max_new_tokens: tokens after which a completion is cut.
        generation_batch_size: rows decoded at the same time.
        max_kept_per_problem: accepted samples of one problem in a round.
        min_quality: rank score below which a passing sample is left out; it never admits one.
        held_out_samples: samples of each held-out problem for pass@k, k = held_out_samples; 0 =
            greedy pass@1 only. They are drawn at `temperature` (0.8 where that is 0), without
            top_k and top_p.
        patience_rounds: rounds in a row that must get worse to count as a decline; 0 = never.
        on_decline: say so, stop the run, or go back to the best checkpoint's weights and pool.
        gate: what may enter the pool. None = every visible test must pass.
        solver: who writes the programs. None = the model.
        sandbox: linked to the section `sandbox`.
    """

    def __init__(
        self,
        start_after_steps: int = 5000,
        every_n_steps: int = 1000,
        num_problems: int = 800,
        num_samples: int = 8,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        max_new_tokens: int = 128,
        generation_batch_size: int = 256,
        max_kept_per_problem: int = 4,
        min_quality: float = 0.0,
        held_out_samples: int = 4,
        patience_rounds: int = 3,
        on_decline: Literal["warn", "stop", "roll_back"] = "warn",
        gate: Gate | None = None,
        solver: Solver | None = None,
        sandbox: SandboxOptions | None = None,
    ) -> None:
        _require_at_least("start_after_steps", start_after_steps, 0)
        _require_at_least("every_n_steps", every_n_steps, 1)
        _require_at_least("num_problems", num_problems, 0)
        _require_at_least("max_kept_per_problem", max_kept_per_problem, 1)
        _require_none_or_two("held_out_samples", held_out_samples)
        _require_at_least("patience_rounds", patience_rounds, 0)
        if not 0 <= min_quality <= 1:
            raise ValueError(f"recursion.min_quality must be from 0 to 1, not {min_quality}")
        try:
            self._sampling = SamplingOptions(
                num_samples, max_new_tokens, temperature, top_k, top_p, 0, generation_batch_size
            )
        except ValueError as error:
            sentence = str(error).replace("batch_size", "generation_batch_size")
            raise ValueError(f"recursion.{sentence}") from error
        self.start_after_steps = start_after_steps
        self.every_n_steps = every_n_steps
        self.num_problems = num_problems
        self.max_kept_per_problem = max_kept_per_problem
        self.min_quality = min_quality
        self.patience_rounds = patience_rounds
        self.on_decline = on_decline
        self.gate = gate or VisibleTests()
        self.solver = solver or ModelSolver()
        self.sandbox = sandbox or SandboxOptions()
        self._held_out = HeldOutOptions(
            num_samples=held_out_samples,
            temperature=temperature or 0.8,
            max_new_tokens=max_new_tokens,
            batch_size=generation_batch_size,
        )
        self.run_id = ""
        self.records: list[RoundRecord] = []
        self.ended_round: RoundRecord | None = None
        """The round that this epoch's end completed, for the callbacks after this one."""
        self.phase: str = ""
        """What the callback is doing now, "" while training: such work may be broken off."""
        self._runner: Runner | None = None
        self._round_started = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The run the checkpoint belongs to, and the size of its rounds."""
        return {"run_id": self.run_id, "every_n_steps": self.every_n_steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with that run.

        Raises:
            ValueError: its rounds have another size.
        """
        self.run_id = state_dict["run_id"]
        if state_dict["every_n_steps"] != self.every_n_steps:
            raise ValueError(
                f"recursion.every_n_steps is {self.every_n_steps}, but the rounds of the "
                f"checkpoint have {state_dict['every_n_steps']} steps and a resume cannot change "
                "that; leave it out, or start a new run"
            )

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the pool, start the sandbox and prove its verdicts.

        Raises:
            ValueError: the pool does not fit the checkpoint, the run's length does not fit the
                rounds, or there is nothing that a roll-back could go back to.
            SandboxUnavailable: programs cannot be run here, or a self-test verdict is off.
        """
        self._check_length(trainer)
        data = _data_module(trainer)
        goes_back = self.on_decline == "roll_back" and self.patience_rounds > 0
        if goes_back and not data.problems.held_out:
            raise ValueError(
                "recursion.on_decline roll_back goes back to the best held-out score, but there "
                "are no held-out problems; set data.num_held_out above 0"
            )
        path = Path(trainer.default_root_dir) / POOL_FOLDER
        if self.run_id:
            SamplePool.open(path, self.run_id, data.pool_version)
        else:
            self.run_id = uuid.uuid4().hex
            SamplePool.create(path, self.run_id)
        records = read_records(Path(trainer.default_root_dir) / ROUNDS_FOLDER)
        self.records = [record for record in records if record.round < data.round]
        self._runner = open_runner(self.sandbox)
        self._runner.__enter__()
        check_sandbox(self._runner)
        if data.problems.untried:
            failing = failing_references(data.problems.untried, self._verifier())
            data.leave_out_labelled(failing)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of a round that is gone on with: its epoch does not start again."""
        self._round_started = time.perf_counter()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the round's clock."""
        self._round_started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure, generate, verify, select, commit, hand over; see the module's docstring."""
        assert isinstance(pl_module, CodeModule)
        data = _data_module(trainer)
        self.ended_round = None
        if trainer.global_step != (data.round + 1) * self.every_n_steps:
            # Cut short, or resumed from this round's own checkpoint: Lightning calls the end of
            # the epoch once more then, with the next round's data in place.
            return
        seconds = {"training": time.perf_counter() - self._round_started}
        train_loss = pl_module.train_loss.mean()
        pl_module.train_loss.reset()
        with sampling_mode(pl_module):
            with self._timed("measuring", seconds):
                score = self._measure(pl_module, data)
            candidates = self._candidates(trainer, pl_module, data, seconds)
        decisions, pool_version, pool_size = self._commit(trainer, data, candidates)
        loss = trainer.callback_metrics.get("validation/loss")
        record = RoundRecord(
            round=data.round,
            global_step=trainer.global_step,
            pool_version=pool_version,
            pool_size=pool_size,
            run_id=self.run_id,
            seed=data.seed,
            counts=count(decisions),
            held_out=score,
            validation_loss=None if loss is None else float(loss),
            train_loss=train_loss,
            seconds={name: round(value, 3) for name, value in seconds.items()},
        )
        self._finish(trainer, pl_module, data, record)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End the sandbox's processes."""
        self._close()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """End the sandbox's processes."""
        self._close()

    def _close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _check_length(self, trainer: pl.Trainer) -> None:
        steps, size = trainer.max_steps, self.every_n_steps
        if steps < 1 or steps % size:
            below = max(size, steps // size * size)
            raise ValueError(
                f"trainer.max_steps ({steps}) must be a multiple of recursion.every_n_steps "
                f"({size}), for example {below}"
            )
        if trainer.world_size > 1:
            raise ValueError(
                "the self-improvement loop runs on one device; set trainer.devices to 1 "
                f"(it is {trainer.world_size})"
            )

    def _measure(self, module: CodeModule, data: CodeDataModule) -> HeldOutScore | None:
        return measure(
            data.problems.held_out,
            module.generator(),
            data.tokenizer,
            self._verifier(),
            self._held_out,
            data.seed,
            max_prompt_tokens=data.max_sequence_length - 1,
        )

    def _verifier(self) -> Verifier:
        assert self._runner is not None, "the sandbox is started in on_fit_start"
        return Verifier(self._runner, self.sandbox.limits())

    def _candidates(
        self,
        trainer: pl.Trainer,
        module: CodeModule,
        data: CodeDataModule,
        seconds: dict[str, float],
    ) -> list[Candidate]:
        """Generate and verify; nothing where the round only trains."""
        if self.num_problems == 0 or trainer.global_step < self.start_after_steps:
            return []
        with self._timed("generating", seconds):
            drafts = self._drafts(module, data)
        with self._timed("verifying", seconds):
            attempts = [Attempt(draft.problem, draft.completion) for draft in drafts]
            verdicts = self._verifier().verify(attempts)
        return [
            Candidate(
                draft.problem,
                draft.completion,
                draft.token_ids,
                draft.log_probabilities,
                draft.ended,
                draft.origin,
                draft.stream,
                verdict,
            )
            for draft, verdict in zip(drafts, verdicts, strict=True)
        ]

    def _drafts(self, module: CodeModule, data: CodeDataModule) -> list[Draft]:
        problems = data.problems.fresh(data.round, self.num_problems)
        if isinstance(self.solver, ModelSolver):
            problems = tuple(without_reference(problem) for problem in problems)
        longest = data.max_sequence_length - 1
        fitting = [p for p in problems if 0 < len(data.tokenizer.encode(p.prompt)) <= longest]
        if len(fitting) < len(problems):
            logger.warning(
                "round %d: %d prompts are empty or longer than data.max_sequence_length and left "
                "out",
                data.round,
                len(problems) - len(fitting),
            )
        options = dataclasses.replace(self._sampling, seed=data.seed)
        return self.solver.solve(fitting, module.generator(), data.tokenizer, options, data.round)

    def _commit(
        self, trainer: pl.Trainer, data: CodeDataModule, candidates: list[Candidate]
    ) -> tuple[list[Decision], int, int]:
        """Select and commit; decisions, the pool's version and its number of accepted samples."""
        pool = SamplePool(Path(trainer.default_root_dir) / POOL_FOLDER, self.run_id)
        base = data.pool_version
        accepted = pool.read(base, accepted_only=True) if base > EMPTY_VERSION else []
        if not candidates:
            return [], base, len(accepted)
        known: dict[str, set[str]] = defaultdict(set)
        for sample in accepted:
            known[sample.task_id].add(sample.fingerprint)
        decisions = select(
            candidates, self.gate, known, self.max_kept_per_problem, self.min_quality
        )
        samples = [to_sample(d, self._sampling, data.round, trainer.global_step) for d in decisions]
        version = pool.commit(samples, base)
        return decisions, version, len(accepted) + sum(d.accepted for d in decisions)

    def _finish(
        self,
        trainer: pl.Trainer,
        module: CodeModule,
        data: CodeDataModule,
        record: RoundRecord,
    ) -> None:
        """Hand over to the next round, act on a decline, write the record."""
        next_version = record.pool_version
        note = decline([*self.records, record], self.patience_rounds) or ""
        if note and self.on_decline == "stop":
            trainer.should_stop = True
            note += "; stopped (recursion.on_decline)"
        elif note and self.on_decline == "roll_back":
            next_version, origin = roll_back(trainer, module)
            note += f"; went back to {origin} (recursion.on_decline)"
            record = dataclasses.replace(record, rolled_back=True)
        if note:
            logger.warning("round %d: %s", record.round, note)
            record = dataclasses.replace(record, note=note)
        hand_over(trainer, data.at_round(record.round + 1, next_version))
        record.write(Path(trainer.default_root_dir) / ROUNDS_FOLDER)
        self.records.append(record)
        self.ended_round = record

    @contextmanager
    def _timed(self, phase: str, seconds: dict[str, float]) -> Iterator[None]:
        started = time.perf_counter()
        self.phase = phase
        try:
            yield
        finally:
            self.phase = ""
            seconds[phase] = time.perf_counter() - started


def _require_at_least(name: str, value: int, smallest: int) -> None:
    if value < smallest:
        raise ValueError(f"recursion.{name} must be {smallest} or more, not {value}")


def _require_none_or_two(name: str, value: int) -> None:
    if value < 0 or value == 1:
        raise ValueError(f"recursion.{name} must be 0 (greedy only) or at least 2, not {value}")


def _data_module(trainer: pl.Trainer) -> CodeDataModule:
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, CodeDataModule)
    return data
