"""An `Execution` as plain JSON, with the types of its values kept.

    json.dumps(execution_json(execution, job, "bubblewrap"), allow_nan=False)

Every field of the execution under its own name, with what it ran under: language, limits, wall.
An outcome with a value holds it as Python writes it (`repr`: tuples, sets, bytes, nan, True and 1
each as they are; integers beyond 64 bits in hexadecimal, which has no limit of digits), and as
`value` too where JSON can say exactly that. Nothing is run here.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

from lit_coder.sandbox.contract import CallJob, Execution, Outcome, StdioJob

# What other readers of JSON, which count in floats, read exactly.
_PLAIN_INTEGER = 2**53
_SHORT_INTEGER = 2**64


def execution_json(execution: Execution, job: CallJob | StdioJob, wall: str) -> dict[str, Any]:
    """The execution of a job behind a wall, of nothing but what JSON has."""
    found = {each.name: getattr(execution, each.name) for each in fields(execution)}
    if execution.features is not None:
        found["features"] = asdict(execution.features)
    found["outcomes"] = [[_outcome(each) for each in case] for case in execution.outcomes]
    return found | {"language": job.language, "limits": asdict(job.limits), "wall": wall}


def _outcome(outcome: Outcome) -> dict[str, object]:
    if outcome.exception is not None:
        return {"exception": outcome.exception}
    if outcome.unsupported:
        return {"unsupported": True}
    value = outcome.value
    exact = {"value": value} if _is_exact(value) else {}
    return {"repr": python_text(value), **exact}


def python_text(value: object) -> str:
    """A plain value as Python writes it, the members of sets in order."""
    if isinstance(value, int) and abs(value) >= _SHORT_INTEGER:
        return f"{value:#x}"
    if isinstance(value, dict):
        pairs = (f"{python_text(key)}: {python_text(each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(python_text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(python_text, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, (set, frozenset)):
        members = f"{{{', '.join(sorted(map(python_text, value)))}}}" if value else ""
        if isinstance(value, frozenset):
            return f"frozenset({members})"
        return members or "set()"
    return repr(value)


def _is_exact(value: object) -> bool:
    """Whether JSON says just this value, for every reader."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= _PLAIN_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, list):
        return all(map(_is_exact, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_exact(key) for key in value) and all(
            map(_is_exact, value.values())
        )
    return False
