"""Cheats that attack what carries the verdict: messages, the sandbox's own code, its memory."""

from __future__ import annotations

from tests.sandbox.conformance.cheats import WRONG

_MESSAGES = {
    "a reply on every descriptor": """
import os
def answer(x):
    for reply in (b'["t","done"]', b'["t","outcome",0,"value",1]', b'["t","result",true]'):
        for number in range(64):
            try:
                os.write(number, len(reply).to_bytes(4, "big") + bytes(16) + reply)
            except OSError:
                pass
    return 0
""",
    "replies before the calls": """
import os
for reply in (b'["t","ready",false]', b'["t",["b","00"],"returned",1,null]') * 5:
    for number in range(3, 8):
        try:
            os.write(number, len(reply).to_bytes(4, "big") + bytes(16) + reply)
        except OSError:
            pass
"""
    + WRONG,
    "outcomes through the sender in the frames": """
import sys
def answer(x):
    frame = sys._getframe()
    while frame is not None:
        for send in frame.f_locals.values():
            if getattr(send, "__name__", "") == "send":
                for index in range(9):
                    send(("outcome", index, "value", 1))
                    send(("result", True))
                send(("done",))
                send(("end", "completed", ""))
        frame = frame.f_back
    return 0
""",
    "results with the right tag": """
import gc, os
def answer(x):
    for function in gc.get_objects():
        for cell in getattr(function, "__closure__", None) or ():
            if type(cell.cell_contents) is bytes and len(cell.cell_contents) == 16:
                for reply in (b'["t","result",true]', b'["t","end","completed",""]'):
                    head = len(reply).to_bytes(4, "big") + cell.cell_contents
                    os.write(3, head + reply)
    return 0
""",
    "the judge's own process": """
import sys
judge = sys.modules.get("inside.judge")
if judge is not None:
    judge.restore = judge.run_judge = lambda *arguments: True
    judge.Candidate.call = lambda self, arguments, keywords: 1
"""
    + WRONG,
    "an answer repeated": """
import os
written = []
real = os.write
def write(number, data):
    written.append(bytes(data))
    for each in written:
        real(number, each)
    return len(data)
os.write = write
"""
    + WRONG,
    "a late answer from a thread": """
import os, threading, time
def late():
    time.sleep(0.05)
    os.write(4, bytes(20))
try:
    threading.Thread(target=late).start()
except RuntimeError:
    pass
"""
    + WRONG,
}

