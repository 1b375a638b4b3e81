"""Trading: what the engine must be told about an exchange to trade there.

As `livetrio.venues.base`, which is about market data, it does no I/O and has no tasks. Commands become
signed requests, replies become results, questions come with the function that reads their answer; and what
the account's stream brings is decoded by its codec (`livetrio.venues.base.Codec`) into the reports, fills and
payments of `livetrio.model`, and into `Reply` and `AccountStreamReady`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

import attrs

from livetrio.model import (
    AccountReport,
    Fill,
    FundingPayment,
    Instrument,
    Order,
    OrderReport,
    SubmitOrder,
)
from livetrio.venues.base import HttpRequest, Message, Venue

T = TypeVar("T")


# What is asked of a venue.


@attrs.frozen
class Submit:
    """Place an order."""

    order: Order


@attrs.frozen
class Cancel:
    """Cancel an order."""

    order: Order


@attrs.frozen(kw_only=True)
class Modify:
    """Let an order have another price or size."""

    order: Order
    revision: int
    """That it will have: each modification of an order has one of its own, so that reports can be told
    apart."""
    quantity: Decimal
    """What shall be open afterwards: what has been filled is not in it."""
    price: Decimal | None
    trigger_price: Decimal | None = None


@attrs.frozen
class ScheduleCancel:
    """Let the venue cancel everything by itself at this instant, UTC nanoseconds; None: not any more."""

    at: int | None


Command = Submit | Cancel | Modify | ScheduleCancel


@attrs.frozen(kw_only=True)
class SignedRequest:
    """One or several commands, ready to be sent by either way. Sent by both, it still is done only once."""

    request_id: int
    """Comes back in its `Reply`; unique for the account's `Trading`."""
    nonce: int
    commands: tuple[Command, ...]
    """Their results come back in the same order."""
    frame: bytes = attrs.field(repr=False)
    """To send over the account's stream."""
    http: HttpRequest = attrs.field(repr=False)
    """To send over HTTP instead; its answer is what a `Reply` holds."""
    expires: int | None
    """The instant of the venue's clock, UTC nanoseconds, after which it refuses the request."""


# What comes back.


@attrs.frozen
class Reply:
    """The answer to a `SignedRequest`, as it came by the stream; for `Trading.read_reply`."""

    request_id: int
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class AccountStreamReady:
    """All that the account's stream was asked for is confirmed: from here on nothing is missed."""


AccountMessage = Message | OrderReport | Fill | FundingPayment | Reply | AccountStreamReady
"""What one frame of an account's stream can mean."""


class Verdict(Enum):
    """What a venue's answer means."""

    DONE = "done"
    REFUSED = "refused"
    """It was not done and will not be; the reason is the venue's."""
    RETRY = "retry"
    """It was not done; it may be sent again, as a new request and later."""
    UNKNOWN = "unknown"
    """The answer does not tell whether it was done."""


@attrs.frozen(kw_only=True)
class CommandResult:
    """What became of one command, by its answer. (News of the order itself may have come before.)"""

    command: Command
    verdict: Verdict
    venue_order_id: str | None = None
    filled_quantity: Decimal | None = None
    """What was filled at once. The fills themselves come as `Fill`."""
    is_over: bool = False
    """Whether the order is over: refused, filled whole, or lost in a modification."""
    is_closed: bool = False
    """Whether no such order would be taken now, whatever it is: the venue is halted, opens again in steps, or
    does not know the key any more."""
    takes_post_only: bool = False
    """Whether, closed as it is, it does take orders that can only rest."""
    reason: str | None = None
    """In the venue's words."""


@attrs.frozen(kw_only=True)
class Question(Generic[T]):
    """What to ask over HTTP, and how to read what is answered."""

    requests: tuple[HttpRequest, ...]
    weight: int
    """Of all of them together, of the venue's budget for questions, with the longest answer there can be."""
    read: Callable[[Sequence[bytes], int], T]
    """Takes the answers, in order, and the instant they came (``ts_init``).

    Raises:
      FrameError: an answer makes no sense.
    """
    cost: Callable[[T], int] | None = None
    """The weight that it has had after all, by what was answered; None: all of `weight`."""


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """Part of an answer that may be longer than the venue tells at once."""

    items: tuple[T, ...]
    """The oldest first."""
    next_since: int | None
    """From where to ask on (UTC nanoseconds; what is of this very instant comes again), or None: this was
    all."""


