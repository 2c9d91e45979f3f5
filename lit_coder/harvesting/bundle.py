"""The files of `inside/` as one program for the sandbox, which has nothing of this package.

    CallJob(bundle(FINDER), ((Call("find", (text, "", 12)),),), limits)

They are sent as text and become modules of the same names there, so that they read like all other
files and share the comparison that verdicts use. They import the standard library and each other.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
FINDER = (
    "harvesting.inside.hints",
    "harvesting.inside.purity",
    "harvesting.inside.source_text",
    "harvesting.inside.slicing",
    "harvesting.inside.finder",
)
TRIAL = (
    "verification.comparison",
    "harvesting.inside.execution",
    "harvesting.inside.coverage",
    "harvesting.inside.inputs",
    "harvesting.inside.mutation",
    "harvesting.inside.search",
    "harvesting.inside.trial",
)
_LOADER = """
import sys, types

def _add(name, text):
    module = types.ModuleType("lit_coder." + name)
    sys.modules[module.__name__] = module
    exec(compile(text, module.__name__, "exec"), module.__dict__)
    return module

for _package in ("", ".problems", ".verification", ".harvesting", ".harvesting.inside"):
    sys.modules["lit_coder" + _package] = types.ModuleType("lit_coder" + _package)
    sys.modules["lit_coder" + _package].__path__ = []
_add("problems.problem", "Value = object")
for _name, _text in _FILES:
    _last = _add(_name, _text)
globals().update((name, item) for name, item in vars(_last).items() if callable(item))
"""


def bundle(names: tuple[str, ...]) -> str:
    """A program whose functions are those of the last named file."""
    files = []
    for name in names:
        path = _PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
        files.append((name, path.read_text(encoding="utf-8")))
    return f"_FILES = {files!r}\n{_LOADER}"
