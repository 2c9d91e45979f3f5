from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.data_module import CodeDataModule

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*"),
    pytest.mark.filterwarnings("ignore:.*`weights_only` was not set.*"),
    pytest.mark.filterwarnings("ignore:.*lance is not fork-safe.*"),
]

torch.set_num_threads(1)

LONG = '    """' + "Many words. " * 40 + '"""\n'


@pytest.fixture(autouse=True)
def no_benchmark_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's variable nor its ./data decides what a test sees."""
    monkeypatch.delenv("LIT_CODER_DATA_DIR", raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    logger = logging.getLogger("lit_coder")
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)
    logger.propagate = propagated


def make_data(**changes: Any) -> CodeDataModule:
    options: dict[str, Any] = {
        "difficulties": [1],
        "num_labelled": 6,
        "held_out_difficulties": [1, 2],
        "num_held_out": 2,
        "num_validation": 1,
        "tokenizer_vocab_size": 300,
        "max_sequence_length": 64,
        "families": ["arithmetic"],
    }
    return CodeDataModule(**(options | changes))


def make_module(data: CodeDataModule, kind: type[GPTModule] = GPTModule) -> GPTModule:
    torch.manual_seed(0)
    return kind(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=data.vocab_size,
        max_position_embeddings=data.max_sequence_length,
    )


class KnowsTheAnswer(GPTModule):
    """Greedy completions are right; of sampled ones the first two are."""

    answers: dict[tuple[int, ...], tuple[int, ...]]

    def generator(self) -> Any:
        answers = self.answers
        assert self.tokenizer is not None
        wrong = tuple(self.tokenizer.encode("\n    return None\n"))

        class Known:
            def generate(
                self, prompts: list[Prompt], options: SamplingOptions
            ) -> list[list[Completion]]:
                return [
                    [
                        Completion(answers[p.ids] if i < 2 else wrong, (), True)
                        for i in range(options.num_samples)
                    ]
                    for p in prompts
                ]

        return Known()


def knowing_module(data: CodeDataModule, more: dict[str, str] | None = None) -> KnowsTheAnswer:
    module = make_module(data, KnowsTheAnswer)
    assert isinstance(module, KnowsTheAnswer)
    texts = {p.prompt: p.reference or "" for p in data.problems.held_out} | (more or {})
    encode = data.tokenizer.encode
    module.answers = {tuple(encode(k)): tuple(encode(v)) for k, v in texts.items()}
    return module


def make_callback(**changes: Any) -> BenchmarkCallback:
    options: dict[str, Any] = {
        "num_samples": 3,
        "max_new_tokens": 8,
        "batch_size": 3,
        "sandbox": SandboxOptions(workers=1),
    }
    return BenchmarkCallback(**(options | changes))


def run(
    command: str,
    folder: Path,
    callback: BenchmarkCallback,
    data: CodeDataModule | None = None,
    module: GPTModule | None = None,
    ckpt_path: Path | None = None,
) -> None:
    data = data or make_data()
    trainer = pl.Trainer(
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        callbacks=[callback],
        enable_checkpointing=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,
    )
    module = module or make_module(data)
    getattr(trainer, command)(module, datamodule=data, ckpt_path=ckpt_path)


def summary_of(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "benchmarks" / name / "summary.json").read_text())
    return found


def results_of(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / "benchmarks" / name / "results.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def write_humaneval(folder: Path) -> dict[str, str]:
    """Two problems in HumanEval's format; their prompts and solutions."""
    folder.mkdir()
    records = []
    for number, (name, body) in enumerate((("one_more", "x + 1"), ("twice", "2 * x"))):
        records.append(
            {
                "task_id": f"HumanEval/{number}",
                "prompt": f"def {name}(x):\n",
                "entry_point": name,
                "canonical_solution": f"    return {body}\n",
                "test": "def check(candidate):\n"
                + "".join(f"    assert candidate({x}) == {eval(body)}\n" for x in (0, 3, 5)),
            }
        )
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "HumanEval.jsonl").write_text(lines)
    return {str(r["prompt"]): str(r["canonical_solution"]) for r in records}


def test_an_untrained_model_is_scored_and_every_completion_is_written(tmp_path: Path) -> None:
    run("test", tmp_path, make_callback())
    summary = summary_of(tmp_path, "held_out")
    assert summary["num_problems"] == 4
    assert summary["pass@1"] == summary["pass@3"] == 0.0
    assert (summary["num_samples"], summary["temperature"]) == (3, 0.8)
    rows = results_of(tmp_path, "held_out")
    assert len(rows) == 4 * (1 + 3)
    for problem in make_data().problems.held_out:
        of_problem = [row["sample"] for row in rows if row["task_id"] == problem.task_id]
        assert of_problem == ["greedy", 0, 1, 2]
    assert {row["task_id"] for row in rows} == {p.task_id for p in make_data().problems.held_out}
    assert not any(row["passed"] for row in rows)


