"""The interpreter that programs run in: the one that runs this, without its environment.

    command = zygote_command(base_interpreter(), INSIDE_PARENT, control, settings)

A virtual environment's packages are not seen: its base interpreter is started with `-I -S`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.inside.settings import ZygoteSettings

INSIDE_PARENT = Path(__file__).resolve().parent
"""The folder that holds the package `inside`."""

ISOLATED = ("-I", "-S", "-B", "-X", "utf8", "-c")
# The folder is on the path only while our own files are imported: programs must not find it.
_BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from inside import zygote; "
    "del sys.path[0]; zygote.main()"
)
# Used by most programs, and dearer to import in every child than to have in every fork.
MODULES = (
    "bisect",
    "collections",
    "copy",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "string",
    "typing",
)


def base_interpreter() -> Path:
    """The interpreter's own file, links and virtual environments resolved."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def base_prefix() -> Path:
    """The folder in which the interpreter and its standard library are installed."""
    return Path(sys.base_prefix).resolve()


def interpreter_below(prefix: Path) -> Path:
    """The interpreter where its own prefix is shown as `prefix`.

    Raises:
        SandboxUnavailable: it is not inside its prefix.
    """
    interpreter, own_prefix = base_interpreter(), base_prefix()
    if not interpreter.is_relative_to(own_prefix):
        raise SandboxUnavailable(
            f"The interpreter {interpreter} is outside its prefix {own_prefix} and cannot be shown "
            "elsewhere: use another Python, or sandbox.isolation kernel as an ordinary user."
        )
    return prefix / interpreter.relative_to(own_prefix)


def zygote_command(
    python: str, inside_parent: str, control: int, settings: ZygoteSettings
) -> list[str]:
    """The command line of a zygote; paths as that process will see them."""
    return [python, *ISOLATED, _BOOTSTRAP, inside_parent, str(control), settings.to_json()]
