"""agreement: do journal, cache and exchange say the same?

    async with run_strategy(MyStrategy()) as run:
        await trio.sleep(60)
        await wait_quiet(run)
        assert disagreements(run) == []

What the exchange itself has is the measure: its open orders, every fill that it counted, its positions, and
its money (`livetrio.testing.money_agreement`).
Nothing may be missing here, nothing twice, and nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import trio

from livetrio.engines.client_ids import is_ours
from livetrio.exchange.api.texts import px_text, sz_text
from livetrio.journal.reading import read_fills, read_orders
from livetrio.model import Fill, Order
from livetrio.testing.money_agreement import disagreements_of_money

ZERO = Decimal(0)

if TYPE_CHECKING:
    from livetrio.testing.runs import StrategyRun


async def wait_quiet(run: StrategyRun, limit: float = 60) -> None:
    """Wait until nothing is on its way: no order unanswered or unknown, no cancellation unconfirmed.

    Raises:
      trio.TooSlowError: it is not so within ``limit`` seconds.
    """
    desk = run.desk
    with trio.fail_after(limit):
        while any(account.link.waiting for account in desk.accounts) or any(
            each.order.is_inflight or each.order.is_canceling or each.missing
            for each in desk.tracker.working()
        ):
            with trio.move_on_after(0.1):
                await desk.tracker.progress().wait()
    await trio.sleep(1)  # news of what is settled may still be under way


def disagreements(run: StrategyRun) -> list[str]:
    """In which things journal, cache and exchange differ, in words; an empty list: they agree."""
    if run.engine.is_running:
        run.desk.keeper.commit()
    return [*_of_orders(run), *_of_fills(run), *_of_positions(run), *disagreements_of_money(run)]


def _of_orders(run: StrategyRun) -> Iterator[str]:
    theirs = {str(each.oid): each for each in run.account.orders.values()}
    ours = {str(each.venue_order_id): each for each in run.engine.cache.get_open_orders()}
    for oid in sorted(theirs.keys() - ours.keys()):
        yield f"order {oid} rests at the exchange, and is not open in the cache"
    for oid in sorted(ours.keys() - theirs.keys()):
        yield f"order {oid} is open in the cache, and does not rest at the exchange"
    for oid in theirs.keys() & ours.keys():
        there, here = theirs[oid], ours[oid]
        left = Decimal(sz_text(there.instrument, there.sz))
        if here.remaining_quantity != left:
            yield f"order {oid}: {left} are left at the exchange, {here.remaining_quantity} in the cache"
        price = Decimal(px_text(there.instrument, there.px))
        if here.price is not None and not here.order_type.has_trigger and here.price != price:
            yield f"order {oid}: its price is {price} at the exchange, {here.price} in the cache"
    for each in run.engine.cache.get_inflight_orders():
        yield f"order {each.client_order_id} is {each.status.value}"
    known: dict[str, Order] = {each.client_order_id: each for each in read_orders(run.journal)}
    for each in run.engine.cache.take_snapshot(0).orders:
        noted = known.get(each.client_order_id)
        if noted is None:
            yield f"order {each.client_order_id} is not in the journal"
        elif noted != each:
            yield f"order {each.client_order_id}: the journal has {noted}, the cache {each}"
    placed: dict[str, set[int]] = {}
    for order in [*run.account.orders.values(), *(update.order for update in run.account.history)]:
        if is_ours(order.cloid):
            placed.setdefault(str(order.cloid), set()).add(order.oid)
    for cloid, oids in placed.items():
        if len(oids) > 1:
            yield f"{cloid} was placed {len(oids)} times: {sorted(oids)}"


def _of_fills(run: StrategyRun) -> Iterator[str]:
    noted: dict[str, Fill] = {each.fill.fill_id: each.fill for each in read_fills(run.journal)}
    ours = Counter((str(each.venue_order_id), each.price, each.quantity) for each in noted.values())
    theirs = Counter(
        (
            str(each.order.oid),
            Decimal(px_text(each.order.instrument, each.px)),
            Decimal(sz_text(each.order.instrument, each.sz)),
        )
        for each in run.account.fills
        if each.time * 1_000_000 > run.since
    )
    for fill, number in (theirs - ours).items():
        yield f"the exchange counts fill {fill} {number} times more than the journal"
    for fill, number in (ours - theirs).items():
        yield f"the journal counts fill {fill} {number} times more than the exchange"


def _of_positions(run: StrategyRun) -> Iterator[str]:
    cache = run.engine.cache
    ours = {str(each.instrument_id): each.quantity for each in cache.get_all_positions()}
    theirs: dict[str, Decimal] = {}
    for asset, position in run.account.positions.items():
        instrument = run.exchange.ledger.listing.by_asset[asset]
        if position.szi:
            name = f"{instrument.coin}-USD-PERP.HYPERLIQUID"
            theirs[name] = Decimal(sz_text(instrument, position.szi))
    for name in theirs.keys() | ours.keys():
        there, here = theirs.get(name, ZERO), ours.get(name, ZERO)
        if "-PERP." in name and there != here:
            yield f"{name}: {there} are held at the exchange, {here} in the cache"
