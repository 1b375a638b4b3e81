"""Catalogue: the faults that the exchange can perform, each with one sentence and the place where it acts."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs


class Place(enum.Enum):
    """Where a fault acts. The value says it in words."""

    DIAL = "when a client connects"
    UPGRADE = "in place of the answer to an upgrade"
    OPENED = "right after the upgrade"
    REQUEST = "before a request is handled"
    ACTION = "in place of an action"
    REPLY = "after a request was handled"
    DELAY = "on replies and frames alike"
    FRAME = "on frames of the WebSocket"
    MOMENT = "on all connections, at a moment"


REQUESTS = frozenset({"info", "action"})
"""Kinds of requests."""

ACTIONS = frozenset(
    {
        "order",
        "cancel",
        "cancelByCloid",
        "modify",
        "batchModify",
        "scheduleCancel",
        "noop",
        "updateLeverage",
        "updateIsolatedMargin",
    }
)
"""Actions that a fault can be aimed at by type."""

USER_NEWS = frozenset(
    {"orderUpdates", "user", "userFills", "userFundings", "userNonFundingLedgerUpdates", "openOrders"}
)
"""Channels that tell what became of an account's actions."""

FEEDS = USER_NEWS | {
    "allMids",
    "bbo",
    "l2Book",
    "trades",
    "candle",
    "activeAssetCtx",
    "activeSpotAssetCtx",
    "allDexsAssetCtxs",
    "fastAssetCtxs",
    "outcomeMetaUpdates",
    "userHistoricalOrders",
    "userTwapSliceFills",
    "userTwapHistory",
    "twapStates",
    "clearinghouseState",
    "spotState",
    "allDexsClearinghouseState",
    "activeAssetData",
    "notification",
    "webData2",
    "webData3",
}
"""Channels that something is subscribed to."""

CHANNELS = FEEDS | {"post", "subscriptionResponse", "error", "pong"}

BOOKS = frozenset({"l2Book"})
QUOTES = frozenset({"l2Book", "bbo"})
PRICES = QUOTES | {"trades"}

Span = tuple[int, int]
"""From, to, in ms; both may be the same."""


@attrs.frozen
class Kind:
    """What is known of one fault."""

    name: str
    sentence: str
    place: enum.Enum
    """Where it acts; the value says it in words. A `Place`, of those that the exchange performs."""
    scopes: frozenset[str] = frozenset()
    """What ``on`` may name."""
    default: frozenset[str] = frozenset()
    """What it acts on when nothing is named."""
    argument: Span | None = None
    """What its argument is when none is given; None if it takes none. Durations, in ms."""
    length: int | None = None
    """How long it lasts when ``for`` is not given, in ms; None: no end."""
    percent: float | None = None
    """How likely it is each time, when neither that nor what it acts on is given; None: certain."""
    is_moment: bool = attrs.field(
        default=attrs.Factory(lambda self: self.place is Place.MOMENT, takes_self=True), kw_only=True
    )
    """Whether it happens at a moment and is over at once, so that ``for`` ends its repetition."""


@attrs.frozen
class Catalogue:
    """The names that a line may begin with."""

    kinds: Mapping[str, Kind]
    """By name, in the order in which they are explained."""
    aliases: Mapping[str, str]
    """Other names, and what they stand for."""
    elsewhere: Mapping[str, str]
    """Names of faults that somebody else performs, and where they belong."""
    owner: str
    """Whose faults these are."""


def _wire(name: str, sentence: str, place: Place) -> Kind:
    return Kind(name, sentence, place)


def _upgrade(name: str, sentence: str, argument: Span) -> Kind:
    return Kind(name, sentence, Place.UPGRADE, argument=argument)


def _restart(name: str, sentence: str) -> Kind:
    return Kind(name, sentence, Place.MOMENT, argument=(3_000, 3_000))


def _request(name: str, sentence: str, default: frozenset[str]) -> Kind:
    return Kind(name, sentence, Place.REQUEST, REQUESTS | ACTIONS, default)


def _action(name: str, sentence: str) -> Kind:
    return Kind(name, sentence, Place.ACTION, ACTIONS | {"action"}, frozenset({"action"}))


def _reply(name: str, sentence: str, argument: Span | None = None) -> Kind:
    return Kind(name, sentence, Place.REPLY, REQUESTS | ACTIONS, frozenset({"action"}), argument)


def _frame(
    name: str, sentence: str, default: frozenset[str] = CHANNELS, scopes: frozenset[str] = CHANNELS
) -> Kind:
    return Kind(name, sentence, Place.FRAME, scopes, default)