def test_right_completions_pass_and_samples_are_estimated_without_bias(tmp_path: Path) -> None:
    data = make_data()
    callback = make_callback(num_samples=4, output=str(tmp_path / "all.json"))
    run("test", tmp_path, callback, data, knowing_module(data))
    summary = summary_of(tmp_path, "held_out")
    low, high = summary["pass@1_interval"]
    assert summary["pass@1"] == 1.0 and 0.5 < low < 0.52 and high == 1.0
    assert summary["pass@4"] == 1.0
    rows = results_of(tmp_path, "held_out")
    assert sum(row["passed"] for row in rows) == 4 * (1 + 2)
    assert json.loads((tmp_path / "all.json").read_text()) == {"held_out": summary}


def test_greedy_alone_is_measured_where_no_samples_are_wanted(tmp_path: Path) -> None:
    data = make_data()
    run("test", tmp_path, make_callback(num_samples=0), data, knowing_module(data))
    summary = summary_of(tmp_path, "held_out")
    assert summary["pass@1"] == 1.0
    assert not [key for key in summary if key.startswith("pass@") and "1" not in key]
    assert len(results_of(tmp_path, "held_out")) == 4


def test_humaneval_is_run_where_its_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions = write_humaneval(tmp_path / "data")
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path / "data"))
    data = make_data()
    # The completion goes on after the function, as models do; it is cut there.
    more = {prompt: text + "\nprint(1 / 0)\n" for prompt, text in solutions.items()}
    run("test", tmp_path, make_callback(), data, knowing_module(data, more))
    summary = summary_of(tmp_path, "humaneval")
    assert (summary["num_problems"], summary["pass@1"]) == (2, 1.0)
    assert summary_of(tmp_path, "held_out")["num_problems"] == 4
    rows = results_of(tmp_path, "humaneval")
    assert {row["task_id"] for row in rows} == {"HumanEval/0", "HumanEval/1"}
    assert rows[0]["completion"] == "    return x + 1\n"


def test_named_benchmarks_alone_are_run_and_problems_can_be_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions = write_humaneval(tmp_path / "data")
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path / "data"))
    data = make_data()
    callback = make_callback(names=["humaneval"], max_problems=1, num_samples=0)
    run("test", tmp_path, callback, data, knowing_module(data, solutions))
    assert summary_of(tmp_path, "humaneval")["num_problems"] == 1
    assert not (tmp_path / "benchmarks" / "held_out").exists()


def test_a_named_humaneval_that_is_missing_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="LIT_CODER_DATA_DIR") as caught:
        run("test", tmp_path, make_callback(names=["humaneval"]))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "benchmarks").exists()


def test_an_unknown_benchmark_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"benchmark\.names: there is no benchmark humanevil"):
        make_callback(names=["humanevil"])


def write_held_out(folder: Path, *prompts: str) -> str:
    path = folder / "mine.jsonl"
    lines = [
        {
            "task_id": f"mine/{i}",
            "prompt": prompt,
            "entry_point": "f",
            "cases": [{"arguments": [1], "expected": i}],
        }
        for i, prompt in enumerate(prompts)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.mark.parametrize("num_samples", [0, 3])
def test_prompts_longer_than_the_context_are_said_and_count_as_not_passed(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture, num_samples: int
) -> None:
    held_out = write_held_out(tmp_path, "def f(x):\n" + LONG)
    data = make_data(held_out_files=[held_out], num_held_out=1, held_out_difficulties=[1, 2, 3])
    run("test", tmp_path, make_callback(num_samples=num_samples), data, knowing_module(data))
    summary = summary_of(tmp_path, "held_out")
    assert (summary["num_problems"], summary["num_left_out"], summary["pass@1"]) == (4, 1, 0.75)
    rows = [row for row in results_of(tmp_path, "held_out") if row["task_id"] == "mine/0"]
    assert [row["sample"] for row in rows] == ["greedy", *range(num_samples)]
    assert {(row["status"], row["passed"]) for row in rows} == {("prompt too long", False)}
    if num_samples == 3:
        assert summary["pass@3"] == 0.75
    lines = [record.getMessage() for record in log_lines.records]
    assert any("held_out: 1 of 4 prompts" in line and "not passed" in line for line in lines)


def test_a_benchmark_of_which_no_prompt_fits_scores_zero_and_does_not_vanish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solutions = write_humaneval(tmp_path / "data")
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path / "data"))
    held_out = write_held_out(tmp_path, "def f(x):\n" + LONG)
    data = make_data(held_out_files=[held_out], num_held_out=0)
    run("test", tmp_path, make_callback(), data, knowing_module(data, solutions))
    assert summary_of(tmp_path, "humaneval")["pass@1"] == 1.0
    summary = summary_of(tmp_path, "held_out")
    assert (summary["num_problems"], summary["pass@1"]) == (1, 0.0)
    assert not any(row["passed"] for row in results_of(tmp_path, "held_out"))


