"""Api: what is at which path.

GET   /                       the page
      /api/state              all of it: `View`
      /api/stream             the same twice a second, as server-sent events named ``state``
      /api/orders             those that are not over; ?over=NUMBER: the last so many that are over
      /api/orders/ID          one, by either id
      /api/orders/ID/timeline when it came past each stage, each since the one before and since the tick
      /api/positions /api/connections /api/tasks /api/config
      /api/history            ?instrument=ID: prices of the last half hour, and the results
      /api/fills              ?after=NUMBER: the last fills, those with a higher number
      /api/histograms         what is counted of delays: by name ``bounds`` in seconds, and ``counts``, the
                              last of which is of what is above all of them
      /api/book/ID            an order book; empty, and without a time, if no strategy reads it
      /metrics                for Prometheus: `metrics`
      /healthz /readyz        200 or 503: whether the loop turns in time; whether the engine does what it is
                              there for, or why not
POST  /api/pause /api/resume /api/halt /api/flatten /api/stop
      /api/cancel-all         ?instrument=ID: only its orders

What is wrong is answered in words: ``{"error": "..."}``. An action answers ``{"done": true, "words":
"..."}``; one that makes no sense now answers 409, with ``"done": false``. How values look is said in `plain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import attrs
import structlog
import trio

from livetrio.clock import format_instant
from livetrio.operations.actions import ACTIONS, cancel_all
from livetrio.operations.http.asked import Asked, Refusal, Reply, Stream
from livetrio.operations.http.files import find_file
from livetrio.operations.http.guard import Guard
from livetrio.operations.http.history import History
from livetrio.operations.http.plain import describe_view, encode, reply, say
from livetrio.operations.http.tasks import list_tasks
from livetrio.operations.look import show_order
from livetrio.operations.timelines import for_programs, timeline_rows
from livetrio.operations.view import View
from livetrio.operations.watched import Watched

log = structlog.get_logger()

STREAM_INTERVAL = 0.5
"""Seconds from one view to the next."""

SHARED = 0.1
"""Seconds for which a view serves all who watch the stream."""

BOOK_LEVELS = 50

MOST_ORDERS = 1_000
"""That are over, of one answer."""

HEADERS = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""Of every answer that has no other of the name."""


class Shown(Protocol):
    """An engine, and what is known of it besides."""

    engine: Watched
    history: History | None
    """None: the page is not served."""
    settings: Mapping[str, Any]
    """The configuration, without secrets."""

    def look(self) -> View:
        """The engine as it is now."""
        ...

    def histograms(self) -> Mapping[str, Any]:
        """What is counted of delays, by name: ``bounds`` and ``counts``."""
        ...

    def metrics(self) -> bytes:
        """For Prometheus."""
        ...

    def is_alive(self) -> bool:
        """Whether the loop turns, and in time."""
        ...

    def why_not_ready(self) -> list[str]:
        """What keeps the engine from doing what it is there for."""
        ...


