"""The entries of a JSON list, or of an object of objects, without reading the whole file.

    for entry in json_entries(stream):      # of [{...}, {...}] or of {"name": {...}, ...}
        ...
    parse_json('{"big": 1000...}')          # integers of any length

The text is decoded entry by entry: one entry and some further text are in memory. Where the file
is cut off or damaged, `JsonDamage` says so after the entries before it.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

_BLOCK_BYTES = 1 << 18
_BLANKS = " \t\r\n"
# Longer integers are refused by `int`, as reading one takes time that grows with its square.
_MAX_INT_CHARS = 4000
# A number of which there may be more to come looks whole.
_MAYBE_MORE = 64


class JsonDamage(ValueError):
    """The file is no JSON from here on."""


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, parse_int=integer)


def integer(text: str) -> int:
    """An integer of any length."""
    return int(text) if len(text) <= _MAX_INT_CHARS else int(Decimal(text))


def json_entries(stream: BinaryIO) -> Iterator[Any]:
    """The entries of a list, or the values of an object, in their order.

    Raises:
        JsonDamage: the text is cut off, or no JSON, or neither a list nor an object.
    """
    text = _Text(stream)
    opening = text.take()
    if opening not in ("[", "{"):
        raise JsonDamage("it begins with neither a list nor an object")
    closing = "]" if opening == "[" else "}"
    if text.peek() == closing:
        return
    while True:
        if opening == "{":
            text.value()
            if text.take() != ":":
                raise JsonDamage("a name has no value")
        yield text.value()
        following = text.take()
        if following == closing:
            return
        if following != ",":
            raise JsonDamage("an entry is followed by neither a comma nor the end")


class _Text:
    """The text of a stream, of which as much is decoded as is needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
        self._parse = json.JSONDecoder(parse_int=integer).raw_decode
        self._text = ""
        self._position = 0
        self._is_whole = False

    def peek(self) -> str:
        """The next character that is no blank, "" at the end."""
        while True:
            while self._position < len(self._text):
                character = self._text[self._position]
                if character not in _BLANKS:
                    return character
                self._position += 1
            if self._is_whole:
                return ""
            self._more(_BLOCK_BYTES)

    def take(self) -> str:
        """As `peek`, and past it."""
        character = self.peek()
        self._position += 1
        return character

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        wanted = _BLOCK_BYTES
        while True:
            try:
                value, end = self._parse(self._text, self._position)
            except RecursionError as error:
                raise JsonDamage("it is nested too deeply") from error
            except json.JSONDecodeError as error:
                if self._is_whole or self._is_damaged(error):
                    raise JsonDamage(error.msg) from error
            else:
                if self._is_whole or end < len(self._text) - _MAYBE_MORE:
                    self._position = end
                    return value
            # Twice as much each time: parsing anew stays in proportion to the length.
            self._more(wanted)
            wanted *= 2

    def _is_damaged(self, error: json.JSONDecodeError) -> bool:
        """Whether more text would not mend it: only a text that goes on is told by its start."""
        goes_on = error.msg.startswith("Unterminated string")
        return not goes_on and error.pos < len(self._text) - _MAYBE_MORE

    def _more(self, num_bytes: int) -> None:
        block = self._stream.read(num_bytes)
        self._is_whole = not block
        self._text = self._text[self._position :] + self._decode(block, self._is_whole)
        self._position = 0
