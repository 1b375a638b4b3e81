"""Book: the resting orders of one instrument, in price-time priority.

Prices of a side stand in a sorted list with the best one last, where taking it away costs nothing; the
orders of one price stand in the order in which they came. Bids are keyed by price and asks by its negative,
so that on both sides the best key is the largest.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

from livetrio.exchange.chain.order import Order


class Level:
    """The orders at one price, oldest first."""

    __slots__ = ("orders", "px", "sz")

    def __init__(self, px: int) -> None:
        self.px = px
        self.sz = 0
        """Of all of them together."""
        self.orders: OrderedDict[int, Order] = OrderedDict()
        """By oid."""


class Side:
    """Bids, or asks."""

    __slots__ = ("_keys", "_levels", "_sign", "order_count")

    def __init__(self, *, is_buy: bool) -> None:
        self._sign = 1 if is_buy else -1
        self._keys: list[int] = []
        self._levels: dict[int, Level] = {}
        self.order_count = 0

    def add(self, order: Order) -> None:
        """Last in the queue of its price."""
        key = order.px * self._sign
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level(order.px)
            insort(self._keys, key)
        level.orders[order.oid] = order
        level.sz += order.sz
        self.order_count += 1

    def remove(self, order: Order) -> None:
        """Take an order out, with all that is left of it."""
        key = order.px * self._sign
        level = self._levels[key]
        del level.orders[order.oid]
        level.sz -= order.sz
        self.order_count -= 1
        if not level.orders:
            del self._levels[key]
            if self._keys[-1] == key:
                self._keys.pop()
            else:
                del self._keys[bisect_left(self._keys, key)]

    def reduce(self, order: Order, sz: int) -> None:
        """So much of an order has gone; its place in the queue stays. The last of it takes it out."""
        if sz == order.sz:
            self.remove(order)
        else:
            self._levels[order.px * self._sign].sz -= sz
        order.sz -= sz

    @property
    def best(self) -> Level | None:
        """The level that is matched first."""
        return self._levels[self._keys[-1]] if self._keys else None

    @property
    def best_px(self) -> int | None:
        """Its price."""
        keys = self._keys
        return keys[-1] * self._sign if keys else None

    def first(self) -> Order | None:
        """The order that is matched first."""
        if not self._keys:
            return None
        return next(iter(self._levels[self._keys[-1]].orders.values()))

    def level_at(self, px: int) -> Level | None:
        """The level at exactly this price."""
        return self._levels.get(px * self._sign)

    def levels(self) -> Iterator[Level]:
        """From the best one on."""
        for key in reversed(self._keys):
            yield self._levels[key]

    def orders(self) -> Iterator[Order]:
        """In the order in which they are matched."""
        for level in self.levels():
            yield from level.orders.values()

    def __len__(self) -> int:
        return len(self._keys)


class Book:
    """Both sides."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side(is_buy=True)
        self.asks = Side(is_buy=False)

    def side(self, *, is_buy: bool) -> Side:
        """Where a resting order of that side stands."""
        return self.bids if is_buy else self.asks

    def add(self, order: Order) -> None:
        """Let an order rest, last in the queue of its price."""
        (self.bids if order.is_buy else self.asks).add(order)
        order.is_resting = True

    def remove(self, order: Order) -> None:
        """Take a resting order out."""
        (self.bids if order.is_buy else self.asks).remove(order)
        order.is_resting = False

    def reduce(self, order: Order, sz: int) -> None:
        """So much of a resting order was matched."""
        (self.bids if order.is_buy else self.asks).reduce(order, sz)
        if order.sz == 0:
            order.is_resting = False

    @property
    def best_bid(self) -> int | None:
        """The highest price that somebody would pay."""
        return self.bids.best_px

    @property
    def best_ask(self) -> int | None:
        """The lowest price that somebody would take."""
        return self.asks.best_px

    def would_match(self, px: int, *, is_buy: bool) -> bool:
        """Whether a limit at this price finds anybody."""
        if is_buy:
            ask = self.asks.best_px
            return ask is not None and px >= ask
        bid = self.bids.best_px
        return bid is not None and px <= bid
