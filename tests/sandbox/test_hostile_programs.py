"""Each test is one attack that needs no wall: on time, memory, output, or the result channel.

What a wall would refuse before this machinery has to deal with it is run without one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Execution, Job, Limits, Outcome
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import Backend, SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner

Execute = Callable[[Job], Execution]
CallF = Callable[..., Execution]

SHORT = Limits(wall_seconds=0.4)
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def processes_with(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "import signal\n    for n in range(1, 32):\n        try: signal.signal(n, signal.SIG_IGN)\n"
        "        except (OSError, ValueError): pass\n    while True: pass",
        "return 9**9**9",
        "import threading; threading.Event().wait()",
        "import sys; sys.stdin.read(); input()\n    while True: pass",
    ],
)
def test_what_does_not_end_is_killed_at_the_wall_limit(call: CallF, body: str) -> None:
    started = time.monotonic()
    execution = call(f"def f():\n    try: pass\n    finally: pass\n    {body}\n", limits=SHORT)
    if "stdin" in body:
        assert execution.outcomes == ((Outcome(exception="EOFError"),),)
    else:
        assert execution.status == "timeout"
    assert time.monotonic() - started < SHORT.wall_seconds + 1


def test_a_loop_that_ignores_signals_is_killed_at_the_cpu_limit(call: CallF) -> None:
    program = (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
        "def f():\n    while True: pass\n"
    )
    execution = call(program, limits=Limits(wall_seconds=9, cpu_seconds=1))
    assert execution.status == "timeout"
    assert "CPU" in execution.detail


def test_outcomes_before_a_timeout_are_kept(execute: Execute) -> None:
    program = "def f(x):\n    while x: pass\n    return x\n"
    cases = ((Call("f", (0,)),), (Call("f", (1,)),), (Call("f", (0,)),))
    execution = execute(CallJob(program, cases, SHORT))
    assert execution.status == "timeout"
    assert execution.outcomes == ((Outcome(0),), (), ())


def test_a_large_allocation_is_a_memory_error_in_the_program_alone(call: CallF) -> None:
    assert call("def f(): return len(bytearray(2**31))\n").outcomes == (
        (Outcome(exception="MemoryError"),),
    )


def test_growing_memory_ends_the_program_alone(call: CallF) -> None:
    execution = call("data = []\nwhile True: data.append('x' * 10**6 + str(len(data)))\n")
    assert execution.status == "out_of_memory"
    assert execution.peak_memory_bytes < 600 * 2**20


def test_a_flood_of_output_is_drained_and_cut(call: CallF) -> None:
    program = "def f():\n    for _ in range(200): print('x' * 100_000)\n    return 1\n"
    execution = call(program, limits=Limits(output_bytes=1000))
    assert execution.outcomes == ((Outcome(1),),)
    assert execution.stdout == "x" * 1000


def test_output_that_is_no_utf8_is_still_text_that_can_be_written(call: CallF) -> None:
    program = "import os\ndef f():\n    os.write(1, b'\\xff\\xed\\xa0\\x80ok')\n"
    execution = call(program)
    assert execution.stdout.encode("utf-8").endswith(b"ok")


def test_a_large_file_cannot_be_written(call_unwalled: CallF) -> None:
    program = "def f():\n    with open('big', 'wb') as file: file.write(bytes(2**20))\n"
    execution = call_unwalled(program, limits=Limits(file_bytes=2**16))
    assert execution.outcomes == ((Outcome(exception="OSError"),),)


def test_the_folder_is_empty_at_first_and_gone_afterwards(call_unwalled: CallF) -> None:
    program = (
        "import os\ndef f():\n    before = os.listdir()\n    os.makedirs('a/b')\n"
        "    open('a/b/c', 'w').close()\n    os.chmod('a/b', 0)\n    return before, os.getcwd()\n"
    )
    ((first,),) = call_unwalled(program).outcomes
    ((second,),) = call_unwalled(program).outcomes
    assert isinstance(first.value, tuple) and isinstance(second.value, tuple)
    assert first.value[0] == [] and second.value[0] == []
    assert not Path(first.value[1]).exists()


@pytest.mark.parametrize("backend", ["subprocess", "unsafe"])
def test_the_trainer_s_environment_does_not_reach_the_program(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    monkeypatch.setenv("LIT_CODER_SECRET", "sentinel-value")
    program = (
        "import os\ndef f():\n    try: raw = open('/proc/self/environ').read()\n"
        "    except OSError: raw = ''\n    return dict(os.environ), raw\n"
    )
    with open_runner(SandboxOptions(backend=backend, workers=1)) as runner:
        (execution,) = runner.run([CallJob(program, ((Call("f", ()),),))])
    assert execution.outcomes[0][0].exception is None
    assert "sentinel" not in repr(execution.outcomes)


def test_only_the_streams_and_the_job_s_socket_are_open(call: CallF) -> None:
    program = (
        "import os\ndef f():\n    opened = []\n    for n in range(1024):\n"
        "        try: os.fstat(n)\n        except OSError: continue\n        opened.append(n)\n"
        "    return opened\n"
    )
    assert call(program).outcomes == ((Outcome([0, 1, 2, 3]),),)


@pytest.mark.parametrize(
    "program",
    [
        "import sys\ndef f():\n    sys.setrecursionlimit(10**9)\n    return f()\n",
        "def f():\n    return eval('-' * 10**5 + '1')\n",
    ],
)
def test_bottomless_recursion_is_data(call: CallF, program: str) -> None:
    execution = call(program, limits=Limits(wall_seconds=1))
    assert execution.status in ("completed", "crashed", "timeout", "out_of_memory")
    assert not any(outcome.value for case in execution.outcomes for outcome in case)


@pytest.mark.parametrize(
    "body",
    ["import ctypes; ctypes.string_at(0)", "import os; os.abort()"],
)
def test_a_death_by_signal_is_a_crash(call: CallF, body: str) -> None:
    assert call(f"def f():\n    {body}\n").status == "crashed"


def test_a_program_that_kills_its_group_is_a_crash(call_unwalled: CallF) -> None:
    assert call_unwalled("import os\ndef f():\n    os.kill(0, 9)\n").status == "crashed"


@pytest.mark.parametrize("code", [0, 1, 99])
def test_an_exit_in_the_middle_leaves_its_case_without_outcome(execute: Execute, code: int) -> None:
    program = f"import os\ndef f(x):\n    if x: os._exit({code})\n    return x\n"
    execution = execute(CallJob(program, ((Call("f", (0,)),), (Call("f", (1,)),))))
    assert execution.status == "error"
    assert execution.outcomes == ((Outcome(0),), ())


@pytest.mark.parametrize("data", ["b'x'", "b'x' * 10**6", "bytes(20) * 10**5", "b'\\xff' * 64"])
def test_bytes_on_every_descriptor_are_a_protocol_error(call: CallF, data: str) -> None:
    program = (
        f"import os\ndef f():\n    for n in range(3, 64):\n        try: os.write(n, {data})\n"
        "        except OSError: pass\n    return 1\n"
    )
    assert call(program).status == "protocol_error"


def test_an_endless_flood_on_the_result_channel_ends_at_the_limit(call: CallF) -> None:
    program = "import os\ndef f():\n    while True:\n        os.write(3, bytes(65536))\n"
    assert call(program, limits=SHORT).status in ("protocol_error", "error", "timeout")


def test_a_pickle_on_the_result_channel_is_never_loaded(call: CallF, tmp_path: Path) -> None:
    target = tmp_path / "loaded"
    program = (
        "import os, pickle\nclass Evil:\n    def __reduce__(self):\n"
        f"        return (open, ({str(target)!r}, 'w'))\n"
        "def f():\n    os.write(3, pickle.dumps(Evil()))\n    return Evil()\n"
    )
    assert call(program).status == "protocol_error"
    assert not target.exists()


def test_a_forged_outcome_with_the_right_tag_is_no_more_than_a_value(call: CallF) -> None:
    program = """
