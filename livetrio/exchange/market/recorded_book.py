"""Recorded book: the resting orders of everybody whom a recording shows in one instrument.

They stand in the exchange's own book, among those of clients. A level of the recording is one order, and one
more for each time that it grew behind a client's order; how many orders the venue had there (``n``) is not
told. Apart from clients' orders the book shows what the frame showed:

- a level that shrank loses from its back, one that grew grows at its back: so whoever stood before keeps the
  place, and a client that came before a level grew stands before what it grew by;
- a level that is new and meets a client's order trades with it: in reality somebody would have taken that
  order. What is left of the level rests;
- what clients took of a level is there again with the next frame. The recorded market does not feel them.

**Trades.** A recorded trade is a taker of its size, whose limit is its price. Frames of books are older than
the trade: what they still show at better prices is taken out first, it was gone; and if there is not enough
at that price and better, a recorded maker puts there what is missing, last in the queue. So a client's order
at that price or better is filled first if it stood there before what the recording shows, or if the
recording does not show what was traded. That flatters clients: of orders that came and went between two
frames, before the client's, nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.listing import Instrument
from livetrio.exchange.chain.order import NewOrder, Order, Tif

Levels = Sequence[tuple[int, int]]
"""Prices and sizes, in units, the best first."""


class RecordedBook:
    """The recorded participants in one instrument."""

    def __init__(self, instrument: Instrument, *, makers: Account, takers: Account) -> None:
        self.instrument = instrument
        self._makers = makers
        self._takers = takers
        self._orders: dict[bool, dict[int, list[Order]]] = {True: {}, False: {}}
        """By side (whether they buy) and price, in the order of the queue; some may have been filled."""

    def show(self, desk: Desk, bids: Levels, asks: Levels, depth: int | None = None) -> None:
        """Change the orders so that they are what a frame shows.

        Args:
          desk: where they rest.
          bids: the frame's.
          asks: the frame's.
          depth: how many levels such a frame has of a side at most; what is deeper stays. None: it shows all.
        """
        for is_buy, levels in ((True, bids), (False, asks)):
            deepest = levels[-1][0] if depth is not None and len(levels) >= depth else None
            self._withdraw(desk, is_buy, {px for px, _ in levels}, deepest)
        for is_buy, levels in ((True, bids), (False, asks)):
            for px, sz in levels:
                self._set(desk, is_buy, px, sz)

    def trade(self, desk: Desk, is_buy: bool, px: int, sz: int) -> None:
        """Let somebody take so much at this price, with whoever stands there or better."""
        sign = 1 if is_buy else -1
        self._withdraw(desk, is_buy, set(), px)
        makers = self._orders[not is_buy]
        for better in [each for each in makers if each * sign < px * sign]:
            self._cancel(desk, makers.pop(better))
        available = 0
        for level in desk.ledger.books[self.instrument.asset].side(is_buy=not is_buy).levels():
            if level.px * sign > px * sign:
                break
            available += level.sz
        if available < sz:
            self._grow(desk, not is_buy, px, sz - available)
        desk.place(
            self._takers,
            NewOrder(instrument=self.instrument, is_buy=is_buy, px=px, sz=sz, tif=Tif.IOC),
        )

    def _withdraw(self, desk: Desk, is_buy: bool, keep: set[int], deepest: int | None) -> None:
        """Cancel the orders at prices that are not kept, down to the deepest; None: all."""
        sign = 1 if is_buy else -1
        orders = self._orders[is_buy]
        gone = [px for px in orders if px not in keep and (deepest is None or px * sign >= deepest * sign)]
        for px in gone:
            self._cancel(desk, orders.pop(px))

    def _cancel(self, desk: Desk, orders: list[Order]) -> None:
        for order in orders:
            desk.cancel(order)

    def _set(self, desk: Desk, is_buy: bool, px: int, sz: int) -> None:
        """Let there be so much at a price."""
        live = self._live(is_buy, px)
        excess = sum(order.sz for order in live) - sz
        if excess < 0:
            self._grow(desk, is_buy, px, -excess)
        while excess > 0:
            last = live[-1]
            if last.sz > excess:
                desk.reduce(last, excess)
                return
            excess -= last.sz
            desk.cancel(live.pop())

    def _grow(self, desk: Desk, is_buy: bool, px: int, sz: int) -> None:
        """Add so much at a price, last in its queue; if the last order there is theirs, it grows."""
        live = self._live(is_buy, px)
        level = desk.ledger.books[self.instrument.asset].side(is_buy=is_buy).level_at(px)
        if live and level is not None and next(reversed(level.orders)) == live[-1].oid:
            last = live.pop()
            sz += last.sz
            desk.cancel(last)
        order = desk.place(self._makers, NewOrder(instrument=self.instrument, is_buy=is_buy, px=px, sz=sz))
        if order is not None:
            live.append(order)

    def _live(self, is_buy: bool, px: int) -> list[Order]:
        """The orders at a price that still rest: the list itself."""
        orders = self._orders[is_buy].setdefault(px, [])
        if orders and not all(order.is_resting for order in orders):
            orders[:] = [order for order in orders if order.is_resting]
        return orders
