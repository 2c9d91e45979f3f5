from collections.abc import Callable

import pytest

from lit_coder.problems.problem import CheckProgram
from lit_coder.sandbox.contract import CheckJob, Execution, Job, Limits

Execute = Callable[[Job], Execution]
DOUBLE = "def f(x): return 2 * x\n"


def job(
    program: str,
    *visible: str,
    hidden: tuple[str, ...] = (),
    setup: str = "",
    prelude: str = "",
    allow_in_process: bool = False,
    wall_seconds: float = 5.0,
) -> CheckJob:
    return CheckJob(
        program,
        "f",
        CheckProgram(visible, hidden, setup),
        prelude=prelude,
        allow_in_process=allow_in_process,
        limits=Limits(wall_seconds=wall_seconds),
    )


def test_each_test_text_is_one_result(execute: Execute) -> None:
    execution = execute(
        job(DOUBLE, "assert f(1) == 2", "assert f(1) == 3", hidden=("assert f('a') == 'aa'",))
    )
    assert execution.status == "completed"
    assert execution.visible_passed == (True, False)
    assert execution.hidden_passed == (True,)
    assert execution.trusted
    assert execution.features is not None


def test_setup_and_prelude_are_the_judge_s_own(execute: Execute) -> None:
    execution = execute(
        job(
            DOUBLE,
            "assert f(helper(3)) == LIMIT",
            setup="LIMIT = 8",
            prelude="def helper(x): return x + 1\ndef f(x):\n    '''doubles'''\n",
        )
    )
    assert execution.visible_passed == (True,)


def test_a_prelude_that_stops_after_a_signature_is_completed(execute: Execute) -> None:
    execution = execute(job(DOUBLE, "assert f(1) == 2", prelude="def f(x):\n"))
    assert (execution.status, execution.visible_passed) == ("completed", (True,))


def test_keyword_arguments_cross(execute: Execute) -> None:
    assert execute(
        job("def f(a, *, b): return a - b\n", "assert f(5, b=3) == 2")
    ).visible_passed == (True,)


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("x.sort()", "a = [3, 1]; f(a); assert a == [1, 3]"),
        ("x[0].append(5)", "i = [1]; a = [i]; f(a); assert i == [1, 5] and a[0] is i"),
        ("x['k'] = 1", "a = {}; f(a); assert a == {'k': 1}"),
        ("x['k']['l'] = 1", "i = {}; a = {'k': i}; f(a); assert i == {'l': 1}"),
        ("x.add(1)", "a = {2}; f(a); assert a == {1, 2}"),
        ("x.clear()", "a = [1, 2]; f(a); assert a == []"),
        ("x[0].append(1)", "i = []; f((i,)); assert i == [1]"),
        ("pass", "i = [1]; a = [i, i]; f(a); assert a[0] is a[1]"),
    ],
)
def test_changes_to_arguments_are_carried_back(execute: Execute, body: str, test: str) -> None:
    execution = execute(job(f"def f(x):\n    {body}\n", test))
    assert (execution.status, execution.visible_passed) == ("completed", (True,))


@pytest.mark.parametrize(
    ("statement", "handler"),
    [
        ("raise ValueError('no')", "except ValueError as e: assert str(e) == 'no'"),
        ("class Odd(LookupError): pass\n    raise Odd('x')", "except LookupError: pass"),
        ("return {}['key']", "except KeyError as e: assert e.args == ('key',)"),
        ("b'\\xff'.decode()", "except UnicodeDecodeError: pass"),
        ("f(x)", "except RecursionError: pass"),
        ("raise AssertionError", "except AssertionError: pass"),
    ],
)
def test_exceptions_cross_by_their_built_in_class(
    execute: Execute, statement: str, handler: str
) -> None:
    test = f"try: f(1)\n{handler}\nelse: raise AssertionError('nothing raised')"
    execution = execute(job(f"def f(x):\n    {statement}\n", test))
    assert (execution.status, execution.visible_passed) == ("completed", (True,)), execution.detail


