"""The process that `syntax_process.py` starts: parses what it is sent, answers with fingerprints.

    serve()            # until standard input ends

It bounds its own memory and processor time, so that no text can take the machine with it.
"""

from __future__ import annotations

import ast
import gc
import json
import signal
import struct
import sys
import warnings
from typing import Any

from lit_coder.corpora.syntax_fingerprints import matching_runs
from lit_coder.sandbox.inside.features import describe

_MOST_MEMORY_BYTES = 2**31
_LENGTH = struct.Struct(">I")


def serve() -> None:
    """Answer each question of standard input on standard output."""
    # Ctrl-C is for the process that started this one; it then closes the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    # Trees have no cycles, and are looked through again and again for some.
    gc.disable()
    _bound_memory()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(header := questions.read(_LENGTH.size)) == _LENGTH.size:
        question = json.loads(questions.read(*_LENGTH.unpack(header)))
        answer = json.dumps(_answer(question)).encode()
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _answer(question: dict[str, Any]) -> str | list[str] | bool | None:
    text = question["text"]
    try:
        tree = ast.parse(text)
        if "parses" in question:
            return True
        if "kinds" in question:
            return matching_runs(tree, {tuple(kinds) for kinds in question["kinds"]})
        return describe(tree, "")[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:
        # Windows: the time limit of the other side stays.
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
