"""Attacks on what a process inherits: environment, descriptors, modules, memory.

No backend hands these on, walls or not, so they are shown to work in a bare interpreter.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack, Kind


def _bare(name: str, proof: Kind, body: str) -> Attack:
    return Attack(name, proof, body, control="bare")


ATTACKS = (
    _bare("os.environ", "leak", "return os.environ.get('$environment_name')"),
    _bare(
        "the C library's getenv",
        "leak",
        """
        libc.getenv.restype = ctypes.c_char_p
        return libc.getenv(b'$environment_name')
        """,
    ),
    _bare(
        "the C library's environ",
        "leak",
        """
        entries = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, 'environ')
        found = []
        while entries and entries[len(found)]:
            found.append(entries[len(found)])
        return found
        """,
    ),
    _bare("/proc/self/environ", "leak", "return open('/proc/self/environ').read()"),
    _bare(
        "the start of the stack",
        "leak",
        """
        line = [each for each in open('/proc/self/maps') if '[stack]' in each][0]
        low, high = (int(each, 16) for each in line.split()[0].split('-'))
        import ctypes
        text = ctypes.string_at(low, high - low)
        return text[text.rfind(b'$environment_name='):][:100]
        """,
    ),
    _bare(
        "reading every descriptor",
        "leak",
        """
        found = []
        for number in range(4, 1024):
            try:
                found.append(os.pread(number, 1000, 0))
            except OSError:
                pass
        return found
        """,
    ),
    _bare(
        "writing every descriptor",
        "change",
        """
        for number in range(4, 1024):
            try:
                os.pwrite(number, b'changed', 0)
            except OSError:
                pass
        """,
    ),
    _bare(
        "descriptors by name",
        "leak",
        """
        found = []
        for number in os.listdir('/proc/self/fd'):
            if int(number) > 3:
                try:
                    found.append(open(f'/proc/self/fd/{number}').read(1000))
                except OSError:
                    pass
        return found
        """,
    ),
    _bare(
        "the trainer's packages",
        "gain",
        """
        import pytest
        return f'gained: {pytest.__file__}'
        """,
    ),
    _bare(
        "the trainer's folder",
        "gain",
        """
        sys.path.insert(0, '')
        import lit_coder
        return f'gained: {lit_coder.__file__}'
        """,
    ),
)