def test_an_exception_of_the_program_fails_the_test_and_not_the_next(execute: Execute) -> None:
    program = "def f(x):\n    if x: raise NameError('undefined')\n    return 0\n"
    execution = execute(job(program, "f(1)", "assert f(0) == 0"))
    assert (execution.status, execution.visible_passed) == ("completed", (False, True))


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("def f(:\n", "syntax_error"),
        ("1 / 0\n", "error"),
        ("import sys; sys.exit(0)\n", "error"),
        ("import os; os._exit(0)\n", "error"),
        ("import ctypes; ctypes.string_at(0)\n", "crashed"),
        ("while True: pass\n", "timeout"),
        ("x = bytearray(2**31)\n", "out_of_memory"),
        ("def f(x):\n    import os; os._exit(0)\n", "error"),
        ("def f(x):\n    import os; os.abort()\n", "crashed"),
        ("def f(x):\n    while True: pass\n", "timeout"),
    ],
)
def test_a_program_that_does_not_live_passes_no_test_not_even_a_trivial_one(
    execute: Execute, program: str, status: str
) -> None:
    execution = execute(job(program, "f(1)", "assert True", wall_seconds=0.5))
    assert execution.status == status
    assert execution.visible_passed == (False, False)


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("class f: pass\n", "assert f() is not None"),
        ("def f(x): return object()\n", "assert f(1)"),
        (DOUBLE, "assert f(object())"),
        (DOUBLE, "assert f(lambda: 0)"),
        (DOUBLE, "assert Node(1)"),
        (DOUBLE, "import a_library_that_is_not_here"),
        (DOUBLE, "assert f(1) =="),
    ],
)
def test_what_cannot_be_judged_across_processes_is_unsupported(
    execute: Execute, program: str, test: str
) -> None:
    execution = execute(job(program, test, "assert True"))
    assert execution.status == "unsupported"
    assert execution.visible_passed == (False, False)
    assert execution.detail


def test_a_test_that_swallows_everything_cannot_hide_an_object(execute: Execute) -> None:
    program = "def f(x): return object()\n"
    execution = execute(job(program, "try: f(1)\nexcept BaseException: pass"))
    assert execution.visible_passed == (False,)


def test_the_fallback_in_one_process_is_labelled(execute: Execute) -> None:
    program = "class f:\n    def __init__(self, x): self.x = x\n"
    execution = execute(
        job(program, "assert f(3).x == 3", "assert f(3).x == 4", allow_in_process=True)
    )
    assert execution.status == "completed"
    assert execution.visible_passed == (True, False)
    assert not execution.trusted


def test_the_fallback_is_not_taken_where_the_split_works(execute: Execute) -> None:
    assert execute(job(DOUBLE, "assert f(1) == 2", allow_in_process=True)).trusted


def test_an_answer_before_its_call_is_a_protocol_error(execute: Execute) -> None:
    program = """
import os
reply = b'["t",["b","0000000000000000"],"returned",true,null]'
os.write(4, len(reply).to_bytes(4, "big") + bytes(16) + reply)
def f(x): return 0
"""
    assert execute(job(program, "assert f(1)")).status == "protocol_error"


def test_a_guessed_answer_in_time_is_a_protocol_error(execute: Execute) -> None:
    program = """
import os
def f(x):
    reply = b'["t",["b","0000000000000000"],"returned",true,null]'
    os.write(4, len(reply).to_bytes(4, "big") + bytes(16) + reply)
"""
    execution = execute(job(program, "assert f(1)"))
    assert (execution.status, execution.visible_passed) == ("protocol_error", (False,))


def test_a_forged_result_on_the_program_s_own_socket_is_a_protocol_error(execute: Execute) -> None:
    program = """
import sys
def f(x):
    frame = sys._getframe()
    while frame is not None:
        send = frame.f_locals.get("send")
        if send is not None:
            send(("result", True))
            send(("end", "completed", ""))
        frame = frame.f_back
"""
    assert not any(execute(job(program, "assert f(1) == 5")).visible_passed)


def test_a_deep_or_large_answer_does_not_reach_the_judge(execute: Execute) -> None:
    deep = "def f(x):\n    v = []\n    for _ in range(10**4): v = [v]\n    return v\n"
    for program in (deep, "def f(x): return 'x' * 2**24\n", "def f(x): return 7 ** 10**7\n"):
        execution = execute(job(program, "assert f(1)", wall_seconds=1.0))
        assert execution.visible_passed == (False,)
        assert execution.status in ("unsupported", "timeout")


def test_the_program_s_process_holds_no_text_of_the_tests(execute: Execute) -> None:
    secret = "the-expected-text"
    program = """
import gc, sys
def f(x):
    seen, frame = [], sys._getframe()
    while frame is not None:
        seen += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    text = repr([gc.get_referents(item) for item in gc.get_objects()]) + repr(seen)
    return "expected" + "-text" in text.replace("'expected' + '-text'", "")
"""
    program = program.replace('"expected" + "-text"', '"-".join(["expected", "text"])')
    execution = execute(job(program, f"assert f(1) is False\nx = {secret!r}"))
    assert (execution.status, execution.visible_passed) == ("completed", (True,)), execution.detail


def test_a_test_that_never_ends_is_a_timeout(execute: Execute) -> None:
    execution = execute(job(DOUBLE, "assert f(1) == 2", "while True: pass", wall_seconds=0.4))
    assert execution.status == "timeout"
    assert execution.visible_passed == (True, False)


def test_output_of_the_program_is_captured_and_that_of_the_tests_is_not(execute: Execute) -> None:
    execution = execute(job("def f(x): print('from f')\n", "f(1)\nprint('from the test')"))
    assert execution.stdout == "from f\n"
