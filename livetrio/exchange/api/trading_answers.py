"""Answers to what may be asked about an account's trading: orders and fills (§4.6-4.10).

Whoever asks about an address without account gets nothing, and never an error: also about an agent's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from livetrio.exchange.api.market_answers import Answerer
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.user_requests import (
    FrontendOpenOrdersInfo,
    HistoricalOrdersInfo,
    OpenOrdersInfo,
    OrderStatusInfo,
    UserFillsByTimeInfo,
    UserFillsInfo,
    UserMessage,
)
from livetrio.exchange.api.views import fill_views, frontend_orders, open_orders, order_status, status_view
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import Fill, FundingPaid, LedgerUpdate
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.order import Order

MAX_FILLS = 2000
"""Of one answer (§4.9, §4.10)."""

Happened = TypeVar("Happened", Fill, FundingPaid, LedgerUpdate)


def account_of(request: UserMessage, ledger: Ledger) -> Account:
    """Whom a request is about; if there is no such account, an empty one that is not kept."""
    return ledger.find(request.user) or Account(request.user.lower())


def between(events: Iterable[Happened], start: int | None, end: int | None) -> Iterable[Happened]:
    """Those of a time, ms, both ends included, in the order they had."""
    return (
        each for each in events if (start is None or start <= each.time) and (end is None or each.time <= end)
    )


# Orders.


def _open_orders(request: OpenOrdersInfo, ledger: Ledger, records: Records) -> Any:
    return [] if request.dex else open_orders(ledger, account_of(request, ledger))


def _frontend_orders(request: FrontendOpenOrdersInfo, ledger: Ledger, records: Records) -> Any:
    return [] if request.dex else frontend_orders(ledger, account_of(request, ledger))


def _order_status(request: OrderStatusInfo, ledger: Ledger, records: Records) -> Any:
    account = account_of(request, ledger)
    if isinstance(request.oid, int):
        return order_status(_find(account, request.oid))
    latest = account.by_cloid.get(request.oid.lower())
    return order_status(latest and _find(account, latest.oid))


def _find(account: Account, oid: int) -> Order | None:
    """An order that lives, or has not been forgotten."""
    order = account.orders.get(oid)
    if order is not None:
        return order
    news = account.ended.get(oid)
    return None if news is None else news.order


def _historical_orders(request: HistoricalOrdersInfo, ledger: Ledger, records: Records) -> Any:
    """Newest first, like fills: the page says nothing of the order."""
    return [status_view(each) for each in reversed(account_of(request, ledger).history)]


# Fills.


def _fills(request: UserFillsInfo, ledger: Ledger, records: Records) -> Any:
    newest = list(islice(reversed(account_of(request, ledger).fills), MAX_FILLS))
    return fill_views(ledger, newest, aggregate=bool(request.aggregate_by_time))


def _fills_by_time(request: UserFillsByTimeInfo, ledger: Ledger, records: Records) -> Any:
    """The oldest of the time, or reversed, the newest; the bound counts before fills are put together."""
    fills = account_of(request, ledger).fills
    ordered = reversed(fills) if request.reversed else iter(fills)
    found = list(islice(between(ordered, request.start_time, request.end_time), MAX_FILLS))
    return fill_views(ledger, found, aggregate=bool(request.aggregate_by_time))


TRADING_ANSWERS: Mapping[type[UserMessage], Answerer] = {
    OpenOrdersInfo: _open_orders,
    FrontendOpenOrdersInfo: _frontend_orders,
    OrderStatusInfo: _order_status,
    HistoricalOrdersInfo: _historical_orders,
    UserFillsInfo: _fills,
    UserFillsByTimeInfo: _fills_by_time,
}
