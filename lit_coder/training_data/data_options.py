"""What the options of the section `data` may be, and what problems and datasets they name.

    require_ranges(options)                        # ValueError naming the first that is off
    ProblemSet.build(problem_options(options), seed)

What the options mean stands in `CodeDataModule`, whose parameters they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.generation.canvas import CanvasShape
from lit_coder.tokenizer import SMALLEST_VOCABULARY
from lit_coder.training_data.dataset_choice import dataset_choices, refuse_benchmarks
from lit_coder.training_data.dataset_cleaning import KEEP_ONLY
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.dataset_template import InstructionTemplate
from lit_coder.training_data.problem_set import ProblemOptions


def problem_options(options: Mapping[str, Any]) -> ProblemOptions:
    """The options that decide on the problems."""
    families = options["families"]
    return ProblemOptions(
        families=tuple(families if families is not None else ["arithmetic"]),
        difficulties=tuple(options["difficulties"]),
        num_labelled=options["num_labelled"],
        held_out_difficulties=tuple(options["held_out_difficulties"]),
        num_held_out=options["num_held_out"],
        num_validation=options["num_validation"],
        problem_files=tuple(options["problem_files"] or ()),
        held_out_files=tuple(options["held_out_files"] or ()),
        held_out_families=tuple(options.get("held_out_families") or ()),
        decontaminate=options["decontaminate"],
    )


def training_datasets(options: Mapping[str, Any]) -> TrainingDatasets:
    """The datasets that the options name; none of them is opened yet.

    Raises:
        ValueError: naming the option.
    """
    choices = dataset_choices(options["datasets"])
    refuse_benchmarks(choices, options["allow_benchmarks_in_training"])
    template = InstructionTemplate(options["instruction_template"])
    keep_only = options["keep_only"]
    if keep_only not in KEEP_ONLY:
        raise ValueError(
            f"data.keep_only must be {' or '.join(KEEP_ONLY)}, not {keep_only!r}; parses leaves "
            "out answers whose code does not parse, all checks none"
        )
    return TrainingDatasets(
        choices,
        options["datasets_folder"],
        template,
        options["max_samples_per_dataset"],
        options["corpus_validation_share"],
        options["decontaminate"],
        keep_only,
        CleaningOptions.of(options["cleaning"]),
    )


def require_ranges(options: Mapping[str, Any]) -> None:
    """Raise where an option is out of its range.

    Raises:
        ValueError: naming the option.
    """
    for names, smallest in (
        (("num_labelled", "num_held_out", "num_validation"), 0),
        (("num_symmetries", "num_workers"), 0),
        (("batch_size", "rollout_passes", "max_pairs_per_problem"), 1),
        (("max_sequence_length",), 8),
    ):
        for name in names:
            _require(name, options[name], options[name] >= smallest, f"{smallest} or more")
    joins = list(options["difficulty_rounds"])
    are_rising = joins == sorted(joins) and all(each > 0 for each in joins)
    _require("difficulty_rounds", joins, are_rising, "rounds in rising order, above 0")
    for name in ("labelled_share", "corpus_share"):
        _require(name, options[name], 0 < options[name] <= 1, "above 0, at most 1")
    share = options["corpus_validation_share"]
    _require("corpus_validation_share", share, 0 <= share < 1, "from 0 to below 1")
    _require("fim_rate", options["fim_rate"], 0 <= options["fim_rate"] <= 1, "from 0 to 1")
    _require_canvas(
        options["max_sequence_length"], options["canvas_length"], options["canvas_line_length"]
    )
    size = options["tokenizer_vocab_size"]
    least = f"{SMALLEST_VOCABULARY} or more: bytes and special tokens have one each"
    _require("tokenizer_vocab_size", size, size >= SMALLEST_VOCABULARY, least)
    for name in ("max_corpus_documents", "max_samples_per_dataset"):
        limit = options[name]
        _require(name, limit, limit is None or limit >= 1, "1 or more")
    texts = [each.name for each in dataset_choices(options["datasets"]) if each.is_text]
    has_corpus = bool(options["corpus"] or texts)
    if options["canvas_length"] is not None and (has_corpus or options["pack_examples"]):
        raise ValueError(
            "data.canvas_length lays out one problem a row; leave data.corpus, data.pack_examples "
            "and datasets of programs" + (f" ({', '.join(texts)})" if texts else "") + " out"
        )
    if options["fim_rate"] and not has_corpus:
        raise ValueError("data.fim_rate is for a corpus; name one in data.corpus, or leave it out")


def _require_canvas(length: int, canvas: int | None, line: int | None) -> None:
    if canvas is not None:
        CanvasShape.of_row(length, canvas, line)
    elif line is not None:
        raise ValueError(
            f"data.canvas_line_length ({line}) cuts a TRM's canvas into lines; set "
            "data.canvas_length, or leave it out"
        )


def _require(name: str, value: object, good: bool, meaning: str) -> None:
    if not good:
        raise ValueError(f"data.{name} must be {meaning}, not {value}")
