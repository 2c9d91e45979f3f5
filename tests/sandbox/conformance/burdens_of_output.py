"""Programs that say too much or the wrong thing: floods, values that cannot cross, odd texts.

The channel to the host is attacked as such: a program can write any bytes on it.
"""

from __future__ import annotations

from tests.sandbox.conformance.burdens import ENDS, LONGER, SHORT, Burden

_PROTOCOL = (*ENDS, "protocol_error")

_STREAMS = (
    Burden("a flood of output", "while True: print('x' * 10**5)", ("timeout",)),
    Burden("a flood of errors", "while True: sys.stderr.write('x' * 10**5)", ("timeout",)),
    Burden("a flood by the descriptor", "while True: os.write(1, bytes(10**5))", ("timeout",)),
    Burden(
        "much output in the end",
        "sys.stdout.write('x' * 10**7)",
        ("completed",),
        LONGER,
    ),
    Burden("bytes that are no text", "os.write(1, bytes(range(256)) * 4)", ("completed",)),
    Burden("a surrogate in the output", "print('\\ud800')", ENDS),
    Burden("a surrogate in an exception", "raise ValueError('\\ud800')", ("completed",)),
    Burden("an exception of great length", "raise ValueError('x' * 10**7)", ("completed",)),
    Burden("an exit code that is a text", "sys.exit('\\ud800' * 100)", ("completed",)),
)

_VALUES = (
    Burden("a large value", "return 'x' * 2**24", ("completed",), LONGER),
    Burden("a deep value", "x = []\nfor _ in range(10**5): x = [x]\nreturn x", ENDS),
    Burden("a value that holds itself", "x = []\nx.append(x)\nreturn x", ("completed",)),
    Burden("a large number", "return 1 << 2**26", ("completed",)),
    Burden("a value of surrogates", "return '\\ud800' * 10", ("completed",)),
    Burden(
        "keys that collide",
        "return {i * (2**61 - 1): i for i in range(1, 3000)}",
        _PROTOCOL,
    ),
    Burden(
        "keys of a slow hash",
        """
        class Slow:
            def __hash__(self): time.sleep(60)
        return {Slow(): 1}
        """,
        ("timeout",),
    ),
    Burden("a type with a long name", "return type('x' * 10**6, (), {})()", ("completed",)),
    Burden(
        "a type whose name is not text",
        """
        class Name(str):
            def __getitem__(self, key): raise SystemExit
            def __format__(self, how): raise SystemExit
        return type(Name('odd'), (), {})()
        """,
        ("completed", "error"),
    ),
)

_CHANNEL = (
    Burden(
        "a flood on the channel",
        "while True: os.write(3, bytes(2**16))",
        (*_PROTOCOL,),
    ),
    Burden("half a frame", "os.write(3, b'\\0\\0\\0\\xff' + bytes(10))\ntime.sleep(60)", _PROTOCOL),
    Burden("the longest frame", "os.write(3, b'\\xff' * 20 + bytes(10**5))", ("protocol_error",)),
    Burden(
        "a pickle",
        "import pickle\nos.write(3, pickle.dumps(ValueError('x')) * 10)",
        ("protocol_error",),
    ),
    Burden(
        "deep JSON with the right tag",
        """
        import gc
        for each in gc.get_objects():
            tag = getattr(each, '__closure__', None)
            for cell in tag or ():
                content = cell.cell_contents
                if type(content) is bytes and len(content) == 16:
                    text = b'[' * 10**6
                    os.write(3, len(text).to_bytes(4, 'big') + content + text)
        """,
        _PROTOCOL,
        LONGER,
    ),
    Burden(
        "outcomes without end",
        """
        frame = sys._getframe()
        while frame is not None:
            send = frame.f_locals.get('send')
            while send:
                send(('outcome', 0, 'value', 'x' * 10**5))
            frame = frame.f_back
        """,
        _PROTOCOL,
        LONGER,
    ),
    Burden("closing the channel", "os.close(3)", ("error", "completed", "crashed")),
    Burden("the channel as output", "os.dup2(3, 1); print('x' * 100, flush=True)", _PROTOCOL),
    Burden("output as the channel", "os.dup2(1, 3)", ENDS),
    Burden("a channel that does not block", "os.set_blocking(3, False)\nreturn 'x' * 10**6", ENDS),
    Burden(
        "a shut channel",
        "import socket\nsocket.socket(fileno=os.dup(3)).shutdown(2)",
        ("error", "completed", "crashed"),
    ),
    Burden(
        "descriptors on the channel",
        """
        import array, socket
        made = socket.socket(fileno=os.dup(3))
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0] * 50))
        for _ in range(100): made.sendmsg([b'x'], [rights])
        """,
        _PROTOCOL,
    ),
)

_OWN_FOLDER = (
    Burden(
        "a deep folder",
        """
        for _ in range(3000):
            os.mkdir('d')
            os.chdir('d')
        """,
        ENDS,
        LONGER,
    ),
    Burden("many files", "for n in range(5000): open(str(n), 'w').close()", ENDS, LONGER),
    Burden("a file beyond the limit", "open('big', 'wb').write(bytes(2**25))", ENDS, LONGER),
    Burden(
        "a folder that cannot be removed",
        "os.makedirs('a/b')\nos.chmod('a/b', 0)\nos.chmod('a', 0)\nos.chmod('.', 0)",
        ENDS,
        SHORT,
    ),
    Burden("a pipe that blocks", "os.mkfifo('pipe')\nopen('pipe').read()", ENDS, SHORT),
)

BURDENS = _STREAMS + _VALUES + _CHANNEL + _OWN_FOLDER
