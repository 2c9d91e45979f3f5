"""The driver in a real node on a socket, without the walls around it."""

import contextlib
import hashlib
import math
import os
import socket
import tempfile
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.sandbox.inside.codec import decode, encode
from lit_coder.sandbox.inside.frames import FrameBuffer, pack_frame
from lit_coder.sandbox.inside.interpreters import find_interpreter

_TAG = bytes(range(16))

if find_interpreter("javascript") is None:
    pytest.skip("Node.js 18 or newer is not installed", allow_module_level=True)


class Reply(NamedTuple):
    """What the driver's process sent, what it printed and how it ended."""

    messages: list[Any]
    stdout: str
    stderr: str
    exit_code: int

    @property
    def kinds(self) -> list[str]:
        return [message[0] for message in self.messages]

    @property
    def outcomes(self) -> list[Any]:
        return [message[1:] for message in self.messages if message[0] == "outcome"]


def run_job(job: object, stdin: str = "") -> Reply:
    interpreter = find_interpreter("javascript")
    assert interpreter is not None
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        stack.enter_context(ours)
        streams[0].write(stdin.encode())
        streams[0].seek(0)
        sources = [*(stream.fileno() for stream in streams), theirs.fileno()]
        pid = os.posix_spawn(
            interpreter.command[0],
            interpreter.command,
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, old, new) for new, old in enumerate(sources)],
        )
        theirs.close()
        messages = exchange(ours, job)
        exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for stream in streams[1:]:
            stream.seek(0)
        stdout, stderr = (stream.read().decode() for stream in streams[1:])
    return Reply(messages, stdout, stderr, exit_code)


def exchange(connection: socket.socket, job: object) -> list[object]:
    connection.sendall(pack_frame(_TAG, encode(job)))
    buffer = FrameBuffer(_TAG, 2**24)
    payloads: list[bytes] = []
    while data := connection.recv(2**16):
        payloads += buffer.feed(data)
    assert not buffer.has_partial_frame
    return [decode(payload) for payload in payloads]


def run_cases(program: str, *cases: tuple[object, ...]) -> Reply:
    return run_job(("cases", program, cases))


def call(program: str, *arguments: object) -> Any:
    """The outcome of `f(*arguments)`: ("value", value) and the like."""
    reply = run_cases(program, (("call", "f", arguments),))
    assert reply.kinds == ["features", "loaded", "outcome", "done"], reply
    return reply.outcomes[0][1:]


def run_script(program: str, stdin: str = "") -> Reply:
    return run_job(("stdio", program), stdin)


def features(program: str) -> Any:
    return run_script(program).messages[0][1]


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


@pytest.mark.parametrize(
    "program",
    [
        "function f(x) { return x + 1 }",
        "const f = x => x + 1",
        "let f; f = function (x) { return x + 1 }",
        "var f = (x) => x + 1;",
        "#!/usr/bin/env node\nmodule.exports = { f: (x) => x + 1 }",
        "exports.f = function (x) { return x + 1 }",
        "const { inspect } = require('util'); async function f(x) { return x + 1 }",
        "function f(x) { return new Promise((done) => setTimeout(() => done(x + 1), 5)) }",
        "const fs = 1, path = 2, encodeValue = 3, script = 4; function f(x) { return x + fs }",
    ],
)
def test_a_function_is_found_however_it_is_declared(program: str) -> None:
    assert call(program, 1) == ("value", 2)


def test_an_object_is_built_and_its_methods_called_with_fresh_arguments() -> None:
    program = (
        "class Counter { #n = 0; add(items) { items.push(1); this.#n += items.length;"
        " return this.#n } get(){ return this } }"
    )
    case = (
        ("construct", "Counter", ()),
        ("method", "add", ([5],)),
        ("method", "add", ([],)),
        ("method", "get", ()),
        ("method", "missing", ()),
        ("method", "add", ([],)),
    )
    outcomes = run_cases(program, case, case).outcomes
    assert [outcome[1:] for outcome in outcomes] == 2 * [
        ("value", None),
        ("value", 2),
        ("value", 3),
        ("unsupported", "an object that is not plain cannot cross"),
        ("exception", "TypeError"),
    ]
    assert [outcome[0] for outcome in outcomes] == [0] * 5 + [1] * 5


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("throw new Error('x')", "Exception"),
        ("throw new (class Odd extends RangeError {})()", "ValueError"),
        ("null.x", "TypeError"),
        ("JSON.parse('{')", "SyntaxError"),
        ("missing()", "NameError"),
        ("decodeURI('%')", "ValueError"),
        ("return f()", "RecursionError"),
        ("return new ArrayBuffer(2 ** 53 - 1)", "MemoryError"),
        ("throw 'text'", "Exception"),
        ("throw undefined", "Exception"),
        ("throw new Proxy(new TypeError(), {})", "Exception"),
        ("return Promise.reject(new TypeError('x'))", "TypeError"),
    ],
)
def test_an_exception_crosses_as_the_name_of_one_of_pythons(statement: str, name: str) -> None:
    assert call(f"function f() {{ {statement} }}") == ("exception", name)


