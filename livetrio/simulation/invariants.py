"""Invariants: what must always hold, as small checkers of what engines publish and what the exchange has.

Their numbers are those that violations are told by. Each hears of every event, or is asked at some moment;
the first thing that is wrong is kept in `Watch.broken`, and ends the world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import trio

from livetrio.app.order_desk import OrderDesk
from livetrio.engines.client_ids import is_ours
from livetrio.engines.gate import Gate
from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange.api.texts import sz_text
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.listing import Listing
from livetrio.exchange.chain.order import Order as VenueOrder
from livetrio.journal.reading import read_orders
from livetrio.model import Order, OrderEvent, OrderStatus, OrderSubmitted
from livetrio.model.order import CLOSED_STATUSES, INFLIGHT_STATUSES
from livetrio.simulation.fill_sums import Adoptions
from livetrio.testing.streams import Link

NO_ORDER_LOST = "I1 no order lost"
NONE_TWICE = "I2 none sent twice"
ALL_AGREE = "I3 journal, cache and venue agree"
FILLS_SUM = "I4 position is the sum of fills"
LIMITS = "I5 never above the limits"
GATE = "I6 nothing sent through a closed gate"
ONE_WAY = "I7 no order goes backwards"
PROOF = "I8 ended by proof, and in time"
OLD_SESSIONS = "I9 nothing of an old connection counts"
NOTHING_LEFT = "I10 nothing left open"
ALL_ENDED = "I11 every task ended"
BOUNDED = "I12 memory is bounded"
TRADES_AGAIN = "I13 trades again"
NO_SECRETS = "I14 no secret in any output"

MOST_TASKS = 500
"""Living tasks in a world, the exchange's included; more are a leak."""

MOST_LINKS = 100
"""Open connections."""

LONGEST_SILENCE = 100.0
"""Seconds after which a connection must have been given up that has gone dead unnoticed: two heartbeats, what
closing it may take, and once more as much."""

_RUN = slice(18, 24)
"""Where a client order id says of which run of the journal it is."""

_PERPETUAL = "-USD-PERP.HYPERLIQUID"


class Broken(Exception):
    """An invariant did not hold."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant
        self.sentence = sentence
        self.at = trio.current_time() if trio.lowlevel.in_trio_run() else 0.0
        """When it was found, by trio's clock."""


class Life(Protocol):
    """A process, as far as it is looked at."""

    number: int
    is_killed: bool

    @property
    def gate(self) -> Gate | None:
        """Of its account."""
        ...

    @property
    def now(self) -> int:
        """By its clock."""
        ...

    @property
    def why_not(self) -> str | None:
        """Why no order may leave, as seen from outside of it."""
        ...


class Watch:
    """Of one world."""

    def __init__(
        self, account: Account, listing: Listing, risk: RiskConfig, *, tell: Callable[[Broken], None]
    ) -> None:
        """Take what the exchange has, the limits, and who is told of the first thing that is wrong."""
        self._tell = tell
        self.broken: Broken | None = None
        self.found = trio.Event()
        """Set when something is wrong."""
        self.account = account
        """As the exchange has it."""
        self.adoptions = Adoptions()
        self._orders = OrderLives()
        self._limits = Exposure(account, listing, risk)

    def hear(self, life: Life, event: OrderEvent) -> None:
        """An engine publishes news of an order."""
        if self.broken is not None:
            return
        for broken in (
            *self._orders.look_at(life.number, event),
            *gate_was_open(life, event),
            *ended_at_venue(self.account, event),
            *self._limits.look_at(),
        ):
            self.accuse(broken)

    def accuse(self, broken: Broken) -> None:
        """Something is wrong."""
        if self.broken is None:
            self.broken = broken
            self._tell(broken)
            self.found.set()

    def look(self) -> None:
        """Look at what the exchange has now."""
        for broken in self._orders.look_at_venue(self.account):
            self.accuse(broken)

    def forget_ends(self) -> None:
        """The power has gone, and with it what the journal was not sure of: orders may end once more."""
        self._orders.forget_ends()


