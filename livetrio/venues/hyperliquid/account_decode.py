"""AccountDecode: what the account's stream brings, as reports, fills, payments and answers to requests.

As in `decode`, a frame is taken whole or refused whole, with a `FrameError` that leaves the codec as it was.
Three things are no reason for that, since what else is in the frame must not be lost with them:

- coins that are not listed (other exchanges' perpetuals, outcome markets). Of each fill of one a notice
  says that it is counted nowhere; of orders and payments one notice a session and coin;
- a status that we do not know. It changes nothing here, a notice says so, and whoever wonders about the order
  asks for it;
- events that another subscription tells better. Fills come by ``userFills`` alone, which repeats the latest
  first; cancellations by ``orderUpdates`` alone, which has the sizes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from livetrio.errors import UnknownInstrument
from livetrio.model import Feed
from livetrio.venues.base import Pong, VenueNotice
from livetrio.venues.hyperliquid import encode, wire
from livetrio.venues.hyperliquid.account_messages import (
    AccountErrorFrame,
    AccountFrame,
    FillsFrame,
    FundingsFrame,
    OrderUpdatesFrame,
    PostFrame,
    UserEventFrame,
    UserRequest,
    UserResponseFrame,
    UserSubscription,
    WireFill,
    WireFunding,
    WireLiquidated,
    WireOrderUpdate,
    WirePost,
)
from livetrio.venues.hyperliquid.account_reports import fill, funding_payment, is_listed, order_report
from livetrio.venues.hyperliquid.faults import DECODING_ERRORS, frame_error
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.hyperliquid.statuses import status_of
from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND as MS
from livetrio.venues.trading import AccountMessage, AccountStreamReady, Reply

SUBSCRIPTIONS = ("orderUpdates", "userFills", "userEvents", "userFundings")
"""What the account's stream asks for."""

MAX_NOTICES = 1000
"""Most that are remembered as said; then they may be said again."""

SHOWN = 200
"""Characters of a refusal that are shown: some quote the whole request."""

_PENDING = re.compile(r"too many pending post requests id=(\d+)")
_read_frame = msgspec.json.Decoder(AccountFrame).decode
_read_text = msgspec.json.Decoder(str).decode
_read_subscription = msgspec.json.Decoder(UserSubscription).decode


def subscriptions_of(user: str) -> tuple[str, ...]:
    """The messages that ask for all news of an account."""
    return tuple(
        msgspec.json.encode(
            {"method": "subscribe", "subscription": {"type": each, "user": user.lower()}}
        ).decode()
        for each in SUBSCRIPTIONS
    )


