from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lit_coder import complete, load_module
from lit_coder.commands.export import export_module
from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.complete import continuations, stream
from lit_coder.modules.trm_module import TRMModule
from lit_coder.tokenizer import CodeTokenizer
from tests.cli.command_line import TINY
from tests.trained_model import COMPLETIONS, DOUBLE, GREET, save_checkpoint, trained_module

pytestmark = [pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*")]
GREEDY = SamplingOptions(max_new_tokens=64)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint and an exported folder of the trained module."""
    folder = tmp_path_factory.mktemp("saved")
    save_checkpoint(trained_module(), folder / "tiny.ckpt")
    export_module(trained_module(), folder / "exported")
    return folder


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(saved, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("name", ["tiny.ckpt", "exported"])
def test_what_was_saved_writes_the_same_programs(saved: Path, name: str) -> None:
    module = load_module(saved / name)
    assert not module.training
    for prompt, completion in COMPLETIONS.items():
        assert complete(module, prompt, temperature=0) == [completion]


def test_a_run_is_loaded_by_last_by_its_folder_and_by_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_coder.__main__ import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    with pytest.raises(ValueError, match="train a model first"):
        load_module("last")
    assert main(["fit", *TINY]) == 0
    weights = torch.load("runs/run/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    for path in ("last", "runs/run", Path("runs/run/checkpoints/last.ckpt"), "runs/last"):
        module = load_module(path)
        assert module.tokenizer is not None
        assert all(torch.equal(weights[k], v) for k, v in module.state_dict().items())


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        load_module(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_there_or_not_a_model_is_refused(tmp_path: Path) -> None:
    assert "no such checkpoint" in refusal(tmp_path / "nothing.ckpt")
    assert "neither" in refusal(tmp_path)
    (tmp_path / "text.ckpt").write_text("not a checkpoint")
    assert "damaged or not a checkpoint" in refusal(tmp_path / "text.ckpt")


def test_a_checkpoint_with_a_flipped_byte_is_refused(copied: Path) -> None:
    content = bytearray((copied / "tiny.ckpt").read_bytes())
    content[len(content) // 2] ^= 1
    (copied / "tiny.ckpt").write_bytes(content)
    assert "damaged" in refusal(copied / "tiny.ckpt")


class Planted:
    """What runs where a file is unpickled without care."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("planted"),))  # type: ignore[return-value]


def test_nothing_that_a_checkpoint_holds_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "hyper_parameters": Planted()}, "planted.ckpt")
    assert "read safely" in refusal(Path("planted.ckpt"))
    assert not Path("planted").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tokenizer_json": None}, "no tokenizer"),
        ({"hyper_parameters": None}, "lacks hyper-parameters"),
        ({"hyper_parameters": {"_class_path": "other.Module"}}, "other.Module"),
        ({"hyper_parameters": {"depth": 3}}, "does not fit this version"),
        ({"state_dict": {}}, "does not fit this version"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    copied: Path, change: dict[str, Any], words: str
) -> None:
    content = torch.load(copied / "tiny.ckpt", weights_only=True) | change
    torch.save({k: v for k, v in content.items() if v is not None}, copied / "other.ckpt")
    assert words in refusal(copied / "other.ckpt")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_an_exported_folder_that_lacks_a_file_is_refused(copied: Path, name: str) -> None:
    (copied / "exported" / name).unlink()
    assert f"lacks {name}" in refusal(copied / "exported")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_an_exported_folder_with_a_cut_file_is_refused(copied: Path, name: str) -> None:
    path = copied / "exported" / name
    path.write_bytes(path.read_bytes()[:40])
    assert name in refusal(copied / "exported")


def test_a_tokenizer_without_a_token_that_ends_is_refused(copied: Path) -> None:
    for name in ("generation_config.json", "config.json"):
        path = copied / "exported" / name
        path.write_text(path.read_text().replace('"eos_token_id": 1', '"eos_token_id": null'))
    path = copied / "exported" / "tokenizer.json"
    path.write_text(path.read_text().replace("<|end|>", "<|stop|>"))
    assert "has no end token" in refusal(copied / "exported")


def test_a_text_ends_before_the_first_stop() -> None:
    assert complete(trained_module(), GREET, temperature=0, stops=["name", "€🙂"]) == [
        '    return "Grüße, '
    ]


def test_the_log_probability_is_that_of_the_tokens_kept() -> None:
    (whole,) = continuations(trained_module(), GREET, GREEDY)
    (cut,) = continuations(trained_module(), GREET, GREEDY, ["\n\n\n"])
    assert whole.ended and not cut.ended
    assert len(cut.ids) < len(whole.ids) and whole.ids[: len(cut.ids)] == cut.ids
    assert whole.log_probability < cut.log_probability < 0


@pytest.mark.parametrize("stops", [[], ["\n\n\n"], ["ße, €🙂"]])
def test_a_streamed_text_is_the_whole_one_in_pieces_without_broken_characters(
    stops: list[str],
) -> None:
    pieces = list(stream(trained_module(), GREET, GREEDY, stops))
    assert "".join(pieces) == continuations(trained_module(), GREET, GREEDY, stops)[0].text
    assert len(pieces) > 5 and not any("\ufffd" in piece for piece in pieces)


def test_a_healed_prompt_is_not_repeated() -> None:
    inside = DOUBLE + "    retu"
    (text,) = complete(trained_module(), inside, temperature=0, token_healing=True)
    assert text.startswith("rn ")
    assert "".join(stream(trained_module(), inside, GREEDY, token_healing=True)) == text


def test_the_same_seed_gives_the_same_texts_and_another_one_others() -> None:
    texts = [complete(trained_module(), "x", 4, temperature=2.0, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) == 4


@pytest.mark.parametrize(("prompt", "words"), [("", "is empty"), ("ab" * 128, "shorten it")])
def test_a_prompt_that_cannot_be_completed_is_refused(prompt: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        complete(trained_module(), prompt)


def test_a_trm_is_known_without_the_command_line_s_note(tmp_path: Path) -> None:
    module = TRMModule(
        hidden_size=16,
        num_attention_heads=2,
        num_registers=1,
        vocab_size=261,
        max_position_embeddings=16,
        canvas_length=16,
    )
    module.tokenizer = CodeTokenizer.train(["1234"], 261)
    save_checkpoint(module, tmp_path / "trm.ckpt")
    loaded = load_module(tmp_path / "trm.ckpt")
    assert isinstance(loaded, TRMModule) and loaded.hparams["canvas_length"] == 16
