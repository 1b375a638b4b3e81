"""RiskEngine: says of every order, before it leaves, whether it may; and tells when too much is lost.

All that is working counts whole, the unanswered, unknown and unconfirmed included (`Exposure`): a position is
what it would be if all of one side were filled. What can only make a position smaller passes the limits on
size, so that there is a way out; of all else nothing passes that would break one. Even a reduce-only order
does not if other orders of its side keep to a limit only because of the position that it would close: these
have to be canceled first. If it is nobody's, it passes all the same, so that the kill switch works.

A modification counts by what it adds. The order that it replaces may be filled while it is on its way; where
a venue takes that as a fill more, a position can exceed its limit by that fill, and it counts from then on.

It keeps count by what it is told: every event of every order, after the portfolio has taken in the fill that
is behind it. To check an order costs the same however many are working.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

import structlog

from livetrio.cache import Cache
from livetrio.engines.collar import Collar
from livetrio.engines.exposure import Exposure
from livetrio.engines.locks import Lock, Locks, Remember, RoundTrip
from livetrio.engines.losses import Losses, Results
from livetrio.engines.market_price import MarketPrice, find_known_price
from livetrio.engines.rate import Rates
from livetrio.engines.risk_config import InstrumentLimits, OwnerLimits, RiskConfig, StrategyLimits
from livetrio.engines.scopes import Scope, Scopes
from livetrio.engines.trading_state import TradingState
from livetrio.engines.wish import Wish
from livetrio.model import InstrumentId, Order, OrderEvent, OrderPendingUpdate, OrderType, nearest, venue_of

log = structlog.get_logger()

ZERO = Decimal(0)
SECOND = 1_000_000_000
DAY = 86_400 * SECOND


class Holdings(Results, Protocol):
    """Whoever knows what is held and what it has brought: the portfolio."""

    def quantity(self, instrument_id: InstrumentId, strategy: str | None = None) -> Decimal:
        """What is held, below zero when short; of a strategy, or (None) of the account."""
        ...


class RiskEngine:
    """Of one engine."""

    def __init__(
        self,
        config: RiskConfig,
        cache: Cache,
        portfolio: Holdings,
        *,
        now: Callable[[], int],
        on_breach: Callable[[str], None],
        remember: Remember = lambda _kind, _key, _value: None,
    ) -> None:
        """Make an engine that lets orders leave.

        Args:
          config: the limits.
          cache: where prices are.
          portfolio: who knows what is held and lost.
          now: UTC nanoseconds.
          on_breach: told in words when the account has lost more than it may; it is to halt trading.
          remember: lets the journal have what a restart must not forget; `restore_states` takes it back.
        """
        self.config = config
        self.state = TradingState.ACTIVE
        self.reason: str | None = None
        """Why the state is not ACTIVE."""
        self.since = now()
        """From when on the state is what it is, UTC nanoseconds."""
        self._cache = cache
        self._portfolio = portfolio
        self._now = now
        self._on_breach = on_breach
        self._collar = Collar(config, cache, now=now)
        self._rates = Rates(config)
        self._locks = Locks(config.protections, remember=remember)
        self._losses = Losses(config, portfolio, remember=remember)
        self.is_closing = False
        """Whether the kill switch is at work, just now."""
        self._day: int | None = None
        """On which losses were last looked at, as told to."""
        self._told: set[str] = set()
        """Kinds of the account's breaches that were told and still hold."""
        owners: list[tuple[str | None, OwnerLimits]] = [(None, config), *config.strategies.items()]
        valued = [owner for owner, limits in owners if limits.max_gross_exposure is not None]
        self._has_gross = bool(valued)
        self.exposure = Exposure(portfolio.quantity, lambda name: find_known_price(cache, name), valued)
        self._scopes = Scopes(config)
        self._unproved = list(config.instruments)
        """Of which it is not known yet whether there are such instruments."""

    # State.

    def set_state(
        self,
        state: TradingState,
        reason: str | None = None,
        *,
        is_expected: bool = False,
        is_forgiven: bool = True,
    ) -> None:
        """Let more, or less, leave from now on.

        With ACTIVE, drawdown counts from here on, unless nothing is forgiven. A daily loss stays what it is
        until midnight, and is told again. What is not expected is a warning in the log.
        """
        if state is not self.state:
            tell = log.info if is_expected else log.warning
            tell("trading state", state=state.value, reason=reason)
            self.since = self._now()
        self.state, self.reason = state, reason
        if state is TradingState.ACTIVE:
            self.reason = None
            self._told.clear()
            if is_forgiven:
                self._losses.begin_afresh()

    def why_halted(self) -> str | None:
        """In words why nothing may leave, or None: something may."""
        if self.state is not TradingState.HALTED or self.is_closing:
            return None
        return self._name_state("trading is halted")

    @contextmanager
    def closing(self) -> Iterator[None]:
        """While the block runs, what makes positions smaller may leave though trading is halted."""
        self.is_closing = True
        try:
            yield
        finally:
            self.is_closing = False

    def locks(self) -> tuple[Lock, ...]:
        """Entry locks that hold now."""
        return self._locks.active(self._now())

    # What happens.

    def restore(self, order: Order, change: OrderPendingUpdate | None = None) -> None:
        """An order of the last run counts; with a change that is under way, at the larger of both sizes."""
        self.exposure.update(order)
        if change is not None:
            self.exposure.expect(order, change.quantity)

    def restore_states(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Entry locks, round trips and the best results of the last runs count."""
        self._locks.restore(states, self._now())
        self._losses.restore(states)

    def forgive(self) -> None:
        """End all entry locks; let drawdowns count from here on."""
        self._locks.clear()
        self._losses.clear()

    def on_order_event(self, event: OrderEvent) -> None:
        """Something has happened to an order: to be told of all, in order."""
        self.exposure.update(event.order)

    def on_round_trip(self, instrument_id: InstrumentId, strategy: str, pnl: Decimal, ts: int) -> None:
        """A strategy's position has come back to zero, or has turned, and has brought that much."""
        for lock in self._locks.take_trip(RoundTrip(instrument_id, pnl, ts)):
            instrument = lock.instrument_id or "all"
            log.warning("entries locked", instrument=instrument, because=lock.reason, after=strategy)

    def check_losses(self) -> None:
        """Compare what was lost with what may be, and value all again: to be called every second or so, when
        results are those of the day. In between, losses are looked at before each entry."""
        self._day = self._now() // DAY
        if self._has_gross:
            self.exposure.take_positions(self._cache.get_all_positions())
            self.exposure.revalue()
        self._look_at_losses()

    def _look_at_losses(self) -> None:
        """Halt trading, or lock a strategy's entries, where more was lost than may be."""
        now = self._now()
        holding = set()
        for breach in self._losses.breaches():
            if breach.strategy is None and breach.instrument_id is None:
                holding.add(breach.kind)
                if breach.kind not in self._told:
                    self._told.add(breach.kind)
                    self._on_breach(breach.words)
                continue
            lock = breach.lock(now)
            if self._locks.add(lock, now):
                log.error(
                    "entries are locked",
                    strategy=lock.strategy,
                    instrument=lock.instrument_id,
                    because=lock.reason,
                )
        self._told &= holding

    # Orders.

    def find_price(self, instrument: InstrumentId) -> MarketPrice | str:
        """The price by which orders are judged, or in words why there is none."""
        return self._collar.find_price(instrument)

    def check(self, order: Order) -> str | None:
        """Why a new order may not leave, in words, or None: it may."""
        wish = Wish(
            order=order,
            quantity=order.quantity,
            price=None if order.order_type is OrderType.MARKET else order.price,
            trigger_price=order.trigger_price,
            left=order.remaining_quantity,
            more=order.remaining_quantity - self.exposure.counted(order),
            is_new=True,
            market=self.find_price(order.instrument_id),
        )
        return self._refuse(wish)

    def check_modify(
        self, order: Order, quantity: Decimal, price: Decimal | None, trigger_price: Decimal | None = None
    ) -> str | None:
        """Why an order may not become so, in words, or None: it may.

        If it may, the larger size counts from here on, until an event says that no modification is under way.

        Args:
          order: as it is.
          quantity: its new size, the whole.
          price: its new one.
          trigger_price: its new one; without it, its price is not compared with it.
        """
        left = quantity - order.filled_quantity
        wish = Wish(
            order=order,
            quantity=quantity,
            price=price,
            trigger_price=trigger_price,
            left=left,
            more=left - self.exposure.counted(order),
            is_new=False,
            market=self.find_price(order.instrument_id),
        )
        refusal = self._refuse(wish)
        if refusal is None:
            self.exposure.expect(order, left)
        return refusal

    def _refuse(self, wish: Wish) -> str | None:
        if self._unproved:
            self._prove_instruments(wish.order.instrument_id)
        halted = self.why_halted()
        if halted is not None:
            return halted
        refusal = None if wish.only_shrinks else self._refuse_risk(wish)
        if refusal is None:
            refusal = self._rates.take(wish.order.strategy, self._now())
            return None if wish.is_unlimited_exit else refusal
        return refusal

    def _refuse_risk(self, wish: Wish) -> str | None:
        is_exit = self._reduces(wish, None)
        if isinstance(wish.market, MarketPrice):
            refusal = self._collar.refuse(wish, wish.market)
        else:
            # What closes a position at the market is worse kept in than let out without a look at the price.
            refusal = None if is_exit and not wish.order.order_type.has_limit else wish.market
        if refusal is not None or wish.is_unlimited_exit:
            return refusal
        if not is_exit:
            refusal = self._refuse_entry(wish)
        return refusal or self._refuse_size(wish, is_exit=is_exit)

    def _reduces(self, wish: Wish, owner: str | None) -> bool:
        """Whether it can only make an owner's position smaller, whatever else of its side is filled."""
        order = wish.order
        if self.exposure.is_guarded(order, wish.left, owner):
            return True
        held = self._portfolio.quantity(order.instrument_id, owner)
        if held * order.side.sign >= 0 and wish.more > 0:
            return False  # there is nothing on the other side
        return self.exposure.working(order.instrument_id, owner).reach(order.side, held, wish.more) <= 0

    def _name_state(self, words: str) -> str:
        return f"{words}: {self.reason} (since {(self._now() - self.since) / SECOND:.1f} s)"

    # Time.

    def _refuse_entry(self, wish: Wish) -> str | None:
        """Now is not the time for what does not make the account's position smaller; locks let out what does
        so to the strategy's own."""
        if self._now() // DAY == self._day:  # else today's results are not known yet
            self._look_at_losses()
        halted = self.why_halted()
        if halted is not None:
            return halted
        if self.state is not TradingState.ACTIVE:
            return self._name_state("only what makes positions smaller may leave")
        order = wish.order
        lock = self._locks.reason(order.instrument_id, order.strategy, self._now())
        if lock is None or (order.strategy is not None and self._reduces(wish, order.strategy)):
            return None
        return f"entries are locked: {lock}"

    # Size.

    def _refuse_size(self, wish: Wish, *, is_exit: bool) -> str | None:
        if self._has_gross:
            self.exposure.take_positions(self._cache.get_all_positions())
        for scope in self._scopes.of(wish.order):
            refusal = None if is_exit else self._refuse_order(wish, scope)
            refusal = refusal or self._refuse_position(wish, scope)
            if refusal is not None:
                return refusal
        return None

    def _refuse_order(self, wish: Wish, scope: Scope) -> str | None:
        """The order itself is too large, or one too many; of a change only what it adds counts."""
        order, limits, words = wish.order, scope.limits, scope.words
        of_instrument = isinstance(limits, InstrumentLimits)
        most = limits.max_order_size if isinstance(limits, (InstrumentLimits, StrategyLimits)) else None
        if most is not None and wish.grows and wish.quantity > most:
            return f"its size is {self._name_size(wish.quantity, order)}, {words} is {most:f}"
        most = limits.max_order_notional
        notional = None if most is None else wish.notional
        if most is not None and notional is not None and notional > most:
            return f"it is worth {notional:.2f}, {words} is {most:f}"
        if not wish.is_new or limits.max_open_orders is None:
            return None
        exposure = self.exposure
        count = exposure.working(order.instrument_id, None).orders if of_instrument else None
        count = (exposure.orders(scope.owner) if count is None else count) + (not exposure.is_counted(order))
        if count <= limits.max_open_orders:
            return None
        return f"{count} orders would be working, {words} is {limits.max_open_orders}"

    def _refuse_position(self, wish: Wish, scope: Scope) -> str | None:
        """The position could become too large, by this order or by what it lets others come to."""
        order, limits, owner = wish.order, scope.limits, scope.owner
        if wish.more <= 0:
            return None
        reducing = self.exposure.is_guarded(order, wish.left, owner)
        working = self.exposure.working(order.instrument_id, owner)
        held = self._portfolio.quantity(order.instrument_id, owner)
        position = working.reach(order.side, held, wish.more, reducing=reducing)
        if position <= max(ZERO, working.reach(order.side, held)):
            return None
        most = limits.max_position if isinstance(limits, (InstrumentLimits, StrategyLimits)) else None
        if most is not None and position > most:
            words = f"position would be {self._name_size(position, order)}, {scope.words} is {most:f}"
            return f"{words} (working orders of {working.of(order.side):f} included)"
        price = self._known_price(wish)
        if price is None:
            return None  # it closes something at the market, which nobody can value now
        worth = position * price
        most = limits.max_position_notional
        if most is not None and worth > most:
            words = f"position would be worth {worth:.2f}, {scope.words} is {most:f}"
            return f"{words} (working orders of {working.of(order.side):f} included)"
        most = limits.max_gross_exposure if isinstance(limits, OwnerLimits) else None
        if most is None or position <= working.largest(held):
            return None
        return self._refuse_gross(order.instrument_id, scope, worth, most)

    def _refuse_gross(
        self, instrument: InstrumentId, scope: Scope, worth: Decimal, most: Decimal
    ) -> str | None:
        """All positions together could become too large, this one having that worth."""
        exposure = self.exposure
        unpriced = exposure.unpriced(scope.owner)
        if unpriced is not None:
            return f"gross exposure is not known, because no price of {unpriced} is"
        gross = exposure.gross(scope.owner) - exposure.working(instrument, scope.owner).worth + worth
        if gross <= most:
            return None
        return f"gross exposure would be {gross:.2f}, {scope.words} is {most:f} (working orders included)"

    def _known_price(self, wish: Wish) -> Decimal | None:
        if isinstance(wish.market, MarketPrice):
            return wish.market.price
        return find_known_price(self._cache, wish.order.instrument_id)

    def _name_size(self, size: Decimal, order: Order) -> str:
        """``1.2 BTC``"""
        instrument = self._cache.get_instrument(order.instrument_id)
        return f"{size:f}" if instrument is None else f"{size:f} {instrument.base}"

    def _prove_instruments(self, traded: InstrumentId) -> None:
        """Name limits of instruments that there are not; a venue has told which there are by now."""
        venue = venue_of(traded)
        for name in [each for each in self._unproved if venue_of(each) == venue]:
            self._unproved.remove(name)
            if self._cache.get_instrument(name) is None:
                listed = [each.instrument_id for each in self._cache.get_all_instruments()]
                log.error(
                    "limits of an instrument that is not listed", instrument=name, near=nearest(name, listed)
                )
