"""A whole run of the command line that starts from a checkpoint of `transformers`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from lit_coder import complete, load_module
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.networks.gpt import GPT
from lit_coder.recursion.round_record import read_records
from lit_coder.recursion.run_opening import ROUNDS_FOLDER
from tests.cli.command_line import TINY, CommandLine
from tests.pretrained_model import FAMILIES, NUM_ROWS, save_pretrained
from tests.recursion import tiny_run
from tests.recursion.tiny_run import records_in, samples_in

OWN_SIZES = ("--model.hidden_size", "--model.num_hidden_layers", "--model.num_attention_heads")
ROUND = [
    *(option for option in TINY if not option.startswith((*OWN_SIZES, "--data.max_sequence"))),
    "--data.max_sequence_length=128",
    "--model.learning_rate=0.001",
    "--model.warmup_steps=0",
]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_passes_enters_the_pool_and_is_trained_on_with_a_models_own_tokenizer(
    tmp_path: Path, family: str
) -> None:
    folder = save_pretrained(tmp_path / family, family, tied=False)
    data = tiny_run.make_data(pretrained=str(folder), max_sequence_length=128)
    module = GPTModule(
        pretrained=str(folder),
        learning_rate=0.01,
        warmup_steps=0,
        vocab_size=data.vocab_size,
        max_position_embeddings=data.max_sequence_length,
    )
    trainer = tiny_run.fit(tmp_path / "run", data=data, module=module)
    first, second = records_in(tmp_path / "run")
    assert 0 < first.pool_size < second.pool_size
    assert trainer.datamodule.pool_version == second.pool_version  # type: ignore[attr-defined]
    batch = next(iter(trainer.datamodule.train_dataloader()))  # type: ignore[attr-defined]
    with torch.inference_mode():
        before, after = (each.eval().loss(batch) for each in (load_module(folder), module))
    assert after < before


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path, capsys)


def test_a_whole_round_starts_from_a_qwen2_checkpoint_and_needs_it_no_more(
    command: CommandLine, tmp_path: Path
) -> None:
    qwen = save_pretrained(tmp_path / "qwen", "qwen2", dtype=torch.bfloat16)
    start = load_module(qwen).network
    pretrained = f"--model.pretrained={qwen}"
    ended = command("fit", *ROUND, pretrained)
    assert ended.status == 0, ended.err
    run = tmp_path / "runs" / "run"
    _require_a_whole_round(run)

    shutil.rmtree(qwen)
    module = load_module("last")
    assert isinstance(module, GPTModule) and isinstance(start, GPT)
    _require_same_shape_other_weights(module.network, start)
    assert module.hparams["pretrained"] is None
    assert module.tokenizer is not None and module.tokenizer.end_id == module.tokenizer.pad_id
    assert complete(module, "def f(x):\n", max_new_tokens=4)

    for words in (["test"], ["fit", "--trainer.max_steps=6"]):
        ended = command(*words, "--ckpt_path", "runs/run/checkpoints/last.ckpt")
        assert ended.status == 0, (words, ended.err)
    assert [record.round for record in read_records(run / ROUNDS_FOLDER)] == [0, 1, 2]

    assert command("export", "--ckpt_path", "last", "--output", "exported").status == 0
    exported = AutoModelForCausalLM.from_pretrained("exported")
    assert exported.config.model_type == "qwen2"
    ids = torch.arange(60)[None]
    with torch.inference_mode():
        ours = load_module("last").network(ids)
        torch.testing.assert_close(exported(ids).logits, ours, atol=1e-4, rtol=0)


def _require_a_whole_round(run: Path) -> None:
    records = read_records(run / ROUNDS_FOLDER)
    assert [(record.round, record.global_step) for record in records] == [(0, 2), (1, 4)]
    for record in records:
        assert record.totals.problems == 4 and record.totals.generated == 8
        assert record.train_loss is not None and record.validation_loss is not None
        assert record.held_out is not None and record.held_out.num_tasks == 2
        assert len(samples_in(run, record.pool_version)) == 8 * (1 + record.round)


def _require_same_shape_other_weights(network: GPT, start: GPT) -> None:
    assert network.config.vocab_size == start.config.vocab_size == NUM_ROWS
    assert network.config.max_position_embeddings == 128
    assert network.config.attention_bias
    for (name, now), before in zip(network.named_parameters(), start.parameters(), strict=True):
        assert not torch.equal(now, before), name
        assert (now - before).abs().max() < 0.05, name
