"""Reads rows that hold one program: CodeParrot clean, CodeSearchNet, The Stack, StarCoderData.

    record = codeparrot_record(Cells(row, number=1))
    record.text, record.licence

The program is what a row is for; where it is from goes into the record's name.
"""

from __future__ import annotations

from collections.abc import Callable

from lit_coder.corpora.datasets.cells import Cells
from lit_coder.corpora.datasets.record import Record


def codeparrot_record(cells: Cells) -> Record:
    """CodeParrot clean: whole files, each with the licence of its repository."""
    repository, path = cells.text("repo_name", default=""), cells.text("path", default="")
    name = f"{repository}/{path}".strip("/") or f"row {cells.number}"
    licence = cells.text("license", default="")
    program = cells.filled("content", "code")
    return Record(name, "text", text=program, licence=licence, language=_language(cells))


def code_search_record(cells: Cells) -> Record:
    """CodeSearchNet: one function, in both published forms of the columns."""
    repository = cells.text("repository_name", "repo", default="")
    name = f"{repository}/{cells.text('func_code_url', 'url', 'func_name', default='')}".strip("/")
    program = cells.filled("whole_func_string", "original_string")
    instruction = cells.text("func_documentation_string", "docstring", default="")
    return Record(
        name or f"row {cells.number}", "text", instruction, program, language=_language(cells)
    )


def stack_record(cells: Cells) -> Record:
    """The Stack and StarCoderData: whole files, licences as a list."""
    name = cells.name("hexsha", "id", "max_stars_repo_path", "path")
    licences = cells.value("licenses", default=[]) if "licenses" in cells.row else []
    licence = ", ".join(map(str, licences)) if isinstance(licences, list) else str(licences)
    program = cells.filled("content")
    return Record(name, "text", text=program, licence=licence, language=_language(cells))


def _language(cells: Cells) -> str:
    return cells.text("language", "lang", default="python").lower()


PROGRAM_READERS: dict[str, Callable[[Cells], Record]] = {
    "codeparrot_clean": codeparrot_record,
    "codesearchnet": code_search_record,
    "the_stack_smol": stack_record,
    "starcoderdata": stack_record,
}
