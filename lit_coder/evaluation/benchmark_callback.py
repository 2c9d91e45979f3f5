"""`main.py test`: pass@1 and pass@k with intervals on the held-out set and on HumanEval.

The module generates in `test_step`; this callback verifies and scores. Greedy pass@1 is measured
on every problem, pass@k on `num_samples` completions at a temperature, without top_k and top_p.
The result is printed and written to `<run>/benchmarks/<name>/`: `summary.json` says what was
scored, `results.jsonl` has a row for each completion. Nothing here trains or moves `runs/last`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from rich.console import Console
from rich.table import Table

from lit_coder.evaluation.benchmark_choice import HELD_OUT, HUMANEVAL, choose_benchmarks
from lit_coder.evaluation.pass_metric import PassAtK
from lit_coder.generation.contract import Completion, SamplingOptions
from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.problem import Problem
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.problem_batch import ProblemBatch
from lit_coder.verification.self_test import check_sandbox
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.evaluation")

BENCHMARKS_FOLDER = "benchmarks"
STOPS = {HUMANEVAL: ("\nclass", "\ndef", "\n#", "\nif", "\nprint")}


class BenchmarkCallback(pl.Callback):
    """Scores a checkpoint on benchmarks.

    Args:
        names: benchmarks to run: held_out, humaneval. None = held_out, and humaneval where its
            file is found (LIT_CODER_DATA_DIR or ./data).
        max_problems: problems of each benchmark; 0 = all.
        num_samples: completions of each problem for pass@k with k = num_samples, at least 2; 0 =
            greedy only.
        temperature: of those samples; top_k and top_p are not applied.
        max_new_tokens: tokens of a completion.
        batch_size: problems given to the model at a time.
        output: a JSON file for all scores, beside the files in the run's folder; its folder must
            exist.
        sandbox: linked to the section `sandbox`.
    """

    def __init__(
        self,
        names: list[str] | None = None,
        max_problems: int = 0,
        num_samples: int = 8,
        temperature: float = 0.8,
        max_new_tokens: int = 256,
        batch_size: int = 64,
        output: str | None = None,
        sandbox: SandboxOptions | None = None,
    ) -> None:
        for name in names or ():
            if name not in (HELD_OUT, HUMANEVAL):
                raise ValueError(
                    f"benchmark.names: there is no benchmark {name}; choose from {HELD_OUT}, "
                    f"{HUMANEVAL}"
                )
        for option, value, smallest in (
            ("max_problems", max_problems, 0),
            ("max_new_tokens", max_new_tokens, 1),
            ("batch_size", batch_size, 1),
        ):
            if value < smallest:
                raise ValueError(f"benchmark.{option} must be {smallest} or more, not {value}")
        if num_samples < 0 or num_samples == 1:
            raise ValueError(
                f"benchmark.num_samples must be 0 (greedy only) or at least 2, not {num_samples}"
            )
        if output:
            _require_writable(Path(output))
        if temperature <= 0:
            raise ValueError(f"benchmark.temperature must be above 0, not {temperature}")
        self.names = names
        self.max_problems = max_problems
        self.num_samples = num_samples
        self.temperature = temperature
        self.max_new_tokens = max_new_tokens
        self.batch_size = batch_size
        self.output = output
        self.sandbox = sandbox or SandboxOptions()
        self._runner: Runner | None = None
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._greedy: dict[str, PassAtK] = {}
        self._sampled: dict[str, PassAtK] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._left_out: dict[str, tuple[Problem, ...]] = {}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Choose the problems and tell module and data what to generate."""
        if stage not in ("test", "predict"):
            return
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CodeDataModule) and isinstance(pl_module, CodeModule)
        pl_module.tokenizer = pl_module.tokenizer or data.tokenizer
        names = [HELD_OUT] if stage == "predict" else self.names
        chosen = choose_benchmarks(data, names, self.max_problems)
        self._left_out = {name: benchmark.left_out for name, benchmark in chosen.items()}
        # A loader without a problem would never be asked for one.
        self._problems = {name: b.problems for name, b in chosen.items() if b.problems}
        data.test_problems = tuple(self._problems.values())
        data.test_batch_size = self.batch_size
        greedy = SamplingOptions(max_new_tokens=self.max_new_tokens, seed=data.seed)
        pl_module.test_sampling = [greedy]
        if stage == "test" and self.num_samples:
            sampled = dataclasses.replace(
                greedy, num_samples=self.num_samples, temperature=self.temperature
            )
            pl_module.test_sampling.append(sampled)

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the sandbox and prove its verdicts."""
        self._runner = open_runner(self.sandbox)
        self._runner.__enter__()
        check_sandbox(self._runner)
        names = list(self._left_out)
        self._rows = {name: [] for name in names}
        self._greedy = {name: PassAtK(1) for name in names}
        self._sampled = {name: PassAtK(max(1, self.num_samples)) for name in names}
        for name, problems in self._left_out.items():
            for problem in problems:
                self._greedy[name].update(1, 0)
                self._sampled[name].update(max(1, self.num_samples), 0)
                self._rows[name] += _rows_left_out(problem, self.num_samples)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Verify a batch's completions."""
        assert isinstance(batch, ProblemBatch) and isinstance(pl_module, CodeModule)
        assert pl_module.tokenizer is not None
        name = list(self._problems)[dataloader_idx]
        metrics = [self._greedy[name], self._sampled[name]]
        for index, completions in enumerate(outputs["completions"]):
            metric, is_greedy = metrics[index], index == 0
            rows = self._verify(name, batch, completions, pl_module.tokenizer.decode, is_greedy)
            self._rows[name] += [row for group in rows for row in group]
            for group in rows:
                metric.update(len(group), sum(row["passed"] for row in group))

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print and write the scores."""
        table = Table(title="Benchmarks")
        for column in ("benchmark", "problems", "pass@1 greedy", "95 % interval", "pass@k"):
            table.add_column(column, justify="right" if column != "benchmark" else "left")
        scored = _what_is_scored(trainer)
        summaries = {}
        for name in self._left_out:
            summary = scored | self._summary(name)
            summaries[name] = summary
            low, high = summary["pass@1_interval"]
            k = self.num_samples
            at_k = f"{summary[f'pass@{k}']:.1%} (k={k})" if k else "-"
            table.add_row(
                name,
                str(summary["num_problems"]),
                f"{summary['pass@1']:.1%}",
                f"{low:.1%} to {high:.1%}",
                at_k,
            )
            self._write(Path(trainer.default_root_dir), name, summary)
        Console().print(table)
        if self.output:
            Path(self.output).write_text(json.dumps(summaries, indent=1), encoding="utf-8")

    def on_predict_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write one greedy completion of each held-out problem, not verified."""
        assert isinstance(pl_module, CodeModule) and pl_module.tokenizer is not None
        path = Path(trainer.default_root_dir) / "predictions.jsonl"
        predictions: Any = trainer.predict_loop.predictions
        completions = [ids for batch in predictions for ids in batch]
        with path.open("w", encoding="utf-8") as stream:
            for problem, ids in zip(self._problems[HELD_OUT], completions, strict=True):
                text = pl_module.tokenizer.decode(ids)
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

    def _close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _verify(
        self,
        name: str,
        batch: ProblemBatch,
        completions: list[list[Completion]],
        decode: Callable[..., str],
        is_greedy: bool,
    ) -> list[list[dict[str, Any]]]:
        assert self._runner is not None
        texts = [
            [_cut(decode(completion.ids), STOPS.get(name, ())) for completion in group]
            for group in completions
        ]
        attempts = [
            Attempt(problem, text)
            for problem, group in zip(batch.problems, texts, strict=True)
            for text in group
        ]
        options = self.sandbox
        verifier = Verifier(self._runner, options.limits(), options.allow_in_process)
        verdicts = iter(verifier.verify(attempts))
        rows = []
        for problem, group in zip(batch.problems, texts, strict=True):
            row = []
            for index, text in enumerate(group):
                verdict = next(verdicts)
                row.append(
                    {
                        "task_id": problem.task_id,
                        "sample": "greedy" if is_greedy else index,
                        "completion": text,
                        "passed": verdict.passed,
                        "trusted": verdict.trusted,
                        "status": verdict.status,
                        "detail": verdict.detail,
                    }
                )
            rows.append(row)
        return rows

    def _summary(self, name: str) -> dict[str, Any]:
        greedy = self._greedy[name].estimate()
        num_left_out = len(self._left_out[name])
        summary: dict[str, Any] = {
            "benchmark": name,
            "num_problems": len(self._problems.get(name, ())) + num_left_out,
            "num_left_out": num_left_out,
            "pass@1": greedy.mean,
            "pass@1_interval": (greedy.low, greedy.high),
            "num_untrusted": sum(not row["trusted"] for row in self._rows[name]),
            "max_new_tokens": self.max_new_tokens,
        }
        if self.num_samples:
            sampled = self._sampled[name].estimate()
            summary |= {
                f"pass@{self.num_samples}": sampled.mean,
                f"pass@{self.num_samples}_interval": (sampled.low, sampled.high),
                "num_samples": self.num_samples,
                "temperature": self.temperature,
            }
        return summary

    def _write(self, run_folder: Path, name: str, summary: dict[str, Any]) -> None:
        folder = run_folder / BENCHMARKS_FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
        with (folder / "results.jsonl").open("w", encoding="utf-8") as stream:
            for row in self._rows[name]:
                stream.write(json.dumps(row) + "\n")


