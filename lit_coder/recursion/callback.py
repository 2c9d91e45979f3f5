"""The self-improvement loop as a Lightning callback.

    python main.py fit --config X --recursion.every_n_steps 100 --recursion.num_problems 400

A round is one Lightning epoch of `every_n_steps` optimizer steps. At its end the weights are
measured on the held-out problems; after `start_after_steps` the model also writes programs for
fresh problems, the sandbox runs them, a repairer may mend what was rejected, selection decides,
the pool's next version is committed and a new DataModule, pinned at that version, takes over.
Several processes share a round's work; the first one writes. The objective, the schedule and the
saving of checkpoints are not its business.
"""

from __future__ import annotations

import dataclasses
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl

from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.advantages import Advantages
from lit_coder.recursion.collapse import collapse
from lit_coder.recursion.curriculum import (
    Curriculum,
    saved_curriculum,
    share_curriculum,
    take_curriculum,
)
from lit_coder.recursion.decline import decline
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.hand_over import hand_over
from lit_coder.recursion.loop_progress import in_other_micro_batches
from lit_coder.recursion.option_checks import require_room, require_way_back, require_whole_rounds
from lit_coder.recursion.policy_checks import require_fitting_policy
from lit_coder.recursion.policy_measures import policy_measures
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.references import leave_out_failing
from lit_coder.recursion.repairer import Repairer, open_repairer, repairer_path
from lit_coder.recursion.rewards import Reward
from lit_coder.recursion.round_clock import RoundClock
from lit_coder.recursion.round_record import HeldOutScore, RoundRecord
from lit_coder.recursion.round_settings import fitting_policy, policy_facts, round_settings
from lit_coder.recursion.round_work import Committed, RoundWork, Written, validated
from lit_coder.recursion.round_writing import write_round
from lit_coder.recursion.run_opening import (
    ROUNDS_FOLDER,
    open_contamination,
    open_run,
    refuse_other_tokenizers,
    share_of_sandbox,
)
from lit_coder.recursion.selection import Contamination
from lit_coder.recursion.shared_loss import saved_losses, take_losses
from lit_coder.recursion.solvers import Solver
from lit_coder.recursion.suspects import SuspectSearch
from lit_coder.recursion.weights import roll_back, sampling_mode
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.round_loader import RoundLoader
from lit_coder.verification.self_test import check_sandbox
from lit_coder.verification.verifier import Verifier

