from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from lit_coder.commands.export import export_module
from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.generation.gpt_generator import GPTGenerator
from lit_coder.modules.complete import complete, continuations
from lit_coder.modules.load import load_module
from lit_coder.modules.pretrained import read_pretrained
from lit_coder.networks.gpt import GPT
from lit_coder.training_data.examples import IGNORED, collate, encode_example
from tests.pretrained_model import FAMILIES, NUM_ROWS, save_pretrained

IDS = torch.randint(0, NUM_ROWS, (3, 40), generator=torch.Generator().manual_seed(1))


def read_network(folder: Path) -> GPT:
    pretrained = read_pretrained(folder)
    network = GPT(pretrained.config)
    pretrained.load_into(network)
    return network.eval()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder of each family; not to be changed."""
    folder = tmp_path_factory.mktemp("pretrained")
    return {family: save_pretrained(folder / family, family) for family in FAMILIES}


@pytest.fixture
def qwen(tmp_path: Path) -> Path:
    """A folder that may be damaged."""
    return save_pretrained(tmp_path / "qwen", "qwen2")


@torch.inference_mode()
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "form",
    [
        {"tied": True},
        {"tied": False},
        {"tied": False, "max_shard_size": "20KB"},
        {"tied": True, "dtype": torch.bfloat16},
        {"tied": False, "dtype": torch.float16, "max_shard_size": "20KB"},
    ],
    ids=str,
)
def test_logits_are_those_of_transformers_before_and_after_an_export(
    tmp_path: Path, family: str, form: dict[str, Any]
) -> None:
    folder = save_pretrained(tmp_path / "given", family, **form)
    assert (folder / "model.safetensors").exists() == ("max_shard_size" not in form)
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(IDS).logits
    module = load_module(folder)
    torch.testing.assert_close(module.network(IDS), theirs, atol=1e-5, rtol=1e-5)
    export_module(module, tmp_path / "exported")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "exported")
    assert again.config.model_type == family
    torch.testing.assert_close(again(IDS).logits, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_number_of_parameters_is_that_of_transformers(
    folders: dict[str, Path], family: str
) -> None:
    model = AutoModelForCausalLM.from_pretrained(folders[family])
    assert read_pretrained(folders[family]).config.num_parameters == model.num_parameters()


@pytest.mark.parametrize("family", FAMILIES)
def test_transformers_writes_the_same_tokens_from_an_exported_folder(
    folders: dict[str, Path], tmp_path: Path, family: str
) -> None:
    module = load_module(folders[family])
    export_module(module, tmp_path / "exported")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "exported")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path / "exported")
    for prompt in ("def add_one(x, y):\n", "<|fim_prefix|>x e\u0301 <tool_call>"):
        ids = torch.tensor([tokenizer(prompt)["input_ids"]])
        (written,) = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=30)
        (own,) = continuations(module, prompt, SamplingOptions(max_new_tokens=30))
        theirs = tuple(written[ids.shape[1] :].tolist())
        assert theirs == own.ids + ((tokenizer.eos_token_id,) if own.ended else ())
    # For Qwen2 this is Qwen's own class, which composes characters.
    text = "  def f(x):\r\n\treturn 12 # \u00e9 <|fim_prefix|><|endoftext|> <tool_call>\n\n"
    automatic = AutoTokenizer.from_pretrained(tmp_path / "exported")
    assert automatic(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert (
        module.tokenizer is not None
        and module.tokenizer.decode(tokenizer(text)["input_ids"]) == text
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_no_id_without_a_text_is_ever_written(folders: dict[str, Path], family: str) -> None:
    module = load_module(folders[family])
    tokenizer = module.tokenizer
    assert tokenizer is not None and tokenizer.vocab_size < NUM_ROWS
    options = SamplingOptions(num_samples=64, max_new_tokens=40, temperature=3.0)
    prompt = "def add_one(x):\n"
    written = {i for each in continuations(module, prompt, options) for i in each.ids}
    assert len(written) > 200
    assert written.isdisjoint(tokenizer.special_ids)
    assert max(written) < tokenizer.vocab_size


def test_an_end_that_also_pads_is_learned_where_it_ends_and_nowhere_else(
    folders: dict[str, Path],
) -> None:
    tokenizer = read_pretrained(folders["qwen2"]).tokenizer
    pairs = [("def f(x):\n", "    return x\n"), ("def add(x, y):\n", "    return x + y - 12\n")]
    examples = [encode_example(tokenizer, *pair, max_length=128) for pair in pairs]
    batch = collate([each for each in examples if each is not None], tokenizer.pad_id)
    for labels, (_, completion) in zip(batch["labels_BT"].tolist(), pairs, strict=True):
        learned = [label for label in labels if label != IGNORED]
        assert learned == [*tokenizer.encode(completion), tokenizer.end_id]
    assert (batch["ids_BT"][0] == tokenizer.pad_id).sum() > 1


def test_an_end_that_also_pads_changes_no_completion(folders: dict[str, Path]) -> None:
    network = read_network(folders["qwen2"])
    prompts = [Prompt((5, 6, 7)), Prompt((8,)), Prompt(tuple(range(30)))]
    options = SamplingOptions(num_samples=8, max_new_tokens=30, temperature=1.0)
    end, other = 17, 390
    completions = [
        GPTGenerator(network, end, pad, banned_ids=[other]).generate(prompts, options)
        for pad in (end, other)
    ]
    assert completions[0] == completions[1]
    ended = [each.ended for group in completions[0] for each in group]
    assert any(ended) and not all(ended)


def test_an_exported_folder_of_a_foreign_model_writes_the_same(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    module = load_module(folders["qwen2"])
    export_module(module, tmp_path / "exported")
    again = load_module(tmp_path / "exported")
    assert again.tokenizer is not None and module.tokenizer is not None
    assert again.tokenizer.fingerprint == module.tokenizer.fingerprint
    assert complete(again, "def ") == complete(module, "def ")


def sentence(folder: Path | str) -> str:
    with pytest.raises(ValueError) as caught:
        pretrained = read_pretrained(folder)
        assert pretrained.tokenizer
        pretrained.load_into(GPT(pretrained.config))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_and_a_cut_file_are_named(qwen: Path, name: str) -> None:
    content = (qwen / name).read_bytes()
    (qwen / name).write_bytes(content[: len(content) // 2])
    assert str(qwen / name) in sentence(qwen)
    (qwen / name).unlink()
    assert f"{qwen} lacks {name}" in sentence(qwen)


def test_a_missing_shard_and_an_index_that_lies_are_named(tmp_path: Path) -> None:
    folder = save_pretrained(tmp_path / "qwen", "qwen2", max_shard_size="20KB")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    first, *_, last = sorted(set(content["weight_map"].values()))
    name = next(key for key, file in content["weight_map"].items() if file == first)
    moved = content | {"weight_map": content["weight_map"] | {name: last}}
    index.write_text(json.dumps(moved))
    assert f"{last} lacks {name}" in sentence(folder)
    outside = content | {"weight_map": content["weight_map"] | {name: f"../{first}"}}
    index.write_text(json.dumps(outside))
    assert "does not say which file" in sentence(folder)
    index.write_text(json.dumps(content))
    (folder / first).unlink()
    assert f"lacks {first}" in sentence(folder)


def test_pickled_weights_are_not_read_and_it_is_said(qwen: Path) -> None:
    (qwen / "model.safetensors").rename(qwen / "pytorch_model.bin")
    assert "(.bin) are not read" in sentence(qwen)


SLIDING = {"use_sliding_window": True, "sliding_window": 16, "layer_types": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "qwen2_moe"}, "of type 'qwen2_moe'"),
        ({**SLIDING, "max_window_layers": 1}, "sliding window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "sliding window"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}}, "type 'yarn'"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantized"),
        ({"num_hidden_layers": 3}, "lack layers.2"),
        ({"intermediate_size": 64}, "shape"),
        ({"vocab_size": 270}, "the tokenizer has 300"),
    ],
)
def test_a_model_that_cannot_be_computed_is_refused(
    qwen: Path, change: dict[str, Any], words: str
) -> None:
    config = json.loads((qwen / "config.json").read_text())
    (qwen / "config.json").write_text(json.dumps(config | change))
    assert words in sentence(qwen)
    assert str(qwen) in sentence(qwen)


def test_weights_that_are_no_floating_point_numbers_are_refused(qwen: Path) -> None:
    weights = load_file(qwen / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"].to(torch.int8)
    save_file(weights, qwen / "model.safetensors")
    assert "of type int8" in sentence(qwen)


@pytest.mark.parametrize(
    ("name", "words"),
    [("no/such/folder", "there is no folder no/such/folder"), ("word", "there is no folder word")],
)
def test_a_name_that_is_neither_a_folder_nor_of_the_hub_is_refused(name: str, words: str) -> None:
    assert words in sentence(name)


def test_a_model_of_the_hub_is_refused_in_one_sentence_without_a_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert "hub cannot be reached" in sentence("Qwen/Qwen2.5-Coder-0.5B")


DEFAULTS = {"hidden_size": 768, "num_key_value_heads": None, "attention_bias": False}
LINKED = {"vocab_size": 330, "max_position_embeddings": 64}


@pytest.mark.parametrize(
    "given", [{}, {"hidden_size": 768}, {"hidden_size": 32, "num_key_value_heads": 2}]
)
def test_sizes_are_the_models_own_and_the_context_is_the_runs(
    folders: dict[str, Path], given: dict[str, Any]
) -> None:
    sizes = read_pretrained(folders["qwen2"]).sizes(DEFAULTS | given | LINKED, DEFAULTS)
    assert (sizes["hidden_size"], sizes["attention_bias"]) == (32, True)
    assert (sizes["vocab_size"], sizes["max_position_embeddings"]) == (NUM_ROWS, 64)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"hidden_size": 64}, "model.init_args.hidden_size is 64, and that of"),
        ({"num_key_value_heads": 4}, "num_key_value_heads is 4, and that of"),
        ({"vocab_size": 401}, "data.tokenizer has 401 tokens"),
        ({"max_position_embeddings": 129}, "data.max_sequence_length is 129"),
    ],
)
def test_sizes_that_contradict_the_model_are_refused(
    folders: dict[str, Path], given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        read_pretrained(folders["qwen2"]).sizes(DEFAULTS | LINKED | given, DEFAULTS)
