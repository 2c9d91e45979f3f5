"""The judge's process: holds a check program's tests and calls the candidate's process.

In the tests' namespace the entry point is a stand-in: each call crosses a socket as plain values
with a random call id, the answer comes back the same way, and changes to list, dict and set
arguments are carried back into the judge's own objects. An exception crosses by the name of its
built-in class. The verdict is sent from here, where the candidate has neither code nor a
descriptor. It trusts the tests' text no further than any other program: same limits, own process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn

from .codec import CodecError, decode, encode
from .frames import NO_TAG, FrameError, read_frame, write_frame
from .program import BUILTIN_EXCEPTIONS, MAX_DETAIL_CHARS, Send

_CALL_ID_BYTES = 8


class CallFailedError(BaseException):
    """A call gave no answer. Not an `Exception`: a test's own handler must not swallow it."""


class Candidate:
    """The judge's end of the channel. `trouble` is set once and for all: no test passes after."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self.trouble: tuple[str, str] | None = None

    def wait_until_loaded(self) -> None:
        """Read the candidate's first message; sets `trouble` if there is none or it is a class."""
        try:
            message = self._read()
            if message == ("ready", True):
                self.trouble = ("unsupported", "the entry point is a class")
            elif message != ("ready", False):
                self.fail("protocol_error", "an answer before the first call")
        except CallFailedError:
            pass

    def fail(self, status: str, detail: str) -> NoReturn:
        """Remember the first trouble and leave the test."""
        self.trouble = self.trouble or (status, detail)
        raise CallFailedError(detail)

    def call(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> object:
        """Call the candidate's entry point and give what it returns or raise what it raises."""
        if self.trouble is not None:
            self.fail(*self.trouble)
        call_id = os.urandom(_CALL_ID_BYTES)
        try:
            request = encode((call_id, arguments, keywords))
        except CodecError as error:
            self.fail("unsupported", f"an argument: {error}")
        try:
            write_frame(self._channel, NO_TAG, request)
        except OSError:
            self.fail("gone", "the program ended during the tests")
        match self._read():
            case (answered, "returned", value, changed) if answered == call_id:
                self._carry_back((arguments, keywords), changed)
                return value
            case (answered, "raised", str(name), str(text)) if answered == call_id:
                raise self._rebuilt(name, text)
            case (answered, "unsupported", str(text)) if answered == call_id:
                self.fail("unsupported", f"the returned value: {text[:MAX_DETAIL_CHARS]}")
            case _:
                self.fail("protocol_error", "an answer that does not belong to the call")

    def _read(self) -> object:
        try:
            tag, payload = read_frame(self._channel)
            if tag != NO_TAG:
                self.fail("protocol_error", "bytes on the judge's channel that are no answer")
            return decode(payload)
        except (EOFError, OSError):
            self.fail("gone", "the program ended during the tests")
        except (FrameError, CodecError) as error:
            self.fail("protocol_error", str(error))

    def _carry_back(self, original: tuple[object, object], changed: object) -> None:
        if changed is None:
            return
        if type(changed) is not tuple or len(changed) != 2:
            self.fail("protocol_error", "malformed arguments in an answer")
        for old, new in zip(original, changed, strict=True):
            restore(old, new)

    def _rebuilt(self, name: str, text: str) -> BaseException:
        kind = BUILTIN_EXCEPTIONS.get(name)
        if kind is None:
            self.fail("protocol_error", "an exception that is not a built-in one")
        if kind in (StopIteration, StopAsyncIteration):
            # Raised from inside a test's `map` or `iter` it would end the test's own loop.
            kind, text = RuntimeError, f"the program raised {name}"
        try:
            error = kind(text) if text else kind()
        except TypeError:
            error = self._rebuilt_bare(kind)
        error.__dict__["from_candidate"] = True
        return error

    def _rebuilt_bare(self, kind: type[BaseException]) -> BaseException:
        try:
            # A few classes need more arguments than a text, UnicodeDecodeError for one.
            return kind.__new__(kind)
        except TypeError:
            self.fail("unsupported", f"an exception of type {kind.__name__} cannot cross")


def restore(old: object, new: object) -> None:
    """Bring `old` to the state of `new` in place, as deep as the two have the same shape."""
    if type(old) is list and type(new) is list:
        kept = [_kept(a, b) for a, b in zip(old, new, strict=False)]
        old[:] = kept + new[len(kept) :]
    elif type(old) is dict and type(new) is dict:
        merged = {key: _kept(old[key], new[key]) if key in old else new[key] for key in new}
        old.clear()
        old.update(merged)
    elif type(old) is set and type(new) is set:
        old.clear()
        old.update(new)
    elif type(old) is tuple and type(new) is tuple:
        for a, b in zip(old, new, strict=False):
            restore(a, b)


def _kept(old: object, new: object) -> object:
    if type(old) is type(new) and type(old) in (list, dict, set):
        restore(old, new)
        return old
    if type(old) is tuple and type(new) is tuple and len(old) == len(new):
        return tuple(_kept(a, b) for a, b in zip(old, new, strict=True))
    return new


def run_judge(
    send: Send,
    channel: int,
    prelude: str,
    entry_point: str,
    setup: str,
    visible: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    """Run every test against the candidate; sends ("result", passed) for each, then ("end", ...).

    The end says ("end", status, detail), with status "completed", "gone", "unsupported" or
    "protocol_error".
    """
    candidate = Candidate(channel)
    candidate.wait_until_loaded()
    namespace: dict[str, Any] = {"__name__": "judge"}
    if candidate.trouble is None:
        _run_prelude(candidate, namespace, prelude)
        namespace[entry_point] = _stand_in(candidate, entry_point)
        setup_passed = _run_text(candidate, namespace, setup)
        for text in (*visible, *hidden):
            passed = setup_passed and _run_text(candidate, namespace, text)
            send(("result", passed))
    status, detail = candidate.trouble or ("completed", "")
    send(("end", status, detail))


def _stand_in(candidate: Candidate, name: str) -> Callable[..., object]:
    def stand_in(*arguments: Any, **keywords: Any) -> object:
        return candidate.call(arguments, keywords)

    stand_in.__name__ = stand_in.__qualname__ = name
    return stand_in


def _run_prelude(candidate: Candidate, namespace: dict[str, Any], prelude: str) -> None:
    # A prompt may stop after a signature; then the body it lacks is added.
    for text in (prelude, prelude.rstrip() + "\n    pass\n"):
        try:
            code = compile(text, "<prelude>", "exec", dont_inherit=True)
            exec(code, namespace)
            return
        except SyntaxError as error:
            problem: BaseException = error
        # The problem's own text, which is not ours: whatever it raises is a fact about it.
        except BaseException as error:
            problem = error
            break
    candidate.trouble = ("unsupported", f"the prelude does not run: {type(problem).__name__}")


def _run_text(candidate: Candidate, namespace: dict[str, Any], text: str) -> bool:
    """Whether one test passed; notes where the test itself cannot be run here."""
    if candidate.trouble is not None:
        return False
    try:
        exec(compile(text, "<test>", "exec", dont_inherit=True), namespace)
    # A test fails by raising, and it may raise anything.
    except BaseException as error:
        is_ours = not getattr(error, "from_candidate", False)
        if is_ours and isinstance(error, (NameError, ImportError, SyntaxError)):
            # It needs a name that only the program can define, or a library that is not here.
            candidate.trouble = candidate.trouble or (
                "unsupported",
                f"a test cannot run: {type(error).__name__}: {error}"[:MAX_DETAIL_CHARS],
            )
        return False
    return candidate.trouble is None
