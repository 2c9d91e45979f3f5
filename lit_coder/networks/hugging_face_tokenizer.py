"""A model's tokenizer in Hugging Face's format: which of its tokens do what here.

    tokenizer = pretrained_tokenizer("Qwen/Qwen2.5-Coder-0.5B")   # or a folder of your own

The end of a document, padding and the marks of filling in the middle are found by the names that
known models give them (Qwen2.5-Coder, Llama 3, StarCoder, DeepSeek-Coder), the first two
otherwise by what the folder's configurations say. Where there is no padding, the end pads: labels
and generation go by positions, not by the id. Nothing here says how a token is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lit_coder.networks.hugging_face_files import (
    CONFIG_FILE,
    GENERATION_CONFIG_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    pretrained_folder,
    read_json,
)
from lit_coder.tokenizer import OWN_TOKENS, CodeTokenizer, SpecialTokens

_ENDS = ("<|endoftext|>", "<|end_of_text|>", "<\uff5cend\u2581of\u2581sentence\uff5c>")
_PADS = ("<|pad|>", "<pad>", "[PAD]", "<|finetune_right_pad_id|>")
# Before the gap, the gap, after the gap.
_GAPS = (
    ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    ("<fim_prefix>", "<fim_middle>", "<fim_suffix>"),
    ("<fim-prefix>", "<fim-middle>", "<fim-suffix>"),
    (
        "<\uff5cfim\u2581begin\uff5c>",
        "<\uff5cfim\u2581end\uff5c>",
        "<\uff5cfim\u2581hole\uff5c>",
    ),
)


def pretrained_tokenizer(name_or_folder: str | Path) -> CodeTokenizer:
    """The tokenizer of a pretrained model; see `pretrained_folder`.

    Raises:
        ValueError: it cannot be had or cannot serve here; one sentence.
    """
    return read_tokenizer(pretrained_folder(name_or_folder))


def read_tokenizer(folder: Path) -> CodeTokenizer:
    """The tokenizer of a folder.

    Raises:
        ValueError: tokenizer.json is missing, damaged, not byte-level, or has no end token.
    """
    file = folder / TOKENIZER_FILE
    content = read_json(file)
    name = f"the tokenizer file {file}"
    tokens = _added_tokens(content, name)
    if SpecialTokens.in_tokenizer(content) or set(OWN_TOKENS.all()).issubset(tokens.values()):
        return CodeTokenizer.from_file(file)
    return CodeTokenizer.adapted(content, _special_tokens(folder, tokens, name), name)


def _added_tokens(content: Mapping[str, Any], name: str) -> dict[int, str]:
    try:
        return {int(each["id"]): str(each["content"]) for each in content["added_tokens"]}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a readable tokenizer file: no added tokens") from error


def _special_tokens(folder: Path, tokens: Mapping[int, str], name: str) -> SpecialTokens:
    """What each special token does."""
    known = set(tokens.values())
    configured = _configurations(folder)
    end = next((end for end in _ENDS if end in known), None) or _configured(
        "eos", configured, tokens
    )
    if end is None:
        raise ValueError(
            f"{name} has no end token: none of {', '.join(_ENDS)}, and no eos_token in "
            f"{TOKENIZER_CONFIG_FILE}"
        )
    pad = next((pad for pad in _PADS if pad in known), None) or _configured(
        "pad", configured, tokens
    )
    gap = next((gap for gap in _GAPS if known.issuperset(gap)), None)
    return SpecialTokens(pad or end, end, gap)


def _configurations(folder: Path) -> list[dict[str, Any]]:
    """What of the configurations there is; none of them must be."""
    names = (TOKENIZER_CONFIG_FILE, GENERATION_CONFIG_FILE, CONFIG_FILE)
    return [read_json(folder / name) for name in names if (folder / name).is_file()]


def _configured(
    kind: str, configurations: list[dict[str, Any]], tokens: Mapping[int, str]
) -> str | None:
    """The first of the tokens that a configuration names for "eos" or "pad", and there is."""
    for configuration in configurations:
        for token in _named(configuration, kind, tokens):
            if token in tokens.values():
                return token
    return None


def _named(
    configuration: Mapping[str, Any], kind: str, tokens: Mapping[int, str]
) -> Iterator[str | None]:
    token = configuration.get(f"{kind}_token")
    yield token.get("content") if isinstance(token, dict) else token
    ids = configuration.get(f"{kind}_token_id")
    for token_id in ids if isinstance(ids, list) else [ids]:
        yield tokens.get(token_id) if isinstance(token_id, int) else None
