"""Routes: which path leads where: questions to ``/info``, actions to ``/exchange``, WebSockets to ``/ws``.

The faults that a request can meet are asked for here: before it is handled, and when its answer is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import trio

from livetrio.exchange.api.requests import SCHEMA_ERROR, CannotAnswer
from livetrio.exchange.api.signed import CannotRead
from livetrio.exchange.api.subscriptions import NOT_JSON
from livetrio.exchange.edge.http import Hangup, Request, Response, plain
from livetrio.exchange.edge.line import Line
from livetrio.exchange.limits import Limits
from livetrio.exchange.outcome import Lost, Unavailable
from livetrio.exchange.weights import action_weight, info_weight, items_weight

TOO_MANY = plain(429, "Too Many Requests")
"""The venue's status; its words are not known (§1.2)."""


class Exchange(Protocol):
    """What requests are about."""

    def ask(self, payload: Any, done: Callable[[Any], None]) -> None:
        """Answer an info request: hand ``done`` the answer, or an outcome. Raises `CannotAnswer`."""
        ...

    def act(self, payload: Any, done: Callable[[Any], None]) -> None:
        """Hand a signed action to the chain, and its answer, or an outcome, to ``done``. Raises
        `CannotRead`."""
        ...

    def let_in(self, line: Line) -> Hangup | None:
        """A client asks for something of the venue for the first time on its connection: None, or how it
        ends, for a fault that is on."""
        ...

    def refuse_upgrade(self) -> Response | None:
        """What a WebSocket is refused with, for a fault that is on."""
        ...

    def control(self, payload: Any) -> tuple[int, Any]:
        """Answer a request of whoever runs the exchange: a status, and what is said."""
        ...


class Routes:
    """Answers the HTTP requests of one client."""

    def __init__(self, exchange: Exchange, limits: Limits, line: Line, *, may_control: bool) -> None:
        self._exchange = exchange
        self._limits = limits
        self._line = line
        self._is_in = False
        """Whether the venue has let the client in. ``/control`` is no part of the venue: while that is all
        a connection asks for, no fault concerns it, or else nobody could heal one that shuts the door."""
        self._may_control = may_control
        """Whether the client is on this machine."""

    async def answer(self, request: Request) -> Response | Hangup | None:
        """Answer a request; None for the upgrade to a WebSocket."""
        if request.path == "/control" and self._may_control:
            return self._control(request)
        if not self._is_in:
            refusal = self._exchange.let_in(self._line)
            if refusal is not None:
                return refusal
            self._is_in = True
        match request.method, request.path:
            case "GET", "/ws":
                return self._upgrade(request)
            case "POST", "/info":
                return await self._info(request.body)
            case "POST", "/exchange":
                return await self._act(request.body)
            case _, "/ws":
                return plain(405, "Method Not Allowed", ("allow", "GET"))
            case _, "/info" | "/exchange":
                return plain(405, "Method Not Allowed", ("allow", "POST"))
        return plain(404, "Not Found")

    def _upgrade(self, request: Request) -> Response | None:
        if not request.wants_websocket:
            return plain(400, "expected a WebSocket upgrade")
        refusal = self._exchange.refuse_upgrade()
        if refusal is not None:
            return refusal
        return None if self._limits.connect() else TOO_MANY

    async def _info(self, body: bytes) -> Response:
        try:
            payload = msgspec.json.decode(body)
        except NOT_JSON:
            return _not_json()
        kind = payload.get("type") if isinstance(payload, dict) else None
        if not isinstance(kind, str):
            return plain(422, SCHEMA_ERROR)
        if not self._limits.take_rest(info_weight(kind)):
            return TOO_MANY
        try:
            answer = await _wait(self._exchange.ask, payload)
        except CannotAnswer as refusal:
            return plain(422, str(refusal))
        if isinstance(answer, list):
            self._limits.charge(items_weight(kind, len(answer)))
        return _respond(answer)

    async def _act(self, body: bytes) -> Response:
        try:
            payload = msgspec.json.decode(body)
        except NOT_JSON:
            return _not_json()
        if not self._limits.take_rest(action_weight(_batch_length(payload))):
            return TOO_MANY
        try:
            return _respond(await _wait(self._exchange.act, payload))
        except CannotRead:
            return plain(422, SCHEMA_ERROR)

    def _control(self, request: Request) -> Response:
        if request.method not in ("GET", "POST"):
            return plain(405, "Method Not Allowed", ("allow", "GET, POST"))
        try:
            payload = {"type": "faults"} if request.method == "GET" else msgspec.json.decode(request.body)
        except NOT_JSON:
            return _not_json()
        status, said = self._exchange.control(payload)
        return Response(status, msgspec.json.encode(said))


async def _wait(request: Callable[[Any, Callable[[Any], None]], None], payload: Any) -> Any:
    """Make a request, and wait for its answer; of one that is lost, for ever."""
    answers: list[Any] = []
    answered = trio.Event()

    def done(answer: Any) -> None:
        if not isinstance(answer, Lost):
            answers.append(answer)
            answered.set()

    request(payload, done)
    await answered.wait()
    return answers[0]


def _batch_length(payload: Any) -> int:
    """How many orders, cancels or modifies a request holds, as far as that can be told yet."""
    action = payload.get("action") if isinstance(payload, dict) else None
    if isinstance(action, dict):
        for name in ("orders", "cancels", "modifies"):
            batch = action.get(name)
            if isinstance(batch, list):
                return len(batch)
    return 1


def _respond(answer: Any) -> Response:
    if isinstance(answer, Unavailable):
        return plain(answer.status, answer.text)
    return Response(200, msgspec.json.encode(answer))


def _not_json() -> Response:
    return plain(400, "Failed to parse the request body as JSON")