def _what_is_scored(trainer: pl.Trainer) -> dict[str, Any]:
    """Which weights: file, step and run of the checkpoint, and the seed of the problems."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    scored = {"checkpoint": None, "global_step": None, "run_id": None, "seed": data.seed}
    if trainer.ckpt_path is None:
        return scored
    # The links best.ckpt and last.ckpt move on; the file they point at says more.
    path = Path(trainer.ckpt_path).resolve()
    # Lightning takes neither step nor callbacks from a checkpoint that is only tested.
    saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    states = saved.get("callbacks", {}).values()
    run_ids = [s["run_id"] for s in states if isinstance(s, dict) and "run_id" in s]
    found = {"checkpoint": path.name, "global_step": saved.get("global_step")}
    return scored | found | {"run_id": run_ids[0] if run_ids else None}


def _rows_left_out(problem: Problem, num_samples: int) -> list[dict[str, Any]]:
    """The rows of a problem that the model was not asked."""
    status = "prompt too long" if problem.prompt else "prompt empty"
    row = {
        "task_id": problem.task_id,
        "completion": "",
        "passed": False,
        "trusted": True,
        "status": status,
    }
    samples: list[str | int] = ["greedy", *range(num_samples)]
    return [row | {"sample": sample, "detail": ""} for sample in samples]


def _require_writable(output: Path) -> None:
    if output.is_dir():
        raise ValueError(f"benchmark.output must be a file, but {output} is a folder")
    if not output.parent.is_dir():
        raise ValueError(
            f"benchmark.output {output}: the folder {output.parent} does not exist; create it, or "
            "choose another file"
        )


def _cut(completion: str, stops: tuple[str, ...]) -> str:
    """The completion up to the first stop sequence."""
    ends = [position for stop in stops if (position := completion.find(stop)) >= 0]
    return completion[: min(ends)] if ends else completion
