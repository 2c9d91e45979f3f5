import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.node_process import call, run_cases

whole_numbers = st.integers() | st.integers(min_value=-(2**200), max_value=2**200)
scalars = (
    st.none() | st.booleans() | whole_numbers | st.floats() | st.text(st.characters(codec="utf-16"))
)
values = st.recursive(
    scalars | st.text(st.characters(exclude_categories=())) | st.sets(whole_numbers | st.text()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(whole_numbers | st.text(), inner, max_size=4)
    ),
    max_leaves=10,
)


def through_javascript(value: Any) -> Any:
    """What a value is when it comes back: JavaScript has one type for numbers and one for lists."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, float):
        is_plain = value.is_integer() and abs(value) <= 2**53 and math.copysign(1, value) * value
        return int(value) if is_plain or repr(value) == "0.0" else value
    if isinstance(value, (list, tuple)):
        return [through_javascript(item) for item in value]
    if isinstance(value, dict):
        return {key: through_javascript(item) for key, item in value.items()}
    return value


def typed(value: Any) -> str:
    """A text that is equal only for equal values of equal types, nan included."""
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    if isinstance(value, set):
        return f"set{sorted(map(repr, value))}"
    if isinstance(value, dict):
        return f"dict{sorted((repr(key), typed(item)) for key, item in value.items())}"
    return repr(value)


@given(st.lists(values, max_size=30))
@settings(max_examples=25, deadline=None)
def test_every_value_that_javascript_has_crosses_and_comes_back(items: list[Any]) -> None:
    case = tuple(("call", "f", (item,)) for item in items)
    reply = run_cases("const f = (x) => x", case)
    assert [outcome[:2] for outcome in reply.outcomes] == [(0, "value")] * len(items)
    returned = [outcome[2] for outcome in reply.outcomes]
    assert list(map(typed, returned)) == [typed(through_javascript(item)) for item in items]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 ** 53", 2**53),
        ("2 ** 60", 2.0**60),
        ("1e21", 1e21),
        ("-0", -0.0),
        ("0 / 0", math.nan),
        ("-1 / 0", -math.inf),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("5.0", 5),
        ("12n", 12),
        ("-(2n ** 64n)", -(2**64)),
        ("undefined", None),
        ("[1, , null]", [1, None, None]),
        ("new Map([[1, 'a'], [null, 2n]])", {1: "a", None: 2}),
        ("new Set([1, 'x', true, 2.5].slice(1))", {"x", True, 2.5}),
        ("Object.create(null)", {}),
        ("({ b: [{}], toJSON() {} }).b", [{}]),
        ("JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}),
        ("'\\ud83d\\ude00' + '\\u0000'", "\U0001f600\x00"),
        ("'\\ude00\\ud83d'", "\ude00\ud83d"),
    ],
)
def test_a_returned_value_has_its_python_type(expression: str, expected: object) -> None:
    kind, value = call(f"function f() {{ return {expression} }}")
    assert (kind, typed(value)) == ("value", typed(expected))


@pytest.mark.parametrize(
    "expression",
    [
        "() => 1",
        "class {}",
        "new (class A {})()",
        "Symbol('s')",
        "new Date(0)",
        "Object.setPrototypeOf(new Date(0), null)",
        "Object.setPrototypeOf(new Map(), null)",
        "new Proxy([], {})",
        "new Uint8Array(2)",
        "Object(1)",
        "arguments",
        "Math",
        "new (class extends Map {})()",
        "Object.setPrototypeOf({}, Map.prototype)",
        "new Set([[1]])",
        "new Map([[{}, 1]])",
        "new Set([1, true])",
        "new Map([[1n, 0], [1, 0]])",
        "[[() => 1]]",
        "({ get x() { throw 5 } })",
        "'x'.repeat(2 ** 21)",
        "'\\x01'.repeat(2 ** 20 - 10)",
        "new Array(2 ** 31)",
        "{ const a = []; a.push(a); return a }",
        "{ let a = 1; for (let i = 0; i < 60; i++) a = [a, a]; return a }",
    ],
)
def test_a_value_that_cannot_cross_is_marked_and_is_no_value(expression: str) -> None:
    body = expression if expression.startswith("{") else f"return {expression}"
    assert call(f"function f() {{ {body} }}")[0] == "unsupported"


@pytest.mark.parametrize(
    "patch",
    [
        "Object.prototype.toJSON = () => 'forged'",
        "String.prototype.toJSON = () => 'forged'",
        "JSON.stringify = () => '\"forged\"'",
        "Array.prototype[Symbol.iterator] = function* () { yield 'forged' }",
        "for (const n of ['push', 'join', 'map']) Array.prototype[n] = () => 'forged'",
        "Object.defineProperty(Array.prototype, 0, { set() {}, get: () => 'forged' })",
        "Map.prototype.forEach = Set.prototype.forEach = (f) => f('forged', 'forged')",
        "Map.prototype.entries = Set.prototype.values = () => ['forged']",
        "Object.keys = Object.getPrototypeOf = () => ['forged']",
        "Array.isArray = Number.isInteger = Object.is = () => true",
        "Number.prototype.toString = BigInt.prototype.toString = () => 'forged'",
        "Function.prototype.call = Function.prototype.apply = () => 'forged'",
        "Promise.prototype.then = () => 'forged'",
        "Buffer.from = () => 'forged'; require('fs').writeSync = () => 9",
        "String.prototype.slice = Reflect.apply = () => 'forged'",
    ],
)
def test_a_program_that_patches_what_is_built_in_returns_the_same(patch: str) -> None:
    value = "const value = [[1, 'x', 2n ** 70n, 0.5], { k: new Map([[1, new Set(['y'])]]) }]"
    expected = [[1, "x", 2**70, 0.5], {"k": {1: {"y"}}}]
    assert call(f"{value}\n{patch}\nconst f = async () => value") == ("value", expected)
