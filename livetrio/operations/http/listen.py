"""The address of the page: taken before the engine starts, served while it runs.

Where it cannot be had, nothing starts: at the start somebody is there to mend it, and one who relies on the
page to halt must not find out that it is missing when it is needed; or, where the port is another engine's,
halt that one. Once the engine runs, nothing about the page stops it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from livetrio.errors import ConfigError, Problem
from livetrio.operations.config import split_address

BACKLOG = 64


@contextmanager
def listening(address: str | None, source: str) -> Iterator[list[socket.socket]]:
    """Have an address, if there is one, while the block runs.

    Raises:
      ConfigError: it cannot be had; ``source`` is where it was configured.
    """
    if address is None:
        yield []
        return
    sockets: list[socket.socket] = []
    try:
        for each in _addresses(address):
            sockets.append(_listen(*each))  # noqa: PERF401  # the first is to be closed if the second fails
    except OSError as error:
        for opened in sockets:
            opened.close()
        words = os.strerror(error.errno) if error.errno is not None else str(error)
        raise ConfigError(
            [Problem("operations.http", f"{address} cannot be served on: {words}")], source=source
        ) from None
    try:
        yield sockets
    finally:
        for opened in sockets:
            opened.close()


def _addresses(address: str) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Without asking anybody for a name: localhost is both of the loopback's, if there are two."""
    host, port = split_address(address)
    if host != "localhost":
        return [(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))]
    both = [(socket.AF_INET, ("127.0.0.1", port))]
    if port and _has_second_loopback():  # port 0 would be two ports
        both.append((socket.AF_INET6, ("::1", port)))
    return both


def _has_second_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _listen(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened
