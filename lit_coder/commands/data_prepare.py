"""`main.py data prepare`: clean a corpus, decontaminate it, and write it as tokens for training.

    python main.py data prepare stdlib my_project/ rows.parquet:code
    python main.py data prepare codeparrot_clean --folder /data --output /data/prepared
    python main.py fit --data.corpus "[stdlib]" --data.tokenizer FILE --data.cache_dir FOLDER

Sources are what `data.corpus` takes, and names of datasets that are programs. The shards lie where
`fit` looks for them: a run with the same sources, tokenizer and limits reads them and prepares
nothing. What was left out, by which filter and with examples, is printed as a table and stands in
`manifest.json` beside the shards. It needs no torch.
"""

from __future__ import annotations

import argparse
import json
import logging
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from lit_coder.commands.command_parser import CommandParser
from lit_coder.corpora.cache_root import cache_root
from lit_coder.corpora.cleaner import REASONS
from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.datasets.registry import DATASETS
from lit_coder.corpora.decontamination import DETECTORS
from lit_coder.corpora.open_sources import open_sources
from lit_coder.corpora.source import CorpusSource
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.corpus_tokenizer import train_corpus_tokenizer
from lit_coder.training_data.corpus_tokens import (
    MANIFEST_FILE,
    TOKENIZER_FILE,
    prepare_tokens,
)
from lit_coder.training_data.dataset_choice import dataset_choices
from lit_coder.training_data.dataset_cleaning import KEEP_ONLY, KeepOnly
from lit_coder.training_data.dataset_programs import program_sources

_DEFAULTS = CleaningOptions()
_LIMITS = {
    "min_length": "characters of the shortest document",
    "max_length": "characters of the longest document",
    "max_line_length": "characters of the longest line",
    "max_mean_line_length": "mean characters of a line",
    "min_alphanumeric_share": "share of letters and digits, at least",
    "max_encoded_share": "share of base64, hexadecimal, escapes, at most",
    "max_encoded_run": "characters of the longest piece of such data",
    "min_comment_share": "share of comments and triple-quoted strings, at least",
    "max_comment_share": "the same, at most",
    "near_duplicates": "similarity of 5-grams from which a later document is left out",
}
_SWITCHES = {
    "drop_generated": ("--keep-generated", "keep what says that a program wrote it"),
    "duplicate_programs": (
        "--keep-duplicate-programs",
        "keep what differs by comments, docstrings and layout alone",
    ),
    "decontaminate": ("--no-decontaminate", "keep what holds a task of HumanEval or MBPP"),
}


def run(argv: list[str]) -> int:
    """Prepare a corpus; returns the exit status."""
    options = _parser().parse_args(argv)
    cleaning = _cleaning(options)
    if options.max_documents is not None and options.max_documents < 1:
        raise ValueError(f"--max-documents must be 1 or more, not {options.max_documents}")
    if not 0 <= options.validation_share < 1:
        raise ValueError(
            f"--validation-share must be from 0 to below 1, not {options.validation_share}"
        )
    output = cache_root(options.output)
    if output.exists() and not output.is_dir():
        raise ValueError(f"--output {output} is a file; name a folder")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sources = _sources(options.sources, options.folder, options.max_documents, options.keep_only)
    tokenizer = _tokenizer(options, sources, output)
    prepared = prepare_tokens(
        sources, tokenizer, output, options.validation_share, options.max_documents, cleaning
    )
    folder = prepared.train.folder.parent
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    for line in (*_table(manifest), *_about_benchmarks(manifest)):
        print(line)
    for line in _ending(folder, options, cleaning):
        print(line)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py data prepare",
        description="Clean a corpus and write it as tokens that fit reads. A limit that is none is "
        "off.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="stdlib, site-packages, a folder, a .jsonl, .jsonl.gz, .parquet or .lance, "
        "hf:OWNER/NAME, or the name of a dataset of programs",
    )
    add("--output", metavar="FOLDER", help="folder of caches, as data.cache_dir")
    add("--tokenizer", metavar="FILE", help="tokenizer to use (default: one of the corpus)")
    add("--vocab-size", type=int, default=8192, metavar="N", help="of a trained one (8192)")
    add("--folder", type=Path, metavar="FOLDER", help="where datasets lie")
    add("--max-documents", type=int, metavar="N", help="of each source (default: all)")
    add(
        "--validation-share",
        type=float,
        default=0.01,
        metavar="SHARE",
        help="of the documents, kept from training (0.01)",
    )
    add(
        "--keep-only",
        choices=KEEP_ONLY,
        default=KEEP_ONLY[0],
        help="of datasets of programs: what parses, or all (parses)",
    )
    add("--licences", metavar="A,B", help="keep only what is under these (default: all)")
    for name, meaning in _LIMITS.items():
        value = getattr(_DEFAULTS, name)
        add(
            f"--{name.replace('_', '-')}",
            default=value,
            metavar="X",
            help=f"{meaning} ({'none' if value is None else value})",
        )
    for name, (option, meaning) in _SWITCHES.items():
        add(option, dest=name, action="store_false", help=meaning)
    return parser


def _cleaning(options: argparse.Namespace) -> CleaningOptions:
    """The limits of the command line.

    Raises:
        ValueError: naming the option that is out of its range.
    """
    chosen: dict[str, Any] = {name: getattr(options, name) for name in _SWITCHES}
    for name in _LIMITS:
        given = getattr(options, name)
        chosen[name] = _number(name, given) if isinstance(given, str) else given
    if options.licences is not None:
        chosen["licences"] = [each.strip() for each in options.licences.split(",") if each.strip()]
    try:
        return CleaningOptions.of(chosen, section="")
    except ValueError as error:
        name, _, rest = str(error).removeprefix(".").partition(" ")
        raise ValueError(
            f"--{name.replace('_', '-')} {rest}".replace("null to leave", "none to leave")
        ) from error


