"""Record: all that was done in a simulated world, read when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import attrs

from livetrio.exchange.api.texts import usd_text
from livetrio.journal.reading import open_copy
from livetrio.model import Fill, InstrumentId, Order, OrderEvent
from livetrio.simulation.view import WorldView


@attrs.frozen(kw_only=True)
class Money:
    """What came of it, in USDC, as the exchange has it."""

    equity: Decimal
    """What the account is worth at the marks at the end, perpetuals and spot."""
    pnl: Decimal
    """What that is more than at the beginning: after fees and funding, open positions included."""
    realized: Decimal
    """What closing positions in perpetuals has brought, before fees and funding."""
    fees: Decimal
    """Paid in perpetuals; below zero where rebates were more."""
    funding: Decimal
    """Received; below zero where it was paid."""


@attrs.frozen(kw_only=True)
class Record:
    """Orders and fills by the journal that the last process left, positions and money by the exchange."""

    orders: tuple[Order, ...]
    """As they stood at the end, the oldest first."""
    events: Mapping[str, tuple[OrderEvent, ...]]
    """All that happened to each, by client order id, in that order."""
    fills: tuple[Fill, ...]
    """The oldest first."""
    positions: Mapping[InstrumentId, Decimal]
    """Of perpetuals, those that are not flat; negative short."""
    balances: Mapping[str, Decimal]
    """Spot, by token."""
    money: Money


def take_record(world: WorldView, journal: Path) -> Record:
    """What there is to know of a world that is over. The world's own order is left out."""
    own = None if world.probed is None else world.probed.client_order_id
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    events: dict[str, tuple[OrderEvent, ...]] = {}
    if journal.exists():
        with open_copy(journal) as copy:
            orders = tuple(each for each in copy.orders() if each.client_order_id != own)
            events = {each.client_order_id: copy.events(each.client_order_id) for each in orders}
            fills = tuple(
                each.fill for each in copy.fills() if own is None or each.fill.client_order_id != own
            )
    return Record(
        orders=orders,
        events=events,
        fills=fills,
        positions=world.positions,
        balances=world.balances,
        money=_count_money(world),
    )


def _count_money(world: WorldView) -> Money:
    account = world.account
    fills = [each for each in account.fills if each.order.instrument.is_perp]
    return Money(
        equity=world.equity,
        pnl=world.pnl,
        realized=Decimal(usd_text(sum(each.closed_pnl for each in fills))),
        fees=Decimal(usd_text(sum(each.fee for each in fills))),
        funding=Decimal(usd_text(sum(each.usdc for each in account.fundings))),
    )
