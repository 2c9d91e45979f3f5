from __future__ import annotations

import ast

import pytest

from lit_coder.sandbox.inside.features import describe, describe_whole

BASE = "def f(values):\n    total = 0\n    for v in values:\n        total += v\n    return total\n"


def facts(source: str) -> tuple[int, tuple[str, ...], set[str]]:
    *_, num_dead, documented, shingles = describe_whole(ast.parse(source), source)
    assert isinstance(num_dead, int) and isinstance(documented, tuple)
    assert isinstance(shingles, str) and len(shingles) % 8 == 0
    return num_dead, documented, {shingles[i : i + 8] for i in range(0, len(shingles), 8)}


@pytest.mark.parametrize(
    ("body", "num_dead"),
    [
        ("return x", 0),
        ("return x\n    y = 1\n    return y", 2),
        ("raise E\n    x", 1),
        ("for i in x:\n        continue\n        i += 1", 1),
        (
            "while 1:\n        break\n        print(x)\n    else:\n        x = 1\n        return x",
            3,
        ),
        ("if 0:\n        print(x)\n    return x", 1),
        ("if x:\n        return 1\n    return 2", 0),
        ("'text'\n    'more'\n    3\n    x\n    f(x)\n    return x", 3),
        ("...", 0),
        ("pass", 0),
        ("x += 1\n    pass\n    return x", 1),
        ("x = x\n    y = x\n    return y", 1),
        ("try:\n        return x\n        x = 1\n    except E:\n        raise\n        x = 2", 2),
        ("match x:\n        case 1:\n            return x\n            x = 1", 1),
        ("return (lambda y: y)(x if x else 1)", 0),
    ],
)
def test_statements_that_never_run_or_do_nothing_are_counted(body: str, num_dead: int) -> None:
    assert facts(f"def f(x):\n    {body}\n")[0] == num_dead


def test_the_last_definition_of_a_name_says_whether_it_is_documented() -> None:
    documented = "def f():\n    '''Text.'''\nclass A:\n    '''Text.'''\n    def m(self): pass\n"
    assert facts(documented)[1] == ("f", "A")
    assert facts(documented + "def f(): return 1\n")[1] == ("A",)
    assert facts("'''Text.'''\ndef f():\n    ''\ndef g():\n    f''\n")[1] == ()


def test_shingles_ignore_names_layout_and_docstrings_and_share_what_is_alike() -> None:
    same = BASE.replace("total", "s").replace("\n    s = 0", "\n    '''Sum.'''\n    s  =  0  # !")
    assert facts(same)[2] == facts(BASE)[2]
    near = facts(BASE.replace("+=", "-="))[2]
    shared = len(near & facts(BASE)[2]) / len(near | facts(BASE)[2])
    assert 0.2 < shared < 1
    assert facts("print([w for w in {}])\n")[2].isdisjoint(facts(BASE)[2])


def test_of_a_long_program_the_smallest_shingles_are_kept_the_same_at_every_call() -> None:
    long = "".join(f"a{i} = b{i} * {i} + c{i}\n" for i in range(400))
    assert len(facts(long)[2]) == 512
    assert describe_whole(ast.parse(long), long) == describe_whole(ast.parse(long), long)
    assert len(facts("")[2]) == 1
    assert facts("x = '\\ud800'\n")[0] == 0


def test_the_first_facts_are_those_of_describe() -> None:
    assert describe_whole(ast.parse(BASE), BASE)[:6] == describe(ast.parse(BASE), BASE)
