"""Inventory: one instrument, as the account holds it and as each strategy has its share of it.

The account has one net position, as the venue sees it. Beside it each strategy has a holding of its own, as
if it were alone; `None` is nobody: what manual trades, liquidations and adopted positions did. The quantities
of the shares add up to the account's, and so does what came of them (realized and unrealized, less fees, with
funding); what of that is realized need not, since one strategy may close what another has opened.

**The venue's word.** What a fill has realized for the account is what the venue says, where it says so of the
very position that we know of. If it differs by its rounding, the rest of the cost is corrected by as much. If
it differs by more, our entry price was wrong (a position was adopted at a price that somebody had rounded),
and nobody's share bears it. If it speaks of another position, fills have come in another order than they were
made: then what was paid and what the venue says was realized still add up to what is held, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs

from livetrio.engines.holding import ZERO, Change, Grid, Holding, Tally, share
from livetrio.model import Fill, FundingPayment, InstrumentId, Position, PositionReport


@attrs.frozen
class Outcome:
    """What a change did."""

    realized: Decimal
    """For the account, before fees."""
    entry_price: Decimal
    """The account's before it."""
    ended: Tally | None
    """What the account's position came to, if it is flat or turned by it."""
    trip: Tally | None
    """What the strategy's came to, likewise."""


