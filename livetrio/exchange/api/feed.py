"""Feed: what everybody gets who has made the same subscription.

A feed says what is news, and the `feeds` beside it say when, and to whom: a frame is encoded once, and the
same bytes go to every subscriber.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import attrs
import msgspec

from livetrio.exchange.api.records import Records
from livetrio.exchange.api.subscriptions import Message, UserSubscription
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.ledger import Ledger


class Outbox(Protocol):
    """Where the frames of one client go."""

    def send(self, message: bytes) -> None:
        """Send a text message; never waits, never raises."""
        ...

    def send_frame(self, frame: bytes) -> None:
        """Send one that is framed already."""
        ...

    def kill(self, after: float) -> None:
        """End the connection after so many seconds, without a word."""
        ...


class Phase(Enum):
    """Which kind of news a feed has: those of a block go out in the order of these."""

    MARKET = "market"
    ORDERS = "orders"
    FILLS = "fills"
    STATES = "states"


@attrs.frozen
class Source:
    """What feeds are made from."""

    ledger: Ledger
    records: Records


Asked = TypeVar("Asked", bound=Message)


class Feed(Generic[Asked]):
    """The root of all feeds: one that is silent."""

    phase: ClassVar[Phase] = Phase.MARKET
    every: int | None = None
    """Milliseconds from one beat to the next, on a clock that all feeds of that rhythm share; None: it has
    no rhythm."""
    delay: ClassVar[int] = 0
    """Milliseconds from the ack to the first frames."""
    asset: int | None = None
    """Whose trades and book are news."""
    user: str | None = None
    """Whose events are news."""

    def __init__(self, source: Source, asked: Asked) -> None:
        self.source = source
        self.asked = asked
        self.channel = str(type(asked).__struct_config__.tag)
        self.subscribers: dict[Outbox, int] = {}
        """And the place that each has given to this feed among its others."""

    def first(self) -> Sequence[bytes]:
        """What a new subscriber gets."""
        return ()

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        """The news of a block.

        Args:
          events: the public trades of the asset, or all events of the user. There may be none where the
            book has changed.
        """
        return ()

    def at_beat(self) -> Sequence[bytes]:
        """What is due by the clock, of a feed that has a rhythm: all of it again."""
        return self.first()


User = TypeVar("User", bound=UserSubscription)


class UserFeed(Feed[User]):
    """What one account is told. Whoever knows the address may listen."""

    def __init__(self, source: Source, asked: User) -> None:
        super().__init__(source, asked)
        self.user: str = asked.user

    @property
    def account(self) -> Account:
        """As it is now; of an address that has none yet, an empty one that is not kept."""
        return self.source.ledger.find(self.user) or Account(self.user)


def encode(channel: str, data: Any) -> bytes:
    """A message to a client (§2.1)."""
    return _ENCODER.encode({"channel": channel, "data": data})


_ENCODER = msgspec.json.Encoder()
