r'''How an instruction is asked: the text that stands before the answer which is learned.

    template = InstructionTemplate("docstring")
    template.prompt("Add two numbers.")            # '"""\nAdd two numbers.\n"""\n'
    InstructionTemplate("Q: {instruction}\nA:\n")  # text of one's own

A prompt of a template that is Python (a docstring, a comment) is Python whatever the instruction
says, so that it may stand before a program that is run. It knows nothing of tokens.
'''

from __future__ import annotations

import ast
import warnings

PLACE = "{instruction}"

TEMPLATES = {
    "docstring": f'"""\n{PLACE}\n"""\n',
    "comment": f"# {PLACE}\n",
    "alpaca": (
        "Below is an instruction that describes a task. Write a response that appropriately "
        f"completes the request.\n\n### Instruction:\n{PLACE}\n\n### Response:\n"
    ),
}
"""What Google's MBPP protocol and most docstring prompts look like; a comment; Alpaca's."""


class InstructionTemplate:
    r"""A template.

    Args:
        text: a name of `TEMPLATES`, or a text with `{instruction}` in it once; `\n` written as
            two characters is the end of a line.

    Raises:
        ValueError: it is no name, and the instruction has no place in it.
    """

    def __init__(self, text: str = "docstring") -> None:
        self.name = text
        template = TEMPLATES.get(text, text.replace("\\n", "\n"))
        if template.count(PLACE) != 1:
            raise ValueError(
                f"data.instruction_template {text!r} is neither {', '.join(TEMPLATES)} nor a text "
                f"with {PLACE} in it once; write one, as 'Q: {PLACE}\\nA:\\n'"
            )
        self._before, self._after = template.split(PLACE)
        last_line = self._before.rpartition("\n")[2]
        # "# {instruction}": what begins the line begins every line.
        self._line_start = last_line if last_line.lstrip().startswith("#") else ""
        self._quotes = _open_quotes(self._before)

    def prompt(self, instruction: str) -> str:
        """What the answer follows."""
        text = instruction.replace("\r\n", "\n").replace("\r", "\n").strip()
        if self._quotes:
            text = text.replace("\\", "\\\\").replace(self._quotes, "'''")
            if text.endswith(self._quotes[0]) and not self._after.startswith(("\n", " ")):
                text += " "
        if self._line_start:
            text = "\n".join(
                line if not number else (self._line_start + line).rstrip()
                for number, line in enumerate(text.split("\n"))
            )
        return self._before + text + self._after

    @property
    def is_python(self) -> bool:
        """Whether a program may follow the prompt: it holds nothing but comments and a string."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body = ast.parse(self.prompt("Add 'two' \"numbers\":\nx + \\d y?")).body
        except SyntaxError:
            return False
        return all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in body)


def _open_quotes(text: str) -> str:
    """The quotes of a docstring that a text leaves open, "" where it leaves none."""
    return '"""' if text.count('"""') % 2 else ""
