"""Engines that are watched by HTTP, over streams in memory, for the tests in this folder."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import attrs
import trio
from trio.testing import memory_stream_pair

from livetrio.operations.config import OperationsConfig
from livetrio.operations.http.api import Api
from livetrio.operations.http.asked import Asked
from livetrio.operations.http.guard import Guard
from livetrio.operations.http.history import History
from livetrio.operations.http.server import HttpServer
from livetrio.operations.service import Operations

TOKEN = "a-token-of-the-test"


@attrs.define
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def words(self):
        """Of what was refused."""
        return self.json["error"]


class Browser:
    """Asks an API, without a stream between."""

    def __init__(self, engine, *, token=TOKEN, host="127.0.0.1", settings=None, history=False):
        self.operations = Operations(OperationsConfig(), engine, ["a warning"], settings=settings)
        if history:
            self.operations.history = History(engine)
        self.api = Api(self.operations, Guard(host, token))

    def ask(self, path, method="GET", query=None, **headers):
        """One answer; headers with underscores."""
        given = {"host": "127.0.0.1:8787"} | {name.replace("_", "-"): each for name, each in headers.items()}
        asked = Asked(
            method=method, path=path, query=query or {}, headers=given, body=b"", who="http 1.2.3.4"
        )
        reply = self.api.answer(asked)
        return Answer(reply.status, {"content-type": reply.content_type, **dict(reply.headers)}, reply.body)

    def act(self, name, **query):
        """An action, with the token."""
        return self.ask(f"/api/{name}", "POST", query, authorization=f"Bearer {TOKEN}")


@asynccontextmanager
async def served(answer):
    """The client's end of a stream that is served."""
    async with trio.open_nursery() as nursery:
        ours, theirs = memory_stream_pair()
        server = HttpServer(answer)
        nursery.start_soon(server.serve_stream, theirs, "memory")
        yield ours, server
        nursery.cancel_scope.cancel()


async def read_answer(stream):
    """One answer with a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive_some() or _gone(data)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += await stream.receive_some() or _gone(body)
    return Answer(int(first.split()[1]), headers, body)


def _gone(data):
    raise EOFError(f"closed after {data!r}")
