"""A problem from an examined function: prompt, cases, reference.

    problem = make_problem(candidate, examined, source="stdlib")

The prompt is what the function needs of its module, its signature and its docstring; the reference
is the rest of its body as it was written. A function without a docstring gets a short one of its
name's words and a few of the visible cases.
"""

from __future__ import annotations

from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import Examined
from lit_coder.harvesting.literals import call_text, literal
from lit_coder.problems.problem import Case, Cases, Problem

SOURCE_PREFIX = "harvested:"
_LONGEST_EXAMPLE = 80
# A sentence, a blank, and two lines for each of three examples.
_MOST_LINES = 8


def make_problem(candidate: Candidate, examined: Examined, source: str) -> Problem:
    """The problem; its tests are the chosen cases."""
    visible, hidden = (
        tuple(
            Case.call(candidate.name, examined.inputs[index], examined.values[index])
            for index in chosen
        )
        for chosen in (examined.chosen.visible, examined.chosen.hidden)
    )
    docstring = candidate.docstring or _docstring(candidate, visible)
    name = SOURCE_PREFIX + source
    return Problem(
        task_id=f"{name}/{candidate.place}:{candidate.name}",
        prompt=candidate.opening + candidate.header + docstring,
        entry_point=candidate.name,
        tests=Cases(visible, hidden),
        kind="function",
        source=name,
        difficulty=candidate.difficulty,
        reference=candidate.body,
    )


def _docstring(candidate: Candidate, visible: tuple[Case, ...]) -> str:
    """What the name says, and examples."""
    words = candidate.name.strip("_").replace("_", " ") or candidate.name
    lines = [f"{words[0].upper()}{words[1:]}.", ""]
    for case in visible:
        asked = call_text(candidate.name, case.operations[0].arguments)
        given = literal(case.expected[0])
        is_short = max(len(asked), len(given)) <= _LONGEST_EXAMPLE
        if given != "None" and is_short and '"""' not in asked + given and len(lines) < _MOST_LINES:
            lines += [f">>> {asked}", given]
    if len(lines) == 2:
        return f'{candidate.indent}"""{lines[0]}"""\n'
    mark = 'r"""' if "\\" in "".join(lines) else '"""'
    text = "\n".join([mark + lines[0], *lines[1:], '"""'])
    return "".join(f"{candidate.indent}{line}\n" if line else "\n" for line in text.split("\n"))
