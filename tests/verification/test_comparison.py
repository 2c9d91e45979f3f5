import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.verification.comparison import equal_exactly, same_output

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | st.booleans() | st.text(), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(plain)
def test_every_value_equals_itself(value: object) -> None:
    assert equal_exactly(value, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1 + 0.2, 0.3),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (0.0, -0.0),
        ([1.0, (math.nan,)], [1.0, (math.nan,)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, (2, "x")}, {(2, "x"), 1}),
        (complex(1, 2), complex(1, 2 + 1e-12)),
        (10**400, 10**400),
    ],
)
def test_equal_values(value: object, expected: object) -> None:
    assert equal_exactly(value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, 1),
        (1, True),
        (1, 1.0),
        ("1", 1),
        ("a", b"a"),
        ([1], (1,)),
        ({1}, frozenset({1})),
        ({True}, {1}),
        ({(1,)}, {(1.0,)}),
        ({True: "a"}, {1: "a"}),
        ({"a": True}, {"a": 1}),
        ([1, 2], [1, 2, 3]),
        ([], [None]),
        (None, 0),
        (None, False),
        ("", None),
        (1.0, 1.0001),
        (math.inf, -math.inf),
        (math.inf, 1e308),
        (10**400, 10**400 + 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"b": 1}),
    ],
)
def test_different_values(value: object, expected: object) -> None:
    assert not equal_exactly(value, expected)


@pytest.mark.parametrize("stdout", ["1\n2", "1\n2\n", "1 \r\n2\t\n\n"])
def test_ends_of_lines_and_of_the_text_do_not_count(stdout: str) -> None:
    assert same_output(stdout, "1\n2\n")


@pytest.mark.parametrize("stdout", ["1", "1\n2\n3", " 1\n2", "1\n\n2", "", "1 2"])
def test_the_whole_output_is_compared(stdout: str) -> None:
    assert not same_output(stdout, "1\n2\n")
