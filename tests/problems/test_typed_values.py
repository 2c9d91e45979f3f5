"""Typed values: JSON with the types that it does not know."""

import pytest

from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.typed_values import value_from_json


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ([None, True, 1, 1.0, "a"], [None, True, 1, 1.0, "a"]),
        ({"tuple": [1, {"set": [2]}]}, (1, {2})),
        ({"frozenset": [{"tuple": []}]}, frozenset({()})),
        ({"dict": [[1, "one"], [{"tuple": [2]}, None]]}, {1: "one", (2,): None}),
        ({"dict": [["tuple", 3]]}, {"tuple": 3}),
        ({"bytes": "00ff"}, b"\x00\xff"),
        ({"complex": [0, 1]}, 1j),
        ({"a": {"tuple": [1]}}, {"a": (1,)}),
    ],
)
def test_what_is_written_is_the_value_with_its_types(raw: object, value: object) -> None:
    assert canonical_text(value_from_json(raw)) == canonical_text(value)


def test_an_object_with_several_keys_is_a_dict() -> None:
    assert value_from_json({"tuple": [1], "set": [2]}) == {"tuple": [1], "set": [2]}


@pytest.mark.parametrize(
    "raw",
    [{"tuple": 3}, {"bytes": "xyz"}, {"bytes": [1]}, {"complex": [1]}, {"dict": [[1]]},
     {"dict": [1]}, {"set": [[1]]}],
)  # fmt: skip
def test_content_that_does_not_fit_its_type_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is no content of a"):
        value_from_json(raw)