@attrs.frozen(kw_only=True)
class Allowance:
    """How many actions an account may have before the venue lets it have few."""

    used: int
    cap: int


class Budget(Protocol):
    """Plans how much may be sent, so that nothing has to be refused."""

    messages_per_second: float
    """How many signed requests may be sent for long."""

    @property
    def allowance(self) -> Allowance | None:
        """Of the account; None: it was not asked, or there is no such limit."""
        ...

    def delay(self, request: SignedRequest | Question[Any], now: float) -> float:
        """Seconds until it may be sent, by trio's time; 0: now. Cancels go before all else."""
        ...

    def spend(self, request: SignedRequest | Question[Any], now: float) -> None:
        """It is being sent."""
        ...

    def refund(self, weight: int, now: float) -> None:
        """A question has cost that much less than it was taken for."""
        ...

    def left(self, now: float) -> Mapping[str, float]:
        """How much may still be spent at once, by what is counted, in the venue's words."""
        ...


class Trading(Protocol):
    """One account at one venue, as the engine sees it."""

    account_id: str
    """``HYPERLIQUID-0x…``: venue and account."""
    stream: str
    """The name of the stream (of `Venue.streams`) that carries its news and its requests."""
    last_nonce: int
    """The highest nonce used. To be set at the start, from what was noted before."""
    needs_limit_for_market: bool
    """Whether the venue knows no market orders: then `Order.price` of one must hold the worst price that is
    to be paid, and it is sent as a limit order that does not rest."""

    @property
    def budget(self) -> Budget:
        """How much may be sent."""
        ...

    def refusal(self, command: SubmitOrder, instrument: Instrument) -> str | None:
        """Why the venue would not take such an order, or None; prices and sizes are seen to elsewhere."""
        ...

    def sign(self, commands: Sequence[Command], *, now: int, expires: int | None) -> Sequence[SignedRequest]:
        """Requests for the commands, as few as can be, in the order in which they should be sent.

        Args:
          now: UTC nanoseconds, for the nonces.
          expires: the instant of the venue's clock after which it shall refuse new and modified orders.
        """
        ...

    def read_reply(self, request: SignedRequest, body: bytes) -> Sequence[CommandResult]:
        """What the answer says of each command.

        Raises:
          FrameError: it makes no sense, so nothing is known.
        """
        ...

    def ask_open_orders(self) -> Question[Sequence[OrderReport]]:
        """All orders that rest there, anybody's of the account."""
        ...

    def ask_order(self, order: Order, revision: int) -> Question[OrderReport | None]:
        """One of our orders, as one revision of it stands; None: the venue knows of no such order."""
        ...

    def ask_recent_orders(self) -> Question[Sequence[OrderReport]]:
        """The latest orders of the account, each as it stood last; how many, the venue says."""
        ...

    def ask_fills(self, since: int) -> Question[Page[Fill]]:
        """Fills from an instant on (UTC nanoseconds)."""
        ...

    def ask_fundings(self, since: int) -> Question[Page[FundingPayment]]:
        """Funding payments from an instant on (UTC nanoseconds)."""
        ...

    def ask_account(self) -> Question[AccountReport]:
        """Money and positions."""
        ...

    def ask_identity(self) -> Question[str | None]:
        """Whether key and account belong together and there is money: what is wrong, or None."""
        ...

    def ask_proof(self, now: int) -> Question[str | None]:
        """A signed request that changes nothing: why the venue does not take what the key signs, or None.

        Args:
          now: UTC nanoseconds, for the nonce.
        """
        ...

    def ask_key_end(self) -> Question[int | None]:
        """Until when the key may act for the account, UTC nanoseconds; None: no end is known."""
        ...

    def ask_time(self) -> Question[int]:
        """The venue's clock, UTC nanoseconds."""
        ...

    def ask_usage(self) -> Question[None]:
        """How much of its allowance the account has used; to read the answer is to tell the `budget`."""
        ...


class TradingVenue(Venue, Protocol):
    """A venue where one may have an account."""

    trading: Trading | None
    """The account; None where the settings have none. With one, `streams` has its stream."""