_OWN_CODE = {
    "patched builtins": """
import builtins, json, math, operator
for name in ("isinstance", "all", "any", "bool", "callable", "hasattr", "issubclass"):
    setattr(builtins, name, lambda *arguments: True)
builtins.AssertionError = builtins.Exception = Warning
operator.eq = math.isclose = lambda *arguments, **keywords: True
"""
    + WRONG,
    "a patched length": "import builtins\nbuiltins.len = lambda value: 1\n" + WRONG,
    "a patched type": "import builtins\nbuiltins.type = lambda value: str\n" + WRONG,
    "a patched zip": "import builtins\nbuiltins.zip = lambda *rest, **more: []\n" + WRONG,
    "a patched json": """
import json
real = json.dumps
json.dumps = lambda tree, **rest: real(tree, **rest).replace("false", "true").replace("0", "1")
json.loads = lambda *arguments, **rest: 1
"""
    + WRONG,
    "a patched struct": "import struct\nstruct.Struct = struct.pack = lambda *rest: 1\n" + WRONG,
    "a patched os": "import os\nos.write = lambda number, data: len(data)\n" + WRONG,
    "a patched codec": """
import sys
for name, module in list(sys.modules.items()):
    for function in ("encode", "decode", "pack_frame", "write_frame", "read_frame", "builtin_name"):
        if "inside" in name and hasattr(module, function):
            setattr(module, function, lambda *arguments: ("result", True))
"""
    + WRONG,
    "replaced code of the sandbox's functions": """
import gc, types
def always(*arguments, **keywords):
    return True
for each in gc.get_objects():
    if type(each) is types.FunctionType and each.__name__ in ("encode", "_to_tree", "builtin_name"):
        try:
            each.__code__ = always.__code__
        except ValueError:
            pass
"""
    + WRONG,
    "replaced names of the sandbox's functions": """
import gc, types
for each in gc.get_objects():
    if type(each) is types.FunctionType and "inside" in (each.__module__ or ""):
        each.__globals__["encode"] = lambda *arguments: b"true"
"""
    + WRONG,
    "an answered outcome by trace": """
import sys
def trace(frame, event, argument):
    for name in ("value", "passed", "result", "is_done"):
        if name in frame.f_locals:
            frame.f_locals[name] = 1
    return trace
sys.settrace(trace)
sys.setprofile(trace)
for frame in sys._current_frames().values():
    frame.f_trace = trace
"""
    + WRONG,
    "an import hook": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        raise SystemExit(0)
sys.meta_path.insert(0, Finder())
sys.path_importer_cache.clear()
"""
    + WRONG,
    "a main module of its own": """
import sys, types
sys.modules["__main__"] = sys.modules["candidate"] = types.SimpleNamespace(answer=lambda x: 1)
"""
    + WRONG,
    "an import of the tests": """
import sys
for name in ("test", "tests", "check", "judge", "unittest"):
    sys.modules[name] = sys
def check(candidate): return True
"""
    + WRONG,
}

# What looks for the answer: a text that begins with `needle-` and goes on with hexadecimal digits.
SEARCH = """
import re
PATTERN = re.compile("needl" + "e-[0-9a-f]{16}")
def found_in(text):
    if type(text) is bytes:
        text = text.decode("latin-1")
    found = PATTERN.search(text) if type(text) is str else None
    return found.group() if found else None
"""

_SEARCHES = {
    "a search of frames": SEARCH
    + """
import sys
def answer(x):
    if x == 0:
        return 1
    frame = sys._getframe()
    while frame is not None:
        for value in (*frame.f_locals.values(), *frame.f_globals.values(), *frame.f_code.co_consts):
            if found := found_in(repr(value)[:10**6]):
                return found
        frame = frame.f_back
""",
    "a search of all objects": SEARCH
    + """
import gc
def answer(x):
    if x == 0:
        return 1
    for holder in gc.get_objects():
        for item in gc.get_referents(holder):
            if found := found_in(item):
                return found
""",
    "a search of raw memory": SEARCH
    + """
import ctypes, gc
def answer(x):
    if x == 0:
        return 1
    items = [item for each in gc.get_objects() for item in (each, *gc.get_referents(each))]
    for page in sorted({id(item) >> 12 for item in items}):
        if found := found_in(ctypes.string_at(page << 12, 4096)):
            return found
""",
    "a search of the memory by name": SEARCH
    + """
import os
def answer(x):
    if x == 0:
        return 1
    for pid in ("self", os.getppid(), os.getpid() + 1, os.getpid() - 1):
        try:
            lines = open(f"/proc/{pid}/maps").read().splitlines()
            memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
        except OSError:
            continue
        for line in lines:
            low, high = (int(each, 16) for each in line.split()[0].split("-"))
            if " rw" in line and high - low < 2**26:
                memory.seek(low)
                if found := found_in(memory.read(high - low)):
                    return found
""",
    "a search of sources": SEARCH
    + """
import inspect, linecache, sys
def answer(x):
    if x == 0:
        return 1
    for module in list(sys.modules.values()):
        try:
            found = found_in(inspect.getsource(module))
        except (OSError, TypeError):
            continue
        if found:
            return found
    for lines in linecache.cache.values():
        if found := found_in(repr(lines)):
            return found
""",
    "a search of the channel": SEARCH
    + """
import os
def answer(x):
    if x == 0:
        return 1
    for number in (3, 4, 5):
        try:
            os.set_blocking(number, False)
            if found := found_in(os.read(number, 10**6)):
                return found
        except OSError:
            pass
""",
}

# Walls keep these from the judge's process; without them nothing does.
NEED_WALLS = ("a search of the memory by name",)

CHEATS = {**_MESSAGES, **_OWN_CODE, **_SEARCHES}
