"""FillSums: is each position the sum of the fills that were recorded, and of what was adopted (I4)?

Counted beside the engine, from what it gives to its journal: each fill once, by its id, however often it is
told. What the journal of an earlier process had beyond its fills must be what was adopted at some time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from livetrio.engines.portfolio import Portfolio
from livetrio.exchange.api.texts import px_text, sz_text
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import Fill as VenueFill
from livetrio.model import Fill, InstrumentId, Position

ZERO = Decimal(0)

Trade = tuple[str, Decimal, Decimal]
"""The venue's id of the order, price and size."""


class Adoptions:
    """Of one world: what was adopted of each instrument by then, whenever that changed."""

    def __init__(self) -> None:
        self._known: dict[InstrumentId, set[Decimal]] = defaultdict(lambda: {ZERO})

    def note(self, instrument_id: InstrumentId, total: Decimal) -> None:
        """So much was adopted in all."""
        self._known[instrument_id].add(total)

    def has(self, instrument_id: InstrumentId, total: Decimal) -> bool:
        """Whether so much was adopted in all at some time."""
        return total in self._known[instrument_id]


class FillSums:
    """Of one process."""

    def __init__(self, portfolio: Portfolio, recorded: Iterable[Fill], adoptions: Adoptions) -> None:
        """Begin with what its journal remembers."""
        self._portfolio = portfolio
        self._adoptions = adoptions
        self._ids: set[str] = set()
        self._trades: Counter[Trade] = Counter()
        self._sums: dict[InstrumentId, Decimal] = {}
        self._adopted: dict[InstrumentId, Decimal] = {}
        for fill in recorded:
            self._count(fill)

    def begin(self) -> Iterator[str]:
        """Whether the journal's positions are its fills, and what was adopted at some time."""
        for name in self._names():
            total = self._portfolio.quantity(name) - self._sums.get(name, ZERO)
            self._adopted[name] = total
            if not self._adoptions.has(name, total):
                words = f"the journal has a position of {self._portfolio.quantity(name)}"
                yield f"{name}: {words}, and fills of {self._sums.get(name, ZERO)}"

    def take_fill(self, fill: Fill, account: Account) -> Iterator[str]:
        """A fill is recorded. The exchange must know of it, and of as many as it."""
        if fill.fill_id in self._ids:
            return
        trade = self._count(fill)
        wanted = self._trades[trade]
        if account.fills.maxlen == len(account.fills):
            return  # it has forgotten some
        same = (each for each in reversed(account.fills) if _trade_of(each) == trade)
        found = len([*islice(same, wanted)])
        if found < wanted:
            yield f"fill {fill.fill_id} is recorded, and the exchange has no such: {trade}"

    def take_adoption(self, instrument_id: InstrumentId, quantity: Decimal) -> None:
        """So much more is there than we knew of."""
        total = self._adopted.get(instrument_id, ZERO) + quantity
        self._adopted[instrument_id] = total
        self._adoptions.note(instrument_id, total)

    def look_at(self, position: Position) -> Iterator[str]:
        """Whether a position that is told is what it must be."""
        yield from self._compare(position.instrument_id, position.quantity, "is told")

    def look(self) -> Iterator[str]:
        """Whether all positions are what they must be, and shared out among strategies and nobody."""
        for name in self._names():
            yield from self._compare(name, quantity := self._portfolio.quantity(name), "is held")
            shares = sum(self._portfolio.shares(name).values(), ZERO)
            if shares != quantity:
                yield f"{name}: {quantity} is held, and the shares in it are {shares}"

    def _compare(self, name: InstrumentId, quantity: Decimal, how: str) -> Iterator[str]:
        fills, adopted = self._sums.get(name, ZERO), self._adopted.get(name, ZERO)
        if quantity != fills + adopted:
            words = f"a position of {quantity} {how}, the fills come to {fills}"
            yield f"{name}: {words}, and {adopted} was adopted"

    def _names(self) -> list[InstrumentId]:
        held = (InstrumentId(key) for key in self._portfolio.state() if "|" not in key)
        return list(dict.fromkeys([*self._sums, *self._adopted, *held]))

    def _count(self, fill: Fill) -> Trade:
        trade = (str(fill.venue_order_id), fill.price, fill.quantity)
        if fill.fill_id not in self._ids:
            self._ids.add(fill.fill_id)
            self._trades[trade] += 1
            name = fill.instrument_id
            self._sums[name] = self._sums.get(name, ZERO) + _change_of(fill)
        return trade


def _change_of(fill: Fill) -> Decimal:
    """By how much it changes what is held: on spot, a fee in what was bought is not got."""
    is_spot, base = "-SPOT." in fill.instrument_id, fill.instrument_id.partition("-")[0]
    return fill.signed_quantity - (fill.fee if is_spot and fill.fee_currency == base else ZERO)


def _trade_of(fill: VenueFill) -> Trade:
    instrument = fill.order.instrument
    return (
        str(fill.order.oid),
        Decimal(px_text(instrument, fill.px)),
        Decimal(sz_text(instrument, fill.sz)),
    )
