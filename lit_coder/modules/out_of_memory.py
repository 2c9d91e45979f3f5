"""What to try where a device's memory does not suffice for a training step: one sentence.

    if is_out_of_memory(error):
        print(out_of_memory_sentence(error, batch_size=8, sequence=1024, accumulate=4,
                                     gradient_checkpointing=0))

The first proposal changes nothing about the training itself. How much a configuration takes is
counted beforehand by `main.py memory`.
"""

from __future__ import annotations

import re

_ALLOCATION = re.compile(r"[Tt]ried to allocate ([\d.]+ [KMGT]?i?B)")
_WORDS = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
_SMALL_CHUNK = 256


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device (not the host) ran out of memory. PyTorch need not be loaded."""
    if type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def out_of_memory_sentence(
    error: BaseException,
    batch_size: int,
    sequence: int,
    accumulate: int,
    gradient_checkpointing: int,
    loss_chunk_tokens: int | None = None,
) -> str:
    """What happened, and the smaller setting to try next.

    Smaller micro-batches come first, more of them for one optimizer step; then recomputing
    activations, then smaller chunks of logits, then a smaller model.

    Args:
        error: what PyTorch raised.
        batch_size: `data.batch_size`.
        sequence: `data.max_sequence_length`.
        accumulate: `trainer.accumulate_grad_batches`.
        gradient_checkpointing: `model.init_args.gradient_checkpointing`.
        loss_chunk_tokens: `model.init_args.loss_chunk_tokens`.
    """
    found = _ALLOCATION.search(str(error))
    wanted = f" (tried to allocate {found[1]})" if found else ""
    what = f"the device has not enough memory for {batch_size} x {sequence} tokens at once{wanted}"
    if batch_size > 1:
        parts = next(n for n in range(2, batch_size + 1) if batch_size % n == 0)
        advice = (
            f"set data.batch_size {batch_size // parts} and trainer.accumulate_grad_batches "
            f"{accumulate * parts}, which trains the same"
        )
    elif gradient_checkpointing != 1:
        advice = "set model.init_args.gradient_checkpointing 1, which trains the same but slower"
    elif loss_chunk_tokens is None or loss_chunk_tokens > _SMALL_CHUNK:
        advice = f"set model.init_args.loss_chunk_tokens {_SMALL_CHUNK}, which trains the same"
    else:
        advice = (
            "set model.init_args.optimizer adamw_8bit, or take a smaller "
            "data.max_sequence_length or model"
        )
    return f"{what}: {advice}"
