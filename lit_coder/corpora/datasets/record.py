r"""One row of any dataset in the one form that everything after its reader works on.

    record = Record("3", "instruction", "Add two numbers.", "def add(a, b):\n    return a + b\n")
    record.instruction

A reader fills what its row has and leaves the rest empty. It does not say how a row is written
for training (that is a template's business) or whether it is any good (validation's).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lit_coder.problems.problem import Problem

RecordKind: TypeAlias = Literal["text", "instruction", "question-answer", "problem"]


@dataclass(frozen=True, slots=True)
class Record:
    """A row.

    Attributes:
        name: unique in its dataset: the row's own id, else "row 17".
        kind: "text" is a program as it is; "instruction" is answered by a program;
            "question-answer" by prose with code in fences; "problem" has tests.
        instruction: what is asked for, in words, its input included; "" for text.
        text: what a model is to learn: the program, or the answer; "" where none is known.
        problem: with tests and its reference, where kind is "problem".
        licence: the row's own, where it has one; "" = the dataset's.
        language: as the row names it, in lower case.
    """

    name: str
    kind: RecordKind
    instruction: str = ""
    text: str = ""
    problem: Problem | None = None
    licence: str = ""
    language: str = "python"
