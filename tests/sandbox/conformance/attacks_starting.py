"""Attacks that start another process or become another program.

A child in these programs only ends, so that none is left where no wall holds.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack

_CHILD = """
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
return 'gained: a process'
"""


def _forking(name: str, statement: str) -> Attack:
    return Attack(name, "gain", statement + _CHILD)


_FORKS = (
    _forking("os.fork", "pid = os.fork()"),
    _forking("posix.fork", "import posix\npid = posix.fork()"),
    _forking("the C library's fork", "pid = libc.fork()"),
    _forking("raw clone", "pid = syscall($sys_clone, 17, 0, 0, 0, 0)"),
    _forking("clone as vfork does", "pid = syscall($sys_clone, 0x4000 | 17, 0, 0, 0, 0)"),
    _forking(
        "raw clone3",
        "arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)\n"
        "pid = syscall($sys_clone3, arguments, 88)",
    ),
    _forking(
        "clone with a new user namespace", "pid = syscall($sys_clone, 0x10000011, 0, 0, 0, 0)"
    ),
    _forking("pty.fork", "import pty\npid, _ = pty.fork()"),
    Attack(
        "clone without a signal to the parent",
        "gain",
        """
        pid = syscall($sys_clone, 0, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return 'gained: a process'
        """,
    ),
    Attack(
        "a fork bomb",
        "gain",
        """
        children = []
        for _ in range(40):
            try:
                pid = os.fork()
            except OSError:
                break
            if pid == 0:
                time.sleep(0.3)
                os._exit(0)
            children.append(pid)
        return f'gained: {len(children)} processes' if children else ''
        """,
    ),
    Attack(
        "a daemon",
        "gain",
        """
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                import ctypes
                ctypes.CDLL(None).prctl(15, b'$marker', 0, 0, 0)
                os.write(writer, b'alive')
                time.sleep(60)
            os._exit(0)
        os.wait()
        os.read(reader, 5)
        return 'gained: a process of its own session'
        """,
    ),
    Attack(
        "multiprocessing",
        "gain",
        """
        import multiprocessing
        child = multiprocessing.get_context('fork').Process(target=int)
        child.start()
        child.join()
        return 'gained: a process' if child.exitcode == 0 else ''
        """,
    ),
)

_SPAWNS = (
    Attack(
        "posix_spawn",
        "gain",
        """
        pid = os.posix_spawn('/bin/true', ['true'], {})
        return 'gained: a program' if os.waitpid(pid, 0)[1] == 0 else ''
        """,
    ),
    Attack(
        "subprocess",
        "leak",
        """
        import subprocess
        return subprocess.run(['/bin/cat', '$secret_file'], capture_output=True).stdout
        """,
    ),
    Attack(
        "os.system",
        "gain",
        "return 'gained: a shell' if os.system('exit 0') == 0 else ''",
    ),
    Attack("os.popen", "leak", "return os.popen('cat $secret_file').read()"),
    Attack(
        "the C library's popen",
        "leak",
        """
        libc.popen.restype = ctypes.c_void_p
        libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        text = ctypes.create_string_buffer(100)
        file = libc.popen(b'cat $secret_file', b'r')
        if file:
            libc.fgets(text, 100, file)
        return text.value
        """,
    ),
    Attack(
        "fork with code before the program",
        "gain",
        """
        import subprocess
        code = subprocess.call(['/bin/true'], preexec_fn=int)
        return 'gained: a program' if code == 0 else ''
        """,
    ),
)

_PROGRAMS = (
    Attack("execve", "leak", "os.execv('/bin/cat', ['cat', '$secret_file'])"),
    Attack("a shell in its place", "leak", "os.execv('/bin/sh', ['sh', '-c', 'cat $secret_file'])"),
    Attack(
        "fexecve",
        "leak",
        """
        number = os.open('/bin/cat', os.O_RDONLY)
        os.execve(number, ['cat', '$secret_file'], {})
        """,
    ),
    Attack(
        "raw execveat",
        "leak",
        """
        number = os.open('/bin/cat', os.O_PATH)
        arguments = (ctypes.c_char_p * 3)(b'cat', b'$secret_file', None)
        syscall($sys_execveat, number, b'', arguments, (ctypes.c_char_p * 1)(None), 0x1000)
        """,
    ),
    Attack(
        "a program in memory",
        "leak",
        """
        number = os.memfd_create('program', 0)
        with open('/bin/cat', 'rb') as file:
            os.write(number, file.read())
        os.execve(f'/proc/self/fd/{number}', ['cat', '$secret_file'], {})
        """,
    ),
    Attack(
        "a program of its own folder",
        "leak",
        """
        import shutil
        shutil.copy('/bin/cat', 'program')
        os.chmod('program', 0o700)
        os.execv('./program', ['program', '$secret_file'])
        """,
    ),
    Attack(
        "the interpreter again",
        "leak",
        """
        code = "print(open('$secret_file').read())"
        os.execv(os.path.realpath('/proc/self/exe'), ['python', '-I', '-S', '-c', code])
        """,
    ),
    Attack(
        "the dynamic loader",
        "leak",
        """
        import glob
        (loader, *_) = glob.glob('/lib*/ld-linux*') + glob.glob('/lib/*/ld-linux*')
        os.execv(loader, ['loader', '/bin/cat', '$secret_file'])
        """,
        is_optional=True,
    ),
)

ATTACKS = _FORKS + _SPAWNS + _PROGRAMS