class OrderLives:
    """How each order stood when it was last told of (I7), and that none is filled more than wanted (I2)."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[int, OrderStatus]] = {}
        """With the process that has said so."""
        self._filled: dict[tuple[int, str], Decimal] = {}
        self._is_answered: set[tuple[int, str]] = set()

    def look_at(self, process: int, event: OrderEvent) -> Iterator[Broken]:
        """What is wrong with the next event of a process."""
        order, status = event.order, event.status
        name, key = order.client_order_id, (process, order.client_order_id)
        if name in self._ends:
            sayer, end = self._ends[name]
            # Another process may not have heard of the end, for the one that had was killed at once.
            if status is not end and (sayer == process or status in CLOSED_STATUSES):
                yield Broken(ONE_WAY, f"{name} was {end.value}, and is {status.value} now")
        if status in CLOSED_STATUSES:
            self._ends[name] = process, status
        elif status in INFLIGHT_STATUSES and key in self._is_answered:
            yield Broken(ONE_WAY, f"{name} was answered, and is {status.value} now")
        if status not in INFLIGHT_STATUSES:
            self._is_answered.add(key)
        before = self._filled.get(key, Decimal(0))
        if order.filled_quantity < before:
            yield Broken(ONE_WAY, f"{name}: {before} were filled, and {order.filled_quantity} are now")
        self._filled[key] = order.filled_quantity
        if order.filled_quantity > order.quantity:
            yield Broken(
                NONE_TWICE, f"{name}: {order.quantity} were wanted, and {order.filled_quantity} are filled"
            )

    def look_at_venue(self, account: Account) -> Iterator[Broken]:
        """Whether an order that is over for us lives at the exchange: it has come after its end (I8)."""
        for order in account.orders.values():
            end = None if order.cloid is None else self._ends.get(_name_of(order.cloid))
            if end is not None:
                words = f"{order.cloid} was said to be {end[1].value}, and rests at the exchange"
                yield Broken(PROOF, words)

    def forget_ends(self) -> None:
        """Orders may end once more."""
        self._ends.clear()


def ended_at_venue(account: Account, event: OrderEvent) -> Iterator[Broken]:
    """Whether an order that is said to be over is over at the exchange (I8)."""
    if event.status not in CLOSED_STATUSES:
        return
    name = event.order.client_order_id
    for order in account.orders.values():
        if order.cloid is not None and _name_of(order.cloid) == name:
            because = f" ({event.reason})" if event.reason else ""
            yield Broken(PROOF, f"{name} is {event.status.value}{because}, and rests at the exchange")


def _name_of(cloid: str) -> str:
    """What an order is called by us, whichever revision of it that is."""
    return f"{cloid[:-4]}0000"


def gate_was_open(life: Life, event: OrderEvent) -> Iterator[Broken]:
    """Whether an order that leaves may leave (I6)."""
    if type(event) is not OrderSubmitted or life.gate is None:
        return
    reason = life.gate.reason(life.now, post_only=event.order.post_only)
    if reason is not None:
        yield Broken(GATE, f"{event.order.client_order_id} leaves, and the gate is closed: {reason}")
    elif life.why_not is not None:
        yield Broken(GATE, f"{event.order.client_order_id} leaves through an open gate, but {life.why_not}")


def change_may_leave(life: Life, kind: str, orders: Iterable[Order]) -> Iterator[Broken]:
    """Whether a request that changes orders may leave (I6). For cancellations there is no gate."""
    if kind != "Modify":
        return
    for order in orders:
        reason = life.why_not
        if reason is None and life.gate is not None:
            reason = life.gate.reason(life.now, post_only=order.post_only)
        if reason is not None:
            yield Broken(GATE, f"a change of {order.client_order_id} leaves through a closed gate: {reason}")


class Exposure:
    """What the exchange has of ours against the limits (I5): what rests there counts as if it were filled."""

    def __init__(self, account: Account, listing: Listing, risk: RiskConfig) -> None:
        self._account = account
        self._most = risk.max_open_orders
        self._positions = [
            (instrument, limits.max_position)
            for name, limits in risk.instruments.items()
            if limits.max_position is not None
            and (instrument := listing.by_coin.get(name.removesuffix(_PERPETUAL))) is not None
        ]

    def look_at(self) -> Iterator[Broken]:
        """What is too much now."""
        if self._most is not None:
            count = sum(map(self._counts, self._account.orders.values()))
            if count > self._most:
                words = f"{count} orders that are no exits rest at the exchange, and {self._most} are allowed"
                yield Broken(LIMITS, words)
        for instrument, most in self._positions:
            for is_buy in (True, False):
                size = Decimal(sz_text(instrument, self._reach(instrument.asset, is_buy=is_buy)))
                if size > most:
                    side = "long" if is_buy else "short"
                    words = f"{instrument.coin}: {size} {side} if all is filled, and {most} are allowed"
                    yield Broken(LIMITS, words)

    def _counts(self, order: VenueOrder) -> bool:
        """Whether the limit on their number is for an order; what may only make a position smaller passes."""
        position = self._account.positions.get(order.instrument.asset)
        size = 0 if position is None else position.szi
        is_exit = order.reduce_only or (size > 0 and not order.is_buy) or (size < 0 and order.is_buy)
        return is_ours(order.cloid) and not is_exit

    def _reach(self, asset: int, *, is_buy: bool) -> int:
        """How large the position is if all orders of one side are filled, that side counting as positive."""
        position = self._account.positions.get(asset)
        size = 0 if position is None else position.szi
        return (size if is_buy else -size) + sum(
            each.sz
            for each in self._account.orders.values()
            if each.instrument.asset == asset and each.is_buy is is_buy and not each.reduce_only
        )


# Asked for at the end of a process, or of the world.


def placed_once(orders: Iterable[VenueOrder]) -> Iterator[Broken]:
    """Whether each id of ours was placed once (I2)."""
    oids: dict[str, set[int]] = {}
    for order in orders:
        if is_ours(order.cloid):
            oids.setdefault(str(order.cloid), set()).add(order.oid)
    for cloid, found in oids.items():
        if len(found) > 1:
            yield Broken(NONE_TWICE, f"{cloid} was placed {len(found)} times: {sorted(found)}")


class Grave:
    """What a journal had when its process was killed (I1): all that has left must be there."""

    def __init__(self, run: int, journal: Path) -> None:
        """Take which run of the journal it was."""
        self._run = f"{run:06x}"
        self._known = {each.client_order_id for each in read_orders(journal)}

    def look_at(self, orders: Iterable[VenueOrder]) -> Iterator[Broken]:
        """Whether the exchange has an order of that run that the journal had not."""
        for order in orders:
            cloid = order.cloid
            if cloid is not None and is_ours(cloid) and cloid[_RUN] == self._run:
                name = _name_of(cloid)
                if name not in self._known:
                    yield Broken(NO_ORDER_LOST, f"the exchange has {cloid}, and the journal has not")
                    return


def nothing_left(account: Account, named: Sequence[Order]) -> Iterator[Broken]:
    """Whether what rests at the exchange after a stop is named (I10)."""
    names = {each.client_order_id for each in named}
    for order in account.orders.values():
        cloid = order.cloid
        if cloid is not None and is_ours(cloid) and _name_of(cloid) not in names:
            yield Broken(NOTHING_LEFT, f"the engine has stopped, and does not name {cloid}, which rests")
            return


def is_bounded(desk: OrderDesk | None, links: int) -> Iterator[Broken]:
    """Whether nothing grows without end (I12)."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    if tasks > MOST_TASKS:
        yield Broken(BOUNDED, f"{tasks} tasks live, and {MOST_TASKS} are plenty")
    if links > MOST_LINKS:
        yield Broken(BOUNDED, f"{links} connections are open, and {MOST_LINKS} are plenty")
    if desk is not None:
        waiting = max((each.link.waiting for each in desk.accounts), default=0)
        if waiting > 10_000:
            yield Broken(BOUNDED, f"{waiting} commands wait to be sent or answered")