@pytest.mark.parametrize("name", ["f", "parseInt", "escape", "fs", "send", "plan", "a b", "name"])
def test_a_name_that_the_program_does_not_define_is_a_name_error(name: str) -> None:
    reply = run_cases("const x = 1", (("call", name, ("1",)),))
    assert reply.outcomes == [(0, "exception", "NameError")]


def test_a_program_may_define_what_node_defines_too() -> None:
    reply = run_cases("function escape(x) { return 'mine' }", (("call", "escape", ("<",)),))
    assert reply.outcomes == [(0, "value", "mine")]


def test_an_exception_ends_its_case_and_not_the_next() -> None:
    program = "function f(n) { return n === 0 ? f(n) : n }"
    reply = run_cases(program, (("call", "f", (0,)), ("call", "f", (1,))), (("call", "f", (2,)),))
    assert reply.outcomes == [(0, "exception", "RecursionError"), (1, "value", 2)]
    assert reply.kinds[-1] == "done"


def test_an_integer_beyond_what_a_number_holds_arrives_as_a_bigint() -> None:
    assert call("const f = (x) => [typeof x, x * 2n]", 2**60) == ("value", ["bigint", 2**61])


@pytest.mark.parametrize("argument", [b"bytes", 1j, [{"a": b""}]])
def test_an_argument_without_a_counterpart_makes_the_operation_unsupported(
    argument: object,
) -> None:
    assert call("const f = (x) => 1", argument)[0] == "unsupported"


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("const a = 1\nfunction f( {}\n", "SyntaxError: Unexpected end of input (line 3)"),
        ("\n\nreturn 1", "SyntaxError: Illegal return statement (line 3)"),
        ("let a; let a", "SyntaxError: Identifier 'a' has already been declared (line 1)"),
        ("(" * 200_000, "RangeError: Maximum call stack size exceeded"),
    ],
)
def test_a_program_that_does_not_compile_is_a_syntax_error_with_its_line(
    program: str, text: str
) -> None:
    reply = run_cases(f"console.log(1);{program}")
    assert reply.messages == [("syntax_error", text)]
    assert (reply.stdout, reply.exit_code) == ("", 0)


@pytest.mark.parametrize("action", ["cases", "stdio"])
def test_the_features_are_sent_before_the_program_is_executed(action: str) -> None:
    job = (action, "process.kill(process.pid, 'SIGKILL')", *([()] if action == "cases" else []))
    reply = run_job(job)
    assert (reply.kinds, reply.exit_code) == (["features"], -9)


@pytest.mark.parametrize(
    "body",
    [
        "process.exit(0)",
        "return new Promise(() => {})",
        "return new Promise(() => setTimeout(() => { throw 1 }))",
    ],
)
def test_a_process_that_ends_within_a_call_is_not_done(body: str) -> None:
    reply = run_cases(f"function f() {{ {body} }}", (("call", "f", ()),))
    assert reply.kinds == ["features", "loaded"]


@pytest.mark.parametrize("action", ["cases", "stdio"])
def test_an_error_at_the_top_level_is_reported_with_its_place(action: str) -> None:
    program = "const x = 1\nthrow new TypeError(`no ${x}`)"
    reply = run_job((action, program, *([()] if action == "cases" else [])))
    assert reply.messages[1:] == [("error", "TypeError", "no 1")]
    assert "program.js:2" in reply.stderr


def test_an_exit_while_the_program_is_loaded_leaves_its_cases_undone() -> None:
    assert run_cases("process.exit(0)", (("call", "f", ()),)).kinds == ["features"]


