import hashlib
from typing import Any

from tests.sandbox.node_process import run_script


def features(program: str) -> Any:
    return run_script(program).messages[0][1]


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
