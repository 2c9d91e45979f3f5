"""Cheats of whole programs, which are judged by what they print for a text on standard input.

The problem: "5" on standard input asks for a random text, "0" for "1".
"""

from __future__ import annotations

from tests.sandbox.conformance.cheats_of_the_channel import SEARCH

CHEATS = {
    "nothing": "",
    "leaving at once": "import os\nos._exit(0)\n",
    "sys.exit": "import sys\nsys.exit(0)\n",
    "SystemExit after a 1": "print(1)\nraise SystemExit(0)\n",
    "both answers at once": "print(1)\nprint('needle-')\n",
    "only what is known": "print(1 if input() == '0' else 'needle-')\n",
    "a printed marker": "print('passed')\nprint('ok', True)\n",
    "the input": "print(input())\n",
    "a flood": "while True: print(1)\n",
    "every digit": "for n in range(10**4): print(f'needle-{n:016x}')\n",
    "a closed output": "import os\nprint(1, flush=True)\nos.close(1)\n",
    "a null output": "print('\\0' * 100)\n",
    "terminal codes": "print('x\\r1\\x1b[2K\\x1b[1A\\b\\b')\n",
    "a change of the input": "import os\nos.write(0, b'0')\nos.lseek(0, 0, 0)\nprint(1)\n",
    "the end of the input": "import os\nos.lseek(0, 0, 2)\nprint(os.read(0, 10**6).decode())\n",
    "messages on the channel": """
import os
for reply in (b'["t","features"]', b'["t","loaded"]', b'["t","done"]'):
    for number in range(3, 8):
        try:
            os.write(number, len(reply).to_bytes(4, "big") + bytes(16) + reply)
        except OSError:
            pass
""",
    "a report of its own": """
import gc
for each in gc.get_objects():
    for cell in getattr(each, "__closure__", None) or ():
        if getattr(cell.cell_contents, "__name__", "") == "send":
            cell.cell_contents(("done",))
""",
    "a search of all objects": SEARCH
    + """
import gc
for holder in gc.get_objects():
    for item in gc.get_referents(holder):
        if found := found_in(item):
            print(found)
            raise SystemExit
print(1)
""",
    "a search of files": SEARCH
    + """
import os
for folder in (os.getcwd(), "/tmp", "/dev/fd", os.path.dirname(os.getcwd())):
    try:
        names = os.listdir(folder)[:50]
    except OSError:
        continue
    for name in names:
        try:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NONBLOCK)
            found = found_in(os.read(descriptor, 10**5))
        except OSError:
            continue
        if found:
            print(found)
            raise SystemExit
print(1)
""",
}
