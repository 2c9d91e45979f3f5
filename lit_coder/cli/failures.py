"""How a command that failed ends: a status and one sentence, or the traceback of a bug of ours.

    status, sentence = failure_sentence(error, go_on_command, kept, config)

None for a sentence means: this is a bug, let it be seen. "" means that it was said already.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from typing import Any

_FILE_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EFBIG,
    errno.EIO,
}
_FILE_WORDS = {
    "no space left on device": "No space left on device",
    "os error 28": "No space left on device",
    "permission denied": "Permission denied",
    "read-only file system": "Read-only file system",
    "disk quota exceeded": "Disk quota exceeded",
}
_OUR_PACKAGE = "lit_coder"


def failure_sentence(
    error: BaseException, go_on: str, kept: str = "", config: Any = None
) -> tuple[int, str | None]:
    """Status and sentence.

    Args:
        error: what ended the command.
        go_on: the command that goes on with the run.
        kept: what to say where the user stopped a command that does not train, "" = nothing.
        config: the command's options, None where it ended before they were read.
    """
    kind = type(error)
    stopped_by = _stop_signal(error)
    if stopped_by:
        return 128 + stopped_by, f"stopped; {kept}" if kept else "stopped"
    if isinstance(error, SystemExit):
        return int(error.code or 0) if not isinstance(error.code, str) else 1, ""
    if kind.__name__ == "RunInterrupted":
        return 128 + int(getattr(error, "signal_number", 2)), f"{error}; go on with: {go_on}"
    if kind.__name__ in ("SandboxUnavailable", "SandboxError") and _is_ours(kind.__module__):
        return 1, str(error)
    full = _about_files(error)
    if full:
        return 1, (
            f"{full}; what was saved before is intact: free the disk or the folder and go on with: "
            f"{go_on}"
        )
    memory = _out_of_memory(error, config) or _out_of_host_memory(error)
    if memory:
        return 1, f"{memory}; then go on with: {go_on}"
    for cause in _chain(error):
        if isinstance(cause, ValueError) and _raised_by_us(cause):
            return 2, " ".join(str(cause).split())
    if kind.__name__ == "MisconfigurationException":
        return 2, f"Lightning refuses this configuration: {' '.join(str(error).split())}"
    return 1, None


def _stop_signal(error: BaseException) -> int:
    """The signal by which the user stopped a command outside fit's steps; 0 = none did."""
    # Lightning turns both into exits: Ctrl+C in whatever it is doing, SIGTERM between batches.
    is_exit = isinstance(error, SystemExit)
    if isinstance(error.__context__ if is_exit else error, KeyboardInterrupt):
        return signal.SIGINT
    return signal.SIGTERM if type(error).__name__ == "SIGTERMException" else 0


def _about_files(error: BaseException) -> str:
    """A full disk, a read-only or forbidden folder: the user's to mend, not a bug of ours."""
    if isinstance(error, OSError) and error.errno in _FILE_ERRORS:
        return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
    if isinstance(error, (OSError, RuntimeError)):
        text = str(error).lower()
        return next((said for words, said in _FILE_WORDS.items() if words in text), "")
    return ""


def _out_of_memory(error: BaseException, config: Any) -> str:
    """The smaller setting to try; "" where memory is not what is lacking."""
    from lit_coder.modules.out_of_memory import is_out_of_memory, out_of_memory_sentence

    if config is None or not is_out_of_memory(error):
        return ""
    model = config.model.init_args
    return out_of_memory_sentence(
        error,
        batch_size=config.data.batch_size,
        sequence=config.data.max_sequence_length,
        accumulate=config.trainer.accumulate_grad_batches,
        gradient_checkpointing=model.get("gradient_checkpointing", 0),
        loss_chunk_tokens=model.get("loss_chunk_tokens"),
    )


def _out_of_host_memory(error: BaseException) -> str:
    """PyTorch's allocator for the host refuses what is not there; "" where it did not."""
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):
        return (
            "this machine has not enough memory; set a smaller model (model.init_args) or a "
            "smaller data.batch_size"
        )
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: jsonargparse wraps errors of constructors."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _raised_by_us(error: BaseException) -> bool:
    """Whether the innermost frame is our own code: then the message is a sentence for the user."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and _is_ours(frame.tb_frame.f_globals.get("__name__", ""))


def _is_ours(module: str) -> bool:
    return module == _OUR_PACKAGE or module.startswith(_OUR_PACKAGE + ".")
