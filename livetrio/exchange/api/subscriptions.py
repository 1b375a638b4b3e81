"""Everything a client may say over a WebSocket: subscriptions, and the messages that carry them.

The classes are the protocol's own objects, written so that msgspec decodes straight into them: the tag is
the ``type`` (or ``method``) on the wire, fields stand in the venue's order, and defaults are those that the
venue fills in. So a decoded `Subscription`, encoded again, *is* the normalised echo of an ack (§2.1; docs
page *subscriptions*, 2026-08-22, and the live probes of 2026-09-24 quoted there), and two ways to write one
subscription compare equal. Users are in lower case from the beginning. Unknown keys are passed over, as the
venue does; a wrong type, an unknown ``type`` or a missing field is a `msgspec.ValidationError`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"]
"""Candle intervals [docs: subscriptions, 2026-08-22]."""

Small = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
"""A count; one that could not be written again would spoil the echo."""


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """The root of all of them: never changed, camelCase on the wire."""


# Market data (§2.4).


class MarketSubscription(Message, frozen=True, tag_field="type"):
    """A stream of public data."""


class AllMids(MarketSubscription, frozen=True, tag="allMids"):
    """The mid price of every coin."""

    dex: str = ""


class Bbo(MarketSubscription, frozen=True, tag="bbo"):
    """Best bid and ask, when they change."""

    coin: str


class L2Book(MarketSubscription, frozen=True, tag="l2Book"):
    """Whole books: 20 levels slowly, or with `fast` 5 levels ten times as often."""

    coin: str
    n_sig_figs: Small | None = None
    mantissa: Small | None = None
    fast: bool = False


class Trades(MarketSubscription, frozen=True, tag="trades"):
    """Public trades."""

    coin: str


class Candle(MarketSubscription, frozen=True, tag="candle"):
    """The open candle, again at each change."""

    coin: str
    interval: Interval


class ActiveAssetCtx(MarketSubscription, frozen=True, tag="activeAssetCtx"):
    """Mark and oracle price, funding, open interest of a perpetual; volumes and supply of a pair."""

    coin: str


class AllDexsAssetCtxs(MarketSubscription, frozen=True, tag="allDexsAssetCtxs"):
    """The contexts of all perpetuals."""


class FastAssetCtxs(MarketSubscription, frozen=True, tag="fastAssetCtxs"):
    """The mark and mid prices of everything, compressed; what has changed of them each second."""


class OutcomeMetaUpdates(MarketSubscription, frozen=True, tag="outcomeMetaUpdates"):
    """Outcome markets that come and go. There are none here, so it is silent."""


# Accounts (§2.5). The user is a master or sub-account; an agent's own address tells nothing.


class UserSubscription(Message, frozen=True, tag_field="type"):
    """What happens to one account."""

    user: str
    """In lower case, however it was sent [captured 2026-07-28]."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "user", self.user.lower())


class OrderUpdates(UserSubscription, frozen=True, tag="orderUpdates"):
    """Each new status of its orders."""


class UserEvents(UserSubscription, frozen=True, tag="userEvents"):
    """Fills, fundings, liquidations, and cancels that it did not ask for."""


class UserFills(UserSubscription, frozen=True, tag="userFills"):
    """Fills."""

    aggregate_by_time: bool = False
    """Whether the matches of one taking order are told as one."""


class UserFundings(UserSubscription, frozen=True, tag="userFundings"):
    """Hourly funding of its positions."""


class UserNonFundingLedgerUpdates(UserSubscription, frozen=True, tag="userNonFundingLedgerUpdates"):
    """Deposits, withdrawals, transfers, liquidations."""


class UserHistoricalOrders(UserSubscription, frozen=True, tag="userHistoricalOrders"):
    """Each new status of its orders, with the whole orders."""


class UserTwapSliceFills(UserSubscription, frozen=True, tag="userTwapSliceFills"):
    """Fills of TWAP orders. There are none here."""


class UserTwapHistory(UserSubscription, frozen=True, tag="userTwapHistory"):
    """TWAP orders that began and ended. There are none here."""


class TwapStates(UserSubscription, frozen=True, tag="twapStates"):
    """TWAP orders that are running. There are none here."""

    dex: str = ""


class ClearinghouseState(UserSubscription, frozen=True, tag="clearinghouseState"):
    """Positions and margin."""

    dex: str = ""


class OpenOrders(UserSubscription, frozen=True, tag="openOrders"):
    """All open orders."""

    dex: str = ""


class SpotState(UserSubscription, frozen=True, tag="spotState", omit_defaults=True):
    """Spot balances."""

    is_portfolio_margin: bool | None = None
    """Changes nothing here; the echo has it if it was sent."""


class AllDexsClearinghouseState(UserSubscription, frozen=True, tag="allDexsClearinghouseState"):
    """Positions and margin on each dex."""


class ActiveAssetData(UserSubscription, frozen=True, tag="activeAssetData"):
    """How it trades one perpetual: leverage, and how much more it could."""

    coin: str


class Notification(UserSubscription, frozen=True, tag="notification"):
    """Texts for people."""


class WebData2(UserSubscription, frozen=True, tag="webData2"):
    """What the venue's old website showed; the SDK still offers it."""


class WebData3(UserSubscription, frozen=True, tag="webData3"):
    """What the venue's website shows."""


Subscription = (
    AllMids
    | Bbo
    | L2Book
    | Trades
    | Candle
    | ActiveAssetCtx
    | AllDexsAssetCtxs
    | FastAssetCtxs
    | OutcomeMetaUpdates
    | OrderUpdates
    | UserEvents
    | UserFills
    | UserFundings
    | UserNonFundingLedgerUpdates
    | UserHistoricalOrders
    | UserTwapSliceFills
    | UserTwapHistory
    | TwapStates
    | ClearinghouseState
    | OpenOrders
    | SpotState
    | AllDexsClearinghouseState
    | ActiveAssetData
    | Notification
    | WebData2
    | WebData3
)

# The messages themselves (§2.1, §3).


class Ping(Message, frozen=True, tag_field="method", tag="ping"):
    """Answered by a pong without data."""


class Subscribe(Message, frozen=True, tag_field="method", tag="subscribe"):
    """One subscription in each message."""

    subscription: Subscription


class Unsubscribe(Message, frozen=True, tag_field="method", tag="unsubscribe"):
    """The same object that was subscribed to."""

    subscription: Subscription


class InfoPost(Message, frozen=True, tag_field="type", tag="info"):
    """The payload is what POST /info takes."""

    payload: Any


class ActionPost(Message, frozen=True, tag_field="type", tag="action"):
    """The payload is what POST /exchange takes."""

    payload: Any


class Post(Message, frozen=True, tag_field="method", tag="post"):
    """A request over the socket; the answer carries its id."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    request: InfoPost | ActionPost


ClientMessage = Ping | Subscribe | Unsubscribe | Post

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON, or none of these messages; the last for nesting deeper
than the stack."""

_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


def read_message(message: bytes) -> ClientMessage:
    """What a client says.

    Raises:
      one of `NOT_JSON`: it is nothing a client may say.
    """
    return _DECODER.decode(message)


def is_address(user: str) -> bool:
    """Whether a user in lower case is an address at all."""
    return _ADDRESS.fullmatch(user) is not None


_DECODER: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
