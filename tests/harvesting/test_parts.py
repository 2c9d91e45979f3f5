"""The parts that need no sandbox: mutants, choice of cases, drawn values, texts."""

from __future__ import annotations

from random import Random

import pytest

from lit_coder.harvesting.candidate import Parameter
from lit_coder.harvesting.choice import choose_cases, choose_few
from lit_coder.harvesting.inside.inputs import KINDS, Inputs
from lit_coder.harvesting.inside.mutation import mutants
from lit_coder.harvesting.literals import literal
from lit_coder.harvesting.typed_inputs import kinds_of, typed_arguments

SOURCE = """def f(items, start=0):
    total = start
    for item in items[1:]:
        if item > 3 and item not in (5, 7):
            total += item
    if total < 0:
        raise ValueError("text that stays")
    return min(total, 100)
"""


def test_mutants_change_every_sort_of_place_and_leave_errors_alone() -> None:
    found = list(mutants(SOURCE, "f", 1000, Random("0")))
    labels = " ".join(mutant.label for mutant in found)
    for wanted in (
        "Gt becomes GtE",
        "And becomes Or",
        "NotIn becomes In",
        "min becomes max",
        "return gives None",
        "a statement is left out",
        "a slice begins at the start",
        "a branch is never taken",
        "start is ignored",
    ):
        assert wanted in labels
    assert "a text" not in labels
    assert {mutant.line for mutant in found} <= set(range(1, 9))


def test_a_method_without_arguments_is_left_out_where_its_value_is_used() -> None:
    source = "def f(t):\n    t.clear()\n    return t.lower().join('ab')\n"
    labels = [mutant.label for mutant in mutants(source, "f", 99, Random(0))]
    assert "lower is left out" in labels and "clear is left out" not in labels


def test_a_mutant_is_made_of_the_right_version_and_not_of_another_mutant() -> None:
    names: dict[str, object] = {}
    results = set()
    for mutant in mutants("def f(x):\n    return x + 1 if x > 2 else x - 1\n", "f", 99, Random(0)):
        exec(mutant.code, names)
        results.add(tuple(names["f"](x) for x in (1, 2, 3)))  # type: ignore[operator]
    assert (0, 1, 4) not in results
    assert (0, 3, 4) in results and (0, 1, 2) in results


def test_few_cases_cover_the_mutants_and_the_hidden_ones_stand_alone() -> None:
    masks = [0b00011, 0b00110, 0b11000, 0b00101]
    chosen = choose_cases(masks, [9, 9, 9, 9, 1], ["a", "b", "c", "d", "e"])
    assert chosen.visible[0] in (0, 2)
    assert chosen.killed == {0, 1, 2, 3}
    assert len(chosen.visible) == 4
    assert chosen.hidden == tuple({0, 1, 2, 3, 4} - set(chosen.visible))


def test_for_people_no_case_is_chosen_that_tells_nothing_more() -> None:
    masks = [0b000011, 0b000110, 0b011000, 0b000101, 0b100000, 0b100001]
    outputs = ["a", "b", "c", "d", "e", "f"]
    few = choose_few(masks, [9, 9, 9, 9, 1, 9], outputs)
    assert few.killed == choose_cases(masks, [9, 9, 9, 9, 1, 9], outputs).killed
    assert len(few.visible) == 4 and few.hidden == ()
    assert len(choose_few([0b000001], [9] * 6, outputs).visible) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_the_same_values_again(kind: str) -> None:
    drawn = [
        [inputs.draw(kind) for _ in range(20)]
        for inputs in (Inputs(Random("7"), ["r", 3, b"x"], []) for _ in range(2))
    ]
    assert drawn[0] == drawn[1]
    assert {type(value).__name__ for value in drawn[0]} <= {kind.partition("[")[0], "NoneType"}


def test_typed_arguments_have_the_types_of_their_hints() -> None:
    parameters = [
        Parameter("a", ("list", ("int",)), True, ""),
        Parameter("b", ("union", ("str",), ("None",)), False, "None"),
    ]
    drawn = typed_arguments(parameters, 20, seed=1)
    assert drawn == typed_arguments(parameters, 20, seed=1)
    assert {len(arguments) for arguments in drawn} == {1, 2}
    assert all(type(each[0]) is list and all(type(i) is int for i in each[0]) for each in drawn)
    assert kinds_of(parameters[1].hint) == ("str", "None")


def test_a_set_is_written_the_same_in_every_process() -> None:
    assert literal({"c", "a", "b"}) == "{'a', 'b', 'c'}"
    assert literal([(1,), {"k": frozenset()}]) == "[(1,), {'k': frozenset()}]"
    assert literal("it's \"", prefers_double_quotes=True) == repr("it's \"")
    assert literal("a\n", prefers_double_quotes=True) == '"a\\n"'
