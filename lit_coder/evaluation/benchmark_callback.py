"""`main.py test`: pass@k with intervals on the held-out set and on published benchmarks.

    python main.py test --ckpt_path last --benchmark.names '[humaneval, mbpp@bigcode]'

The module generates in `test_step`; this callback has the answers verified in the background,
scores them and logs the scores as `<protocol>/pass@k`. Results stream to
`<run>/benchmarks/<protocol>/`, where an interrupted test goes on. Nothing here trains or moves
`runs/last`. The parts stand in `benchmark_*.py` and `protocol_run.py`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from rich.console import Console

from lit_coder.evaluation.benchmark_batches import TaskBatch, make_batches
from lit_coder.evaluation.benchmark_choice import HELD_OUT, ChosenBenchmark, choose_benchmarks
from lit_coder.evaluation.benchmark_folder import BenchmarkFolder
from lit_coder.evaluation.benchmark_options import BenchmarkOptions
from lit_coder.evaluation.benchmark_overlap import training_texts
from lit_coder.evaluation.benchmark_report import report
from lit_coder.evaluation.benchmark_settings import MadeWith, settings_of
from lit_coder.evaluation.benchmark_surroundings import Surroundings, find_surroundings
from lit_coder.evaluation.benchmark_verification import BackgroundVerification
from lit_coder.evaluation.protocol_run import Answers, ProtocolRun, verdict_kind
from lit_coder.evaluation.weights_identity import weights_identity
from lit_coder.generation.quantization import QuantizationMode
from lit_coder.generation.quantization import quantize as quantize_network
from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.folder_lock import FolderLock
from lit_coder.training_data.problem_batch import ProblemBatch
from lit_coder.verification.ast_cut import cut_at_syntax
from lit_coder.verification.benchmark_check import check_benchmark
from lit_coder.verification.official_sandbox import official_sandbox
from lit_coder.verification.scorer import Scorer
from lit_coder.verification.self_test import check_sandbox

logger = logging.getLogger("lit_coder.evaluation")

BENCHMARKS_FOLDER = "benchmarks"
PREDICTIONS_FILE = "predictions.jsonl"


class BenchmarkCallback(pl.Callback):
    """Scores a checkpoint on benchmarks.

    Args:
        names: benchmarks (humaneval) or protocols (mbpp@bigcode) to run; the file of one that is
            named is downloaded where it is not found. None = held_out, and humaneval and mbpp
            where their files are found (LIT_CODER_DATA_DIR or ./data).
        max_problems: the first problems of each benchmark; 0 = all. A test can be enlarged: what
            is finished is kept.
        num_samples: completions of each problem, n; pass@1 and pass@k for k = 10, 100, n are
            reported as far as n allows. More than 1 needs a temperature.
        temperature: of the sampling; 0 = greedy.
        top_p: keep the smallest set of tokens with this probability; 1 = all.
        max_new_tokens: tokens of a completion; None = the protocol's.
        batch_size: completions decoded at the same time.
        output: a JSON file for all scores and all results, beside the files in the run's folder;
            its folder must exist.
        ast_cut: cut completions where their syntax says, not at the protocol's stop sequences;
            only where the protocol allows it.
        token_healing: take the last token of a prompt back and let the model write it anew; only
            where the protocol allows it.
        quantize: run the model with int8 or int4 weights.
        sandbox: linked to the section `sandbox`.
    """

    def __init__(
        self,
        names: list[str] | None = None,
        max_problems: int = 0,
        num_samples: int = 1,
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
        batch_size: int = 64,
        output: str | None = None,
        ast_cut: bool = False,
        token_healing: bool = False,
        quantize: QuantizationMode | None = None,
        sandbox: SandboxOptions | None = None,
    ) -> None:
        self.options = BenchmarkOptions(
            names=None if names is None else tuple(names),
            max_problems=max_problems,
            num_samples=num_samples,
            temperature=temperature,
            top_p=top_p,
            max_new_tokens=max_new_tokens,
            batch_size=batch_size,
            output=output,
            ast_cut=ast_cut,
            token_healing=token_healing,
            quantize=quantize,
        )
        self.sandbox = sandbox or SandboxOptions()
        self._chosen: list[ChosenBenchmark] = []
        self._batches: list[TaskBatch] = []
        self._runs: list[ProtocolRun] = []
        self._todo: set[int] = set()
        self._identity: dict[str, Any] = {}
        self._verification: BackgroundVerification[Answers] | None = None
        self._runner: PoolRunner | None = None
        self._lock: FolderLock | None = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Choose the problems and tell the data what to ask."""
        if stage not in ("test", "predict"):
            return
        data, module = _parts(trainer, pl_module)
        module.tokenizer = module.tokenizer or data.tokenizer
        options = self.options if stage == "test" else _one_greedy_completion(self.options)
        self._chosen = choose_benchmarks(data.problems.held_out, options)
        context = data.max_sequence_length
        self._batches = make_batches(
            self._chosen, data.tokenizer, data.rows.fits, context, options, data.seed
        )
        data.test_batches = [batch.problems for batch in self._batches]

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prove the sandbox and each benchmark's verdicts, then take up what was begun before."""
        trainer.test_loop.verbose = False  # the table says more
        data, module = _parts(trainer, pl_module)
        assert module.tokenizer is not None
        published = [c.benchmark for c in self._chosen if c.protocol.benchmark != HELD_OUT]
        sandbox = self._sandbox_for(published)
        self._runner = open_runner(sandbox)
        self._runner.__enter__()
        check_sandbox(self._runner)
        around = find_surroundings(self._runner, sandbox)
        scorers = [
            self._checked_scorer(chosen, self._runner, around.has_scratch)
            for chosen in self._chosen
        ]
        self._identity = weights_identity(module.used_network, module.tokenizer, trainer.ckpt_path)
        self._quantize(module)
        self._open_folders(trainer, data, scorers, around)
        rank, num_ranks = trainer.global_rank, trainer.world_size
        self._todo = {
            number
            for number, batch in enumerate(self._batches)
            if number % num_ranks == rank and not self._runs[batch.chosen].is_finished(batch)
        }
        for number in set(range(len(self._batches))) - self._todo:
            data.test_batches[number] = data.test_batches[number].without_prompts()
        self._verification = BackgroundVerification(self._judge)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Hand a batch's answers to the verification."""
        assert isinstance(batch, ProblemBatch) and self._verification is not None
        if batch.number in self._todo:
            answers = Answers(self._batches[batch.number], outputs["texts"])
            self._verification.submit(answers)
            self._show_progress(batch.number)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log, print and write the scores."""
        assert self._verification is not None
        self._verification.finish()
        scores = [run.scores() for run in self._runs]
        for run in self._runs:
            for name, metric in run.metrics.items():
                pl_module.log(name, metric, metric_attribute=name)
        trainer.strategy.barrier("every process has written its results")
        if trainer.is_global_zero:
            data, _ = _parts(trainer, pl_module)
            run_id = self._identity["run_id"]
            training = training_texts(data, Path(trainer.default_root_dir), run_id)
            report(self._runs, scores, training, self.options.output)

    def on_predict_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Quantize, as for test."""
        self._quantize(_parts(trainer, pl_module)[1])

    def on_predict_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write one greedy completion of each held-out problem, not verified."""
        if not trainer.is_global_zero:
            return
        path = Path(trainer.default_root_dir) / PREDICTIONS_FILE
        predictions: Any = trainer.predict_loop.predictions
        completions = [text for batch in predictions for text in batch]
        asked = [task.problem for batch in self._batches for task in batch.asked]
        with path.open("w", encoding="utf-8") as stream:
            for problem, text in zip(asked, completions, strict=True):
                line = {"task_id": problem.task_id, "prompt": problem.prompt, "completion": text}
                stream.write(json.dumps(line) + "\n")
        logger.info("wrote %s", path)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """End the sandbox's processes."""
        self._close()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """End the sandbox's processes."""
        self._close()

    def _quantize(self, module: CodeModule) -> None:
        if self.options.quantize is None:
            return
        try:
            logger.info(
                "quantized %s", quantize_network(module.used_network, self.options.quantize)
            )
        except ValueError as error:
            raise ValueError(f"benchmark.{error}") from error

    def _sandbox_for(self, published: Sequence[Benchmark]) -> SandboxOptions:
        """Options of a sandbox in which official verdicts on these can be reached."""
        if not published:
            return self.sandbox
        return official_sandbox(self.sandbox, published, with_numpy=True)

    def _checked_scorer(
        self, chosen: ChosenBenchmark, runner: PoolRunner, has_scratch: bool
    ) -> Scorer:
        """A scorer whose verdicts on known solutions are right.

        Raises:
            SandboxUnavailable: one is not; there is no score then.
        """
        options = self.sandbox
        scorer = Scorer(
            runner,
            chosen.protocol,
            verdict_kind(chosen),
            options.limits(),
            has_scratch,
            options.allow_in_process,
        )
        check_benchmark(chosen.runnable(), scorer)
        return scorer

    def _open_folders(
        self,
        trainer: pl.Trainer,
        data: CodeDataModule,
        scorers: Sequence[Scorer],
        around: Surroundings,
    ) -> None:
        """Make the protocols' folders, or go on with them."""
        root = Path(trainer.default_root_dir) / BENCHMARKS_FOLDER
        if trainer.is_global_zero:
            self._lock = FolderLock(root, "writes results into", "wait for it, or stop it")
            self._lock.acquire()
        device = trainer.strategy.root_device if trainer.world_size > 1 else None
        self._runs = []
        for chosen, scorer in zip(self._chosen, scorers, strict=True):
            made_with = MadeWith(self._identity, str(trainer.precision), data.max_sequence_length)
            settings = settings_of(chosen, self.options, data.seed, made_with, self.sandbox, around)
            folder = BenchmarkFolder(root / chosen.protocol.name, settings, trainer.global_rank)
            cut = self._cut_by_syntax if self.options.ast_cut else None
            self._runs.append(ProtocolRun(chosen, self.options, folder, scorer, cut, device))
        if trainer.is_global_zero:
            for run in self._runs:
                run.folder.prepare()
        trainer.strategy.barrier("the first process has prepared the folders")
        for run in self._runs:
            run.folder.open()
            if trainer.is_global_zero:
                run.count_kept()

    def _cut_by_syntax(self, samples: Sequence[tuple[str, str, str]]) -> list[str]:
        assert self._runner is not None
        return cut_at_syntax(self._runner, samples, self.sandbox.limits())

    def _show_progress(self, number: int) -> None:
        console, last = Console(), self._batches[number]
        if console.is_terminal:
            chosen = self._chosen[last.chosen]
            mine = [b for b in self._batches[: number + 1] if b.chosen == last.chosen]
            num_asked = sum(len(batch.tasks) for batch in mine)
            text = f"  {chosen.protocol.name}: {num_asked} of {len(chosen.tasks)} problems   "
            console.print(text, end="\r", highlight=False)

    def _judge(self, answers: Answers) -> Generator[object, None, None]:
        """In the verification's thread."""
        return self._runs[answers.batch.chosen].judge(answers)

    def _close(self) -> None:
        if self._verification is not None:
            self._verification.stop()
        # A program that takes long ends with the sandbox, and then the verification's thread can.
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        if self._verification is not None:
            self._verification.close()
            self._verification = None
        for run in self._runs:
            run.folder.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _parts(trainer: pl.Trainer, pl_module: pl.LightningModule) -> tuple[CodeDataModule, CodeModule]:
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, CodeDataModule) and isinstance(pl_module, CodeModule)
    return data, pl_module


def _one_greedy_completion(options: BenchmarkOptions) -> BenchmarkOptions:
    """What predict asks: held-out problems, once, by their own protocol."""
    return dataclasses.replace(
        options,
        names=(HELD_OUT,),
        num_samples=1,
        temperature=0.0,
        ast_cut=False,
        token_healing=False,
    )
