from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.complete import continuations
from lit_coder.modules.load import load_module
from tests.commands.generation_command import command
from tests.trained_model import COMPLETIONS, GREET, save_checkpoint, trained_module

FILES = {
    "README.md",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}
TEXTS = [*COMPLETIONS, "a  b\t\r\n é🙂 <|end|> <|fim_prefix|>x", " 12 ,  . don't"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command writes of a checkpoint."""
    folder = tmp_path_factory.mktemp("export")
    save_checkpoint(trained_module(), folder / "tiny.ckpt")
    words = ["--ckpt_path", str(folder / "tiny.ckpt"), "--output", str(folder / "model")]
    ended = command("export", *words)
    assert ended.status == 0 and not ended.err
    assert f"--ckpt_path {folder / 'model'}" in ended.out
    assert {path.name for path in folder.iterdir()} == {"tiny.ckpt", "model"}
    return folder / "model"


def test_the_folder_holds_what_hugging_face_expects(exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == FILES
    umask = os.umask(0)
    os.umask(umask)
    assert all(path.stat().st_mode & 0o777 == 0o666 & ~umask for path in exported.iterdir())


def test_transformers_writes_the_same_greedy_tokens(exported: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(exported)
    tokenizer = AutoTokenizer.from_pretrained(exported)
    module = load_module(exported)
    for prompt in [*COMPLETIONS, "x = 3", "\n"]:
        ids = torch.tensor([tokenizer(prompt)["input_ids"]])
        (written,) = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=60)
        (own,) = continuations(module, prompt, SamplingOptions(max_new_tokens=60))
        theirs = tuple(written[ids.shape[1] :].tolist())
        assert theirs == own.ids + ((tokenizer.eos_token_id,) if own.ended else ())
        assert tokenizer.decode(theirs, skip_special_tokens=True) == own.text


def test_transformers_reads_texts_as_the_same_tokens(exported: Path) -> None:
    theirs, ours = AutoTokenizer.from_pretrained(exported), load_module(exported).tokenizer
    assert ours is not None
    for text in TEXTS:
        assert theirs(text)["input_ids"] == ours.encode(text)
        assert theirs.decode(ours.encode(text)) == text
    assert (theirs.eos_token_id, theirs.pad_token_id) == (ours.end_id, ours.pad_id)


def test_an_exported_folder_is_a_model_of_generate_and_of_export(
    exported: Path, tmp_path: Path
) -> None:
    prompt = ["--prompt", GREET, "--temperature", "0"]
    ended = command("generate", "--ckpt_path", str(exported), *prompt)
    assert (ended.status, ended.out) == (0, GREET + COMPLETIONS[GREET])
    again = command("export", "--ckpt_path", str(exported), "--output", str(tmp_path / "again"))
    assert again.status == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes()


def test_an_empty_folder_may_be_filled(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    words = ["--ckpt_path", str(exported), "--output", str(tmp_path / "empty")]
    assert command("export", *words).status == 0
    assert {path.name for path in (tmp_path / "empty").iterdir()} == FILES


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--output", "full"], "--output full is not empty"),
        (["--output", "full/file"], "is a file"),
        ([], "required: --output"),
        (["--output", "new", "--ckpt_path", "none"], "--ckpt_path: none: there is no such"),
        (["--output", "new"], "--ckpt_path: there is no runs/last"),
        (["--output", "new", "--dtype"], "there is no option --dtype"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/file").write_text("kept")
    ended = command("export", *words)
    assert ended.status == 2 and says in ended.sentence
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "file"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(exported: Path, tmp_path: Path) -> None:
    # The largest size of a file that this process may write stands for a disk's end.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        words = ["--ckpt_path", str(exported), "--output", str(tmp_path / "model")]
        ended = command("export", *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ended.status == 1 and "model.safetensors cannot be written" in ended.sentence
    assert not list(tmp_path.iterdir())
