"""The candidate's process: loads the program, then does what its job asks of it.

A job is one of
    ("cases", source, cases)                 every case's operations; values are sent one by one
    ("serve", source, entry_point)           answers the judge's calls until the judge is gone
    ("stdio", source)                        the program as `__main__` on its standard input
    ("in_process", source, entry_point, setup, visible, hidden)    tests and program together
No job but the last holds anything that says what is right. What the program does to this
process can only spoil its own answers.
"""

from __future__ import annotations

import atexit
from types import ModuleType
from typing import Any

from .codec import CodecError, decode, encode
from .frames import NO_TAG, FrameError, read_frame, write_frame
from .program import Send, builtin_name, exception_text, flush_output, load

MODULE_NAME = "candidate"
"""What a program's module is called, but for a script's."""


def run_cases(send: Send, source: str, cases: tuple[tuple[Any, ...], ...]) -> None:
    """Load the program and try every case on it, in order, in the one loaded module."""
    module = load(source, MODULE_NAME, send)
    if module is None:
        return
    for index, operations in enumerate(cases):
        _run_case(send, module, index, operations)
    flush_output()
    send(("done",))


def _run_case(send: Send, module: ModuleType, index: int, operations: tuple[Any, ...]) -> None:
    made: Any = None
    for action, name, arguments in operations:
        try:
            if action == "method":
                value = getattr(made, name)(*arguments)
            elif name not in module.__dict__:
                raise NameError(f"name '{name}' is not defined")
            else:
                value = module.__dict__[name](*arguments)
        # The program's own code ran: whatever it raised is its outcome, SystemExit as well.
        except BaseException as error:
            send(("outcome", index, "exception", builtin_name(error)))
            return
        if action == "construct":
            made, value = value, None
        try:
            send(("outcome", index, "value", value))
        except (CodecError, RecursionError, MemoryError) as error:
            send(("outcome", index, "unsupported", str(error)))


def run_stdio(send: Send, source: str) -> None:
    """Run the program as a script; what it reads is there already."""
    module = load(source, "__main__", send)
    # A script's exit handlers are part of its output.
    atexit._run_exitfuncs()
    flush_output()
    if module is not None:
        send(("done",))


def serve_calls(send: Send, channel: int, source: str, entry_point: str) -> None:
    """Load the program, tell the judge what its entry point is, then answer the judge's calls."""
    module = load(source, MODULE_NAME, send)
    if module is None:
        return
    entry = module.__dict__.get(entry_point)
    _reply(channel, ("ready", isinstance(entry, type)))
    while True:
        try:
            _, payload = read_frame(channel)
        except (EOFError, OSError):
            break
        _answer(channel, module, entry_point, payload)
        flush_output()
    send(("done",))


def _answer(channel: int, module: ModuleType, name: str, payload: bytes) -> None:
    request: Any = decode(payload)
    call_id, arguments, keywords = request
    before = encode((arguments, keywords))
    try:
        if name not in module.__dict__:
            raise NameError(f"name '{name}' is not defined")
        value = module.__dict__[name](*arguments, **keywords)
    # The program's own code ran: whatever it raised is its answer, SystemExit as well.
    except BaseException as error:
        _reply(channel, (call_id, "raised", builtin_name(error), exception_text(error)))
        return
    try:
        after = encode((arguments, keywords))
        # Tests may look at what a call did to its arguments.
        changed = None if after == before else (arguments, keywords)
        _reply(channel, (call_id, "returned", value, changed))
    except (CodecError, RecursionError, MemoryError) as error:
        _reply(channel, (call_id, "unsupported", str(error)))


def _reply(channel: int, message: tuple[object, ...]) -> None:
    write_frame(channel, NO_TAG, encode(message))


def run_in_process(
    send: Send,
    source: str,
    entry_point: str,
    setup: str,
    visible: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    """Program and tests in one namespace: an answer that cannot be trusted, and is labelled so."""
    module = load(source, MODULE_NAME, send)
    if module is None:
        return
    for text in (setup, *visible, *hidden):
        try:
            exec(compile(text, "<test>", "exec", dont_inherit=True), module.__dict__)
            passed = True
        # Tests fail by raising, and the program they share the process with may raise anything.
        except BaseException:
            passed = False
        send(("result", passed))
    flush_output()
    send(("done",))


def run_job(job: tuple[Any, ...], send: Send, channel: int | None = None) -> None:
    """Do one job; the entry point of a freshly forked candidate's process."""
    action, *details = job
    if action == "cases":
        run_cases(send, *details)
    elif action == "stdio":
        run_stdio(send, *details)
    elif action == "in_process":
        run_in_process(send, *details)
    elif action == "serve" and channel is not None:
        serve_calls(send, channel, *details)
    else:
        raise FrameError(f"unknown job {action!r}")
