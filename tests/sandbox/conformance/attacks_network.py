"""Attacks that speak to somebody, or open a kind of socket that could.

Those that connect are proven by the host's listeners; a kind of socket for which there is no
listener is a gain as soon as the program has it.
"""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack


def _socket_gain(name: str, arguments: str, needs_root: bool, is_optional: bool) -> Attack:
    body = f"import socket\nsocket.socket({arguments})\nreturn 'gained: a socket'"
    return Attack(name, "gain", body, needs_root=needs_root, is_optional=is_optional)


_CONTACTS = (
    Attack(
        "TCP",
        "contact",
        """
        import socket
        socket.create_connection(('127.0.0.1', $tcp_port), 1).sendall(b'hello')
        """,
    ),
    Attack(
        "TCP over IPv6",
        "contact",
        """
        import socket
        socket.create_connection(('::1', $tcp6_port), 1).sendall(b'hello')
        """,
        is_optional=True,
    ),
    Attack(
        "TCP without connect",
        "contact",
        """
        import socket
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.sendto(b'hello', 0x20000000, ('127.0.0.1', $tcp_port))
        """,
        is_optional=True,
    ),
    Attack(
        "Multipath TCP",
        "contact",
        """
        import socket
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        made.connect(('127.0.0.1', $tcp_port))
        made.sendall(b'hello')
        """,
        is_optional=True,
    ),
    Attack(
        "HTTP by asyncio",
        "contact",
        """
        import asyncio
        async def speak():
            _, writer = await asyncio.open_connection('127.0.0.1', $tcp_port)
            writer.write(b'hello')
            await writer.drain()
        asyncio.run(speak())
        """,
    ),
    Attack(
        "UDP",
        "contact",
        """
        import socket
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hello', ('127.0.0.1', $udp_port))
        """,
    ),
    Attack(
        "unix path socket",
        "contact",
        """
        import socket
        made = socket.socket(socket.AF_UNIX)
        made.connect('$unix_path')
        made.sendall(b'hello')
        """,
    ),
    Attack(
        "unix datagram socket",
        "contact",
        """
        import socket
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'hello', '$datagram_path')
        """,
    ),
    Attack(
        "half of a socket pair",
        "contact",
        """
        import socket
        mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        mine.sendto(b'hello', '$datagram_path')
        """,
    ),
    Attack(
        "abstract socket",
        "contact",
        """
        import socket
        made = socket.socket(socket.AF_UNIX)
        made.connect('\\0$abstract_name')
        made.sendall(b'hello')
        """,
    ),
    Attack(
        "the C library's socket",
        "contact",
        """
        made = libc.socket(2, 2, 0)
        address = (2).to_bytes(2, sys.byteorder) + ($udp_port).to_bytes(2, 'big')
        libc.sendto(made, b'hello', 5, 0, address + bytes([127, 0, 0, 1]) + bytes(8), 16)
        """,
    ),
    Attack(
        "listening",
        "gain",
        """
        import socket
        made = socket.create_server(('127.0.0.1', 0))
        return f'gained: port {made.getsockname()[1]}'
        """,
    ),
    Attack(
        "receiving datagrams",
        "gain",
        """
        import socket
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(('127.0.0.1', 0))
        return f'gained: port {made.getsockname()[1]}'
        """,
    ),
)

_KINDS = (
    _socket_gain("netlink", "socket.AF_NETLINK, socket.SOCK_RAW, 0", False, False),
    _socket_gain("kernel event netlink", "socket.AF_NETLINK, socket.SOCK_RAW, 15", False, True),
    _socket_gain("raw IP", "socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP", True, False),
    _socket_gain("packet", "socket.AF_PACKET, socket.SOCK_RAW, 0", True, True),
    _socket_gain("vsock", "40, socket.SOCK_STREAM", False, True),
    _socket_gain("kernel crypto", "38, socket.SOCK_SEQPACKET", False, True),
    _socket_gain("SCTP", "socket.AF_INET, socket.SOCK_STREAM, 132", False, True),
    _socket_gain("Bluetooth", "31, socket.SOCK_RAW, 1", False, True),
    _socket_gain("XDP", "44, socket.SOCK_RAW", True, True),
    _socket_gain("TIPC", "30, socket.SOCK_RDM", False, True),
)

ATTACKS = _CONTACTS + _KINDS