class Api:
    """Answers requests."""

    def __init__(self, shown: Shown, guard: Guard | None) -> None:
        """Take what to show, and who is let do what; None: whoever comes may do all."""
        self._shown = shown
        self._guard = guard
        self._last: tuple[float, bytes] | None = None
        """The last view that was streamed, and when."""
        self._pages: dict[str, Callable[[Asked], object]] = {
            "/api/state": lambda _: describe_view(shown.look()),
            "/api/orders": self._orders,
            "/api/positions": lambda _: self._trading("positions"),
            "/api/connections": lambda _: shown.look().connections,
            "/api/tasks": lambda _: list_tasks(),
            "/api/config": lambda _: shown.settings,
            "/api/histograms": lambda _: shown.histograms(),
            "/api/history": self._history,
            "/api/fills": self._fills,
        }

    def answer(self, asked: Asked) -> Reply | Stream:
        """The answer to a request, whatever it is."""
        try:
            answer = self._answer(asked)
        except Refusal as refusal:
            answer = say(refusal.status, refusal.words, *refusal.headers)
        except Exception:  # whoever looks must not be able to end the engine by it
            log.exception("a bug in the page: the request is answered by 500", path=asked.path)
            answer = say(500, "this is a bug in livetrio; its log has the traceback")
        given = {name for name, _ in answer.headers}
        more = [each for each in HEADERS if each[0] not in given]
        return attrs.evolve(answer, headers=(*answer.headers, *more))

    def _answer(self, asked: Asked) -> Reply | Stream:
        if self._guard is not None:
            self._guard.let_look(asked)
        action = asked.path.removeprefix("/api/")
        if asked.path.startswith("/api/") and action in ACTIONS:
            if asked.method != "POST":
                raise Refusal(405, f"{asked.path} does something, so it takes POST", ("allow", "POST"))
            if self._guard is not None:
                self._guard.let_act(asked)
            return self._act(action, asked)
        if asked.method not in ("GET", "HEAD"):
            raise Refusal(405, f"{asked.path[:80]} shows something, so it takes GET", ("allow", "GET, HEAD"))
        return self._show(asked)

    # Acting.

    def _act(self, name: str, asked: Asked) -> Reply:
        unknown = asked.query.keys() - ({"instrument"} if name == "cancel-all" else set())
        if unknown:
            raise Refusal(400, f"{asked.path} does not take {', '.join(sorted(unknown))[:80]}")
        act = ACTIONS[name]
        if name == "cancel-all":
            act = partial(cancel_all, instrument=asked.query.get("instrument"))
        outcome = act(self._shown.engine, asked.who)
        return reply({"done": outcome.done, "words": outcome.words}, 200 if outcome.done else 409)

    # Showing.

    def _show(self, asked: Asked) -> Reply | Stream:
        path = asked.path
        if path == "/" or path.startswith("/static/"):
            return find_file(path)
        if path == "/metrics":
            from livetrio.operations.metrics import CONTENT_TYPE  # takes 60 ms to import, the first time

            return Reply(status=200, body=self._shown.metrics(), content_type=CONTENT_TYPE)
        if path == "/healthz":
            return _tell_health([] if self._shown.is_alive() else ["the loop is late"])
        if path == "/readyz":
            return _tell_health(self._shown.why_not_ready())
        if path == "/api/stream":
            return Stream(take=self._take_view, interval=STREAM_INTERVAL)
        if path in self._pages:
            return reply(self._pages[path](asked))
        if path.startswith("/api/orders/") and path.endswith("/timeline"):
            return reply(self._timeline(path.removeprefix("/api/orders/").removesuffix("/timeline")))
        if path.startswith("/api/orders/"):
            return reply(self._order(path.removeprefix("/api/orders/")))
        if path.startswith("/api/book/"):
            return reply(self._book(path.removeprefix("/api/book/")))
        raise Refusal(404, f"there is no {path[:80]}")

    def _take_view(self) -> bytes:
        now = trio.current_time()
        if self._last is None or not 0 <= now - self._last[0] < SHARED:
            view = encode(describe_view(self._shown.look()))
            self._last = now, b"event: state\ndata: " + view + b"\n\n"
        return self._last[1]

    def _trading(self, name: str) -> object:
        trading = self._shown.look().trading
        return () if trading is None else getattr(trading, name)

    def _orders(self, asked: Asked) -> object:
        over = asked.query.get("over")
        if over is None:
            return self._trading("orders")
        if not over.isdecimal() or len(over) > 6 or not 1 <= int(over) <= MOST_ORDERS:
            raise Refusal(400, f"over: expected a number from 1 to {MOST_ORDERS}, found {over[:80]!r}")
        engine = self._shown.engine
        if engine.desk is None:
            return ()
        now = engine.clock.now()
        return [show_order(each.order, now) for each in engine.desk.tracker.over(int(over))]

    def _timeline(self, order_id: str) -> dict[str, Any]:
        desk = self._shown.engine.desk
        tracked = None if desk is None else desk.tracker.get(order_id)
        if tracked is None:
            raise Refusal(404, f"no order {order_id[:80]} is remembered; the journal may have it")
        order, timeline = tracked.order, tracked.timeline
        if timeline.decided is None:
            raise Refusal(404, f"order {order_id[:80]} has no timeline: it was not made here")
        return {
            "order": show_order(order, self._shown.engine.clock.now()),
            "stages": [for_programs(each) for each in timeline_rows(order, timeline)],
        }

    def _order(self, order_id: str) -> dict[str, Any]:
        order = self._shown.engine.cache.get_order(order_id)
        if order is None:
            raise Refusal(404, f"no order {order_id[:80]} is remembered; the journal may have it")
        described = {each.name: getattr(order, each.name) for each in attrs.fields(type(order))}
        for name, value in described.items():
            if (name.startswith("ts_") or name == "expires") and value is not None:
                described[name] = format_instant(value)
        return described

    def _book(self, instrument: str) -> dict[str, Any]:
        book = self._shown.engine.cache.get_book(instrument)
        if book is None:
            if self._shown.engine.cache.get_instrument(instrument) is None:
                raise Refusal(404, f"no instrument {instrument[:80]} is listed")
            return {"instrument_id": instrument, "time": None, "bids": [], "asks": []}
        return {
            "instrument_id": book.instrument_id,
            "time": format_instant(book.ts_init),
            "bids": [(each.price, each.size) for each in book.bids[:BOOK_LEVELS]],
            "asks": [(each.price, each.size) for each in book.asks[:BOOK_LEVELS]],
        }

    def _history(self, asked: Asked) -> dict[str, Any]:
        history = self._kept()
        return {
            "prices": history.prices(asked.query.get("instrument", "")),
            "results": history.results(),
        }

    def _fills(self, asked: Asked) -> object:
        after = asked.query.get("after", "0")
        if not after.isdecimal() or len(after) > 15:
            raise Refusal(400, f"after: expected a number of a fill, found {after[:80]!r}")
        return self._kept().fills(int(after))

    def _kept(self) -> History:
        if self._shown.history is None:
            raise Refusal(404, "no history is kept, because operations.http is not set")
        return self._shown.history


def _tell_health(troubles: list[str]) -> Reply:
    """For probes, which look at the status, and for people, who look at the words."""
    words = "\n".join(troubles) or "ok"
    return Reply(
        status=503 if troubles else 200, body=f"{words}\n".encode(), content_type="text/plain; charset=utf-8"
    )
