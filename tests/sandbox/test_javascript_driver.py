from typing import Any

import pytest

from tests.sandbox.node_process import call, run_cases, run_job, run_script


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
    case: Any = (
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


def test_a_job_of_an_unknown_kind_ends_without_a_word() -> None:
    reply = run_job(("serve", "1", "f"))
    assert reply.messages == []
    assert reply.exit_code != 0
