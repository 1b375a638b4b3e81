"""Prices: what marks are, and what happens when they move: trigger orders fire.

The venue's mark price is a median of its own book, its oracle, and the perpetuals of other exchanges (docs
page *robust price indices*, 2026-08-22). There are no other exchanges here, so it is the median of three:

- the oracle's price;
- the middle of the book (the best of a side that stands alone is not taken);
- the last trade's price, moved into the book's spread.

So neither a single trade nor an empty book moves it far, and a client cannot set it alone. Where there is no
book and no trade it is the oracle's price. Of a spot pair it is the last trade's price, moved into the
spread.
"""

from __future__ import annotations

from collections.abc import Iterable

from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.margin import can_place
from livetrio.exchange.chain.matching import end, leave, reducible
from livetrio.exchange.chain.order import Order, Status, Tif, Trigger
from livetrio.exchange.chain.placing import execute


def update_marks(ledger: Ledger, assets: Iterable[int]) -> set[int]:
    """Set the marks of these assets anew; those that have changed."""
    changed = set()
    for asset in assets:
        mark = mark_price(ledger, asset)
        if mark != ledger.marks[asset]:
            ledger.marks[asset] = mark
            changed.add(asset)
    return changed


def mark_price(ledger: Ledger, asset: int) -> int:
    """What the mark price is now."""
    book = ledger.books[asset]
    bid, ask = book.best_bid, book.best_ask
    last = ledger.lasts.get(asset)
    oracle = ledger.oracles.get(asset)
    if last is None:
        last = ledger.marks[asset] if oracle is None else oracle
    if bid is not None and last < bid:
        last = bid
    if ask is not None and last > ask:
        last = ask
    if oracle is None:
        return last
    if bid is None or ask is None:
        return oracle
    middle = (bid + ask) // 2
    low, high = (oracle, middle) if oracle < middle else (middle, oracle)
    return low if last < low else high if last > high else last


def fire_triggers(ledger: Ledger, assets: Iterable[int]) -> None:
    """Let every waiting order whose price has come become an order, the oldest first."""
    for asset in sorted(assets):
        waiting = ledger.triggers[asset]
        if waiting:
            mark = ledger.marks[asset]
            for order in list(waiting.values()):
                trigger = order.trigger
                if order.oid in waiting and trigger is not None and trigger.fires(mark, is_buy=order.is_buy):
                    _fire(ledger, order, trigger)


def _fire(ledger: Ledger, order: Order, trigger: Trigger) -> None:
    """A waiting order becomes one that takes what is there, or that rests at its limit."""
    del ledger.triggers[order.instrument.asset][order.oid]
    if order.reduce_only and not reducible(order):
        end(ledger, order, Status.REDUCE_ONLY_CANCELED)
        return
    if order.is_position_tpsl:
        order.sz = order.orig_sz = reducible(order)
    order.is_triggered = True
    order.tif = Tif.FRONTEND_MARKET if trigger.is_market else Tif.GTC
    ledger.begin_tx()
    ledger.update(order, Status.TRIGGERED)
    leave(ledger, order)  # it enters anew if it rests
    if not order.reduce_only and not can_place(ledger, order.account, order):
        ledger.update(order, Status.MARGIN_CANCELED)
    else:
        execute(ledger, order)
