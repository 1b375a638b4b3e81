"""Questions: what can be asked of an account over HTTP, and how to read what is answered.

Each function takes the URL of the venue's ``/info`` and the address that it is about: the account's, or the
vault's that it trades. (Asked about an agent's, the venue answers that there is nothing.) What is of coins
that are not listed is passed over, for no instrument of ours is meant.

A question's weight is what its longest answer costs: some cost more with each 20 items (rate-limits,
2026-08-22).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import msgspec

from livetrio.errors import FrameError
from livetrio.model import (
    AccountReport,
    Balance,
    Fill,
    FundingPayment,
    Order,
    OrderReport,
    OrderStatus,
    PositionReport,
)
from livetrio.venues.hyperliquid import ids, wire
from livetrio.venues.hyperliquid.account_messages import (
    ExchangeStatus,
    FundingEntry,
    MarginState,
    OrderAnswer,
    RateLimit,
    SpotState,
    WireFill,
    WireOrder,
    WireOrderUpdate,
    WirePosition,
)
from livetrio.venues.hyperliquid.account_reports import (
    MARGIN_CURRENCY,
    fill,
    funding_payment,
    is_listed,
    order_report,
)
from livetrio.venues.hyperliquid.identity import ask_identity as ask_identity
from livetrio.venues.hyperliquid.info import ITEMS_PER_WEIGHT, LIGHT, USUAL, info_request, read_answer
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.hyperliquid.numbers import signed, size
from livetrio.venues.hyperliquid.statuses import status_of
from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND as MS
from livetrio.venues.trading import Page, Question

T = TypeVar("T")
Entry = TypeVar("Entry", WireFill, FundingEntry)

MAX_FILLS = 2000
"""Most fills of one answer."""
MAX_RECENT_ORDERS = 2000
MAX_FUNDINGS = 500
"""Most payments of one answer."""


@attrs.frozen(kw_only=True)
class Usage:
    """How many actions an account has had, and may have in its life."""

    used: int
    cap: int


def ask_open_orders(url: str, user: str, listing: Listing) -> Question[Sequence[OrderReport]]:
    """All orders that rest, triggers that wait among them."""

    def read(answer: bytes, ts_init: int) -> Sequence[OrderReport]:
        return [
            order_report(
                each,
                OrderStatus.ACCEPTED,
                "open",
                listing,
                ts_event=each.timestamp * MS,
                ts_init=ts_init,
            )
            for each in read_answer(_OPEN_ORDERS, answer, "frontendOpenOrders")
            if is_listed(each.coin, listing)
        ]

    return _ask_one(url, read, USUAL, type="frontendOpenOrders", user=user)


def ask_order(
    url: str, user: str, listing: Listing, order: Order, revision: int
) -> Question[OrderReport | None]:
    """An order as one revision of it stands; others' orders by the venue's own name for them."""
    if ids.is_ours(order.client_order_id) or order.venue_order_id is None:
        oid: str | int = ids.to_wire(order.client_order_id, revision)
    else:
        oid = int(order.venue_order_id)

    def read(answer: bytes, ts_init: int) -> OrderReport | None:
        found = read_answer(_ORDER, answer, "orderStatus")
        if found.status == "unknownOid":
            return None
        if found.status != "order" or found.order is None:
            raise FrameError("wrong-types", f"orderStatus of {oid}: an answer of the status {found.status!r}")
        report = _report(found.order, listing, ts_init)
        if report is None:
            # Not None: that would say that there is no such order.
            raise FrameError(
                "unknown-status", f"the order {oid} has the status {found.order.status!r}, which is not known"
            )
        return report

    return _ask_one(url, read, LIGHT, type="orderStatus", user=user, oid=oid)


def ask_recent_orders(url: str, user: str, listing: Listing) -> Question[Sequence[OrderReport]]:
    """The latest 2000 orders, each as it stood last: the answer may have one twice, open and then filled."""

    def read(answer: bytes, ts_init: int) -> Sequence[OrderReport]:
        last: dict[int, WireOrderUpdate] = {}
        for each in read_answer(_RECENT_ORDERS, answer, "historicalOrders"):
            before = last.get(each.order.oid)
            if before is None or _rank(each) > _rank(before):
                last[each.order.oid] = each
        reports = (
            _report(each, listing, ts_init) for each in last.values() if is_listed(each.order.coin, listing)
        )
        return [each for each in reports if each is not None]

    weight = _weight_of(MAX_RECENT_ORDERS)
    return _ask_one(url, read, weight, type="historicalOrders", user=user)


def ask_fills(url: str, user: str, listing: Listing, since: int) -> Question[Page[Fill]]:
    """Fills from an instant on; up to 2000 at once, and none that 10,000 younger ones have followed."""

    def read(answer: bytes, ts_init: int) -> Page[Fill]:
        entries = _oldest_first(read_answer(_FILLS, answer, "userFillsByTime"))
        return Page(
            items=tuple(
                fill(each, listing, user, ts_init) for each in entries if is_listed(each.coin, listing)
            ),
            next_since=_next_since(entries, MAX_FILLS),
        )

    question = _ask_one(
        url, read, _weight_of(MAX_FILLS), type="userFillsByTime", user=user, startTime=since // MS
    )
    return attrs.evolve(question, cost=_cost_of_page)


def ask_fundings(url: str, user: str, listing: Listing, since: int) -> Question[Page[FundingPayment]]:
    """Payments of funding from an instant on; up to 500 at once."""

    def read(answer: bytes, ts_init: int) -> Page[FundingPayment]:
        entries = _oldest_first(read_answer(_FUNDINGS, answer, "userFunding"))
        return Page(
            items=tuple(
                funding_payment(each.delta, each.time, listing, ts_init)
                for each in entries
                if is_listed(each.delta.coin, listing)
            ),
            next_since=_next_since(entries, MAX_FUNDINGS),
        )

    question = _ask_one(
        url, read, _weight_of(MAX_FUNDINGS), type="userFunding", user=user, startTime=since // MS
    )
    return attrs.evolve(question, cost=_cost_of_page)


def _weight_of(items: int) -> int:
    return USUAL + items // ITEMS_PER_WEIGHT


def _cost_of_page(page: Page[Any]) -> int:
    return _weight_of(len(page.items))


def ask_account(url: str, user: str, listing: Listing) -> Question[AccountReport]:
    """Margin money and positions, and what there is of each token."""

    def read(answers: Sequence[bytes], ts_init: int) -> AccountReport:
        margin = read_answer(_MARGIN, answers[0], "clearinghouseState")
        spot = read_answer(_SPOT, answers[1], "spotClearinghouseState")
        ts_event = margin.time * MS
        return AccountReport(
            account_id=f"{wire.VENUE}-{user.lower()}",
            currency=MARGIN_CURRENCY,
            equity=signed(margin.marginSummary.accountValue),
            available=signed(margin.withdrawable),
            margin_used=signed(margin.marginSummary.totalMarginUsed),
            balances={
                each.coin: Balance(total=signed(each.total), locked=signed(each.hold))
                for each in spot.balances
            },
            positions=tuple(
                _position(each.position, listing, ts_event)
                for each in margin.assetPositions
                if is_listed(each.position.coin, listing)
            ),
            ts_event=ts_event,
            ts_init=ts_init,
        )

    requests = (
        info_request(url, type="clearinghouseState", user=user),
        info_request(url, type="spotClearinghouseState", user=user),
    )
    return Question(requests=requests, weight=2 * LIGHT, read=read)


def ask_time(url: str) -> Question[int]:
    """The venue's clock, UTC nanoseconds."""
    return _ask_one(
        url,
        lambda answer, _: read_answer(_STATUS, answer, "exchangeStatus").time * MS,
        LIGHT,
        type="exchangeStatus",
    )


