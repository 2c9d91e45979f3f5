"""Programs that want a verdict they have not earned, judged by cases and by check programs.

Each defines `answer` or takes hold of what would call it. The problem: `answer(5)` is a random
text, `answer(0)` is 1.
"""

from __future__ import annotations

import textwrap

WRONG = "def answer(x):\n    return 0\n"


def _cheat(before: str, body: str = "return 0") -> str:
    text = textwrap.dedent(before)
    return f"{text}\ndef answer(x):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"


_EQUAL = """
class Same{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return hash({value})
    def __bool__(self): return True
def answer(x):
    return Same({value})
"""

_OBJECTS = {
    "an object equal to everything": _EQUAL.format(base="", value="").replace("hash()", "0"),
    **{
        f"a subclass of {kind} equal to everything": _EQUAL.format(base=f"({kind})", value=value)
        for kind, value in {
            "int": "1",
            "str": "'1'",
            "float": "1.0",
            "tuple": "(1,)",
            "bytes": "b'1'",
            "frozenset": "(1,)",
            "complex": "1j",
        }.items()
    },
    "a list equal to everything": "class Same(list):\n    __eq__ = lambda s, o: True\n"
    "def answer(x):\n    return Same()\n",
    "a dict equal to everything": "class Same(dict):\n    __eq__ = lambda s, o: True\n"
    "def answer(x):\n    return Same()\n",
    "a metaclass that claims every type": """
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return hash(str)
class Same(metaclass=Meta):
    __class__ = str
    def __eq__(self, other): return True
def answer(x):
    return Same()
""",
    "a class that is assigned": """
class Same:
    def __eq__(self, other): return True
class Other: pass
def answer(x):
    other = Other()
    other.__class__ = Same
    return other
""",
    "the class itself": "class answer:\n    def __new__(cls, x): return cls\n"
    "    __eq__ = lambda s, o: True\n",
    "not a number": "def answer(x):\n    return float('nan')\n",
    "a mock of everything": "from unittest.mock import MagicMock\nanswer = MagicMock()\n"
    "answer.return_value.__eq__ = lambda s, o: True\n",
    "a generator": "def answer(x):\n    yield 1\n",
    "a coroutine": "async def answer(x):\n    return 1\n",
    "the argument itself": "def answer(x):\n    return x\n",
}

_EXITS = {
    "sys.exit at the top": "import sys\nsys.exit(0)\n",
    "os._exit at the top": "import os\nos._exit(0)\n",
    "SystemExit": _cheat("", "raise SystemExit(0)"),
    "os._exit": _cheat("import os", "os._exit(0)"),
    "KeyboardInterrupt": _cheat("", "raise KeyboardInterrupt"),
    "GeneratorExit": _cheat("", "raise GeneratorExit"),
    "StopIteration": _cheat("", "raise StopIteration(1)"),
    "an exception that equals the answer": _cheat(
        "class Right(BaseException):\n    __eq__ = lambda s, o: True\n"
        "Right.__name__ = Right.__qualname__ = 'SystemExit'",
        "raise Right(1)",
    ),
    "an exception named as a failed test": _cheat("", "raise AssertionError(1)"),
    "an exit handler": _cheat("import atexit, os\natexit.register(os._exit, 0)"),
    "killing itself": _cheat("import os", "os.kill(os.getpid(), 9)"),
    "never answering": _cheat("", "while True: pass"),
    "a segmentation fault": _cheat("import ctypes", "ctypes.string_at(0)"),
}

_OUTPUT = {
    "a printed marker": WRONG + "print('passed', 'ok', True, '1 passed', flush=True)\n",
    "an error output": WRONG + "import sys\nprint('OK', file=sys.stderr, flush=True)\n",
}

# Tests compare as Python does, for which these are right: only the parent's comparison is exact.
CASES_ONLY = {
    "True for 1": "def answer(x):\n    return True if x == 0 else {expected!r}\n",
    "1.0 for 1": "def answer(x):\n    return 1.0 if x == 0 else {expected!r}\n",
    "an int subclass for 1": "class Number(int): pass\n"
    "def answer(x):\n    return Number(1) if x == 0 else {expected!r}\n",
    "an enumeration for 1": "import enum\nclass Number(enum.IntEnum):\n    ONE = 1\n"
    "def answer(x):\n    return Number.ONE if x == 0 else {expected!r}\n",
    "a str subclass": "class Text(str): pass\n"
    "def answer(x):\n    return 1 if x == 0 else Text({expected!r})\n",
    "bytes for a text": "def answer(x):\n    return 1 if x == 0 else {expected!r}.encode()\n",
    "the right values and a bad end": "import atexit, os\ncalls = []\n"
    "def answer(x):\n    calls.append(x)\n    if len(calls) == 2:\n        os._exit(0)\n"
    "    return 1 if x == 0 else {expected!r}\n",
}

CHEATS = {**_OBJECTS, **_EXITS, **_OUTPUT}
