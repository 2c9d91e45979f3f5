"""Programs that do nothing wrong and must work: libraries, and what has to be asked for."""

from __future__ import annotations

from lit_coder.sandbox.contract import Limits
from tests.sandbox.conformance.benign import Benign

_LIBRARIES = (
    Benign(
        "regular expressions",
        "import re\nreturn re.sub(r'(\\w)(\\d+)', r'\\2\\1', 'a12 b3')",
        "12a 3b",
    ),
    Benign(
        "decimal",
        "import decimal\nreturn str(decimal.Decimal('0.1') + decimal.Decimal('0.2'))",
        "0.3",
    ),
    Benign("fractions", "import fractions\nreturn str(fractions.Fraction(1, 3) + 1)", "4/3"),
    Benign(
        "datetime",
        "import datetime\nreturn (datetime.date(2024, 2, 28) + datetime.timedelta(2)).isoformat()",
        "2024-03-01",
    ),
    Benign("local time", "import datetime\nreturn datetime.datetime.now().year >= 2024", True),
    Benign("calendar", "import calendar\nreturn calendar.monthrange(2024, 2)", (3, 29)),
    Benign("statistics", "import statistics\nreturn statistics.median([3, 1, 2])", 2),
    Benign(
        "math and cmath", "import cmath, math\nreturn [math.comb(5, 2), cmath.sqrt(-1)]", [10, 1j]
    ),
    Benign(
        "json", "import json\nreturn json.loads(json.dumps({'a': [1, None]}))", {"a": [1, None]}
    ),
    Benign("random with a seed", "import random\nreturn random.Random(1).randint(1, 100)", 18),
    Benign("random without a seed", "import random\nreturn 0 <= random.random() < 1", True),
    Benign(
        "secrets and uuid",
        "import secrets, uuid\nreturn len(secrets.token_hex(4) + str(uuid.uuid4()))",
        44,
    ),
    Benign("hashlib", "import hashlib\nreturn hashlib.sha256(b'a').hexdigest()[:8]", "ca978112"),
    Benign(
        "hmac and md5",
        "import hashlib, hmac\nreturn hmac.new(b'k', b'm', hashlib.md5).hexdigest()[:4]",
        "ed7e",
    ),
    Benign(
        "zlib and base64",
        "import base64, zlib\n"
        "return zlib.decompress(base64.b64decode(base64.b64encode(zlib.compress(b'x'))))",
        b"x",
    ),
    Benign(
        "bz2 and lzma",
        "import bz2, lzma\nreturn lzma.decompress(lzma.compress(bz2.decompress("
        "bz2.compress(b'x'))))",
        b"x",
    ),
    Benign("string templates", "import string\nreturn string.Template('$x').substitute(x=1)", "1"),
    Benign(
        "textwrap and difflib",
        "import difflib, textwrap\nreturn [textwrap.fill('a b', 1), "
        "difflib.get_close_matches('ab', ['abc'])]",
        ["a\nb", ["abc"]],
    ),
    Benign(
        "StringIO and csv",
        "import csv, io\nreturn list(csv.reader(io.StringIO('a,b\\n1,2')))",
        [["a", "b"], ["1", "2"]],
    ),
    Benign(
        "captured output",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    print('x')\nreturn out.getvalue()",
        "x\n",
    ),
    Benign("parsing", "import ast\nreturn ast.literal_eval('[1, (2,)]')", [1, (2,)]),
    Benign(
        "argparse and shlex",
        "import argparse, shlex\np = argparse.ArgumentParser()\n"
        "p.add_argument('--n', type=int)\nreturn p.parse_args(shlex.split('--n 3')).n",
        3,
    ),
    Benign("unittest", "import unittest\nunittest.TestCase().assertEqual(1, 1)\nreturn 1", 1),
    Benign(
        "XML and HTML",
        "import html, xml.etree.ElementTree as tree\n"
        "return [html.escape('<'), tree.fromstring('<a><b/></a>')[0].tag]",
        ["&lt;", "b"],
    ),
    Benign(
        "SQLite in memory",
        "import sqlite3\nreturn sqlite3.connect(':memory:').execute('select 1').fetchone()",
        (1,),
    ),
    Benign(
        "sleeping and timing",
        "begin = time.perf_counter()\ntime.sleep(0.01)\n"
        "return time.perf_counter() - begin >= 0.009",
        True,
    ),
    Benign("a timer", "import timeit\nreturn timeit.timeit('1', number=1) >= 0", True),
    Benign(
        "an alarm",
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01)\nsignal.pause()\nreturn 1",
        1,
    ),
    Benign(
        "the garbage collector",
        "import gc, weakref\nclass C: pass\nc = C()\nc.me = c\nr = weakref.ref(c)\n"
        "del c\ngc.collect()\nreturn r() is None",
        True,
    ),
    Benign("platform", "import platform\nreturn platform.system()", "Linux"),
    Benign("paths", "import pathlib\nreturn str(pathlib.PurePath('/a') / 'b')", "/a/b"),
    Benign(
        "inspecting",
        "import inspect\nreturn str(inspect.signature(lambda a, *, b=1: 0))",
        "(a, *, b=1)",
    ),
    Benign("pickling in memory", "import pickle\nreturn pickle.loads(pickle.dumps([1]))", [1]),
    Benign("encodings", "return 'ä'.encode('latin-1') + 'x'.encode('utf-16-le')", b"\xe4x\0"),
    Benign(
        "text of a character",
        "import unicodedata\nreturn unicodedata.name('ä')",
        "LATIN SMALL LETTER A WITH DIAERESIS",
    ),
    Benign(
        "zoneinfo of UTC",
        "import datetime\nreturn datetime.datetime.fromtimestamp(0, "
        "datetime.timezone.utc).isoformat()",
        "1970-01-01T00:00:00+00:00",
    ),
    Benign(
        "locks without threads",
        "import queue, threading\nq = queue.Queue()\nq.put(1)\n"
        "with threading.Lock(): return q.get()",
        1,
    ),
)

