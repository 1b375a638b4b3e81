"""Relay: stands between engine and exchange in a process of its own and notes when bytes come by.

It hands on at once what comes, both ways. Of each chunk that comes from the engine it notes the connection,
the instant at which it was there (`time.monotonic_ns`, the same in all processes of a machine), its size, and
for how long before that the system had it already: the relay's own share. It prints all that when its
standard input ends.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import sys
import time

CHUNK = 65536
SO_TIMESTAMPNS = 35
"""Linux: each receipt comes with the instant at which the last of it arrived (socket(7))."""
TIMESPEC = struct.Struct("qq")


def main(port: int) -> None:
    """Hand on to the port of this machine until the standard input ends."""
    chunks: list[tuple[int, int, int, int]] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=32)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        connections = 0
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    print(json.dumps({"chunks": chunks}), flush=True)
                    return
                if key.fileobj is listener:
                    _join(selector, listener.accept()[0], port, connections)
                    connections += 1
                else:
                    _hand_on(selector, key, chunks)


def _join(selector: selectors.BaseSelector, near: socket.socket, port: int, number: int) -> None:
    """What comes from the near side goes to the far one, and the other way round."""
    far = socket.create_connection(("127.0.0.1", port))
    near.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    for each in (near, far):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(near, selectors.EVENT_READ, (far, number))
    selector.register(far, selectors.EVENT_READ, (near, None))


def _hand_on(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, chunks: list[tuple[int, int, int, int]]
) -> None:
    source = key.fileobj
    assert isinstance(source, socket.socket)
    sink, number = key.data
    try:
        data, extras, *_ = source.recvmsg(CHUNK, socket.CMSG_SPACE(TIMESPEC.size))
        now, wall_now = time.monotonic_ns(), time.time_ns()
        if data:
            sink.sendall(data)
            if number is not None:
                chunks.append((number, now, len(data), wall_now - _arrival(extras, wall_now)))
            return
    except OSError:
        pass  # one side is gone, so the other is to go, too
    for each in (source, sink):
        if each.fileno() != -1:
            selector.unregister(each)
            each.close()


def _arrival(extras: list[tuple[int, int, bytes]], otherwise: int) -> int:
    """When the system had it, nanoseconds of the wall clock."""
    for _, kind, data in extras:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return otherwise


if __name__ == "__main__":
    main(int(sys.argv[1]))
