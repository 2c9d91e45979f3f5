"""What must work under the filter: threads, ordinary programs, numpy, node."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
from pathlib import Path

import pytest

from tests.sandbox.locked_child import answers, filtered, run_child


@filtered
@pytest.mark.parametrize(("policy", "expected"), [("True", "started"), ("", "refused")])
def test_threads_start_where_the_policy_says_so(policy: str, expected: str) -> None:
    body = """
import threading
lock(POLICY)
try:
    thread = threading.Thread(target=print, args=("started",))
    thread.start()
    thread.join()
except RuntimeError:
    print("refused")
""".replace("POLICY", policy)
    assert answers(body) == [expected]


@filtered
def test_ordinary_programs_work(tmp_path: Path) -> None:
    body = """
import decimal, json, random, re, select, shutil, sqlite3, tempfile, time
lock()
folder = tempfile.mkdtemp(dir=sys.argv[1])
with tempfile.NamedTemporaryFile("w+", dir=folder) as file:
    file.write(json.dumps({"a": [1, 2.5, None]}))
    file.flush()
    assert json.load(open(file.name)) == {"a": [1, 2.5, None]}
    shutil.copyfile(file.name, folder + "/copy")
os.rename(folder + "/copy", folder + "/moved")
os.symlink("moved", folder + "/link")
os.link(folder + "/moved", folder + "/hard")
with open(folder + "/link", "r+") as file:
    file.truncate(3)
    os.fsync(file.fileno())
assert sorted(os.listdir(folder)) == ["hard", "link", "moved"]
assert [os.path.getsize(entry) for entry in os.scandir(folder)] == [3, 3, 3]
shutil.rmtree(folder)
database = sqlite3.connect(":memory:")
database.execute("create table t (a)")
database.execute("insert into t values (7)")
assert database.execute("select a from t").fetchall() == [(7,)]
assert decimal.Decimal(1) / 7 and re.fullmatch("(a|b)*", "abab")
assert random.SystemRandom().random() < 1 and len(os.urandom(8)) == 8
time.sleep(0.001)
assert time.time() > 0 and time.process_time() > 0 and time.localtime().tm_year > 2000
reader, writer = os.pipe()
os.write(writer, b"x")
assert select.select([reader], [], [], 1)[0] == [reader] and not os.isatty(reader)
poll = select.poll()
poll.register(reader, select.POLLIN)
assert poll.poll(0) and os.dup(reader) > 2
rang = []
signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
assert rang and os.cpu_count() and os.getcwd() and os.times().user >= 0
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0 and os.uname().sysname == "Linux"
bytearray(2**24)
print("worked")
"""
    assert answers(body, tmp_path) == ["worked"]
    assert os.listdir(tmp_path) == []


@filtered
@pytest.mark.parametrize(("policy", "num_threads"), [("True", "2"), ("", "1")])
def test_numpy_works(policy: str, num_threads: str) -> None:
    numpy = pytest.importorskip("numpy")
    body = """
sys.path.append(sys.argv[1])
lock(POLICY)
import numpy
a = numpy.random.default_rng(0).random((300, 300))
assert numpy.allclose(a @ numpy.linalg.inv(a), numpy.eye(300))
print("worked")
""".replace("POLICY", policy)
    site = Path(numpy.__file__).parent.parent
    finished = run_child(body, site, OPENBLAS_NUM_THREADS=num_threads)
    assert finished.stdout == "worked\n", finished.stderr


@pytest.fixture
def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not installed")
    return path


@filtered
def test_node_starts_reads_and_writes(node: str) -> None:
    program = """
        process.stdin.on("data", (data) => setTimeout(() =>
            require("fs").readFile("/etc/hostname", () => console.log(data + "!")), 5));
    """
    reader, writer = os.pipe()
    os.write(writer, b"heard")
    os.close(writer)
    try:
        body = 'lock(True, True); os.execv(sys.argv[1], ["node", "-e", sys.argv[2]])'
        assert answers(body, node, program, stdin=reader) == ["heard!"]
    finally:
        os.close(reader)


@filtered
def test_node_reaches_no_process_and_no_network(node: str, tmp_path: Path) -> None:
    marker, kept = tmp_path / "marker", tmp_path / "kept"
    kept.touch(0o600)
    program = """
        const [port, marker, kept] = process.argv.slice(1);
        const failed = [];
        failed.push(require("child_process").spawnSync("touch", [marker]).error.code);
        try { process.kill(process.ppid, 0); } catch (error) { failed.push(error.code); }
        try { require("fs").chmodSync(kept, 0o777); } catch (error) { failed.push(error.code); }
        require("net").connect(Number(port), "127.0.0.1").on("error", (error) => {
            failed.push(error.code);
            console.log(JSON.stringify(failed));
        });
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = 'lock(True, True); os.execv(sys.argv[1], ["node", "-e", *sys.argv[2:]])'
        finished = run_child(body, node, program, server.getsockname()[1], marker, kept)
        assert select.select([server], [], [], 0)[0] == []
    assert json.loads(finished.stdout) == ["EPERM"] * 4, finished.stderr
    assert not marker.exists()
    assert kept.stat().st_mode & 0o777 == 0o600
