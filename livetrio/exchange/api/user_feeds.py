"""User feeds: what an account did and what was done to it, as it happens (§2.5).

Those of a history begin with it, marked ``isSnapshot``; later frames have no such mark [captured
2026-07-25], though the docs promise it to be false. The others begin with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

from livetrio.exchange.api.feed import Phase, User, UserFeed, encode
from livetrio.exchange.api.subscriptions import (
    Notification,
    OrderUpdates,
    UserEvents,
    UserFills,
    UserFundings,
    UserHistoricalOrders,
    UserNonFundingLedgerUpdates,
    UserTwapHistory,
    UserTwapSliceFills,
)
from livetrio.exchange.api.texts import px_text, sz_text, usd_text
from livetrio.exchange.api.views import (
    fill_view,
    fill_views,
    funding_view,
    ledger_view,
    liquidation_view,
    status_view,
    update_view,
)
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import Fill, FundingPaid, LedgerUpdate, Liquidated, OrderUpdate
from livetrio.exchange.chain.order import Status

MAX_PAST = 2000
"""How much history a snapshot has at the most, as the REST calls (§4.8, §4.9). For funding and transfers
the bound is not known."""

NOT_ASKED_FOR = frozenset(
    (
        Status.MARGIN_CANCELED,
        Status.SELF_TRADE_CANCELED,
        Status.REDUCE_ONLY_CANCELED,
        Status.SIBLING_FILLED_CANCELED,
        Status.LIQUIDATED_CANCELED,
        Status.SCHEDULED_CANCEL,
    )
)
"""Ends of an order in the book that are told as ``nonUserCancel``."""


class OrderUpdatesFeed(UserFeed[OrderUpdates]):
    """All updates of a block in one frame: of several coins and orders, in the order of the block."""

    phase = Phase.ORDERS

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        updates = [update_view(each) for each in events if type(each) is OrderUpdate]
        return (encode(self.channel, updates),) if updates else ()


class UserEventsFeed(UserFeed[UserEvents]):
    """Each frame has one kind of news, and the channel another name."""

    phase = Phase.FILLS

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        ledger = self.source.ledger
        fills = [fill_view(ledger, each) for each in events if type(each) is Fill]
        news: list[dict[str, Any]] = [{"fills": fills}] if fills else []
        canceled: list[dict[str, Any]] = []
        for each in events:
            if type(each) is FundingPaid:
                news.append({"funding": funding_view(each)})
            elif type(each) is Liquidated:
                news.append({"liquidation": liquidation_view(each)})
            elif type(each) is OrderUpdate and each.status in NOT_ASKED_FOR:
                canceled.append({"coin": each.order.instrument.coin, "oid": each.order.oid})
        if canceled:
            news.append({"nonUserCancel": canceled})
        return [encode("user", each) for each in news]


class NotificationFeed(UserFeed[Notification]):
    """A text for each fill and liquidation. The venue's own are not known."""

    phase = Phase.FILLS

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        texts = [_say_fill(each) for each in events if type(each) is Fill]
        texts += [_say_liquidation(each) for each in events if type(each) is Liquidated]
        return [encode(self.channel, {"notification": text}) for text in texts]


def _say_fill(fill: Fill) -> str:
    instrument = fill.order.instrument
    verb = "Bought" if fill.order.is_buy else "Sold"
    return f"{verb} {sz_text(instrument, fill.sz)} {instrument.coin} at {px_text(instrument, fill.px)}"


def _say_liquidation(news: Liquidated) -> str:
    return f"Positions worth {usd_text(news.ntl)} USD are being liquidated"


class HistoryFeed(UserFeed[User]):
    """A list that grows: all of it first, then what is new."""

    phase = Phase.FILLS
    key: ClassVar[str]
    """Under which the list stands."""
    kind: ClassVar[type | None] = None
    """Of event, that makes it grow; None: nothing does."""

    def first(self) -> Sequence[bytes]:
        latest = list(islice(reversed(self.past(self.account)), MAX_PAST))
        data = {"isSnapshot": True, "user": self.user, self.key: self.show(latest)}
        return (encode(self.channel, data),)

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        new = [each for each in events if type(each) is self.kind]
        return (encode(self.channel, {"user": self.user, self.key: self.show(new)}),) if new else ()

    def past(self, account: Account) -> Sequence[Any]:
        """What has happened already, the oldest first."""
        return ()

    def show(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """As the wire has them."""
        return []


class UserFillsFeed(HistoryFeed[UserFills]):
    """Fills."""

    key = "fills"
    kind = Fill

    def past(self, account: Account) -> Sequence[Fill]:
        return account.fills

    def show(self, events: Sequence[Fill]) -> list[dict[str, Any]]:
        return fill_views(self.source.ledger, events, aggregate=self.asked.aggregate_by_time)


class UserFundingsFeed(HistoryFeed[UserFundings]):
    """What each position paid or got each hour."""

    key = "fundings"
    kind = FundingPaid

    def past(self, account: Account) -> Sequence[FundingPaid]:
        return account.fundings

    def show(self, events: Sequence[FundingPaid]) -> list[dict[str, Any]]:
        return [funding_view(each) for each in events]


class LedgerUpdatesFeed(HistoryFeed[UserNonFundingLedgerUpdates]):
    """Money that came, went or moved."""

    key = "nonFundingLedgerUpdates"
    kind = LedgerUpdate

    def past(self, account: Account) -> Sequence[LedgerUpdate]:
        return account.ledger

    def show(self, events: Sequence[LedgerUpdate]) -> list[dict[str, Any]]:
        return [ledger_view(each) for each in events]


class HistoricalOrdersFeed(HistoryFeed[UserHistoricalOrders]):
    """Statuses of orders, with the whole orders."""

    phase = Phase.ORDERS
    key = "orderHistory"
    kind = OrderUpdate

    def past(self, account: Account) -> Sequence[OrderUpdate]:
        return account.history

    def show(self, events: Sequence[OrderUpdate]) -> list[dict[str, Any]]:
        return [status_view(each) for each in events]


class TwapSliceFillsFeed(HistoryFeed[UserTwapSliceFills]):
    """Always empty: there are no TWAP orders here."""

    key = "twapSliceFills"


class TwapHistoryFeed(HistoryFeed[UserTwapHistory]):
    """Always empty."""

    key = "history"