_ASYNCHRONOUS = (
    Benign(
        "a coroutine",
        "import asyncio\nasync def g():\n    await asyncio.sleep(0.01)\n    return 5\n"
        "return asyncio.run(g())",
        5,
    ),
    Benign(
        "gathered coroutines",
        "import asyncio\nasync def g(n):\n    await asyncio.sleep(0)\n    return n\n"
        "async def h(): return await asyncio.gather(g(1), g(2))\nreturn asyncio.run(h())",
        [1, 2],
    ),
    Benign(
        "async generators",
        "import asyncio\nasync def g():\n    for n in range(3): yield n\n"
        "async def h(): return [n async for n in g()]\nreturn asyncio.run(h())",
        [0, 1, 2],
    ),
)

_THREADS = Limits(wall_seconds=5.0, cpu_seconds=3.0, processes=4)
_FILES = Limits(wall_seconds=5.0, cpu_seconds=3.0, scratch_bytes=2**20, scratch_files=16)

WITH_THREADS = (
    Benign(
        "a thread",
        "import threading\nseen = []\nt = threading.Thread(target=seen.append, args=(1,))\n"
        "t.start()\nt.join()\nreturn seen",
        [1],
        limits=_THREADS,
    ),
    Benign(
        "a pool of threads",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool: return list(pool.map(abs, [-1, -2, 3]))",
        [1, 2, 3],
        limits=_THREADS,
    ),
    Benign(
        "a timer's thread",
        "import threading\nevent = threading.Event()\n"
        "threading.Timer(0.01, event.set).start()\nreturn event.wait(2)",
        True,
        limits=_THREADS,
    ),
)

WITH_FILES = (
    Benign(
        "a file in the current folder",
        "with open('a.txt', 'w') as file: file.write('x')\n"
        "return open('a.txt').read() + str(os.listdir())",
        "x['a.txt']",
        limits=_FILES,
    ),
    Benign(
        "a temporary file",
        "import tempfile\nwith tempfile.TemporaryFile('w+') as file:\n"
        "    file.write('x')\n    file.seek(0)\n    return file.read()",
        "x",
        limits=_FILES,
    ),
    Benign(
        "folders",
        "import shutil\nos.makedirs('a/b')\nos.rename('a/b', 'a/c')\nnames = os.listdir('a')\n"
        "shutil.rmtree('a')\nreturn names",
        ["c"],
        limits=_FILES,
    ),
    Benign(
        "an SQLite file",
        "import sqlite3\nwith sqlite3.connect('a.db') as db:\n"
        "    db.execute('create table t (x)')\n    db.execute('insert into t values (1)')\n"
        "return sqlite3.connect('a.db').execute('select x from t').fetchone()",
        (1,),
        limits=_FILES,
    ),
)

WITH_NUMPY = (
    Benign(
        "a matrix product",
        "return (np.arange(4).reshape(2, 2) @ np.eye(2)).tolist()",
        [[0.0, 1.0], [2.0, 3.0]],
        "import numpy as np",
    ),
    Benign(
        "linear algebra",
        "return round(float(np.linalg.det(np.array([[1, 2], [3, 4]]))), 6)",
        -2.0,
        "import numpy as np",
    ),
    Benign(
        "random arrays",
        "return np.random.default_rng(0).random(3).shape",
        (3,),
        "import numpy as np",
    ),
)

PROGRAMS = _LIBRARIES + _ASYNCHRONOUS