@pytest.mark.parametrize("with_long_prompt", [False, True])
def test_nothing_to_measure_on_is_said_in_one_sentence(
    tmp_path: Path, with_long_prompt: bool
) -> None:
    files = [write_held_out(tmp_path, LONG)] if with_long_prompt else None
    data = make_data(num_held_out=0, held_out_files=files)
    with pytest.raises(ValueError, match=r"benchmark\.names leaves no problem") as caught:
        run("test", tmp_path, make_callback(), data)
    assert ("max_sequence_length" in str(caught.value)) == with_long_prompt


def test_a_checkpoint_is_scored_with_its_own_weights_and_tokenizer(tmp_path: Path) -> None:
    data = make_data()
    trained = make_module(data)
    trained.tokenizer = data.tokenizer
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
    )
    trainer.strategy.connect(trained)
    trainer.save_checkpoint(tmp_path / "x.ckpt", weights_only=True)
    torch.manual_seed(5)
    fresh = GPTModule.load_from_checkpoint(tmp_path / "x.ckpt", weights_only=True)
    with torch.no_grad():
        fresh.network.embed_tokens.weight.zero_()
    run("test", tmp_path, make_callback(num_samples=0), data, fresh, tmp_path / "x.ckpt")
    assert torch.equal(fresh.network.embed_tokens.weight, trained.network.embed_tokens.weight)
    summary = summary_of(tmp_path, "held_out")
    assert summary["num_problems"] == 4
    assert (summary["checkpoint"], summary["global_step"]) == ("x.ckpt", 0)


@pytest.mark.filterwarnings("ignore:Be aware that when using")
def test_the_summary_names_what_was_scored(tmp_path: Path) -> None:
    data = make_data()
    module = make_module(data)
    module.tokenizer = data.tokenizer
    run("test", tmp_path, make_callback(num_samples=0), data, module)
    named = ("checkpoint", "global_step", "run_id", "seed")
    summary = summary_of(tmp_path, "held_out")
    assert [summary[name] for name in named] == [None, None, None, 0]
    trainer = pl.Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path)
    trainer.strategy.connect(module)
    trainer.save_checkpoint(tmp_path / "x.ckpt", weights_only=True)
    saved = torch.load(tmp_path / "x.ckpt", weights_only=True)
    saved |= {"global_step": 400, "callbacks": {"Other": {}, "Recursive": {"run_id": "abc"}}}
    torch.save(saved, tmp_path / "round-0003.ckpt")
    (tmp_path / "best.ckpt").symlink_to("round-0003.ckpt")
    run("test", tmp_path, make_callback(num_samples=0), data, module, tmp_path / "best.ckpt")
    summary = summary_of(tmp_path, "held_out")
    assert [summary[name] for name in named] == ["round-0003.ckpt", 400, "abc", 0]
    assert summary["num_left_out"] == 0


def test_an_output_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    for output, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "all.json", "does not exist"),
    ):
        with pytest.raises(ValueError, match=rf"benchmark\.output .*{words}") as caught:
            make_callback(output=str(output))
        assert "\n" not in str(caught.value)
    make_callback(output="all.json")


def test_scores_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("test", tmp_path / name, make_callback())
    assert results_of(tmp_path / "a", "held_out") == results_of(tmp_path / "b", "held_out")


def test_predict_writes_a_completion_of_each_held_out_problem(tmp_path: Path) -> None:
    data = make_data()
    run("predict", tmp_path, make_callback(), data, knowing_module(data))
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines()
    written = [json.loads(line) for line in lines]
    problems = data.problems.held_out
    assert [w["task_id"] for w in written] == [p.task_id for p in problems]
    assert [w["completion"] for w in written] == [p.reference for p in problems]
    assert not (tmp_path / "benchmarks").exists()


@pytest.mark.parametrize(
    "option",
    [
        {"max_problems": -1},
        {"num_samples": -1},
        {"num_samples": 1},
        {"max_new_tokens": 0},
        {"temperature": 0.0},
    ],
)
def test_an_impossible_option_is_refused_by_its_name(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ValueError, match=rf"benchmark\.{name} must be"):
        make_callback(**option)
