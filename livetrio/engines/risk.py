"""RiskEngine: says of every order, before it leaves, whether it may; and halts trading when too much is lost.

All that is working counts whole, the unanswered, unknown and unconfirmed included: a position is what it
would be if all of it were filled. What can only make a position smaller passes the limits on size; nothing
else does, of what would break one.

    ACTIVE      within the limits
    REDUCING    only what makes positions smaller
    HALTED      nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Protocol

import structlog

from livetrio.cache import Cache
from livetrio.engines.exposure import Exposure
from livetrio.engines.locks import Lock, Locks
from livetrio.engines.rate import Rate
from livetrio.engines.risk_config import InstrumentLimits, Limits, RiskConfig
from livetrio.model import InstrumentId, Order, OrderEvent, OrderSide, OrderType

log = structlog.get_logger()

ZERO = Decimal(0)
BPS = Decimal(10_000)
MILLISECOND = 1_000_000
DAY = 86_400_000_000_000


class TradingState(Enum):
    """What may leave."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class Holdings(Protocol):
    """Whoever knows what is held and what it has brought: the portfolio."""

    def quantity(self, instrument_id: InstrumentId, strategy: str | None = None) -> Decimal:
        """What is held, below zero when short; of a strategy, or (None) of the account."""
        ...

    def pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since the journal began."""
        ...

    def day_pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since midnight UTC."""
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
    ) -> None:
        """``on_breach``: told in words when the account has lost more than it may; it is to halt trading."""
        self.config = config
        self.state = TradingState.ACTIVE
        self.reason: str | None = None
        """Why the state is not ACTIVE."""
        self.exposure = Exposure()
        self._cache = cache
        self._portfolio = portfolio
        self._now = now
        self._on_breach = on_breach
        self._rate = Rate(float(config.max_order_rate), config.order_rate_burst)
        self._locks = Locks(config.protections)
        self._strategy_locks = Locks(())
        self._best: dict[str | None, Decimal] = {}
        self._breached: set[str] = set()

    # State.

    def set_state(self, state: TradingState, reason: str | None = None) -> None:
        """Let more, or less, leave from now on."""
        if state is not self.state:
            log.warning("trading state", state=state.value, reason=reason)
        self.state, self.reason = state, None if state is TradingState.ACTIVE else reason

    def locks(self) -> Mapping[str | None, Lock]:
        """Entry locks that hold now, by instrument; None: all instruments."""
        return self._locks.active(self._now())

    # What is working.

    def restore(self, order: Order) -> None:
        """An order of the last run counts."""
        self.exposure.update(order)

    def on_order_event(self, event: OrderEvent) -> None:
        """Something has happened to an order: to be told of all, in order."""
        self.exposure.update(event.order)

    def on_round_trip(self, instrument_id: InstrumentId, strategy: str, pnl: Decimal, ts: int) -> None:
        """A strategy's position has come back to zero, or has turned, and has brought that much."""
        before = set(self._locks.active(ts))
        self._locks.take_trip(instrument_id, pnl, ts)
        for key, lock in self._locks.active(ts).items():
            if key not in before:
                log.warning("entries locked", instrument=key or "all", because=lock.reason, strategy=strategy)

    # Orders.

    def check(self, order: Order) -> str | None:
        """Why a new order may not leave, in words, or None: it may."""
        return self._refusal(order, order.remaining_quantity, order.price, is_new=True)

    def check_modify(self, order: Order, quantity: Decimal, price: Decimal | None) -> str | None:
        """Why an order may not become that large (the whole), at that price, or None: it may."""
        more = quantity - order.filled_quantity - self.exposure.reserved(order)
        reason = self._refusal(order, more, price, is_new=False)
        if reason is None and more > 0:
            self.exposure.update(order, more)  # until something is heard of it, both sizes count
        return reason

    def _refusal(self, order: Order, more: Decimal, price: Decimal | None, *, is_new: bool) -> str | None:
        if self.state is TradingState.HALTED:
            return f"trading is halted: {self.reason}"
        market, reason = self._market_price(order)
        if market is None:
            return reason
        reduces = self._reduces(order, more)
        if not reduces:
            reason = self._entry_refusal(order)
            if reason is not None:
                return reason
        reason = self._collar_refusal(order, price, market)
        if reason is not None:
            return reason
        worth_at = market if price is None or order.order_type is OrderType.MARKET else price
        for limits, owner, words in self._limits_of(order):
            reason = self._size_refusal(
                order, more, worth_at, limits, owner, words, reduces=reduces, is_new=is_new
            )
            if reason is not None:
                return reason
        gross = self.config.max_gross_exposure
        if gross is not None and not reduces and more > 0:
            exposure = self._gross(order, more, market)
            if exposure > gross:
                return f"gross exposure would be {exposure:.2f} with all that works, the limit is {gross}"
        if not self._rate.take(self._now()):
            return f"more than {self.config.max_order_rate} orders a second"
        return None

    def _market_price(self, order: Order) -> tuple[Decimal | None, str | None]:
        """What the instrument costs now, or why that is not known."""
        instrument = order.instrument_id
        quote = self._cache.get_quote(instrument)
        price, at = (None, 0) if quote is None else (quote.mid_price, quote.ts_init)
        context = self._cache.get_context(instrument)
        if context is not None and (price is None or context.ts_init > at):
            price, at = (price or context.mark_price), context.ts_init
        if price is None:
            return None, f"no price of {instrument} is known: subscribe to its quotes or its context"
        age = (self._now() - at) / MILLISECOND
        if age > self.config.max_price_age_ms:
            return None, (
                f"the last price of {instrument} is {age / 1000:.1f} s old, "
                f"and {self.config.max_price_age_ms / 1000:g} s is the limit"
            )
        return price, None

    def _reduces(self, order: Order, more: Decimal) -> bool:
        """Whether it can only make the account's position smaller, whatever else of its side is filled."""
        if order.reduce_only or more <= 0:
            return True
        held = self._portfolio.quantity(order.instrument_id, None)
        working = self.exposure.open(order.instrument_id, None).of(order.side)
        if order.status.value == "pending":
            working -= self.exposure.reserved(order)  # it is not in its own way
        after = held + order.side.sign * (working + more)
        return after * order.side.sign <= 0

    def _entry_refusal(self, order: Order) -> str | None:
        if self.state is TradingState.REDUCING:
            return f"only what makes positions smaller may leave: {self.reason}"
        lock = self._locks.reason(order.instrument_id, self._now())
        if lock is None and order.strategy is not None:
            lock = self._strategy_locks.reason(order.strategy, self._now())
        return None if lock is None else f"entries are locked: {lock}"

    def _collar_refusal(self, order: Order, price: Decimal | None, market: Decimal) -> str | None:
        if price is None or order.order_type.has_trigger:
            return None
        beyond = (price - market) * order.side.sign / market * BPS
        if beyond <= self.config.price_collar_bps:
            return None
        return (
            f"its price {price} is {beyond:.0f} basis points beyond the market at {market:f}, "
            f"and {self.config.price_collar_bps:f} is the limit"
        )

    def _limits_of(self, order: Order) -> Iterator[tuple[Limits, str | None, str]]:
        """The limits that hold for an order, whose orders they count, and their name."""
        config = self.config
        yield config, None, "the account's"
        if order.strategy is not None and order.strategy in config.strategies:
            yield config.strategies[order.strategy], order.strategy, f"{order.strategy}'s"
        if order.instrument_id in config.instruments:
            yield config.instruments[order.instrument_id], None, f"{order.instrument_id}'s"

    def _size_refusal(
        self,
        order: Order,
        more: Decimal,
        price: Decimal,
        limits: Limits,
        owner: str | None,
        words: str,
        *,
        reduces: bool,
        is_new: bool,
    ) -> str | None:
        whole = order.quantity if is_new else order.quantity + more
        if limits.max_order_notional is not None and whole * price > limits.max_order_notional:
            return f"it is worth {whole * price:.2f}, {words} limit is {limits.max_order_notional}"
        of_instrument = limits if isinstance(limits, InstrumentLimits) else None
        largest = None if of_instrument is None else of_instrument.max_order_size
        if largest is not None and whole > largest:
            return f"its size is {whole}, {words} limit is {largest}"
        if is_new and limits.max_open_orders is not None:
            count = self._working(order, limits, owner)
            if count > limits.max_open_orders:
                return f"it would be the {count}th working order, {words} limit is {limits.max_open_orders}"
        if reduces or more <= 0:
            return None
        position = abs(self._after(order, more, owner))
        most = None if of_instrument is None else of_instrument.max_position
        if most is not None and position > most:
            return f"the position would be {position}, {words} limit is {most} (working orders included)"
        if limits.max_position_notional is not None and position * price > limits.max_position_notional:
            return (
                f"the position would be worth {position * price:.2f}, {words} limit is "
                f"{limits.max_position_notional} (working orders included)"
            )
        return None

    def _working(self, order: Order, limits: Limits, owner: str | None) -> int:
        """How many orders would be working with this one."""
        if isinstance(limits, InstrumentLimits):
            count = self.exposure.open(order.instrument_id, None).orders
        else:
            count = self.exposure.orders.get(owner, 0)
        return count + (not self.exposure.reserved(order))

    def _after(self, order: Order, more: Decimal, owner: str | None) -> Decimal:
        """The position if all of its side were filled, this one included."""
        held = self._portfolio.quantity(order.instrument_id, owner)
        working = self.exposure.open(order.instrument_id, owner).of(order.side)
        return held + order.side.sign * (working + more)

    def _gross(self, order: Order, more: Decimal, market: Decimal) -> Decimal:
        """Worth of all positions without sign, as if the worse side of each were filled."""
        total = ZERO
        names = {each.instrument_id for each in self._cache.get_all_positions()}
        for name in names | self.exposure.instruments() | {order.instrument_id}:
            held = self._portfolio.quantity(InstrumentId(name), None)
            open = self.exposure.open(name, None)
            buys, sells = open.buys, open.sells
            price: Decimal | None = market
            if name == order.instrument_id:
                buys += more if order.side is OrderSide.BUY else ZERO
                sells += more if order.side is OrderSide.SELL else ZERO
            else:
                price = self._known_price(name)
            total += max(abs(held + buys), abs(held - sells)) * (price or ZERO)
        return total

    def _known_price(self, instrument: str) -> Decimal | None:
        """The last price of another instrument, however old: it is there to count, not to trade by."""
        context = self._cache.get_context(instrument)
        position = self._cache.get_position(instrument)
        mid = self._cache.get_mid_price(instrument)
        if mid is not None or context is not None:
            return mid if context is None else context.mark_price
        return None if position is None else position.mark_price or position.entry_price

    # Losses.

    def check_losses(self) -> None:
        """Compare what was lost with what may be: to be called regularly."""
        self._check_loss(self.config, None)
        for strategy, limits in self.config.strategies.items():
            self._check_loss(limits, strategy)

    def _check_loss(self, limits: Limits, owner: str | None) -> None:
        pnl = self._portfolio.pnl(owner)
        best = self._best[owner] = max(pnl, self._best.get(owner, pnl))
        lost = -self._portfolio.day_pnl(owner)
        if limits.max_daily_loss is not None and lost >= limits.max_daily_loss:
            self._breach(owner, "daily", f"{lost:.2f} lost today, the limit is {limits.max_daily_loss}")
        if limits.max_drawdown is not None and best - pnl >= limits.max_drawdown:
            words = f"{best - pnl:.2f} below the best, the limit is {limits.max_drawdown}"
            self._breach(owner, "drawdown", words)

    def _breach(self, owner: str | None, kind: str, words: str) -> None:
        now = self._now()
        name = f"{owner}|{kind}|{now // DAY}"
        if name in self._breached:
            return
        self._breached.add(name)
        if owner is None:
            self._on_breach(words)
        else:
            log.error("a strategy's entries are locked until tomorrow", strategy=owner, because=words)
            self._strategy_locks.lock(owner, words, (now // DAY + 1) * DAY)
