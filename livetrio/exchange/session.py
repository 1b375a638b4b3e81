"""Session: one WebSocket client — what it is subscribed to, and what it is answered. No I/O.

Each message gets one `Answer` at most, decided here and sent by `websocket`. An ack must reach the client
before the first frame of what it acknowledges (protocol page §2.1), so a new subscription counts only from
`commit`, which is called once its ack is sent.

A client that subscribes in mid-play gets the next frame of that stream when it comes; the venue would send
the current state at once. The recorded frames are all there is, each once.

Subscriptions to an account, and to aggregated books (``nSigFigs``), are not served: they get the venue's
``Invalid subscription``. Nothing is acknowledged that would then stay silent for want of code; a stream of
a known coin that the recording does not hold is acknowledged and stays silent, as on a quiet market.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from livetrio.clock import Clock
from livetrio.exchange.info import CannotAnswer, answer_info, is_spot, read_info_request
from livetrio.exchange.messages import (
    NOT_JSON,
    ActionPost,
    ActiveAssetCtx,
    AllMids,
    Bbo,
    Candle,
    ClientMessage,
    L2Book,
    Ping,
    Post,
    Subscribe,
    Subscription,
    Trades,
    Unsubscribe,
)
from livetrio.exchange.recording import Recording, StreamKey
from livetrio.exchange.replay import Playback

MAX_SUBSCRIPTIONS = 1000
"""On one connection; the venue counts them for the whole address [docs: rate-limits, 2026-08-22]."""

HALTED = {"status": "err", "response": "Trading is halted."}
"""To every action while there is nothing to match it: a text of the venue (§5.9), in its form (§1.5)."""

PONG = '{"channel":"pong"}'
"""Without data [protocol page §1.4, captured 2026-07-28]."""


@attrs.frozen
class Answer:
    """What a message leads to."""

    text: str | None = None
    """The frame to send; None to say nothing."""
    kills: bool = False
    """The connection ends at once, without a close frame."""
    subscription: Subscription | None = None
    """Counts from `Session.commit` on."""


class Session:
    """The subscriptions of one connection. Frames come from its own playback."""

    def __init__(self, playback: Playback, clock: Clock) -> None:
        self.playback = playback
        self._clock = clock
        self._subscriptions: dict[Subscription, StreamKey] = {}
        self.wanted: frozenset[StreamKey] = frozenset()
        """The streams whose frames the client gets now."""

    def receive(self, text: str) -> Answer:
        """Decide what a message of the client is answered."""
        try:
            message = _DECODER.decode(text)
        except NOT_JSON:
            return _error(f"Error parsing JSON into valid websocket request: {text}")
        return _HANDLERS[type(message)](self, message)

    def commit(self, answer: Answer) -> None:
        """The answer has been sent: what it acknowledged counts from now on."""
        if answer.subscription is not None:
            self._subscriptions[answer.subscription] = _key(answer.subscription, self.playback.recording)
            self.wanted = frozenset(self._subscriptions.values())

    def _ping(self, message: Ping) -> Answer:
        return Answer(PONG)

    def _subscribe(self, message: Subscribe) -> Answer:
        subscription = message.subscription
        echo = _encode(subscription)
        if not subscription.served:
            return _error(f"Invalid subscription {echo}")
        if subscription in self._subscriptions:
            return _error(f"Already subscribed: {echo}")
        if not _exists(subscription, self.playback.recording):
            return Answer(kills=True)
        if isinstance(subscription, L2Book) and subscription.n_sig_figs is not None:
            return _error(f"Invalid subscription {echo}")
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            # The page has no text for this limit; this is the one it has for users (§2.2).
            return _error(f"Cannot track more than {MAX_SUBSCRIPTIONS} total subscriptions.")
        return Answer(_acknowledge("subscribe", subscription), subscription=subscription)

    def _unsubscribe(self, message: Unsubscribe) -> Answer:
        subscription = message.subscription
        if subscription not in self._subscriptions:
            return _error(f"Already unsubscribed: {_encode(subscription)}")
        del self._subscriptions[subscription]
        self.wanted = frozenset(self._subscriptions.values())
        return Answer(_acknowledge("unsubscribe", subscription))

    def _post(self, message: Post) -> Answer:
        """Answered at once, so there are never 100 in flight; actions are halted."""
        if isinstance(message.request, ActionPost):
            return _reply(message.id, "action", HALTED)
        try:
            request = read_info_request(message.request.payload)
            data = answer_info(request, self.playback, self._clock)
        except CannotAnswer as refusal:
            return _reply(message.id, "error", f"422 Unprocessable Entity: {refusal}")
        name = message.request.payload["type"]
        return _reply(message.id, "info", {"type": name, "data": data})

    def __repr__(self) -> str:
        return f"<Session {len(self._subscriptions)} subscriptions, {self.playback!r}>"


def _exists(subscription: Subscription, recording: Recording) -> bool:
    """Whether the venue knows such a thing; it drops the whole connection of a client that asks for others.

    Unknown coin or dex, ``nSigFigs`` 6, ``mantissa`` without ``nSigFigs`` 5 [§1.4, observed 2026-09-24;
    seen with l2Book and bbo, taken here for all].
    """
    if isinstance(subscription, AllMids):
        return not subscription.dex
    if isinstance(subscription, L2Book):
        if subscription.n_sig_figs not in (None, 2, 3, 4, 5):
            return False
        if subscription.mantissa is not None and subscription.n_sig_figs != 5:
            return False
    return getattr(subscription, "coin", None) in recording.sz_decimals


def _key(subscription: Subscription, recording: Recording) -> StreamKey:
    """The recorded stream that serves a subscription."""
    match subscription:
        case AllMids():
            return StreamKey("allMids")
        case L2Book(coin=coin, fast=fast):
            # Where only one kind of book was recorded, that is served to both.
            key = StreamKey("l2Book", coin, fast=fast)
            other = StreamKey("l2Book", coin, fast=not fast)
            return other if recording.has(other) and not recording.has(key) else key
        case Candle(coin=coin, interval=interval):
            return StreamKey("candle", coin, interval)
        case ActiveAssetCtx(coin=coin):
            return StreamKey("activeSpotAssetCtx" if is_spot(coin) else "activeAssetCtx", coin)
        case Bbo(coin=coin):
            return StreamKey("bbo", coin)
        case Trades(coin=coin):
            return StreamKey("trades", coin)
    raise AssertionError(f"{subscription} is not served")


def _encode(message: Any) -> str:
    return msgspec.json.encode(message).decode()


def _error(text: str) -> Answer:
    return Answer(_encode({"channel": "error", "data": text}))


def _acknowledge(method: str, subscription: Subscription) -> str:
    data = {"method": method, "subscription": subscription}
    return _encode({"channel": "subscriptionResponse", "data": data})


def _reply(post_id: int, kind: str, payload: Any) -> Answer:
    data = {"id": post_id, "response": {"type": kind, "payload": payload}}
    return Answer(_encode({"channel": "post", "data": data}))


_DECODER: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)

_HANDLERS: dict[type, Callable[[Session, Any], Answer]] = {
    Ping: Session._ping,
    Subscribe: Session._subscribe,
    Unsubscribe: Session._unsubscribe,
    Post: Session._post,
}
