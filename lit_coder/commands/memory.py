"""`main.py memory`: what a configuration takes of a device's memory, before it is trained.

    python main.py memory --config configs/gpt_medium.yaml [any option of fit]

Nothing is trained, generated or written: the step is counted on tensors that do not exist
(`modules/training_memory.py`). Time and disk are `main.py check`'s business. This is a process
boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lit_coder.commands.ending import ended

if TYPE_CHECKING:
    from rich.console import Console

    from lit_coder.modules.training_memory import GenerationMemory, TrainingMemory, TrainingShape

HELP = """usage: python main.py memory --config CONFIG [any option of fit]

Prints what training and generation of a configuration take of one device's memory, and which
cards of 8, 12 and 16 GB it fits. Every option of fit is accepted and means the same; nothing is
trained or written.

The network is counted as it is uncompiled (model.init_args.compile off); compiled it keeps less.
What an allocator adds is not counted, but each card is counted with 0.7 GiB for the device's own
context. It is counted for a GPU unless trainer.accelerator is cpu. Generation is the weights, the
optimizer that stays and the cache of rows that are decoded, not the reading of their prompts.
Under ddp gradients live in its buckets and are never freed: they are counted all the time. What
fsdp shards is not taken off.

Exit status: 0 printed, 2 the configuration is wrong."""

CARD_GIGABYTES = (8, 12, 16)
CONTEXT_BYTES = int(0.7 * 2**30)
_NUM_PROMPTS = 200
# Not options of a network's size: linked, or about what happens to it later.
_LINKED = ("vocab_size", "max_position_embeddings")


def run(argv: list[str]) -> int:
    """Count and print; returns the exit status."""
    if any(word in ("-h", "--help") for word in argv):
        print(HELP)
        return 0
    return ended(lambda: _memory(argv))


def _memory(argv: list[str]) -> int:
    from rich.console import Console

    from lit_coder.commands.fit_configuration import fit_configuration

    config, status = fit_configuration(argv)
    if config is None:
        return status
    from lit_coder.cli.strategies import has_gradient_buckets
    from lit_coder.modules.training_memory import (
        TrainingShape,
        generation_memory,
        network_config,
        training_memory,
    )

    trainer, data, recursion = config["trainer"], config["data"], config["recursion"]
    options = module_options(config)
    shape = TrainingShape(
        batch_size=data["batch_size"],
        max_sequence_length=data["max_sequence_length"],
        accumulate_grad_batches=trainer["accumulate_grad_batches"],
        precision=str(trainer["precision"] or "32-true"),
        is_packed=bool(data["corpus"]) or data["pack_examples"],
        is_on_cpu=trainer["accelerator"] == "cpu",
        has_buckets=has_gradient_buckets(trainer),
    )
    training = training_memory(options, shape)
    sizes = network_config(options)
    num_rows = recursion["generation_batch_size"] if recursion["num_problems"] else 0
    generation = generation_memory(
        sizes, shape, options["optimizer"], num_rows, _longest_row(config)
    )
    console = Console()
    _print(console, sizes.num_parameters, options, shape, training, generation, num_rows)
    return 0


def module_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """The GPTModule's options with the linked ones filled in as fit fills them.

    Raises:
        ValueError: it is another model's configuration.
    """
    model, data = config["model"], config["data"]
    name = model["class_path"].rpartition(".")[2]
    if name != "GPTModule":
        raise ValueError(
            f"memory counts a GPTModule, and model is {name}; main.py check, with the same "
            "options, trains a small round and says how much memory it took"
        )
    options = {k: v for k, v in model["init_args"].items() if k not in _LINKED}
    options["max_position_embeddings"] = data["max_sequence_length"]
    if options.get("pretrained"):
        from lit_coder.networks.hugging_face_tokenizer import pretrained_tokenizer

        options["vocab_size"] = pretrained_tokenizer(options["pretrained"]).vocab_size
    elif data["tokenizer"]:
        from lit_coder.tokenizer import CodeTokenizer

        options["vocab_size"] = CodeTokenizer.from_file(data["tokenizer"]).vocab_size
    else:
        options["vocab_size"] = data["tokenizer_vocab_size"]
    return options


def _longest_row(config: Mapping[str, Any]) -> int:
    """Tokens of a prompt and its completion at most: no prompt has more tokens than bytes."""
    from lit_coder.training_data.data_options import problem_options
    from lit_coder.training_data.problem_set import ProblemSet

    data, recursion = config["data"], config["recursion"]
    # Solutions and held-out problems say nothing about prompts, and take time to make.
    none = {"num_labelled": 0, "num_held_out": 0, "num_validation": 0, "held_out_files": None}
    options = problem_options({**data, **none})
    problems = ProblemSet.build(options, seed=0).fresh(0, _NUM_PROMPTS)
    longest = max((len(problem.prompt.encode()) for problem in problems), default=0)
    length: int = min(data["max_sequence_length"], longest + recursion["max_new_tokens"])
    return length


def _print(
    console: Console,
    num_parameters: int,
    options: Mapping[str, Any],
    shape: TrainingShape,
    training: TrainingMemory,
    generation: GenerationMemory,
    num_rows: int,
) -> None:
    every = options["gradient_checkpointing"]
    checkpointing = {0: "no checkpointing", 1: "every block checkpointed"}.get(
        every, f"every {every}th block checkpointed"
    )
    device = "CPU" if shape.is_on_cpu else "GPU"
    if shape.has_buckets:
        device = f"{device} under ddp"
    console.print(
        f"{num_parameters:,} parameters; {shape.batch_size} x {shape.max_sequence_length} tokens a "
        f"micro-batch, {shape.accumulate_grad_batches} of them a step, {shape.precision}, "
        f"{options['optimizer']}, {checkpointing}; counted for a {device}",
        highlight=False,
        soft_wrap=True,
    )
    rows = [
        ("training", ""),
        ("  weights", training.weight_bytes),
        ("  gradients", training.gradient_bytes),
        ("  optimizer", training.optimizer_bytes),
        ("  activations", training.activation_bytes),
        ("  logits and loss", training.logit_bytes),
        ("  peak", training.peak_bytes),
    ]
    if num_rows:
        rows += [
            (f"generation, {num_rows} rows", ""),
            ("  what stays of training", generation.resident_bytes),
            ("  weights to sample with", generation.weight_bytes),
            ("  key-value cache", generation.cache_bytes),
            ("  peak", generation.peak_bytes),
        ]
    for name, value in rows:
        shown = f"{value / 2**30:9.2f} GiB" if isinstance(value, int) else ""
        console.print(f"{name:<34}{shown}", highlight=False)
    most = max(training.peak_bytes, generation.peak_bytes if num_rows else 0) + CONTEXT_BYTES
    for gigabytes in CARD_GIGABYTES:
        free = gigabytes * 2**30 - most
        verdict = f"fits, {free / 2**30:.1f} GiB left" if free >= 0 else "does not fit"
        console.print(f"a card of {gigabytes} GB: {verdict}", highlight=False)