@pytest.mark.parametrize(
    "program",
    [
        "const text = require('fs').readFileSync(0, 'utf8'); console.log(text.trim() * 2)",
        "console.log(require('fs').readFileSync('/dev/stdin', 'utf8').trim() * 2)",
        "process.stdin.on('data', (data) => console.log(parseInt(data) * 2))",
        "require('readline').createInterface({ input: process.stdin })"
        ".on('line', (line) => console.log(line * 2))",
        "async function main() { for await (const d of process.stdin) console.log(d * 2) }\n"
        "if (require.main === module) main()",
        "setTimeout(() => console.log(42), 5)",
        "console.log(42); process.exit(0)",
    ],
)
def test_a_script_reads_its_standard_input_and_ends_of_itself(program: str) -> None:
    reply = run_script(program, "21\n")
    assert reply.kinds == ["features", "loaded", "done"]
    assert (reply.stdout, reply.exit_code) == ("42\n", 0)


@pytest.mark.parametrize(
    ("program", "messages"),
    [
        ("process.exit(3)", []),
        ("process.exitCode = 3", []),
        ("setTimeout(() => { throw new RangeError('late') })", [("error", "ValueError", "late")]),
        ("Promise.reject(new Error('lost'))", [("error", "Exception", "lost")]),
        ("throw 'plain'", [("error", "Exception", "plain")]),
    ],
)
def test_a_script_that_fails_is_not_done(program: str, messages: list[object]) -> None:
    reply = run_script(program)
    assert reply.messages[1:] == messages
    assert reply.exit_code != 0


def test_text_beyond_ascii_passes_through_a_script() -> None:
    program = "console.log(require('fs').readFileSync(0, 'utf8') + 'ä😀')"
    assert run_script(program, "日本").stdout == "日本ä😀\n"


def test_comments_and_layout_do_not_change_the_fingerprint() -> None:
    one = features("function f(a) { return a / 2 } // half\n")
    other = features("/* f */ function f(a)\n{\n  return a/2\n}")
    assert one[:2] == other[:2]
    assert (one[3], other[3]) == (1, 4)


def test_the_fingerprint_is_a_hash_of_the_tokens() -> None:
    tokens = ["const", "a", "=", "/[/]'/g", ".", "exec", "(", '"/*"', ")", "/", "`x${", "1", "}y`"]
    text = 'const a = /[/]\'/g.exec("/*") / `x${ 1 }y`'
    digest = hashlib.sha256("\0".join(tokens).encode()).hexdigest()
    assert features(text)[0] == digest[:32]
    assert features(text)[2] == len(tokens)


def test_names_of_variables_and_parameters_do_not_change_the_renamed_fingerprint() -> None:
    one = features(
        "function f(a, { b, c: [d] = [] }) { let i = a.x; for (const k of b) i += k\n"
        "return d.map((e) => ({ x: e, i })) }"
    )
    other = features(
        "function f(p, { q, c: [r] = [] }) { let s = p.x; for (const t of q) s += t\n"
        "return r.map((u) => ({ x: u, s })) }"
    )
    different = features(
        "function f(p, { q, c: [r] = [] }) { let s = p.y; for (const t of q) s += t\n"
        "return r.map((u) => ({ x: u, s })) }"
    )
    assert one[0] != other[0]
    assert one[1] == other[1] != different[1]


def test_branches_are_counted_and_properties_of_their_names_are_not() -> None:
    program = (
        "function f(a) { if (a) { for (;;) break } while (0); switch (a) { case 1: }"
        " return a?.if && a.catch(a ?? 1) || (a ? 1 : { for: 2 }) }"
    )
    assert features(program)[4] == 1 + 8


def test_variables_never_read_are_named() -> None:
    program = (
        "const fs = require('fs'), { join, sep } = require('path')\n"
        "const exported = 1\n"
        "function f(parameter) { const lost = 1, used = 2\n  let _quiet = `${used}${sep}`\n"
        "  for (const [key, item] of []) { key.lost }\n  var twice = 1; twice = 2 }"
    )
    assert features(program)[5] == ("fs", "item", "join", "lost")


def test_a_job_of_an_unknown_kind_ends_without_a_word() -> None:
    reply = run_job(("serve", "1", "f"))
    assert reply.messages == []
    assert reply.exit_code != 0
