"""Ports for servers that tests start, reserved for as long as the test's process lives.

A port that the kernel hands out is free again as soon as its socket is closed: another test, or the
near end of any connection, may get it before the server that it was meant for listens, and again
while that server restarts. So these lie below the range that the kernel takes from, and a name in
the abstract namespace of Unix sockets keeps every other test away (test/support/ports.h does the
same for tests in C++). The kernel frees the name with the process.
"""
import pathlib
import random
import socket

_FIRST = 10000
_reserved = []


def _end():
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return low if low > _FIRST + 1000 else 32768


def _reserve(port):
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0tollgate-test-port-{port}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            probe.listen(1)
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def free_ports(count):
    """`count` different ports where nobody listens, and no other test will."""
    end = _end()
    ports = []
    for _ in range(10000):
        if len(ports) == count:
            return ports
        port = random.randrange(_FIRST, end)
        if _reserve(port):
            ports.append(port)
    raise AssertionError(f"no {count} free ports between {_FIRST} and {end}")
