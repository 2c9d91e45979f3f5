"""`main.py tokenizer`: train a tokenizer on files, or look into one.

    python main.py tokenizer train corpus/ problems.jsonl --output tokenizer.json --vocab-size 4096
    python main.py tokenizer inspect tokenizer.json --file program.py
    python main.py fit --config configs/quickstart.yaml --data.tokenizer tokenizer.json

A `.jsonl` line gives its prompt and its reference, any other file its text. A run trains its own
tokenizer where none is given; this is for one that several runs share. It needs no torch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from lit_coder.commands.command_parser import CommandParser
from lit_coder.problems.json_lines import read_json_lines
from lit_coder.tokenizer import PATTERNS, CodeTokenizer

SUFFIXES = (".py", ".txt", ".md", ".jsonl")
_LONGEST = 10
_SHOWN_BYTES = 2000


def run(argv: list[str]) -> int:
    """Train or inspect; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        if options.action == "train":
            _train([Path(p) for p in options.files], options)
        else:
            _inspect(options)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def read_texts(paths: list[Path]) -> Iterator[str]:
    """The texts of files and folders, in the order of their names.

    Raises:
        ValueError: a path is missing, a folder holds nothing to read, or a file is no text.
    """
    for path in paths:
        if not path.exists():
            raise ValueError(f"there is no file or folder {path}")
        files = [path]
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
            if not files:
                raise ValueError(
                    f"the folder {path} holds no file that ends in {', '.join(SUFFIXES)}"
                )
        for file in files:
            yield from _texts_of(file)


def _texts_of(file: Path) -> Iterator[str]:
    if file.name.endswith((".jsonl", ".jsonl.gz")):
        for line, record in read_json_lines(file):
            fields = (record.get(name) for name in ("prompt", "reference", "solution", "text"))
            text = "".join(field for field in fields if isinstance(field, str))
            if not text:
                raise ValueError(f"{file}, line {line}: there is no prompt, reference or text")
            yield text
        return
    try:
        yield file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text; save it as UTF-8 or leave it out") from error


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py tokenizer",
        description="Train a tokenizer, or look into one.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="train|inspect")
    train = actions.add_parser("train", help="learn a vocabulary from files", allow_abbrev=False)
    train.add_argument("files", nargs="+", metavar="FILE", help="text, .py, .jsonl, or folders")
    train.add_argument("--output", required=True, metavar="FILE", help="file to write; must be new")
    train.add_argument(
        "--vocab-size", type=int, default=4096, metavar="N", help="most tokens (default: 4096)"
    )
    train.add_argument(
        "--pattern", default="indent", choices=PATTERNS, help="how text is cut (default: indent)"
    )
    inspect = actions.add_parser("inspect", help="show a tokenizer", allow_abbrev=False)
    inspect.add_argument("tokenizer", metavar="FILE", help="a tokenizer.json")
    sample = inspect.add_mutually_exclusive_group()
    sample.add_argument("--text", help="a text to show the tokens of")
    sample.add_argument("--file", metavar="FILE", help="a file to show the tokens of")
    return parser


def _train(files: list[Path], options: argparse.Namespace) -> None:
    output = Path(options.output)
    if output.exists():
        raise ValueError(f"--output {output} exists; name another file, or remove it first")
    if not output.absolute().parent.is_dir():
        raise ValueError(f"--output {output}: there is no folder {output.parent}")
    texts = list(read_texts(files))
    try:
        tokenizer = CodeTokenizer.train(texts, options.vocab_size, options.pattern)
    except ValueError as error:
        raise ValueError(str(error).replace("data.tokenizer_vocab_size", "--vocab-size")) from error
    tokenizer.save(output)
    num_bytes = sum(len(text.encode()) for text in texts)
    num_tokens = sum(len(ids) for ids in tokenizer.encode_many(texts))
    print(f"{output}: {tokenizer.vocab_size} tokens from {len(texts)} texts, {num_bytes:,} bytes")
    if num_tokens:
        print(f"{num_bytes / num_tokens:.2f} bytes a token on these texts")
    if tokenizer.vocab_size < options.vocab_size:
        print(f"(the texts have no more pairs that repeat: {options.vocab_size} were asked for)")
    print(f"use it: python main.py fit --config ... --data.tokenizer {output}")


def _inspect(options: argparse.Namespace) -> None:
    tokenizer = CodeTokenizer.from_file(options.tokenizer)
    print(f"vocabulary:  {tokenizer.vocab_size} tokens")
    # Those that do something here come first; other models' tokenizers have more.
    special = zip(tokenizer.special_tokens.all(), tokenizer.special_ids, strict=False)
    print("special:     " + "  ".join(f"{name} = {number}" for name, number in special))
    print(f"fingerprint: {tokenizer.fingerprint}")
    texts = {tokenizer.decode([number]) for number in range(tokenizer.vocab_size)}
    longest = sorted(texts, key=lambda text: (-len(text), text))[:_LONGEST]
    print("longest:     " + "  ".join(repr(text) for text in longest))
    text = options.text
    if options.file is not None:
        text = next(_texts_of(Path(options.file)), "") if Path(options.file).is_file() else None
        if text is None:
            raise ValueError(f"there is no file {options.file}")
    if text is None:
        return
    ids = tokenizer.encode(text)
    num_bytes = len(text.encode())
    ratio = f", {num_bytes / len(ids):.2f} bytes a token" if ids else ""
    print(f"text:        {num_bytes} bytes, {len(ids)} tokens{ratio}")
    print("|".join(_visible(tokenizer.decode([number])) for number in ids[:_SHOWN_BYTES]))


def _visible(piece: str) -> str:
    """A token as it is read: line ends and tabs spelled, the line broken after them."""
    shown = piece.replace("\r", "\\r").replace("\t", "\\t")
    return shown.replace("\n", "\\n\n")