logger = logging.getLogger("lit_coder.recursion")


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
        max_kept_per_family: accepted samples of one problem family in a round; None = any number.
        max_kept_per_kind: accepted samples of one kind of problem (function, class, program,
            answer) in a round; None = any number.
        near_duplicates: leave out what has this share of its pieces in common with an accepted
            program of any round, as 0.8; None = only what is the same program.
        held_out_samples: samples of each held-out problem for pass@k, k = held_out_samples; 0 =
            greedy pass@1 only. They are drawn at `temperature` (0.8 where that is 0), without
            top_k and top_p.
        patience_rounds: rounds in a row that must get worse to count as a decline; 0 = never.
        on_decline: say so, stop the run, or go back to the best checkpoint's weights and pool.
        gate: what may enter the pool. None = every visible test must pass.
        solver: who writes the programs. None = the model.
        curriculum: what a round draws, as SolvedSometimes. None = of every difficulty equally much.
        repairer: a trained TRM, which stays as it is; where no program of a problem was let in, it
            repairs them. A checkpoint or a run's folder, last = the newest run; None = nobody.
        repairs_per_problem: programs of such a problem that are repaired, at most.
        repairer_sees_suspects: find each one's most suspicious line by the visible tests, in two
            executions, and show it to the repairer; of use to one that learned on repair_hinted.
        reward: what a program earns where model.init_args.objective learns from rewards. None =
            1 where it passes all visible tests, else 0.
        advantages: what a reward is compared with. None = the others of its problem
            (GroupAdvantages); ValueAdvantages = what a value head foretold.
        min_groups: problems whose programs earned differently; a round with fewer draws further
            problems, as only such problems train a policy.
        max_extra_problems: problems that a round draws for that, at most.
        measure_every_n_rounds: rounds between two measurements (held-out and validation loss).
        on_collapse: say so, or stop, where a policy has no entropy left or forgets real code.
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
        max_kept_per_family: int | None = None,
        max_kept_per_kind: int | None = None,
        near_duplicates: float | None = None,
        held_out_samples: int = 4,
        patience_rounds: int = 3,
        on_decline: Literal["warn", "stop", "roll_back"] = "warn",
        gate: Gate | None = None,
        solver: Solver | None = None,
        curriculum: Curriculum | None = None,
        repairer: str | None = None,
        repairs_per_problem: int = 4,
        repairer_sees_suspects: bool = False,
        reward: Reward | None = None,
        advantages: Advantages | None = None,
        min_groups: int = 0,
        max_extra_problems: int = 0,
        measure_every_n_rounds: int = 1,
        on_collapse: Literal["warn", "stop"] = "stop",
        sandbox: SandboxOptions | None = None,
    ) -> None:
        self._settings = round_settings(locals())
        self.start_after_steps = start_after_steps
        self.every_n_steps = every_n_steps
        self.num_problems = num_problems
        self.patience_rounds = patience_rounds
        self.on_decline = on_decline
        self.sandbox = sandbox or SandboxOptions()
        # Now: `last` is another run once this one has begun.
        self.repairer = None if repairer is None else repairer_path(repairer)
        self.run_id = ""
        self.records: list[RoundRecord] = []
        self.ended_round: RoundRecord | None = None
        """The round that this epoch's end completed, for the callbacks after this one."""
        self.measure_every_n_rounds = measure_every_n_rounds
        self.on_collapse = on_collapse
        self._contamination: Contamination | None = None
        self._runner: Runner | None = None
        self._opened = ExitStack()
        self._repairer: Repairer | None = None
        self._saved_repairer: str | None = None
        self.processes = Processes()
        self._module: CodeModule | None = None
        self._accumulate_grad_batches = 1
        self._saved_losses: dict[str, Any] | None = None
        self._clock = RoundClock()

    @property
    def phase(self) -> str:
        """What the callback is doing now, "" while training: such work may be broken off."""
        return self._clock.phase

    def state_dict(self) -> dict[str, Any]:
        """The run the checkpoint belongs to, the size of its rounds, the loss of this one so far.

        Every process of the run asks for it at the same time.
        """
        state: dict[str, Any] = {
            "run_id": self.run_id,
            "every_n_steps": self.every_n_steps,
            "accumulate_grad_batches": self._accumulate_grad_batches,
            "repairer": self._repairer.weights if self._repairer else "",
            "curriculum": saved_curriculum(self._settings.curriculum),
        }
        if self._module is not None:
            state["train_loss"] = saved_losses(
                self._module, self.processes, self._accumulate_grad_batches
            )
        return state

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Count Lightning's progress in micro-batches of today: their number may be another."""
        saved = checkpoint["callbacks"].get(self.state_key, {})
        now = trainer.accumulate_grad_batches
        in_other_micro_batches(checkpoint["loops"], saved.get("accumulate_grad_batches", now), now)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with that run.

        Raises:
            ValueError: its rounds have another size.
        """
        self.run_id = state_dict["run_id"]
        self._saved_losses = state_dict.get("train_loss")
        self._saved_repairer = state_dict.get("repairer", "")
        take_curriculum(self._settings.curriculum, state_dict)
        if state_dict["every_n_steps"] != self.every_n_steps:
            raise ValueError(
                f"recursion.every_n_steps is {self.every_n_steps}, but the rounds of the "
                f"checkpoint have {state_dict['every_n_steps']} steps and a resume cannot change "
                "that; leave it out, or start a new run"
            )

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Find the other processes of a fit; before the weights meet.

        Raises:
            ValueError: this one made another tokenizer than the first.
        """
        if stage == "fit":
            self.processes = Processes.join()
            refuse_other_tokenizers(_data_module(trainer).tokenizer, self.processes)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load the repairer, open the pool, start the sandbox and prove its verdicts.

        Raises:
            ValueError: pool or repairer do not fit the checkpoint, the run's length does not fit
                the rounds, or there is nothing that a roll-back could go back to.
            SandboxUnavailable: programs cannot be run here, or a self-test verdict is off.
        """
        require_whole_rounds(trainer.max_steps, self.every_n_steps)
        data = _data_module(trainer)
        if self.on_decline == "roll_back" and self.patience_rounds > 0:
            require_way_back(len(data.problems.held_out))
        assert isinstance(pl_module, CodeModule)
        require_fitting_policy(*policy_facts(pl_module, data, self._settings))
        self._settings = fitting_policy(pl_module, self._settings)
        self._module = pl_module
        self._accumulate_grad_batches = trainer.accumulate_grad_batches
        self._repairer = open_repairer(
            self.repairer, pl_module.device, self._saved_repairer, self.processes
        )
        folder = Path(trainer.default_root_dir)
        self.run_id, self.records = open_run(folder, self.run_id, data, self.processes)
        sandbox = share_of_sandbox(self.sandbox, self.processes, trainer.num_nodes)
        self._runner = self._opened.enter_context(open_runner(sandbox))
        check_sandbox(self._runner)
        if self._repairer is not None and self._settings.repairer_sees_suspects:
            self._repairer.suspects = SuspectSearch(self._runner, sandbox.limits())
        guards_pool = data.hparams["decontaminate"] and self.num_problems > 0
        if guards_pool and self.processes.is_first:
            self._contamination = self._opened.enter_context(open_contamination())
        leave_out_failing(data, self._verifier(), self.processes)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of a round that is gone on with: its epoch does not start again."""
        loader = trainer.train_dataloader
        assert isinstance(loader, RoundLoader)
        self.refuse_full_steps(_data_module(trainer), loader, trainer.max_steps)
        self._clock.start()
        self._plan_validation(trainer)
        assert self._module is not None
        if trainer.global_step >= self.start_after_steps:
            self._module.take_reference()
        shared = (self._saved_losses, self.processes, self._accumulate_grad_batches)
        take_losses(self._module, *shared)
        self._saved_losses = None

    def refuse_full_steps(self, data: CodeDataModule, loader: RoundLoader, max_steps: int) -> None:
        """Refuse optimizer steps without a row for samples, where the run is to train on some."""
        first_steps = max(1, -(-self.start_after_steps // self.every_n_steps)) * self.every_n_steps
        if self.num_problems and first_steps < max_steps and data.labelled_share < 1:
            require_room(loader.mixture, data)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the round's clock."""
        self._clock.start()
        self._plan_validation(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure, generate, verify, select, commit, hand over; see the module's docstring."""
        assert isinstance(pl_module, CodeModule)
        data = _data_module(trainer)
        self.ended_round = None
        if trainer.global_step != (data.round + 1) * self.every_n_steps:
            # Cut short, or resumed from this round's own checkpoint: Lightning calls the end of
            # the epoch once more then, with the next round's data in place.
            return
        clock = self._clock
        clock.end_training()
        total_loss, num_losses = self.processes.sums(pl_module.train_loss.total())
        pl_module.train_loss.reset()
        is_measured = self._is_measured(trainer)
        score, written, work = None, Written([]), self._round_work()
        with sampling_mode(pl_module, trainer.strategy.model):
            if is_measured:
                with clock.timed("measuring"):
                    score = self._measure(pl_module, data)
            if trainer.global_step >= self.start_after_steps:
                pl_module.take_reference()
                if self.num_problems:
                    written = write_round(work, pl_module, data, clock, self._repairer)
        committed = Committed({}, None, data.pool_version, 0)
        if self.processes.is_first:
            pool = SamplePool(Path(trainer.default_root_dir) / POOL_FOLDER, self.run_id)
            with clock.timed("committing", may_be_broken_off=False):
                committed = work.commit(pool, written, data, trainer.global_step)
        record = RoundRecord(
            round=data.round,
            global_step=trainer.global_step,
            run_id=self.run_id,
            seed=data.seed,
            held_out=score,
            train_loss=total_loss / num_losses if num_losses else None,
            seconds={name: round(value, 3) for name, value in clock.seconds.items()},
            repairer=self._repairer.name if self._repairer else "",
            policy=policy_measures(pl_module.learning, self.processes, committed.rollouts),
            **committed.for_record(),
            **validated(trainer.callback_metrics if is_measured else {}),
        )
        share_curriculum(self._settings.curriculum, self.processes)
        self._finish(trainer, data, self.processes.from_first(record))

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End the sandbox's processes."""
        self._close()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """End the sandbox's processes."""
        self._close()

    def _close(self) -> None:
        self._opened.close()
        self._runner = self._contamination = None

    def _is_measured(self, trainer: pl.Trainer) -> bool:
        """Whether this round's weights are measured: every n-th, and the last."""
        ended, last = _data_module(trainer).round + 1, trainer.max_steps // self.every_n_steps
        return ended >= last or ended % self.measure_every_n_rounds == 0

    def _plan_validation(self, trainer: pl.Trainer) -> None:
        """Lightning validates after an epoch whose number, from 1, is a multiple of this."""
        is_due = self._is_measured(trainer)
        trainer.check_val_every_n_epoch = 1 if is_due else trainer.current_epoch + 2

    def _measure(self, module: CodeModule, data: CodeDataModule) -> HeldOutScore | None:
        return self._round_work().measure(module, data)

    def _round_work(self) -> RoundWork:
        return RoundWork(self._settings, self._verifier(), self.processes, self._contamination)

    def _verifier(self) -> Verifier:
        assert self._runner is not None, "the sandbox is started in on_fit_start"
        return Verifier(self._runner, self.sandbox.limits())

    def _finish(self, trainer: pl.Trainer, data: CodeDataModule, record: RoundRecord) -> None:
        """Hand over to the next round, act on a decline, write the record."""
        next_version = record.pool_version
        records = [*self.records, record]
        collapsed, declined = collapse(records), decline(records, self.patience_rounds)
        note = "; ".join(each for each in (collapsed, declined) if each)
        stops = {"on_collapse": collapsed and self.on_collapse == "stop"}
        stops["on_decline"] = declined and self.on_decline == "stop"
        if option := next((name for name, is_due in stops.items() if is_due), None):
            trainer.should_stop = True
            note += f"; stopped (recursion.{option})"
        elif declined and self.on_decline == "roll_back":
            went_back = roll_back(trainer, self.processes)
            next_version = went_back.pool_version
            take_curriculum(self._settings.curriculum, went_back.callbacks.get(self.state_key))
            note += f"; went back to {went_back.name} (recursion.on_decline)"
            record = dataclasses.replace(record, rolled_back=True)
        if note:
            logger.warning("round %d: %s", record.round, note)
            record = dataclasses.replace(record, note=note)
        hand_over(trainer, data.at_round(record.round + 1, next_version))
        if self.processes.is_first:
            record.write(Path(trainer.default_root_dir) / ROUNDS_FOLDER)
        self.records.append(record)
        self.ended_round = record


def _data_module(trainer: pl.Trainer) -> CodeDataModule:
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, CodeDataModule)
    return data
