"""Instructions as prompts."""

from __future__ import annotations

import ast

import pytest

from lit_coder.training_data.dataset_template import TEMPLATES, InstructionTemplate

AWKWARD = 'Print """quoted""", a \\N backslash\r\nand end with a "quote"'


def test_the_default_is_a_docstring_as_mbpp_is_asked() -> None:
    assert InstructionTemplate().prompt("Add two numbers.\n") == '"""\nAdd two numbers.\n"""\n'


@pytest.mark.parametrize(
    "name", ["docstring", "comment", '"""{instruction}"""\n', "#: {instruction}\n"]
)
def test_a_template_of_python_stays_python_whatever_is_asked(name: str) -> None:
    template = InstructionTemplate(name)
    assert template.is_python
    ast.parse(template.prompt(AWKWARD) + "def f():\n    return 1\n")


def test_every_line_of_a_comment_begins_as_the_first() -> None:
    assert InstructionTemplate("comment").prompt("one\n\ntwo") == "# one\n#\n# two\n"


def test_prose_is_no_python_and_keeps_what_is_asked_as_it_is() -> None:
    template = InstructionTemplate("alpaca")
    assert not template.is_python
    assert 'a "b" \\d' in template.prompt('a "b" \\d')
    assert InstructionTemplate(r"Q: {instruction}\nA:\n").prompt("why?") == "Q: why?\nA:\n"


@pytest.mark.parametrize("text", ["none", "", "{instruction} {instruction}", "{instructions}"])
def test_a_text_without_one_place_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(ValueError, match="docstring, comment, alpaca") as refused:
        InstructionTemplate(text)
    assert "data.instruction_template" in str(refused.value)
    assert all(name in str(refused.value) for name in TEMPLATES)