class AccountCodec:
    """Translates for one session of the account's stream; a `livetrio.venues.base.Codec`."""

    def __init__(self, listing: Listing, user: str) -> None:
        """Take the address that the news is of: the account's, never its agent's."""
        self._listing = listing
        self._user = user.lower()
        self._awaited = set(SUBSCRIPTIONS)
        """Subscriptions that are not acknowledged yet."""
        self._has_fills = False
        """Whether the latest fills were repeated."""
        self._is_ready = False
        self._noticed: set[str] = set()
        """What was said that need not be said again."""

    def subscribe(self, feed: Feed) -> bytes:
        """Raise UnknownInstrument: this stream carries no feeds."""
        raise UnknownInstrument(f"{feed}: the stream of an account carries no feeds")

    unsubscribe = subscribe

    def heartbeat(self) -> bytes:
        """As on the market's stream."""
        return encode.PING

    def decode(self, frame: bytes, ts_init: int) -> Sequence[AccountMessage]:
        """What the frame means; see `livetrio.venues.base.Codec`."""
        try:
            if not frame.isascii():
                frame.decode()  # msgspec does not look into what it skips, be it a name that was garbled
            message: AccountFrame = _read_frame(frame)
        except DECODING_ERRORS as exc:
            if frame == wire.GREETING:
                return []
            raise frame_error(frame, exc) from exc
        match message:
            case OrderUpdatesFrame(data=updates):
                return self._orders(updates, ts_init)
            case FillsFrame(data=fills):
                decoded = self._fills(fills.fills, ts_init)
                self._has_fills = self._has_fills or fills.isSnapshot
                return [*decoded, *self._ready()]
            case PostFrame(data=post):
                return [_reply(post)]
            case FundingsFrame(data=fundings):
                return self._fundings(fundings.fundings, fundings.isSnapshot, ts_init)
            case UserEventFrame(data=event):
                return [] if event.liquidation is None else list(self._liquidation(event.liquidation))
            case UserResponseFrame(data=answer):
                return self._response(answer)
            case AccountErrorFrame(data=text):
                return self._error(text)
            case _:  # PongFrame is all that is left
                return [Pong()]

    # ------------------------------------------------------------------ news

    def _orders(self, updates: Iterable[WireOrderUpdate], ts_init: int) -> list[AccountMessage]:
        reports: list[AccountMessage] = []
        notices: list[str] = []
        for update in updates:
            order, status = update.order, status_of(update.status)
            if not is_listed(order.coin, self._listing):
                notices.append(f"orders of {order.coin}, which is not listed, are passed over")
            elif status is None:
                notices.append(
                    f"the order {order.oid} ({order.cloid or 'without a cloid'}) of {order.coin} has the"
                    f" status {update.status!r}, which is not known here; it is left as it was"
                )
            else:
                reports.append(
                    order_report(
                        order,
                        status,
                        update.status,
                        self._listing,
                        ts_event=update.statusTimestamp * MS,
                        ts_init=ts_init,
                    )
                )
        return [*reports, *self._once(notices)]

    def _fills(self, fills: Sequence[WireFill], ts_init: int) -> list[AccountMessage]:
        """The fills, the oldest first."""
        listed = [each for each in fills if is_listed(each.coin, self._listing)]
        decoded = [fill(each, self._listing, self._user, ts_init) for each in listed]
        if decoded and decoded[0].ts_event > decoded[-1].ts_event:
            decoded.reverse()  # newest first, as userFills is answered: so that equal times come right
        decoded.sort(key=lambda each: each.ts_event)
        lost = Counter(each.coin for each in fills if not is_listed(each.coin, self._listing))
        return [
            *decoded,
            *(
                VenueNotice(
                    f"{_counted(count, 'fill')} of {coin}, which is not listed, {_are(count)} counted nowhere"
                )
                for coin, count in lost.items()
            ),
        ]

    def _fundings(
        self, fundings: Iterable[WireFunding], is_snapshot: bool, ts_init: int
    ) -> list[AccountMessage]:
        """The payments, but for sums of several hours, which a first frame may repeat: they came singly."""
        payments: list[AccountMessage] = []
        notices: list[str] = []
        for each in fundings:
            if not is_listed(each.coin, self._listing):
                notices.append(f"funding of {each.coin}, which is not listed, is counted nowhere")
            elif not (is_snapshot and each.nSamples is not None):
                payments.append(funding_payment(each, each.time, self._listing, ts_init))
        return [*payments, *self._once(notices)]

    def _liquidation(self, event: WireLiquidated) -> Iterator[VenueNotice]:
        if event.liquidated_user.lower() == self._user:
            yield VenueNotice(
                f"the account {self._user} was liquidated: positions of {event.liquidated_ntl_pos} USD at an"
                f" account value of {event.liquidated_account_value} USD"
            )

    def _once(self, texts: Iterable[str]) -> Iterator[VenueNotice]:
        """Notices of what was not said in this session."""
        for text in texts:
            if text not in self._noticed:
                if len(self._noticed) >= MAX_NOTICES:
                    self._noticed.clear()
                self._noticed.add(text)
                yield VenueNotice(text)

    # ------------------------------------------------------------------ answers to our requests

    def _response(self, answer: UserRequest) -> list[AccountMessage]:
        if answer.method == "subscribe":
            self._awaited.discard(answer.subscription.type)
        return list(self._ready())

    def _error(self, text: str) -> list[AccountMessage]:
        """The venue's refusal; the texts, observed 2026-09-24, say what they are about, if they do."""
        pending = _PENDING.search(text)
        if pending is not None:
            return [Reply(int(pending[1]), msgspec.json.encode({"error": text}))]
        about, brace, rest = text.partition("{")
        if about.startswith("Already subscribed"):
            try:
                self._awaited.discard(_read_subscription(brace + rest).type)
            except DECODING_ERRORS:
                pass
            else:
                return list(self._ready())
        return [VenueNotice(text if len(text) <= SHOWN else f"{text[:SHOWN]} …")]

    def _ready(self) -> Iterator[AccountStreamReady]:
        """Said once: all subscriptions are acknowledged, and the latest fills were repeated."""
        if not self._is_ready and self._has_fills and not self._awaited:
            self._is_ready = True
            yield AccountStreamReady()


def _reply(post: WirePost) -> Reply:
    """The body that HTTP would have had, as it is; of a request that was not handed on, why."""
    payload = bytes(post.response.payload)
    if post.response.type != "error":
        return Reply(post.id, payload)
    try:
        text = _read_text(payload)
    except DECODING_ERRORS:  # no text, though the docs promise one: then as it is
        text = payload.decode("utf-8", "backslashreplace")
    return Reply(post.id, msgspec.json.encode({"error": text}))


def _counted(count: int, noun: str) -> str:
    return f"a {noun}" if count == 1 else f"{count} {noun}s"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