import gc, sys
def f():
    frame = sys._getframe()
    while frame is not None:
        send = frame.f_locals.get("send")
        if send is not None:
            for message in [("outcome", 0, "value", 1), ("outcome", 0, "value", 2), ("done",)]:
                send(message)
        frame = frame.f_back
"""
    execution = call(program)
    assert execution.status == "protocol_error"
    assert execution.outcomes == ()


@needs_proc
def test_processes_that_leave_the_group_are_ended_with_the_program(call_unwalled: CallF) -> None:
    marker = "lit-coder-stray-marker"
    program = f"""
import os, sys, time
def f():
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                code = "import time; time.sleep(60)  # {marker}"
                os.execv(sys.executable, [sys.executable, "-c", code])
            os._exit(0)
    time.sleep(0.3)
    return 1
"""
    execution = call_unwalled(program, limits=Limits(wall_seconds=5, processes=20))
    assert execution.outcomes == ((Outcome(1),),)
    assert processes_with(marker) == []


def test_a_program_that_kills_its_supervisor_is_crashed_and_the_next_one_runs(
    call_unwalled: CallF,
) -> None:
    program = "import os\ndef f():\n    os.kill(os.getppid(), 9)\n    while True: pass\n"
    execution = call_unwalled(program, limits=Limits(wall_seconds=3))
    assert execution.status == "crashed"
    assert call_unwalled("def f(): return 1\n").outcomes == ((Outcome(1),),)


def test_a_program_that_stops_its_supervisor_is_crashed_and_the_next_one_runs(
    call_unwalled: CallF,
) -> None:
    program = "import os, signal\ndef f():\n    os.kill(os.getppid(), signal.SIGSTOP)\n"
    execution = call_unwalled(program, limits=Limits(wall_seconds=0.2))
    assert execution.status == "crashed"
    assert call_unwalled("def f(): return 1\n").outcomes == ((Outcome(1),),)


def test_replaced_streams_and_exit_handlers_change_nothing(call: CallF) -> None:
    program = (
        "import atexit, os, sys\natexit.register(os._exit, 3)\n"
        "def f():\n    print('kept', flush=True)\n    sys.stdout = sys.__stdout__ = None\n"
        "    sys.stderr = object()\n    return 1\n"
    )
    execution = call(program)
    assert (execution.status, execution.stdout) == ("completed", "kept\n")
    assert execution.outcomes == ((Outcome(1),),)


SEEK = """
import re
def f(*ignored):
    hits = 0
    for line in open("/proc/self/maps"):
        span, mode = line.split()[:2]
        if "rw" in mode and ("heap" in line or len(line.split()) == 5):
            low, high = (int(part, 16) for part in span.split("-"))
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(low)
                try: hits += len(re.findall(b"needl[e]-[0-9a-f]{16}", memory.read(high - low)))
                except OSError: pass
    return hits
"""


@needs_proc
def test_no_earlier_job_can_be_found_in_a_later_one_s_memory(unwalled: PoolRunner) -> None:
    secret = "needle-" + os.urandom(8).hex()
    knows = CallJob(SEEK, ((Call("f", (secret,)),),))
    earlier = CallJob(f"def f(x): return {secret!r}\n", ((Call("f", (secret,)),),))
    last = CallJob(SEEK, ((Call("f", ()),),))
    found, *_, not_found = (
        execution.outcomes[0][0].value
        for execution in unwalled.run([knows, earlier, earlier, earlier, last])
    )
    assert isinstance(found, int) and found > 0, "the search itself does not work"
    assert not_found == 0


def test_no_serializer_that_runs_code_is_imported_in_the_room() -> None:
    import lit_coder.sandbox

    folder = Path(lit_coder.sandbox.__file__).parent
    text = "".join(path.read_text() for path in folder.rglob("*.py"))
    for name in ("pickle", "marshal", "shelve", "multiprocessing"):
        assert f"import {name}" not in text


def test_running_programs_does_not_import_torch() -> None:
    code = "import sys, lit_coder.verification.self_test, lit_coder.sandbox.open_runner\n"
    code += "assert not {'torch', 'lightning', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
