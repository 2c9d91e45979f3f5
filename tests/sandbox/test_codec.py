import bisect
import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.sandbox.inside.codec import MAX_DEPTH, MAX_VALUE_BYTES, CodecError, decode, encode

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**3000), max_value=2**3000)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
)
keys = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
values = st.recursive(
    keys | st.sets(keys, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=20,
)


def typed(value: object) -> object:
    """A form that is equal only for equal values of equal types, nan included."""
    if isinstance(value, (list, tuple)):
        return (type(value), [typed(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return (type(value), sorted(repr(typed(item)) for item in value))
    if isinstance(value, dict):
        return (dict, [(typed(key), typed(item)) for key, item in value.items()])
    return (type(value), hex(value) if type(value) is int else repr(value))


@given(values)
@settings(max_examples=300, deadline=None)
def test_every_plain_value_comes_back_with_its_exact_types(value: object) -> None:
    assert typed(decode(encode(value))) == typed(value)


@pytest.mark.parametrize(
    "value",
    [
        True,
        1,
        1.0,
        -0.0,
        math.inf,
        -math.inf,
        2**53 + 1,
        -(2**64),
        [10**5000],
        "\ud83d\ude00",
        "\U0001f600",
        "\x00",
        (),
        [[]],
        {1: {2.5: None}},
        frozenset({(1, "a")}),
        complex(math.inf, -0.0),
    ],
)
def test_values_on_the_edges_come_back(value: object) -> None:
    assert typed(decode(encode(value))) == typed(value)


class EqualToAll(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value", [EqualToAll(1), [EqualToAll(1)], object(), int, len, range(3), bytearray(b"x")]
)
def test_other_types_and_subclasses_do_not_cross(value: object) -> None:
    with pytest.raises(CodecError, match="cannot cross"):
        encode(value)


def test_a_value_that_contains_itself_does_not_cross() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(CodecError, match="too deeply"):
        encode(loop)


def test_shared_parts_that_unfold_to_an_enormous_value_do_not_cross() -> None:
    value: object = 1
    for _ in range(60):
        value = [value, value]
    with pytest.raises(CodecError, match="too large"):
        encode(value)


def test_a_value_beyond_the_size_cap_does_not_cross() -> None:
    with pytest.raises(CodecError, match="too large"):
        encode("x" * (MAX_VALUE_BYTES + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"NaN",
        b"[]",
        b'["z","1"]',
        b'["i","xyz"]',
        b'["i",5]',
        b'["d",1]',
        b'["e",["l"]]',
        b'["d",["d"],1]',
        b'["l",{}]',
        b'["t",["i",{}]]',
        b'["u","zz"]',
        b'["c","1"]',
        b"\xff\xfe",
        b"[" * 500_000,
        b'["l",' * 300 + b"1" + b"]" * 300,
        b"9" * 10_000,
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
    ],
)
def test_bytes_that_are_no_encoded_value_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


HASH_PERIOD = 2**61 - 1


@pytest.mark.parametrize("num_others", [0, 1000])
@pytest.mark.parametrize("kind", [set, frozenset, dict.fromkeys])
def test_a_container_of_colliding_keys_is_refused(kind: type, num_others: int) -> None:
    colliding = [k * HASH_PERIOD for k in range(65)]
    with pytest.raises(CodecError, match="collide"):
        decode(encode(kind([*range(1, num_others), *colliding])))


def test_keys_of_which_few_share_a_hash_come_back() -> None:
    value = {low + k * HASH_PERIOD for low in range(20) for k in range(64)}
    assert decode(encode(value)) == value


leaves = (
    st.none()
    | st.sampled_from([True, 0.0, 1e5, -1, 2**53, 2**60, "", '"', "\\", "[", ",", '["u"', "é"])
    | st.sampled_from(["\ud800", "\ud800\\", b"", b"\xff", 1j, math.nan, math.inf, ()])
    | st.text(st.characters(exclude_categories=()))
)
trees = st.recursive(leaves, lambda inner: st.lists(inner) | st.lists(inner).map(tuple))


def accepts(value: object, max_bytes: int) -> bool:
    with contextlib.suppress(CodecError):
        encode(value, max_bytes)
        return True
    return False


@given(trees, st.integers(1, 50))
@settings(max_examples=300, deadline=None)
def test_what_crosses_at_a_cap_is_accepted_at_the_same_cap(tree: object, copies: int) -> None:
    value = [tree] * copies
    fitting = bisect.bisect_left(range(2**20), True, key=lambda cap: accepts(value, cap))
    assert typed(decode(encode(value, fitting), fitting)) == typed(value)


@given(trees, st.integers(1, 100))
@settings(max_examples=300, deadline=None)
def test_what_does_not_cross_at_twice_the_cap_is_refused(tree: object, cap: int) -> None:
    value = [tree] * 20
    if not accepts(value, 2 * cap):
        with pytest.raises(CodecError, match="too large"):
            decode(encode(value), cap)


@pytest.mark.parametrize("item", ['["l"]', '[ "\\u006c"]', '["e"]', '["i","0x1"]', "0", '"[["'])
@pytest.mark.parametrize("num_bytes", [3 * 2**20, 2**22])
def test_a_large_tree_is_refused(item: str, num_bytes: int) -> None:
    data = ('["l"' + f",{item}" * (num_bytes // (len(item) + 1)) + "]").encode()
    with pytest.raises(CodecError, match="too large"):
        decode(data, MAX_VALUE_BYTES)


@pytest.mark.parametrize(
    "data", [b'"' + b'\\"' * 2**20, b'"' * 2**20, b"[" * 2**20, b"{}," * 2**19]
)
def test_large_bytes_that_are_no_value_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, MAX_VALUE_BYTES)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, b"null"),
        ((True, False), b'["t",true,false]'),
        ([1, -(2**53), 2**53 + 1], b'["l",1,-9007199254740992,["i","0x20000000000001"]]'),
        ([-0.0, 1e300, -math.inf], b'["l",-0.0,1e+300,["n","-inf"]]'),
        ({"a": b"\xff", (): set()}, b'["d","a",["b","ff"],["t"],["e"]]'),
        (frozenset({1 - 2j}), b'["f",["c","1.0","-2.0"]]'),
        ('\u00e9"\n\U0001f600', b'"\\u00e9\\"\\n\\ud83d\\ude00"'),
        ("\ud83d\ude00", b'["u","eda0bdedb880"]'),
    ],
)
def test_the_bytes_of_a_value_never_change(value: object, data: bytes) -> None:
    assert encode(value) == data


@pytest.mark.parametrize("innermost", [1, "\ud800", (), [2**60]])
def test_only_so_many_levels_cross(innermost: object) -> None:
    value = innermost
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    assert typed(decode(encode(value))) == typed(value)
    with pytest.raises(CodecError, match="too deeply"):
        encode([[value]])


def test_a_deeper_value_than_may_be_sent_is_refused() -> None:
    with pytest.raises(CodecError, match="too deeply"):
        decode(b'["l",' * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1))
