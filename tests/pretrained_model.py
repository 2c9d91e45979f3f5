"""Small random checkpoints of `transformers`, with tokenizers in the form of their families.

folder = save_pretrained(tmp_path / "qwen", "qwen2", tied=True)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

FAMILIES = ("llama", "qwen2", "qwen3")
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA_PATTERN = QWEN_PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
QWEN_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# In Qwen2.5's file these are not marked as special.
QWEN_ADDED = (
    "<tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
)
LLAMA_SPECIAL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|finetune_right_pad_id|>",
    "<|eot_id|>",
)
PROGRAMS = [
    f"def add_{name}(x, y):\n    total = x + {number}\n    return total + y\n"
    for name in ("one", "two", "many")
    for number in range(10)
]
NUM_ROWS = 400
"""Rows of the embedding: more than the tokenizers have tokens."""


def make_tokenizer(pattern: str) -> Tokenizer:
    """A byte-level tokenizer without special tokens."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(PROGRAMS, trainer)
    return backend


def qwen_tokenizer() -> Tokenizer:
    """As Qwen2.5-Coder's: composes characters, and marks not all of its added tokens."""
    backend = make_tokenizer(QWEN_PATTERN)
    backend.normalizer = normalizers.NFC()
    backend.post_processor = processors.ByteLevel(trim_offsets=False)
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in QWEN_SPECIAL])
    backend.add_tokens([AddedToken(token, normalized=False) for token in QWEN_ADDED])
    return backend


def llama_tokenizer() -> Tokenizer:
    """As Llama 3's: opens every text with a token, and has none for filling in the middle."""
    backend = make_tokenizer(LLAMA_PATTERN)
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in LLAMA_SPECIAL])
    begin = LLAMA_SPECIAL[0]
    backend.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=f"{begin} $A",
                pair=f"{begin} $A {begin}:1 $B:1",
                special_tokens=[(begin, backend.token_to_id(begin))],
            ),
        ]
    )
    return backend


def make_model(family: str, tied: bool = True, **changes: Any) -> PreTrainedModel:
    """A model whose weights are large enough for every part to matter."""
    sizes: dict[str, Any] = {
        "vocab_size": NUM_ROWS,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 128,
        "rope_theta": 5000.0,
        "rms_norm_eps": 1e-4,
        "tie_word_embeddings": tied,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    if family == "qwen3":
        sizes["head_dim"] = 16
    config_class, model_class = {
        "llama": (LlamaConfig, LlamaForCausalLM),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    }[family]
    torch.manual_seed(0)
    model = model_class(config_class(**(sizes | changes))).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def save_tokenizer(folder: Path, family: str) -> None:
    """The tokenizer's files of the family."""
    backend = llama_tokenizer() if family == "llama" else qwen_tokenizer()
    backend.save(str(folder / "tokenizer.json"))
    end = "<|end_of_text|>" if family == "llama" else "<|endoftext|>"
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end}
    if family != "llama":
        config["pad_token"] = end
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def save_pretrained(
    folder: Path,
    family: str,
    tied: bool = True,
    dtype: torch.dtype = torch.float32,
    max_shard_size: str = "1GB",
    **changes: Any,
) -> Path:
    """A folder as `transformers` writes it."""
    model = make_model(family, tied, **changes).to(dtype)  # type: ignore[arg-type]
    model.save_pretrained(folder, max_shard_size=max_shard_size)
    save_tokenizer(folder, family)
    return folder