_KINDS = (
    _wire("refuse", "Connections are refused.", Place.DIAL),
    _wire("dial-hole", "Connections open and nothing is ever answered on them.", Place.DIAL),
    _upgrade(
        "handshake-429", "Upgrades are refused with 429; the argument is Retry-After.", (10_000, 10_000)
    ),
    _upgrade("handshake-503", "Upgrades are refused with 503; the argument is Retry-After.", (5_000, 5_000)),
    _wire("rst", "All connections are reset in the middle of a frame.", Place.MOMENT),
    _wire("drop-connection", "All connections come to a clean end.", Place.MOMENT),
    _wire(
        "half-open",
        "Nothing leaves or arrives on the connections there are, and nobody is told.",
        Place.MOMENT,
    ),
    _frame("silent", "Feeds are dead; the connection, its pongs and its replies live.", FEEDS),
    Kind(
        "latency",
        "Replies and frames are late by the argument.",
        Place.DELAY,
        REQUESTS | ACTIONS | CHANNELS,
        REQUESTS | (CHANNELS - {"post"}),
        (100, 1_000),
    ),
    Kind(
        "reorder",
        "Replies or news are held for the argument, and overtaken.",
        Place.DELAY,
        REQUESTS | ACTIONS | CHANNELS,
        USER_NEWS | {"action"},
        (1, 1_000),
        percent=50.0,
    ),
    _frame("dup", "Frames come twice."),
    Kind(
        "gap",
        "Frames are lost, then the connections are dropped.",
        Place.FRAME,
        CHANNELS,
        CHANNELS,
        length=1_000,
    ),
    _wire("flap", "Each connection is dropped right after its upgrade.", Place.OPENED),
    _frame("bad-json", "Before a frame comes one that is no JSON."),
    _frame("bad-utf8", "Before a frame comes one that is no UTF-8."),
    _frame("null", "Before a frame comes one with null where data belongs."),
    _frame("wrong-types", "Before a frame comes one whose values have the wrong types."),
    _frame("unknown-channel", "Before a frame comes one of a channel that nobody knows."),
    _frame("unknown-field", "Frames have a field that nobody knows."),
    _frame("giant", "A frame is announced as longer than any decent client reads."),
    _frame("garbled", "Before a frame comes one that is wrong in any of these ways, but no giant."),
    _frame("stale-snapshot", "After a book comes one from the past.", BOOKS, BOOKS),
    _frame("crossed-book", "Before a book or a touch comes one whose bid is above its ask.", QUOTES, QUOTES),
    _frame("negative-size", "Before a price comes one whose size is below zero.", PRICES, PRICES),
    _frame("price-off-tick", "Before a price comes one that lies between two ticks.", PRICES, PRICES),
    _action("reject", "Actions are refused in the venue's words."),
    _request("timeout-before", "Requests are lost before anything is done.", frozenset({"action"})),
    _reply("ack-lost", "Requests are done and their replies are lost."),
    _reply("ack-late", "Requests are done and their replies come late, by the argument.", (15_000, 15_000)),
    _reply("500-after", "Requests are done and answered with 500."),
    Kind(
        "not-found",
        "Who asks for the status of an order is told that there is no such order.",
        Place.REQUEST,
        frozenset({"info"}),
        frozenset({"info"}),
    ),
    _request("429", "Requests are refused for their rate.", REQUESTS),
    _request("502", "Requests are answered with 502 and not handled.", REQUESTS),
    Kind(
        "maintenance",
        "Questions are answered with 502, trading is halted, and no WebSocket is opened.",
        Place.REQUEST,
        REQUESTS | ACTIONS,
        REQUESTS,
    ),
    _action("post-only", "Only actions whose orders are all post-only are taken; cancels are."),
    _restart("restart", "The venue starts again: all are dropped, and refused for the argument."),
    _restart("wipe", "The venue starts again in the same way, but without its book."),
    _action("nonce", "Actions are refused because of their nonce."),
)

FAULTS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""By name, in the order of the page that explains them."""

ALIASES: Mapping[str, str] = {"timeout-after": "ack-lost"}
"""Other names, and what they stand for."""

SCOPE_ALIASES: Mapping[str, str] = {"userEvents": "user"}
"""Subscriptions whose channel has another name."""

_NETWORK = "it happens between client and venue: use a network that does it, or `refuse` and `dial-hole`"
_CLIENT = "it is the client's to perform, in the test that runs it"
_MACHINE = (
    "it happens to the process or its machine, not to the venue: the test that starts the process does it"
)
_STRATEGY = "it is a strategy's or its operator's doing: the test that runs the engine does it"
_ORDER = "it is a matter of which comes first: use `reorder`"
_MARKET = "the market or its operator brings it about: set an oracle price, or funds"
_LIMITS = "the venue's limits refuse who has used up an account's budget, unless they are off; or use `429`"
_PROTOCOL = "it breaks WebSocket's own framing, which tests of the frame reader do"

ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("dns", "tls"), _NETWORK),
    "slow-read": _CLIENT,
    "budget": _LIMITS,
    **dict.fromkeys(
        (
            "kill",
            "power",
            "disk-full",
            "disk-error",
            "journal-corrupt",
            "journal-newer",
            "journal-foreign",
            "double-start",
            "clock-jump",
            "loop-stall",
            "sigterm",
            "memory",
        ),
        _MACHINE,
    ),
    **dict.fromkeys(
        (
            "raises",
            "slow",
            "flood",
            "stale-decision",
            "bad-config",
            "unknown-key",
            "changed-config",
            "wrong-key",
            "agent-not-approved",
            "account-empty",
            "kill-switch",
            "manual-order",
            "manual-close",
        ),
        _STRATEGY,
    ),
    **dict.fromkeys(("fill-before-ack", "fill-after-cancel"), _ORDER),
    **dict.fromkeys(("partial-then-cancel", "liquidation", "funding", "old-fills"), _MARKET),
    **dict.fromkeys(("fragmented", "masked", "reserved-bits", "text-in-control-frame"), _PROTOCOL),
}
"""Names of faults that are not the exchange's to perform, and where they belong."""

VENUE = Catalogue(FAULTS, ALIASES, ELSEWHERE, "the venue")
"""All of that."""