@attrs.define(kw_only=True)
class Inventory:
    """What is held of one instrument, by whom. Call its methods in the context `EXACT`."""

    instrument_id: InstrumentId
    day: int | None = None
    """The one that runs (UTC days since 1970), if any has begun yet."""
    net: Holding = attrs.field()
    """The account's."""
    shares: dict[str | None, Holding] = attrs.field(factory=dict)
    """By strategy; None is nobody."""
    reported: PositionReport | None = None
    """What the venue last said; None where it did not mention it."""
    unrealized: Decimal = ZERO
    """What the account's money counts as its open profit now."""

    @net.default
    def _nothing(self) -> Holding:
        return Holding(day=self.day)

    def share(self, strategy: str | None) -> Holding:
        """A strategy's holding, made when first asked for; None: nobody's."""
        found = self.shares.get(strategy)
        if found is None:
            found = self.shares[strategy] = Holding(day=self.day)
        return found

    def holdings(self) -> Iterator[Holding]:
        """The account's and all shares."""
        yield self.net
        yield from self.shares.values()

    # What changes it.

    def take_fill(self, fill: Fill, change: Change, strategy: str | None) -> Outcome:
        """A fill: the account's, and the strategy's whose order it was."""
        before, was_adopted = self.net.quantity, self.net.is_adopted
        outcome = self._take(change, strategy)
        for holding in (self.net, self.shares[strategy]):
            holding.fees[fill.fee_currency] = holding.fees.get(fill.fee_currency, ZERO) + fill.fee
        told = fill.realized_pnl
        if told is None or fill.position_before is None:
            return outcome
        if fill.position_before != before and change.grid.is_spot:
            return outcome  # what was there before the journal began is not known
        if fill.position_before == before and (was_adopted or change.grid.is_spot):
            if self.net.unplaced:
                self.net.place_cost(self.net.signed_cost)
            if told != outcome.realized:
                self._correct(told - outcome.realized, before, outcome, change.grid)
        elif told != outcome.realized or self.net.unplaced:
            self._reorder(told - outcome.realized, outcome)
        return attrs.evolve(outcome, realized=told)

    def adopt(self, quantity: Decimal, price: Decimal, ts: int, grid: Grid) -> Outcome:
        """So much more (or less) is there than we knew of: nobody's."""
        money = (abs(quantity) * price + grid.money / 2) // grid.money * grid.money
        outcome = self._take(Change(quantity, money, ZERO, ts, grid), None)
        self.net.is_adopted = bool(self.net.quantity)
        return outcome

    def hand_over(self, ts: int, grid: Grid) -> list[tuple[str, Tally]]:
        """All shares become nobody's, at the price of what nobody has; who has had them, and what came of
        each since it was last flat.

        What closed the account's position for all of them has so closed each one's.
        """
        price = self.share(None).entry_price
        trips = []
        for strategy, holding in self.shares.items():
            if strategy is not None and holding.quantity:
                money = (abs(holding.quantity) * price + grid.money / 2) // grid.money * grid.money
                self.share(None).take(Change(holding.quantity, money, ZERO, ts, grid))
                _, trip = holding.take(Change(-holding.quantity, money, ZERO, ts, grid))
                if trip is not None:
                    trips.append((strategy, trip))
        return trips

    def _take(self, change: Change, strategy: str | None) -> Outcome:
        entry_price = self.net.entry_price
        realized, ended = self.net.take(change)
        _, trip = self.share(strategy).take(change)
        return Outcome(realized, entry_price, ended, trip)

    def _correct(self, difference: Decimal, before: Decimal, outcome: Outcome, grid: Grid) -> None:
        """Take the venue's word for what was realized."""
        net = self.net
        net.total.add(realized=difference)
        (outcome.ended or net.trip).add(realized=difference)
        if abs(difference) <= grid.money and net.quantity * before > 0:
            net.cost += difference if before > 0 else -difference
        else:
            self.share(None).earn(realized=difference)

    def _reorder(self, difference: Decimal, outcome: Outcome) -> None:
        """Take the venue's word for what a fill has realized that was made before, or after, the position
        that we know of. What was paid and what was realized add up to the cost, in whatever order.
        """
        net = self.net
        net.total.add(realized=difference)
        (outcome.ended or net.trip).add(realized=difference)
        net.place_cost(net.signed_cost + difference)

    def take_funding(self, payment: FundingPayment, grid: Grid) -> None:
        """Funding, to each strategy by its part of the position that it was paid for.

        A part is rounded towards zero, to the payment's last digit or the unit of money, whichever is finer.
        The remainder is nobody's.
        """
        amount, quantity = payment.amount, payment.quantity
        self.net.earn(funding=amount)
        rest = amount
        unit = min(grid.money, Decimal(1).scaleb(int(amount.as_tuple().exponent)))
        for strategy, holding in self.shares.items():
            if strategy is not None and holding.quantity and quantity:
                part = share(abs(amount), abs(holding.quantity), abs(quantity), unit)
                part = part.copy_sign(amount * holding.quantity * quantity)
                holding.earn(funding=part)
                rest -= part
        if rest:
            self.share(None).earn(funding=rest)

    # What it is worth.

    def position(self, mark: Decimal | None, ts: int, outcome: Outcome | None = None) -> Position:
        """The account's position at this price.

        Args:
          mark: None where no price is known; then it is taken to be worth what it cost.
          ts: when it came to be so, UTC nanoseconds.
          outcome: of the change that is told; a position that it has closed is told as it was at its end.
        """
        net, entry_price, trip = self.net, self.net.entry_price, self.net.trip
        if outcome is not None and outcome.ended is not None and not net.quantity:
            entry_price, trip = outcome.entry_price, outcome.ended
        return Position(
            instrument_id=self.instrument_id,
            quantity=net.quantity,
            entry_price=entry_price,
            mark_price=mark,
            liquidation_price=None if self.reported is None else self.reported.liquidation_price,
            unrealized_pnl=net.unrealized(mark),
            realized_pnl=trip.realized,
            fees=trip.fees,
            funding=trip.funding,
            ts_opened=net.ts_opened,
            ts_event=ts,
        )

    # For the journal. A key is the instrument's id, and of a share a bar and the strategy's name; nobody has
    # none.

    def named(self) -> dict[str, Holding]:
        """Each holding by its key."""
        shares = {f"{self.instrument_id}|{owner or ''}": each for owner, each in self.shares.items()}
        return {self.instrument_id: self.net, **shares}

    def restore(self, key: str, texts: Mapping[str, Any]) -> None:
        """Put back one holding, as `Holding.to_texts` has it."""
        _, bar, owner = key.partition("|")
        holding = Holding.from_texts(texts)
        if bar:
            self.shares[owner or None] = holding
        else:
            self.net = holding
