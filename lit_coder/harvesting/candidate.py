"""A function that may become a problem: what the finder says of it, and the texts made of it.

    candidate.program              # runs alone
    candidate.prompt, candidate.reference

Plain data; nothing is executed here, and no text of a harvested file is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from lit_coder.problems.problem import Value


class Parameter(NamedTuple):
    """One positional parameter.

    Attributes:
        hint: its type as `inside/hints.py` writes it; () where none is known.
        default: as it is written, "" where there is none.
    """

    name: str
    hint: tuple[Any, ...]
    is_required: bool
    default: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A function with all that it needs of its module.

    Attributes:
        is_exported: whether the module's attribute of that name is this function in the end.
        place: the document it is from, as "json/decoder.py".
        licence: of that document, "not stated" where that is not known.
        context: imports, constants and helpers.
        header: decorators and signature.
        docstring: as it is written, "" where there is none.
        examples: argument lists of calls that were found.
        fingerprint: equal for functions that do the same in the same way.
    """

    name: str
    is_exported: bool
    place: str
    line: int
    licence: str
    context: str
    header: str
    docstring: str
    body: str
    indent: str
    parameters: tuple[Parameter, ...]
    num_nodes: int
    complexity: int
    fingerprint: str
    constants: tuple[Value, ...]
    examples: tuple[tuple[Value, ...], ...] = ()

    @property
    def source(self) -> str:
        """The function's own text."""
        return self.header + self.docstring + self.body

    @property
    def program(self) -> str:
        """Everything it needs, and the function."""
        return self.opening + self.source

    @property
    def opening(self) -> str:
        """What stands before the function."""
        return f"{self.context}\n\n" if self.context else ""

    @property
    def difficulty(self) -> int:
        """1 to 5, by branches and size."""
        bounds = ((2, 40), (4, 80), (7, 140), (12, 240))
        return 1 + sum(
            self.complexity > branches or self.num_nodes > nodes for branches, nodes in bounds
        )


def candidate_from(found: dict[str, Any], place: str, licence: str) -> Candidate:
    """The candidate that the finder's dictionary describes."""
    own = {name: found[name] for name in _SAME}
    return Candidate(
        place=place,
        licence=licence,
        parameters=tuple(Parameter(*each) for each in found["parameters"]),
        constants=tuple(found["constants"]),
        examples=tuple(tuple(each) for each in found["examples"]),
        **own,
    )


_SAME = (
    "name",
    "is_exported",
    "line",
    "context",
    "header",
    "docstring",
    "body",
    "indent",
    "num_nodes",
    "complexity",
    "fingerprint",
)
