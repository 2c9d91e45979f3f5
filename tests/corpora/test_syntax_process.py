"""Parsing in a process of its own: what kills a parser does not kill the one who asks."""

from __future__ import annotations

import ast

from lit_coder.corpora.syntax_fingerprints import function_bodies, matching_runs
from lit_coder.corpora.syntax_process import SyntaxProcess


def test_programs_that_differ_by_layout_comments_and_docstrings_are_one() -> None:
    with SyntaxProcess() as parser:
        one = parser.program("def f(x):\n    'Docs.'\n    return x + 1\n")
        other = parser.program("# why\ndef f(x): return (x+1)\n")
        assert one == other != parser.program("def f(x): return x + 2")


def test_deep_nesting_ends_neither_this_process_nor_the_next_answer() -> None:
    deep = "(" * 5000 + ")" * 5000
    very_deep = "x = " + "-" * 2_000_000 + "1"
    with SyntaxProcess() as parser:
        assert parser.program(deep) is None
        assert parser.program(very_deep) is None
        assert parser.program("x = 1") is not None


def test_a_process_that_died_is_counted_and_another_started() -> None:
    with SyntaxProcess() as parser:
        assert parser.program("x = 1") is not None
        assert parser._process is not None
        parser._process.kill()
        parser._process.wait()
        assert parser.program("x = 2") is None
        assert parser.num_crashes == 1
        assert parser.program("x = 2") is not None


def test_no_python_has_no_fingerprint() -> None:
    with SyntaxProcess() as parser:
        assert parser.program("print 'hello'") is None
        assert parser.bodies("a b", {("Return",)}) is None
        assert parser.num_crashes == 0


def test_a_body_is_found_among_other_statements() -> None:
    (body,) = function_bodies(ast.parse("def f(xs):\n    s = 0\n    return s + len(xs)\n"))
    text = "class A:\n  def g(self, list):\n    print(1)\n    t = 0\n    return t + len(list)\n"
    assert body.fingerprint in matching_runs(ast.parse(text), {body.kinds})
    assert body.fingerprint not in matching_runs(ast.parse(text.replace("0", "1")), {body.kinds})


def test_whether_a_text_parses_is_said_without_its_tree() -> None:
    with SyntaxProcess() as parser:
        assert parser.parses("def f(x):\n    return x\n") and parser.parses("")
        assert not parser.parses("print 'hello'") and not parser.parses("x = 1\0")
        assert not parser.parses("x = " + "-" * 2_000_000 + "1")
        assert parser.parses("x = 1")
