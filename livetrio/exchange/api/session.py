"""Session: one WebSocket client: what it says, and what it is answered. No I/O.

Whatever a client says, it gets the venue's answer, and nobody else notices. An ack is sent before the first
frame of what it acknowledges (§2.1); a reply to an action may come at any time (§3), also after the client
has gone, and then goes nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from livetrio.exchange.api.feed import Outbox, encode
from livetrio.exchange.api.feeds import Feeds
from livetrio.exchange.api.info import SCHEMA_ERROR, CannotAnswer
from livetrio.exchange.api.signed import CannotRead
from livetrio.exchange.api.subscriptions import (
    NOT_JSON,
    ActionPost,
    ActiveAssetData,
    L2Book,
    Ping,
    Post,
    Subscribe,
    Subscription,
    Unsubscribe,
    UserSubscription,
    is_address,
    read_message,
)
from livetrio.exchange.api.views import rounding_fault
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Listing
from livetrio.exchange.limits import Limits
from livetrio.exchange.outcome import Lost, Unavailable
from livetrio.exchange.weights import info_weight, items_weight

KILL_DELAY = 0.1
"""Seconds a connection lives on after subscribing to an unknown coin [observed 2026-09-24]."""

PONG = b'{"channel":"pong"}'
"""Without data [captured 2026-07-28]."""

UNREADABLE = "Unprocessable Entity"
OVER_LIMIT = "Too Many Requests"
"""Payloads of an error reply: what HTTP would say (§3). The exact text after the number is not known."""

Request = Callable[[Any, Callable[[Any], None]], None]
"""Handles a payload, and some time hands on its answer as the wire has it, or `Unavailable`, or `Lost`."""


class Session:
    """The client of one connection."""

    def __init__(
        self,
        outbox: Outbox,
        feeds: Feeds,
        ledger: Ledger,
        ask: Request,
        act: Request,
        limits: Limits,
    ) -> None:
        """Begin without subscriptions.

        Args:
          outbox: where answers and frames go.
          feeds: where frames come from.
          ledger: knows what can be subscribed to.
          ask: for info posts; may raise `CannotAnswer`.
          act: for action posts; may raise `CannotRead`.
          limits: of the client's IP address.
        """
        self._outbox = outbox
        self._feeds = feeds
        self._ledger = ledger
        self._ask = ask
        self._act = act
        self._limits = limits
        self._pending: set[object] = set()
        """Actions that wait for their answer."""

    def receive(self, message: bytes) -> None:
        """Answer a message of the client; never raises."""
        if not self._limits.take_message():
            self._refuse(self._limits.messages_text)
            return
        try:
            said = read_message(message)
        except NOT_JSON:
            raw = message.decode(errors="replace")
            self._refuse(f"Error parsing JSON into valid websocket request: {raw}")
            return
        _HANDLERS[type(said)](self, said)

    def closed(self) -> None:
        """The client has gone: give back what it had."""
        for subscription in self._feeds.drop(self._outbox):
            self._limits.unsubscribe(_user(subscription))
        for _ in self._pending:
            self._limits.end_post()
        self._pending.clear()

    # Subscriptions.

    def _ping(self, said: Ping) -> None:
        self._outbox.send(PONG)

    def _subscribe(self, said: Subscribe) -> None:
        subscription = said.subscription
        if not _is_allowed(subscription, self._ledger.listing):
            self._refuse(f"Invalid subscription {_echo(subscription)}")
        elif self._feeds.has(self._outbox, subscription):
            self._refuse(f"Already subscribed: {_echo(subscription)}")
        elif not _exists(subscription, self._ledger.listing):
            self._outbox.kill(KILL_DELAY)
        else:
            fault = self._limits.subscribe(_user(subscription))
            if fault is not None:
                self._refuse(fault)
                return
            self._acknowledge("subscribe", subscription)
            self._feeds.subscribe(self._outbox, subscription)

    def _unsubscribe(self, said: Unsubscribe) -> None:
        subscription = said.subscription
        if not self._feeds.has(self._outbox, subscription):
            self._refuse(f"Already unsubscribed: {_echo(subscription)}")
            return
        self._feeds.unsubscribe(self._outbox, subscription)
        self._limits.unsubscribe(_user(subscription))
        self._acknowledge("unsubscribe", subscription)

    # Posts.

    def _post(self, said: Post) -> None:
        fault = self._limits.begin_post(said.id)
        if fault is not None:
            self._refuse(fault)
            return
        pending = object()
        self._pending.add(pending)
        payload = said.request.payload
        if isinstance(said.request, ActionPost):
            self._hand_on(payload, partial(self._end_post, pending, said.id, "action"))
        else:
            self._answer(payload, partial(self._end_post, pending, said.id, "info"))

    def _answer(self, payload: Any, done: Callable[[Any], None]) -> None:
        """Answer an info request.

        Whether such a request counts for the REST weight of a minute is not documented (§3); here it does.
        """
        kind = payload.get("type") if isinstance(payload, dict) else None
        if not isinstance(kind, str):
            done(Unavailable(422, f"{UNREADABLE}: {SCHEMA_ERROR}"))
            return
        if not self._limits.take_rest(info_weight(kind)):
            done(Unavailable(429, OVER_LIMIT))
            return

        def wrap(answer: Any) -> None:
            if isinstance(answer, list):
                self._limits.charge(items_weight(kind, len(answer)))
            is_outcome = isinstance(answer, Unavailable | Lost)
            done(answer if is_outcome else {"type": kind, "data": answer})

        try:
            self._ask(payload, wrap)
        except CannotAnswer as refusal:
            done(Unavailable(422, f"{UNREADABLE}: {refusal}"))

    def _hand_on(self, payload: Any, done: Callable[[Any], None]) -> None:
        """Let an action take its way; its answer comes when there is one."""
        try:
            self._act(payload, done)
        except CannotRead as error:
            done(Unavailable(422, f"{UNREADABLE}: {SCHEMA_ERROR}: {error}"))

    def _end_post(self, pending: object, post_id: int, kind: str, answer: Any) -> None:
        if not self._forget(pending) or isinstance(answer, Lost):
            return  # at the venue nothing is pending then, either
        if isinstance(answer, Unavailable):
            kind, answer = "error", str(answer)
        self._reply(post_id, kind, answer)

    def _forget(self, pending: object) -> bool:
        """An action has come to its end; whether it was known, or the client has gone."""
        if pending not in self._pending:
            return False
        self._pending.remove(pending)
        self._limits.end_post()
        return True

    # What is said to the client.

    def _refuse(self, text: str) -> None:
        self._outbox.send(encode("error", text))

    def _acknowledge(self, method: str, subscription: Subscription) -> None:
        self._outbox.send(encode("subscriptionResponse", {"method": method, "subscription": subscription}))

    def _reply(self, post_id: int, kind: str, payload: Any) -> None:
        self._outbox.send(encode("post", {"id": post_id, "response": {"type": kind, "payload": payload}}))

    def __repr__(self) -> str:
        return f"<Session with {len(self._pending)} actions on their way>"


def _is_allowed(subscription: Subscription, listing: Listing) -> bool:
    """Whether a subscription makes sense at all."""
    if isinstance(subscription, UserSubscription) and not is_address(subscription.user):
        return False
    if isinstance(subscription, ActiveAssetData):
        instrument = listing.by_coin.get(subscription.coin)
        return instrument is None or instrument.is_perp
    return True


def _exists(subscription: Subscription, listing: Listing) -> bool:
    """Whether the venue knows such a thing; it drops the whole connection of a client that asks for others.

    Unknown coin or dex, ``nSigFigs`` 6, ``mantissa`` without ``nSigFigs`` 5 [§1.4, observed 2026-09-24;
    seen with l2Book and bbo, taken here for all].
    """
    if (
        isinstance(subscription, L2Book)
        and rounding_fault(subscription.n_sig_figs, subscription.mantissa) is not None
    ):
        return False
    coin = getattr(subscription, "coin", None)
    return not getattr(subscription, "dex", "") and (coin is None or coin in listing.by_coin)


def _user(subscription: Subscription) -> str | None:
    return subscription.user if isinstance(subscription, UserSubscription) else None


def _echo(subscription: Subscription) -> str:
    return msgspec.json.encode(subscription).decode()


_HANDLERS: dict[type, Callable[[Session, Any], None]] = {
    Ping: Session._ping,
    Subscribe: Session._subscribe,
    Unsubscribe: Session._unsubscribe,
    Post: Session._post,
}