def _number(name: str, text: str) -> float | None:
    if text.lower() == "none":
        return None
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError as error:
        option = f"--{name.replace('_', '-')}"
        raise ValueError(
            f"{option} must be a number, or none to leave it off, not {text}"
        ) from error


def _sources(
    names: Sequence[str], folder: Path | None, max_documents: int | None, keep_only: KeepOnly
) -> list[CorpusSource]:
    """Datasets by their names, everything else as `data.corpus` has it, in the order of fit."""
    corpus = [name for name in names if not _is_dataset(name)]
    choices = dataset_choices([name for name in names if _is_dataset(name)])
    for choice in choices:
        if not choice.is_text:
            remedy = "leave it out" if choice.spec.is_benchmark else "fit takes it in data.datasets"
            raise ValueError(
                f"SOURCE {choice.name} holds {choice.spec.kind}s, which are no corpus; {remedy}"
            )
    try:
        sources = open_sources(corpus) if corpus else []
    except ValueError as error:
        raise ValueError(str(error).replace("data.corpus:", "SOURCE:")) from error
    return [*sources, *program_sources(choices, folder, max_documents, keep_only)]


def _is_dataset(name: str) -> bool:
    key = name.partition(":")[0].strip().lower().replace("-", "_")
    return key in DATASETS and not Path(name).exists()


def _tokenizer(
    options: argparse.Namespace, sources: Sequence[CorpusSource], output: Path
) -> CodeTokenizer:
    if options.tokenizer is not None:
        return CodeTokenizer.from_file(options.tokenizer)
    try:
        return train_corpus_tokenizer(
            sources, options.vocab_size, output, max_documents=options.max_documents
        )
    except ValueError as error:
        raise ValueError(str(error).replace("data.tokenizer_vocab_size", "--vocab-size")) from error


def _table(manifest: dict[str, Any]) -> Iterator[str]:
    """A column for each source: what was left out by each filter, and what is left."""
    sources = manifest["sources"]
    rows = [
        ("", [source["name"] for source in sources]),
        ("unreadable", [source["num_skipped"] for source in sources]),
        ("empty", [source["num_empty"] for source in sources]),
        *((reason, [source["removed"].get(reason, 0) for source in sources]) for reason in REASONS),
        ("documents left", [f"{source['num_documents']:,}" for source in sources]),
        ("tokens", [f"{source['num_tokens']:,}" for source in sources]),
        ("megabytes", [f"{source['num_bytes'] / 1e6:.1f}" for source in sources]),
    ]
    first = max(len(name) for name, _ in rows)
    widths = [max(len(str(cells[i])) for _, cells in rows) for i in range(len(sources))]
    for name, cells in rows:
        columns = (f"{cell!s:>{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"{name:<{first}}  {'  '.join(columns)}"
    for source in sources:
        for reason, examples in source["examples"].items():
            yield f"  {source['name']}, {reason}: {'; '.join(examples)}"


def _about_benchmarks(manifest: dict[str, Any]) -> Iterator[str]:
    about = manifest["settings"]["benchmarks"]
    if about is None:
        yield "benchmarks were not looked for"
        return
    for each in about["benchmarks"]:
        counts = [
            sum(s["contaminated"].get(each["name"], {}).get(d, 0) for s in manifest["sources"])
            for d in DETECTORS
        ]
        found = ", ".join(f"{d} {n}" for d, n in zip(DETECTORS, counts, strict=True))
        known_as = each["release"] or each["version"]
        yield f"{each['name']} ({each['tasks']} tasks, {known_as}): {found}"
    for name in about["not_at_hand"]:
        yield f"{name}: its file is not at hand, so only what it shares with the others is found"


def _ending(folder: Path, options: argparse.Namespace, cleaning: CleaningOptions) -> Iterator[str]:
    """Where everything lies, and the options with which fit reads it."""
    yield f"{folder / MANIFEST_FILE}: the counts"
    names = [name for name in options.sources if not _is_dataset(name)]
    words = [f"--data.corpus={json.dumps(names)}"] if names else []
    datasets = [name for name in options.sources if _is_dataset(name)]
    if datasets:
        words.append(f"--data.datasets={json.dumps(datasets)}")
        most = "null" if options.max_documents is None else options.max_documents
        words.append(f"--data.max_samples_per_dataset={most}")
        words += [f"--data.keep_only={options.keep_only}"] * (options.keep_only != KEEP_ONLY[0])
        words += [f"--data.datasets_folder={options.folder}"] if options.folder else []
    words.append(f"--data.tokenizer={options.tokenizer or folder / TOKENIZER_FILE}")
    if options.output:
        words.append(f"--data.cache_dir={options.output}")
    if options.validation_share != 0.01:
        words.append(f"--data.corpus_validation_share={options.validation_share}")
    if options.max_documents is not None:
        words.append(f"--data.max_corpus_documents={options.max_documents}")
    changed = {
        field.name: value
        for field in fields(cleaning)
        if (value := getattr(cleaning, field.name)) != getattr(_DEFAULTS, field.name)
    }
    if not changed.pop("decontaminate", True):
        words.append("--data.decontaminate=false")
    if changed:
        words.append(f"--data.cleaning={json.dumps(changed)}")
    yield f"use it: python main.py fit --config ... {' '.join(map(shlex.quote, words))}"