def ask_usage(url: str, user: str) -> Question[Usage]:
    """How many actions the account has had, and may have in its life."""

    def read(answer: bytes, _: int) -> Usage:
        limit = read_answer(_RATE_LIMIT, answer, "userRateLimit")
        return Usage(used=limit.nRequestsUsed, cap=limit.nRequestsCap)

    return _ask_one(url, read, USUAL, type="userRateLimit", user=user)


# ------------------------------------------------------------------ how they are put and read


_OPEN_ORDERS = msgspec.json.Decoder(list[WireOrder])
_ORDER = msgspec.json.Decoder(OrderAnswer)
_RECENT_ORDERS = msgspec.json.Decoder(list[WireOrderUpdate])
_FILLS = msgspec.json.Decoder(list[WireFill])
_FUNDINGS = msgspec.json.Decoder(list[FundingEntry])
_MARGIN = msgspec.json.Decoder(MarginState)
_SPOT = msgspec.json.Decoder(SpotState)
_STATUS = msgspec.json.Decoder(ExchangeStatus)
_RATE_LIMIT = msgspec.json.Decoder(RateLimit)


def _ask_one(url: str, read: Callable[[bytes, int], T], weight: int, **body: Any) -> Question[T]:
    return Question(
        requests=(info_request(url, **body),),
        weight=weight,
        read=lambda answers, ts_init: read(answers[0], ts_init),
    )


def _report(update: WireOrderUpdate, listing: Listing, ts_init: int) -> OrderReport | None:
    """How an order stood last, or None where its status is not known."""
    status = status_of(update.status)
    if status is None:
        return None
    return order_report(
        update.order,
        status,
        update.status,
        listing,
        ts_event=update.statusTimestamp * MS,
        ts_init=ts_init,
    )


def _rank(update: WireOrderUpdate) -> tuple[int, bool, Decimal]:
    """What of two entries of one order is the later: at the same time the end, then what has less open."""
    is_over = status_of(update.status) not in (None, OrderStatus.ACCEPTED, OrderStatus.TRIGGERED)
    return update.statusTimestamp, is_over, -size(update.order.sz)


def _oldest_first(entries: list[Entry]) -> list[Entry]:
    if entries and entries[0].time > entries[-1].time:
        entries.reverse()  # newest first: so that equal times come right
    return sorted(entries, key=lambda each: each.time)


def _next_since(entries: Sequence[WireFill | FundingEntry], most: int) -> int | None:
    return entries[-1].time * MS if len(entries) >= most else None


def _position(position: WirePosition, listing: Listing, ts_event: int) -> PositionReport:
    quantity = signed(position.szi)
    return PositionReport(
        instrument_id=listing[position.coin].instrument_id,
        quantity=quantity,
        entry_price=_number(position.entryPx),
        # The venue tells what the position is worth at the mark, and not the mark.
        mark_price=signed(position.positionValue) / abs(quantity) if quantity else None,
        liquidation_price=_number(position.liquidationPx),
        unrealized_pnl=signed(position.unrealizedPnl),
        ts_event=ts_event,
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else signed(text)