def gives_up_the_dead(links: Iterable[Link]) -> Iterator[Broken]:
    """Whether no connection is held that is dead for long (I13): who waits on it will never trade again."""
    now = trio.current_time()
    for link in links:
        if (
            link.dead_since is not None
            and not link.near.is_closed
            and now - link.dead_since > LONGEST_SILENCE
        ):
            words = f"a connection that is dead since {now - link.dead_since:g} s is still waited on"
            yield Broken(TRADES_AGAIN, words)


def orders_that_differ(desk: OrderDesk, account: Account) -> dict[str, str]:
    """Orders that rest for us and not at the exchange, or there and are nothing for us: by name, in words.

    For as long as news takes there are such; one that stays is a mistake (I3).
    """
    working = {each.order.client_order_id: each.order for each in desk.tracker.working()}
    theirs = {_name_of(each.cloid) for each in account.orders.values() if each.cloid and is_ours(each.cloid)}
    differing = {
        name: f"{name} is {order.status.value} for us, and does not rest at the exchange"
        for name, order in working.items()
        if order.is_open and is_ours(name) and name not in theirs
    }
    for name in theirs - working.keys():
        differing[name] = f"{name} rests at the exchange, and the engine knows of no such order"
    return differing


def no_secret(journal: Path, secret: str) -> Iterator[Broken]:
    """Whether the key is in no file of the journal (I14)."""
    words = {secret.removeprefix("0x").encode(), bytes.fromhex(secret.removeprefix("0x"))}
    for file in sorted(journal.parent.iterdir()):
        data = file.read_bytes()
        if any(word in data for word in words):
            yield Broken(NO_SECRETS, f"the key of the account is in {file.name}")
