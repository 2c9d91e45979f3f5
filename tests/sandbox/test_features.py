import ast
import sys

import pytest

from lit_coder.sandbox.inside.features import describe

# What fingerprints are compared with may be older than the code that makes them.
GOLDEN: dict[str, tuple[str, str, int, int, int, tuple[str, ...]]] = {
    "": (
        "2f927ea6fa3ab4fcd32228034737b8d8",
        "2f927ea6fa3ab4fcd32228034737b8d8",
        1,
        0,
        1,
        (),
    ),
    "def f(values):\n    total = 0\n    for v in values:\n        total += v\n    return total\n": (
        "9e76d80714dcba7086c169ee0b3ae32f",
        "b4314b522d9d10bbee225a5c1a328c2a",
        16,
        5,
        2,
        (),
    ),
    "'''doc'''\nimport os, a.b as c\nfrom math import *\nx = lambda y, *z: [w for w in z if w]\n": (
        "eff8405359513006dcb22c7b2bb3d7a6",
        "de5c3a721d11cb2dae2c3ddf5f20f856",
        20,
        4,
        3,
        ("c", "os"),
    ),
    "@d(k=1)\ndef f(f, *, a: int = 1, **k) -> int:\n '''doc'''\n global g\n g = f(f, k)\n": (
        "9e6abf625b1abe5bb65757cf35502bd0",
        "7daa636ea943f97af74e4aa1d67248c9",
        22,
        5,
        1,
        (),
    ),
    "class A(B):\n def m(self):\n  try: x = '\\ud800'\n  except (E := X) as e: raise\n": (
        "b6551958d51ef44b6cbfe3eb9044947d",
        "53382a85bffde799b9a7c4f4b6b418d5",
        15,
        4,
        2,
        ("E", "x"),
    ),
    "def f(n):\n m = 1\n def g():\n  nonlocal m\n  m = {**n, 1: -2.5j, ...: None}\n": (
        "1e1c861982a8f7fba389f5f30f12cc8c",
        "374445b6d457c8bff1d8a6f07202c53b",
        20,
        5,
        1,
        (),
    ),
    "match a:\n    case {'k': v, **r} | A(1, b=c) if v and r: del v\n    case [1, *_]: pass\n": (
        "8c88c2839512f9afaa1c849fb25cb5b0",
        "8c88c2839512f9afaa1c849fb25cb5b0",
        25,
        3,
        4,
        (),
    ),
    "async def f(s):\n    async with s as (t, u.v): return f'{t!r}', 0xff, t[1:, ::2]\n": (
        "116dc7a5430405eb26713186d5869ca7",
        "66f6db2bea92459d39488816d67a8c58",
        24,
        2,
        1,
        (),
    ),
}


def facts(source: str) -> tuple[str, str, int, int, int, tuple[str, ...]]:
    return describe(ast.parse(source), source)


@pytest.mark.parametrize("source", GOLDEN)
def test_facts_of_the_same_text_never_change(source: str) -> None:
    assert facts(source) == GOLDEN[source]


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


def test_a_tree_deeper_than_the_recursion_limit_is_described() -> None:
    deep: ast.expr = ast.Constant(1)
    for _ in range(2 * sys.getrecursionlimit()):
        deep = ast.UnaryOp(ast.USub(), deep)
    tree = ast.Module([ast.Expr(deep)], [])
    assert describe(tree, "")[2] == 4 * sys.getrecursionlimit() + 3


def test_a_name_that_a_later_function_declares_global_is_not_unused() -> None:
    assign, declare = "def a():\n    x = 1\n", "def b():\n    global x\n    x = 2\n"
    assert facts(declare + assign)[5] == ()
    assert facts(assign + declare)[5] == ("x",)


def test_a_deep_tree_and_a_long_integer_are_described() -> None:
    assert facts("x = " + " + ".join(["a"] * 900))[2] > 1800
    assert facts(f"x = 0x{'f' * 20_000}\n")[4] == 1
