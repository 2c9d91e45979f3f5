"""`main.py export`: a trained model as a folder that Hugging Face's libraries load.

    python main.py export --ckpt_path last --output my_model
    AutoModelForCausalLM.from_pretrained("my_model")
    PreTrainedTokenizerFast.from_pretrained("my_model")
    python main.py generate --ckpt_path my_model --prompt_file prompt.py

The folder holds the model as a Llama, Qwen2 or Qwen3 (`config.json`, `model.safetensors`), the
tokenizer, how to generate and a model card; it appears whole or not at all. Optimizer and pool
stay in the run. This is a process boundary.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_coder.cli.loading import load_torch
from lit_coder.commands.command_parser import CommandParser
from lit_coder.commands.ending import ended

if TYPE_CHECKING:
    from lit_coder.modules.code_module import CodeModule
    from lit_coder.tokenizer import CodeTokenizer


def run(argv: list[str]) -> int:
    """Write the folder; returns the exit status."""
    return ended(lambda: _export(argv))


def _export(argv: list[str]) -> int:
    parser = CommandParser(
        prog="main.py export",
        description="Write a trained model as a folder that Hugging Face's libraries load.",
        allow_abbrev=False,
    )
    parser.speaker = "lit-coder"
    parser.add_argument(
        "--ckpt_path",
        default="last",
        metavar="PATH",
        help="a checkpoint, a run's folder, or last: the newest run (default: last)",
    )
    parser.add_argument(
        "--output", required=True, metavar="FOLDER", help="a folder that is new or empty"
    )
    options = parser.parse_args(argv)
    output = Path(options.output)
    _require_empty(output)
    load_torch()

    from lit_coder.modules.load import load_module

    try:
        module = load_module(options.ckpt_path)
    except ValueError as error:
        raise ValueError(f"--ckpt_path: {error}") from error
    architecture = export_module(module, output)
    num_parameters = sum(parameter.numel() for parameter in module.parameters())
    print(f"{output}: {architecture}, {num_parameters:,} parameters")
    if architecture == "Qwen2ForCausalLM":
        print(
            "load its tokenizer with PreTrainedTokenizerFast.from_pretrained: AutoTokenizer of "
            "transformers 5 splits texts as Qwen's own does, whatever tokenizer.json says"
        )
    print(f"use it: python main.py generate --ckpt_path {output} --prompt_file ...")
    return 0


def export_module(module: CodeModule, output: Path) -> str:
    """Write a module's folder, whole or not at all; the name of the model's class there.

    Raises:
        ValueError: the folder is not empty, or the module is not one that can be exported.
        OSError: it cannot be written.
    """
    from lit_coder.commands.export_card import CARD_FILE, model_card
    from lit_coder.networks import hugging_face_files as names
    from lit_coder.networks.gpt import GPT
    from lit_coder.networks.hugging_face import to_hugging_face

    _require_empty(output)
    network, tokenizer = module.network, module.tokenizer
    if not isinstance(network, GPT) or tokenizer is None:
        raise ValueError(
            f"a {type(module).__name__} has no Hugging Face form; only a GPTModule is exported"
        )
    config, state = to_hugging_face(network)
    architecture = str(config["architectures"][0])
    card = model_card(network.config, architecture, tokenizer)
    ids: dict[str, Any] = {
        "bos_token_id": None,
        "eos_token_id": tokenizer.end_id,
        "pad_token_id": tokenizer.pad_id,
    }
    target = output.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _write_json(temporary / names.CONFIG_FILE, config | ids)
        sampling = _generation_config(tokenizer, network.config.vocab_size)
        _write_json(temporary / names.GENERATION_CONFIG_FILE, sampling | ids)
        context = network.config.max_position_embeddings
        _write_json(temporary / names.TOKENIZER_CONFIG_FILE, _tokenizer_config(tokenizer, context))
        tokenizer.save(temporary / names.TOKENIZER_FILE)
        (temporary / CARD_FILE).write_text(card, encoding="utf-8")
        _write_weights(temporary / names.WEIGHTS_FILE, state)
        _publish(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return architecture


def _generation_config(tokenizer: CodeTokenizer, num_rows: int) -> dict[str, Any]:
    """Greedy, and never a special token but the one that ends, nor an id without a token."""
    banned = {*tokenizer.special_ids, *range(tokenizer.vocab_size, num_rows)} - {tokenizer.end_id}
    return {"do_sample": False, "suppress_tokens": sorted(banned)}


def _tokenizer_config(tokenizer: CodeTokenizer, context: int) -> dict[str, Any]:
    special = tokenizer.special_tokens
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "eos_token": special.end,
        "pad_token": special.pad,
        "additional_special_tokens": list(special.gap or ()),
        # The spelling of a special token in a text stays text, and blanks stay as they are.
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": False,
        "padding_side": "left",
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_weights(path: Path, state: dict[str, Any]) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(state, path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise OSError(f"{path.name} cannot be written: {error}") from error


def _publish(temporary: Path, target: Path) -> None:
    """Give the finished folder its name, and what was made for its owner alone usual rights."""
    rights = ~_umask()
    for path in temporary.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        path.chmod(0o666 & rights)
    temporary.chmod(0o777 & rights)
    temporary.replace(target)


def _umask() -> int:
    former = os.umask(0)
    os.umask(former)
    return former


def _require_empty(output: Path) -> None:
    if output.is_dir() and any(output.iterdir()):
        raise ValueError(f"--output {output} is not empty; name another folder, or empty it")
    if output.exists() and not output.is_dir():
        raise ValueError(f"--output {output} is a file; name a folder")
