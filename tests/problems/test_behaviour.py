"""Equal behaviour, equal hash: what makes a difference and what does not."""

import pytest

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.problem import (
    Call,
    Case,
    Cases,
    CheckProgram,
    Construct,
    MethodCall,
    Operation,
    Problem,
    Tests,
)


def named(entry_point: str, tests: Tests) -> str:
    return behaviour(Problem(f"test/{entry_point}", "", entry_point, tests, "function", "test"))


def box(name: str, method: str = "get") -> Cases:
    operations: tuple[Operation, ...] = (Construct(name, (1,)), MethodCall(method, ()))
    return Cases((Case(operations, (None, 1)),))


def function(*names: str) -> Cases:
    return Cases((Case(tuple(Call(name, (1,)) for name in names), (2,) * len(names)),))


def test_the_name_of_the_problem_s_own_function_makes_no_difference() -> None:
    assert named("f", function("f")) == named("g", function("g"))
    assert named("f", function("f", "f")) == named("g", function("g", "g"))


def test_the_name_of_the_problem_s_own_class_makes_no_difference() -> None:
    assert named("Box", box("Box")) == named("Crate", box("Crate"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("f", function("f")), ("f", function("g")), id="another function"),
        pytest.param(("f", function("f", "g")), ("g", function("f", "g")), id="which is called"),
        pytest.param(("Box", box("Box")), ("Box", box("Box", "take")), id="methods"),
        pytest.param(
            ("f", function("f")),
            ("f", Cases((Case((Construct("f", (1,)),), (2,)),))),
            id="call and construct",
        ),
        pytest.param(
            ("f", CheckProgram(("assert f(1) == 2",))),
            ("g", CheckProgram(("assert g(1) == 2",))),
            id="test code is compared as text",
        ),
    ],
)
def test_what_makes_a_difference(one: tuple[str, Tests], other: tuple[str, Tests]) -> None:
    assert named(*one) != named(*other)
