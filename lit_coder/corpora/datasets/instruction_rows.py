r"""Reads rows of instructions with programs, and of questions with answers.

    record = alpaca_record(Cells({"instruction": "Add.", "input": "1, 2", "output": "print(3)"}, 1))
    record.instruction                      # "Add.\n\nInput:\n1, 2"

An answer that is a program, or a single fenced one, makes an "instruction"; one with prose around
its code stays whole and makes a "question-answer". Its language is what the row or the fence says.
"""

from __future__ import annotations

from collections.abc import Callable

from lit_coder.corpora.datasets.cells import Cells, RowFault
from lit_coder.corpora.datasets.fences import language_of, only_program, python_blocks
from lit_coder.corpora.datasets.record import Record, RecordKind

# What stands in Alpaca's column `input` where there is none.
_NO_INPUT = ("", "not applicable", "n/a", "none", "no input", "nan", "<noinput>")
_UNKNOWN_QUESTION = ("", "-")


def alpaca_record(cells: Cells) -> Record:
    """Alpaca: an instruction, perhaps its input, and the output; `prompt` repeats the first two."""
    instruction, given = cells.filled("instruction").strip(), cells.text("input", default="")
    if given.strip().lower().rstrip(".") not in _NO_INPUT:
        instruction = f"{instruction}\n\nInput:\n{given.strip()}"
    return answered(cells.name("id"), instruction, cells.filled("output"))


def evol_record(cells: Cells) -> Record:
    """Evol-Instruct: an instruction and an answer, called output or response."""
    answer = cells.filled("output", "response")
    return answered(cells.name("id"), cells.filled("instruction").strip(), answer)


def oss_instruct_record(cells: Cells) -> Record:
    """Magicoder OSS-Instruct: a problem, a solution, and the language of both."""
    problem, solution = cells.filled("problem").strip(), cells.filled("solution")
    record = answered(cells.name("index"), problem, solution)
    return _in_language(record, cells.text("lang", default=""))


def glaive_record(cells: Cells) -> Record:
    """Glaive: a question, and an answer with fences, which stays whole."""
    question, answer = cells.filled("question").strip(), cells.filled("answer").strip()
    return Record(
        cells.name("id"), "question-answer", question, answer, language=language_of(answer)
    )


def reasoning_record(cells: Cells, question_elsewhere: Callable[[Cells], str]) -> Record:
    """OpenCodeReasoning: a question, which may stand in another dataset, and the program alone."""
    question = cells.text("input", default="").strip()
    if question in _UNKNOWN_QUESTION:
        question = question_elsewhere(cells).strip()
    solution = cells.text("solution", default="")
    program = only_program(solution) or "".join(python_blocks(solution)[-1:])
    if not program.strip():
        raise RowFault("solution holds no program")
    licence = cells.text("license", default="")
    return Record(cells.name("id"), "instruction", question, program, licence=licence)


def answered(name: str, instruction: str, answer: str) -> Record:
    """An instruction where the answer is a program and nothing else, else question and answer."""
    program, language = only_program(answer), language_of(answer)
    kind: RecordKind = "question-answer" if program is None else "instruction"
    text = answer if program is None else program
    return Record(name, kind, instruction, text, language=language)


def _in_language(record: Record, language: str) -> Record:
    if not language:
        return record
    return Record(
        record.name, record.kind, record.instruction, record.text, language=language.lower()
    )


INSTRUCTION_READERS: dict[str, Callable[[Cells], Record]] = {
    "alpaca_python": alpaca_record,
    "code_alpaca": alpaca_record,
    "magicoder_oss_instruct": oss_instruct_record,
    "evol_instruct_code": evol_record,
    "magicoder_evol_instruct": evol_record,
    "glaive_qa": glaive_record,
}
