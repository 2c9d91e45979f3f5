"""Programs that do nothing wrong and must work on every backend: the language and its data.

Each says what its `f` must return.
"""

from __future__ import annotations

from dataclasses import dataclass

from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Limits
from tests.sandbox.conformance.attack import function


@dataclass(frozen=True)
class Benign:
    """The body of `f`, what it must return, and what is asked for it."""

    name: str
    body: str
    expected: Value
    top: str = ""
    limits: Limits = Limits(wall_seconds=5.0, cpu_seconds=3.0)

    def __str__(self) -> str:
        return self.name

    def job(self) -> CallJob:
        """A job that calls the function."""
        return CallJob(function(self.body, self.top), ((Call("f", ()),),), self.limits)


_LANGUAGE = (
    Benign(
        "recursion", "def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\nreturn fib(15)", 610
    ),
    Benign(
        "deep recursion",
        "def down(n): return 0 if n == 0 else 1 + down(n - 1)\n"
        "sys.setrecursionlimit(6000)\nreturn down(5000)",
        5000,
    ),
    Benign("large integers", "return (7**200000 // 7**199990) % 10**9", 7**10 % 10**9),
    Benign("a large integer as value", "return 3**5000", 3**5000),
    Benign("unicode", "return 'Grüße 😀 \\u4f60'[::-1].upper()", "Grüße 😀 \u4f60"[::-1].upper()),
    Benign("unicode names", "größe = 3\nreturn größe * 2", 6),
    Benign(
        "generators",
        "def g():\n    sent = yield 1\n    yield sent\nit = g()\nreturn [next(it), it.send(5)]",
        [1, 5],
    ),
    Benign("closures", "def make(n): return lambda x: x + n\nreturn make(2)(3)", 5),
    Benign("walrus", "return [y for x in range(5) if (y := x * x) > 3]", [4, 9, 16]),
    Benign(
        "match statements",
        """
        match {'kind': 'point', 'at': [1, 2]}:
            case {'kind': 'point', 'at': [x, y]}:
                return x + y
        """,
        3,
    ),
    Benign(
        "decorators",
        "return g(2)",
        5,
        "def add(n):\n    def wrap(h): return lambda x: h(x) + n\n"
        "    return wrap\n@add(1)\ndef g(x): return 2 * x\n",
    ),
    Benign(
        "metaclasses",
        "class M(type):\n    def __call__(cls, *a): return a\n"
        "class C(metaclass=M): pass\nreturn C(1, 2)",
        (1, 2),
    ),
    Benign(
        "properties and slots",
        "class C:\n    __slots__ = ('x',)\n    @property\n"
        "    def double(self): return self.x * 2\nc = C()\nc.x = 4\nreturn c.double",
        8,
    ),
    Benign("eval and exec", "scope = {}\nexec('y = 2', scope)\nreturn eval('y + 1', scope)", 3),
    Benign(
        "exceptions",
        "try:\n    [][1]\nexcept IndexError as error:\n    return str(error)",
        "list index out of range",
    ),
    Benign(
        "formatted tracebacks",
        """
        import traceback
        try:
            raise KeyError('missing')
        except KeyError:
            return traceback.format_exc().strip().splitlines()[-1]
        """,
        "KeyError: 'missing'",
    ),
    Benign(
        "warnings",
        "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n    warnings.warn('x')\nreturn len(seen)",
        1,
    ),
    Benign(
        "all plain values",
        "return (None, True, 1, 1.5, 1j, 'a', b'b', [1], {2}, frozenset([3]), {'k': ()})",
        (None, True, 1, 1.5, 1j, "a", b"b", [1], {2}, frozenset([3]), {"k": ()}),
    ),
    Benign("infinities", "return [float('inf'), -0.0]", [float("inf"), -0.0]),
    Benign("printing", "print('hello')\nreturn 1", 1),
    Benign("an empty input", "return sys.stdin.read()", ""),
    Benign("much memory", "return len(bytearray(100 * 2**20))", 100 * 2**20),
)

_DATA = (
    Benign(
        "dataclasses",
        "return P(1, 2).x + len(dataclasses.asdict(P(1)))",
        3,
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n    y: int = 0\n",
    ),
    Benign("enumerations", "import enum\nclass C(enum.Enum):\n    A = 1\nreturn C(1).name", "A"),
    Benign(
        "named tuples",
        "import collections\nP = collections.namedtuple('P', 'x y')\nreturn P(1, 2).y",
        2,
    ),
    Benign(
        "abstract classes",
        "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def g(self): ...\n"
        "try:\n    A()\nexcept TypeError:\n    return 'abstract'",
        "abstract",
    ),
    Benign(
        "typing",
        "import typing\nclass T(typing.TypedDict):\n    a: int\n"
        "return typing.get_type_hints(T)['a'] is int",
        True,
    ),
    Benign(
        "contextlib",
        "import contextlib\n@contextlib.contextmanager\ndef c(): yield 3\nwith c() as x: return x",
        3,
    ),
    Benign(
        "collections",
        "import collections\nq = collections.deque([1, 2], maxlen=2)\nq.append(3)\n"
        "return [list(q), collections.Counter('aab').most_common(1)]",
        [[2, 3], [("a", 2)]],
    ),
    Benign(
        "heapq and bisect",
        "import bisect, heapq\nh = [3, 1, 2]\nheapq.heapify(h)\n"
        "return [heapq.heappop(h), bisect.bisect([1, 3, 5], 3)]",
        [1, 2],
    ),
    Benign(
        "itertools",
        "import itertools\nreturn list(itertools.islice(itertools.permutations('abc'), 2))",
        [("a", "b", "c"), ("a", "c", "b")],
    ),
    Benign(
        "functools",
        "import functools\n@functools.lru_cache(None)\n"
        "def g(n): return n if n < 2 else g(n-1) + g(n-2)\nreturn g(90)",
        2880067194370816120,
    ),
    Benign(
        "operator",
        "import operator\nreturn sorted([(1, 'b'), (0, 'c')], key=operator.itemgetter(1))",
        [(1, "b"), (0, "c")],
    ),
    Benign("copy", "import copy\na = [[1]]\nb = copy.deepcopy(a)\nb[0].append(2)\nreturn a", [[1]]),
    Benign(
        "array and struct",
        "import array, struct\n"
        "return [array.array('i', [1, 2]).tolist(), struct.unpack('<h', b'\\1\\0')]",
        [[1, 2], (1,)],
    ),
    Benign("sorting", "return sorted(['b', 'A', 'a'], key=str.casefold)", ["A", "a", "b"]),
)

PROGRAMS = _LANGUAGE + _DATA
