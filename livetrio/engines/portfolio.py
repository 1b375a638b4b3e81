"""Portfolio: takes in what moves money, and keeps positions and accounts true in the cache and on the bus.

Fills and funding change what we hold; they are facts, and each must be told once, in the order of their
times where that is known. What the venue says of positions and money (`AccountReport`) changes the money, and
none of our quantities: where the two differ, the caller is told and decides.

Each position counts at its mark price: the venue's (`MarketContext`), else the middle of the quote, else the
mark that the venue reported with the position; else it is worth what it cost. Profit and loss takes all
quote currencies as one. Fees that were paid in a currency that was bought are less of that currency, and no
fee of the profit and loss.

A day is one of UTC. It begins when `roll_day` is first called in it; where no price is known then, with the
first price that is. So what was won or lost while nobody watched belongs to the day before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any

import structlog

from livetrio import topics
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.difference import PositionDifference, reported_pnl
from livetrio.engines.holding import EXACT, ZERO, Change, Grid, Holding
from livetrio.engines.inventory import Inventory, Outcome
from livetrio.engines.surprises import Surprises
from livetrio.engines.wallet import Wallet
from livetrio.model import (
    AccountReport,
    Fill,
    FundingPayment,
    InstrumentId,
    Position,
    ProfitAndLoss,
    venue_of,
)

log = structlog.get_logger()

DAY = 86_400_000_000_000
"""Nanoseconds in a day."""

RoundTripCallback = Callable[[InstrumentId, str, Decimal, int], None]
"""Told instrument, strategy, what the trip has come to (fees and funding included), and when it ended."""


class Portfolio:
    """Positions of the account and shares of the strategies in them, what they brought, and the money."""

    def __init__(
        self, cache: Cache, bus: MessageBus, *, on_round_trip: RoundTripCallback | None = None
    ) -> None:
        self.cache = cache
        self.bus = bus
        self.on_round_trip = on_round_trip
        """If set, told whenever a strategy's position in an instrument has come to zero or turned."""
        self.surprises = Surprises()
        """Positions and orders that were found and that the journal does not explain."""
        self._inventories: dict[str, Inventory] = {}
        self._wallets: dict[str, Wallet] = {}
        """By venue."""
        self._changed: dict[str, Inventory] = {}
        self._day: int | None = None
        self._unsettled: dict[str, Inventory] = {}
        """Those for which no price was known yet when the day began."""

    # What moves money.

    def apply_fill(self, fill: Fill, strategy: str | None) -> None:
        """One trade of the account, to be told once.

        Args:
          fill: whatever it was: ours, by hand, a liquidation.
          strategy: whose order it was; None: nobody's.
        """
        with localcontext(EXACT):
            inventory, grid = self._touch(fill.instrument_id), self._grid(fill.instrument_id)
            self._settle_day(inventory, fill.price)
            change = Change.by_fill(fill, grid)
            outcome = inventory.take_fill(fill, change, strategy)
            self._move_money(fill, change, outcome.realized)
            self._tell_change(inventory, outcome, fill.ts_event)
        if outcome.trip is not None and strategy is not None and self.on_round_trip is not None:
            self.on_round_trip(fill.instrument_id, strategy, outcome.trip.net, fill.ts_event)

    def apply_funding(self, payment: FundingPayment) -> None:
        """One payment of funding, to be told once: each strategy's by its part of the position."""
        with localcontext(EXACT):
            inventory = self._touch(payment.instrument_id)
            inventory.take_funding(payment, self._grid(payment.instrument_id))
            self._wallet(venue_of(payment.instrument_id)).move(payment.ts_event, payment.amount)
            self._tell([inventory], payment.ts_event)

    def adopt(
        self, instrument_id: InstrumentId, quantity: Decimal, price: Decimal, reason: str, *, ts: int
    ) -> None:
        """Write down as nobody's what is there and cannot be accounted for. The money stays as reported.

        Args:
          instrument_id: of what.
          quantity: by how much the venue has more than we know of; below zero, less.
          price: at which it is taken to have been traded.
          reason: in words for people, for the log.
          ts: when, UTC nanoseconds by the venue's clock.
        """
        with localcontext(EXACT):
            inventory = self._touch(instrument_id)
            before = inventory.net.quantity
            self._settle_day(inventory, price)
            outcome = inventory.adopt(quantity, price, ts, self._grid(instrument_id))
            self._tell_change(inventory, outcome, ts)
        self.surprises.add(
            f"{instrument_id}: the position is {inventory.net.quantity:f} and not {before:f} ({reason})"
        )
        log.warning(
            "position adopted",
            instrument=instrument_id,
            quantity=quantity,
            price=price,
            before=before,
            after=inventory.net.quantity,
            reason=reason,
        )

    def hand_over(self, *, ts: int) -> None:
        """Where the account holds nothing because nobody's orders have closed it, no strategy does either.

        ``ts``: now, UTC nanoseconds by the venue's clock.
        """
        for inventory in self._inventories.values():
            name = inventory.instrument_id
            if inventory.net.quantity or not inventory.share(None).quantity:
                continue
            with localcontext(EXACT):
                trips = self._touch(name).hand_over(ts, self._grid(name))
            for strategy, trip in trips:
                if self.on_round_trip is not None:
                    self.on_round_trip(name, strategy, trip.net, ts)

    def apply_account(self, report: AccountReport) -> tuple[PositionDifference, ...]:
        """Money, marks and liquidation prices as the venue says; returns where its positions are not ours.

        Where we know of a later fill, nothing is compared. Nor are spot balances, which change by
        other things than trading. A report older than the last one is passed over.
        """
        venue = report.account_id.partition("-")[0]
        wallet = self._wallet(venue)
        if wallet.report is not None and report.ts_event < wallet.report.ts_event:
            return ()
        theirs = {each.instrument_id: each for each in report.positions}
        differences, held = [], []
        with localcontext(EXACT):
            reported = unrealized = ZERO
            for inventory in self._of_margin(venue, theirs):
                position = inventory.reported = theirs.get(inventory.instrument_id)
                net = inventory.net
                mark = _first(None if position is None else position.mark_price, self._mark(inventory))
                told = inventory.unrealized = reported_pnl(position)
                if net.ts_traded > report.ts_event:
                    inventory.unrealized = net.unrealized(mark)
                elif net.quantity != (ZERO if position is None else position.quantity):
                    differences.append(PositionDifference.of(inventory, position, mark))
                reported += told
                unrealized += inventory.unrealized
                if net.quantity:
                    held.append(inventory.position(mark, report.ts_event))
            wallet.take_report(report, reported, unrealized)
            self._publish(held, [wallet], report.ts_event)
        return tuple(differences)

    def mark_positions(self, now: int) -> None:
        """Bring positions and accounts up to the marks; tells of those whose mark has changed."""
        with localcontext(EXACT):
            moved = []
            for inventory in self._inventories.values():
                known = self.cache.get_position(inventory.instrument_id)
                if known is not None and known.mark_price != self._mark(inventory):
                    moved.append(inventory)
            if moved:
                self._tell(moved, now)

    def _move_money(self, fill: Fill, change: Change, realized: Decimal) -> None:
        wallet, grid, ts = self._wallet(venue_of(fill.instrument_id)), change.grid, change.ts
        if grid.is_spot:
            wallet.move(ts, change.quantity, grid.base)
            wallet.move(ts, -change.money.copy_sign(change.quantity) - change.fee, grid.quote)
        else:
            wallet.move(ts, realized - change.fee)

    # What is told.

    def _tell_change(self, inventory: Inventory, outcome: Outcome, ts: int) -> None:
        """A position has changed, so it is told even if nothing is left of it."""
        position = inventory.position(self._mark(inventory), ts, outcome)
        self._publish([position], [self._count(inventory, position)], ts)

    def _tell(self, inventories: Iterable[Inventory], ts: int) -> None:
        """Of positions that are what they were, something else has changed."""
        positions, wallets = [], {}
        for inventory in inventories:
            position = inventory.position(self._mark(inventory), ts)
            wallet = self._count(inventory, position)
            wallets[id(wallet)] = wallet
            if position.quantity:
                positions.append(position)
        self._publish(positions, wallets.values(), ts)

    def _count(self, inventory: Inventory, position: Position) -> Wallet:
        """Let the account count a position's profit as it is told now."""
        wallet = self._wallet(venue_of(inventory.instrument_id))
        if not self._grid(inventory.instrument_id).is_spot:
            wallet.unrealized += position.unrealized_pnl - inventory.unrealized
            inventory.unrealized = position.unrealized_pnl
        return wallet

    def _publish(self, positions: Iterable[Position], wallets: Iterable[Wallet], ts: int) -> None:
        """First all to the cache, then all to the bus."""
        accounts = [account for wallet in wallets if (account := wallet.account(ts)) is not None]
        for position in positions:
            self.cache.update_position(position)
        for account in accounts:
            self.cache.update_account(account)
        for position in positions:
            self.bus.publish(topics.positions(position.instrument_id), position)
        for account in accounts:
            self.bus.publish(topics.accounts(account.account_id), account)

    # What may be asked.

    def quantity(self, instrument_id: InstrumentId, strategy: str | None = None) -> Decimal:
        """What a strategy holds of an instrument, negative short; None: the whole account."""
        inventory = self._inventories.get(instrument_id)
        if inventory is None:
            return ZERO
        if strategy is None:
            return inventory.net.quantity
        holding = inventory.shares.get(strategy)
        return ZERO if holding is None else holding.quantity

    def shares(self, instrument_id: InstrumentId) -> dict[str | None, Decimal]:
        """Who holds what of an instrument; None is nobody. Who holds nothing is not mentioned."""
        inventory = self._inventories.get(instrument_id)
        held = {} if inventory is None else inventory.shares
        return {owner: holding.quantity for owner, holding in held.items() if holding.quantity}

    def pnl(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> Decimal:
        """All that came of a strategy since the journal began, at the marks; None: of the whole account."""
        with localcontext(EXACT):
            return self.breakdown(strategy, instrument_id).net

    def day_pnl(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> Decimal:
        """What came of it since the day began."""
        with localcontext(EXACT):
            held = self._holdings(strategy, instrument_id)
            return sum((each.day_pnl(self._mark(inventory)) for inventory, each in held), ZERO)

    def is_priced(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> bool:
        """Whether a price of everything that is held is known."""
        return all(
            not holding.quantity or self._mark(inventory) is not None
            for inventory, holding in self._holdings(strategy, instrument_id)
        )

    def breakdown(
        self, strategy: str | None = None, instrument_id: InstrumentId | None = None
    ) -> ProfitAndLoss:
        """What came of a strategy (None: of the whole account), in an instrument or in all."""
        realized = unrealized = fees = funding = ZERO
        with localcontext(EXACT):
            for inventory, holding in self._holdings(strategy, instrument_id):
                realized += holding.total.realized
                unrealized += holding.unrealized(self._mark(inventory))
                fees += holding.total.fees
                funding += holding.total.funding
        return ProfitAndLoss(realized=realized, unrealized=unrealized, fees=fees, funding=funding)

    def fees(self, strategy: str | None = None) -> dict[str, Decimal]:
        """Paid since the journal began, by currency, those included that were paid in what was bought."""
        fees: dict[str, Decimal] = {}
        with localcontext(EXACT):
            for _, holding in self._holdings(strategy):
                for currency, fee in holding.fees.items():
                    fees[currency] = fees.get(currency, ZERO) + fee
        return fees

    def _holdings(
        self, strategy: str | None, instrument_id: InstrumentId | None = None
    ) -> Iterator[tuple[Inventory, Holding]]:
        for inventory in self._inventories.values():
            if instrument_id not in (None, inventory.instrument_id):
                continue
            holding = inventory.net if strategy is None else inventory.shares.get(strategy)
            if holding is not None:
                yield inventory, holding

    # Days.

    def roll_day(self, now: int) -> None:
        """Begin a new day if it is one, UTC. To be called at every tick: it costs nothing on most."""
        day = now // DAY
        if day != self._day:
            self._day = day
            for inventory in self._inventories.values():
                inventory.day = day
                with localcontext(EXACT):
                    for holding in inventory.holdings():
                        holding.begin_day(day, self._mark(inventory))
                self._touch(inventory.instrument_id)
                self._unsettled[inventory.instrument_id] = inventory
        for inventory in list(self._unsettled.values()):
            self._settle_day(inventory, None)

    def _settle_day(self, inventory: Inventory, price: Decimal | None) -> None:
        """Tell what a position was worth when the day began, as soon as there is a price.

        Args:
          inventory: whose.
          price: to take if there is no mark.
        """
        if inventory.instrument_id in self._unsettled:
            mark = _first(self._mark(inventory), price)
            with localcontext(EXACT):
                for holding in inventory.holdings():
                    holding.settle_day(mark)
            if not any(holding.day_unrealized is None for holding in inventory.holdings()):
                del self._unsettled[inventory.instrument_id]
            self._touch(inventory.instrument_id)

    # The journal.

    def changed_keys(self) -> tuple[str, ...]:
        """Of what has changed since this was last asked."""
        keys = []
        for inventory in self._changed.values():
            for key, holding in inventory.named().items():
                if holding.is_changed:
                    holding.is_changed = False
                    keys.append(key)
        self._changed.clear()
        return tuple(keys)

    def state(self, keys: Iterable[str] | None = None) -> dict[str, dict[str, object]]:
        """Small plain mappings for the journal, by key: of all, or of these keys."""
        named: dict[str, Holding] = {}
        for name in self._inventories if keys is None else {key.partition("|")[0]: None for key in keys}:
            named |= self._inventories[name].named()
        return {key: named[key].to_texts() for key in (named if keys is None else keys)}

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Take back what `state` gave, before anything else is taken in."""
        for key, texts in state.items():
            self._inventory(InstrumentId(key.partition("|")[0])).restore(key, texts)
        with localcontext(EXACT):
            for inventory in self._inventories.values():
                self._tell([inventory], inventory.net.ts_traded)

    # Where it is kept.

    def _inventory(self, instrument_id: InstrumentId) -> Inventory:
        found = self._inventories.get(instrument_id)
        if found is None:
            found = Inventory(instrument_id=instrument_id, day=self._day)
            self._inventories[instrument_id] = found
        return found

    def _touch(self, instrument_id: InstrumentId) -> Inventory:
        """The inventory, which is about to change."""
        inventory = self._changed[instrument_id] = self._inventory(instrument_id)
        return inventory

    def _grid(self, instrument_id: InstrumentId) -> Grid:
        return Grid.of(self.cache.get_instrument(instrument_id))

    def _wallet(self, venue: str) -> Wallet:
        found = self._wallets.get(venue)
        if found is None:
            found = self._wallets[venue] = Wallet()
        return found

    def _of_margin(self, venue: str, theirs: Iterable[InstrumentId]) -> Iterator[Inventory]:
        """What a venue's report of positions is about: what it mentions, and what we hold there but spot."""
        names = dict.fromkeys([*theirs, *self._inventories])
        for name in names:
            if venue_of(name) == venue and not self._grid(InstrumentId(name)).is_spot:
                yield self._inventory(InstrumentId(name))

    def _mark(self, inventory: Inventory) -> Decimal | None:
        """At what price a position counts; None: nobody knows one."""
        name, reported = inventory.instrument_id, inventory.reported
        context = self.cache.get_context(name)
        if context is not None:
            return context.mark_price
        mid = self.cache.get_mid_price(name)
        return mid if mid is not None or reported is None else reported.mark_price


def _first(*prices: Decimal | None) -> Decimal | None:
    """The first that is known."""
    return next((price for price in prices if price is not None), None)
