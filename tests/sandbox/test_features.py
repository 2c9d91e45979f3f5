import ast

import pytest

from lit_coder.sandbox.inside.features import describe


def facts(source: str) -> tuple[str, str, int, int, int, tuple[str, ...]]:
    return describe(ast.parse(source), source)


BASE = "def f(values):\n    total = 0\n    for v in values:\n        total += v\n    return total\n"


@pytest.mark.parametrize(
    "same",
    [
        BASE.replace("total = 0", "total = 0  # sum"),
        BASE.replace("\n    total = 0", '\n    """Sum."""\n    total  =  0'),
        "'''Module text.'''\n\n" + BASE,
        BASE.replace("    ", "\t"),
    ],
)
def test_comments_layout_and_docstrings_do_not_change_the_fingerprint(same: str) -> None:
    assert facts(same)[:2] == facts(BASE)[:2]


def test_renamed_locals_change_only_the_exact_fingerprint() -> None:
    renamed = BASE.replace("total", "s").replace("values", "xs").replace(" v", " each")
    assert facts(renamed)[0] != facts(BASE)[0]
    assert facts(renamed)[1] == facts(BASE)[1]


@pytest.mark.parametrize(
    "different",
    [
        BASE.replace("+=", "-="),
        BASE.replace("return total", "return v"),
        BASE.replace("def f", "def g"),
        BASE.replace("total = 0", "total = 0.0"),
        BASE.replace("total = 0", "total = False"),
        BASE.replace("total = 0", "total = '0'"),
    ],
)
def test_another_program_has_other_fingerprints(different: str) -> None:
    assert facts(different)[0] != facts(BASE)[0]
    assert facts(different)[1] != facts(BASE)[1]


def test_global_names_and_called_functions_are_not_renamed() -> None:
    first = "def f(x):\n    return max(x)\n"
    assert facts(first)[1] != facts(first.replace("max", "min"))[1]
    assert (
        facts("def f():\n    global a\n    a = 1\n")[1]
        != (facts("def f():\n    global b\n    b = 1\n")[1])
    )


def test_nested_functions_and_lambdas_are_renamed_consistently() -> None:
    first = "def f(x):\n    def g(y): return x + y\n    return list(map(lambda z: g(z), [x]))\n"
    second = "def f(a):\n    def h(b): return a + b\n    return list(map(lambda c: h(c), [a]))\n"
    swapped = "def f(a):\n    def h(b): return b + a\n    return list(map(lambda c: h(c), [a]))\n"
    assert facts(first)[1] == facts(second)[1] != facts(swapped)[1]


def test_sizes_are_counted() -> None:
    _, _, num_nodes, num_lines, complexity, _ = facts("x = 1\n\n\ny = x if x and x > 0 else 2\n")
    assert num_nodes == 16
    assert num_lines == 2
    assert complexity == 3


@pytest.mark.parametrize(
    ("source", "unused"),
    [
        ("import os, sys\nprint(sys)\n", ("os",)),
        ("from math import *\nfrom __future__ import annotations\n", ()),
        ("import a.b as c\nimport d.e\nd.e\n", ("c",)),
        ("def f(x):\n    y = 1\n    z = 2\n    return z\n", ("y",)),
        ("def f():\n    global g\n    g = 1\n", ()),
        ("def f():\n    for _i in range(3): pass\n", ()),
        ("module_level = 1\n", ()),
    ],
)
def test_unused_imports_and_locals_are_named(source: str, unused: tuple[str, ...]) -> None:
    assert facts(source)[5] == unused


def test_a_deep_tree_and_a_long_integer_are_described() -> None:
    assert facts("x = " + " + ".join(["a"] * 900))[2] > 1800
    assert facts(f"x = 0x{'f' * 20_000}\n")[4] == 1
