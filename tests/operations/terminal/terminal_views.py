"""Views for the tests of the terminal, and the terminal in memory that judges what is shown."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pyte

from livetrio.operations.view import (
    AccountView,
    ConnectionView,
    GateView,
    OrderView,
    PositionView,
    QuoteView,
    StrategyView,
    TradingView,
    View,
)

SECOND = 1_000_000_000
START = 1_764_000_000 * SECOND


def connection(**changes):
    values = {
        "name": "venue/market", "endpoint": "wss://venue", "state": "connected", "age": 0.2,
        "latency_ms": 1.5, "reconnects": 0, "attempts": 0, "messages": 1234, "uptime": 60.0, "feeds": 3,
        "stale_feeds": (), "faults": {}, "last_error": None,
    }  # fmt: skip
    return ConnectionView(**values | changes)


def quote(**changes):
    values = {
        "instrument_id": "BTC-USD-PERP.VENUE", "bid_price": Decimal("91000.0"), "bid_size": Decimal(1),
        "ask_price": Decimal("91001.0"), "ask_size": Decimal(2), "age": 0.1,
    }  # fmt: skip
    return QuoteView(**values | changes)


def order(**changes):
    values = {
        "client_order_id": "0x01", "venue_order_id": "77", "instrument_id": "BTC-USD-PERP.VENUE",
        "strategy": "maker", "side": "buy", "order_type": "limit", "quantity": Decimal("0.01"),
        "filled_quantity": Decimal(0), "price": Decimal(90000), "trigger_price": None, "status": "accepted",
        "is_canceling": False, "reason": None, "age": 61.0, "since": 3.0,
    }  # fmt: skip
    return OrderView(**values | changes)


def position(**changes):
    values = {
        "instrument_id": "BTC-USD-PERP.VENUE", "quantity": Decimal("0.01"), "entry_price": Decimal(90000),
        "mark_price": Decimal(91000), "liquidation_price": None, "unrealized_pnl": Decimal(10),
        "realized_pnl": Decimal(-2), "fees": Decimal(1), "funding": Decimal(0),
    }  # fmt: skip
    return PositionView(**values | changes)


def strategy(**changes):
    values = {
        "name": "maker", "state": "running", "events": 100, "per_event_us": 12.0, "queued": 0, "lag": 0.0,
        "dropped": 0, "conflated": 0, "errors": 0, "error": None, "orders": 1, "pnl": Decimal(8),
    }  # fmt: skip
    return StrategyView(**values | changes)


def gate(**changes):
    values = {"venue": "VENUE", "account_id": "VENUE-0x5c", "is_open": True, "reasons": (), "waiting": 0}
    return GateView(**values | changes)


def trading(**changes):
    values = {
        "state": "active", "reason": None, "gates": (gate(),), "orders": (order(),),
        "counts": {"accepted": 1}, "fills": 2, "positions": (position(),),
        "accounts": (
            AccountView(
                account_id="VENUE-0x5c", currency="USDC", equity=Decimal(100008), balance=Decimal(99998),
                available=Decimal(90000), margin_used=Decimal(10008),
            ),
        ),
        "pnl": Decimal(8), "day_pnl": Decimal(-1), "is_priced": True, "locks": (), "journal": "x.journal",
    }  # fmt: skip
    return TradingView(**values | changes)


def view(**changes):
    """Of an engine that has run for an hour, and is well."""
    values = {
        "version": "9.9", "now": START + 3600 * SECOND, "started": START, "life": "running",
        "connections": (connection(),), "quotes": (quote(),), "strategies": (strategy(),),
        "trading": trading(), "refused": {}, "warnings": (),
    }  # fmt: skip
    fields = {each.name for each in attrs.fields(View)}
    return View(**{name: each for name, each in (values | changes).items() if name in fields})


class Terminal:
    """What a terminal shows of the bytes that it is sent, with the lines that have scrolled out of it."""

    def __init__(self, columns=100, lines=30):
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000)
        self._stream = pyte.ByteStream(self.screen)

    def feed(self, data):
        self._stream.feed(data)

    @property
    def shown(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def all(self):
        """The history, and then what is shown."""
        columns = range(self.screen.columns)
        history = ["".join(line[at].data for at in columns).rstrip() for line in self.screen.history.top]
        return history + self.shown

    @property
    def text(self):
        return "\n".join(self.all)
