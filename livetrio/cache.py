"""Cache: what the engine believes now. Engines write it, everyone reads it.

An engine updates the cache before it publishes, so whoever is woken by an event finds the cache at least
as new as the event. All is kept in plain dicts by id: a look-up is one hash, and nothing is copied,
because the values never change. Orders do: they are what they are now, for whoever keeps one.

Absent is None, never a made-up zero: no quote yet, no bid in the book, no such order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from decimal import Decimal
from typing import Any

import attrs

from livetrio.model import (
    Account,
    Bar,
    Instrument,
    InstrumentId,
    MarketContext,
    MidPrices,
    Order,
    OrderBook,
    Position,
    Quote,
    Trade,
)

MILLISECOND = 1_000_000
"""Nanoseconds in a millisecond."""


def _whole(least: int) -> Callable[[Any, attrs.Attribute[int], int], None]:
    def check(_: Any, field: attrs.Attribute[int], value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{field.name}: expected a whole number ≥ {least}, found {value!r}")

    return check


@attrs.frozen(kw_only=True)
class CacheConfig:
    """How much the cache remembers."""

    order_history_limit: int = attrs.field(default=10_000, validator=_whole(0))
    """Closed orders kept; the oldest beyond that are forgotten."""
    max_bars_per_series: int = attrs.field(default=1_000, validator=_whole(1))
    """Closed bars kept for each instrument and interval."""
    quote_expiry_ms: int = attrs.field(default=60_000, validator=_whole(1))
    """A quote older than this is no longer given as a price by `get_mid_price` and `get_bid_ask` when
    they are asked for a fresh one."""


@attrs.frozen(kw_only=True)
class CacheSnapshot:
    """Orders, positions and accounts at one moment."""

    orders: tuple[Order, ...]
    positions: tuple[Position, ...]
    accounts: tuple[Account, ...]
    timestamp: int
    """UTC nanoseconds, as given to `Cache.take_snapshot`."""


class Cache:
    """Instruments, prices, orders, positions and accounts, as last known."""

    def __init__(self, config: CacheConfig | None = None) -> None:
        self.config = config or CacheConfig()
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._quotes: dict[str, Quote] = {}
        self._books: dict[str, OrderBook] = {}
        self._trades: dict[str, Trade] = {}
        self._contexts: dict[str, MarketContext] = {}
        self._mids: dict[str, MidPrices] = {}
        self._current_bars: dict[tuple[str, str], Bar] = {}
        self._bars: dict[tuple[str, str], deque[Bar]] = {}
        self._orders: dict[str, Order] = {}
        self._client_ids: dict[str, str] = {}
        """By venue order id."""
        self._venue_ids: dict[str, list[str]] = {}
        """By client order id."""
        self._open: dict[str, None] = {}
        self._inflight: dict[str, None] = {}
        self._closed: dict[str, None] = {}
        self._by_instrument: dict[str, dict[str, None]] = {}
        self._positions: dict[str, Position] = {}
        self._accounts: dict[str, Account] = {}

    # Instruments.

    def get_instrument(self, instrument_id: str) -> Instrument | None:
        """The instrument, or None where no venue has listed it."""
        return self._instruments.get(InstrumentId(instrument_id))

    def get_all_instruments(self) -> list[Instrument]:
        """All that the venues have listed, delisted ones included."""
        return list(self._instruments.values())

    def update_instrument(self, instrument: Instrument) -> None:
        """Add or replace an instrument."""
        self._instruments[instrument.instrument_id] = instrument

    # Prices.

    def get_quote(self, instrument_id: str) -> Quote | None:
        """The last quote, however old: look at its ``ts_init``."""
        return self._quotes.get(instrument_id)

    def get_all_quotes(self) -> list[Quote]:
        """The last quote of each instrument that has one."""
        return list(self._quotes.values())

    def update_quote(self, quote: Quote) -> None:
        """Replace the instrument's quote. One-sided quotes count: a side that is gone is gone."""
        self._quotes[quote.instrument_id] = quote

    def get_bid_ask(self, instrument_id: str, *, now: int | None = None) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask, or None where either is absent.

        With ``now`` (UTC nanoseconds) also None where the quote is older than ``quote_expiry_ms``.
        """
        quote = self._quotes.get(instrument_id)
        if quote is None or quote.bid_price is None or quote.ask_price is None:
            return None
        if now is not None and now - quote.ts_init > self.config.quote_expiry_ms * MILLISECOND:
            return None
        return quote.bid_price, quote.ask_price

    def get_mid_price(self, instrument_id: str, *, now: int | None = None) -> Decimal | None:
        """Halfway between best bid and ask; None as in `get_bid_ask`."""
        touch = self.get_bid_ask(instrument_id, now=now)
        return None if touch is None else (touch[0] + touch[1]) / 2

    def get_book(self, instrument_id: str) -> OrderBook | None:
        """The last whole order book."""
        return self._books.get(instrument_id)

    def update_book(self, book: OrderBook) -> None:
        """Replace the instrument's order book."""
        self._books[book.instrument_id] = book

    def get_trade(self, instrument_id: str) -> Trade | None:
        """The last public trade."""
        return self._trades.get(instrument_id)

    def update_trade(self, trade: Trade) -> None:
        """Replace the instrument's last public trade."""
        self._trades[trade.instrument_id] = trade

    def get_context(self, instrument_id: str) -> MarketContext | None:
        """The last mark and oracle price, funding and open interest."""
        return self._contexts.get(instrument_id)

    def update_context(self, context: MarketContext) -> None:
        """Replace the instrument's context."""
        self._contexts[context.instrument_id] = context

    def get_mids(self, venue: str) -> MidPrices | None:
        """The last mid prices of all that a venue lists."""
        return self._mids.get(venue)

    def update_mids(self, mids: MidPrices) -> None:
        """Replace the venue's mid prices."""
        self._mids[mids.venue] = mids

    # Bars.

    def get_current_bar(self, instrument_id: str, interval: str) -> Bar | None:
        """The bar whose period has not ended, or the last one until the next begins."""
        return self._current_bars.get((instrument_id, interval))

    def get_current_bars(self) -> list[Bar]:
        """The current bars of every series."""
        return list(self._current_bars.values())

    def get_bars(self, instrument_id: str, interval: str, count: int | None = None) -> list[Bar]:
        """The last ``count`` closed bars (all that are kept by default), oldest first."""
        bars = self._bars.get((instrument_id, interval), ())
        return list(bars)[-count:] if count else ([] if count == 0 else list(bars))

    def update_bar(self, bar: Bar) -> None:
        """Replace the current bar; a closed one also joins the series."""
        key = (bar.instrument_id, bar.interval)
        self._current_bars[key] = bar
        if bar.is_closed:
            series = self._bars.get(key)
            if series is None:
                series = self._bars[key] = deque(maxlen=self.config.max_bars_per_series)
            series.append(bar)

    # Orders.

    def get_order(self, order_id: str) -> Order | None:
        """The order with this client order id, or else with this venue order id."""
        return self._orders.get(order_id) or self._orders.get(self._client_ids.get(order_id, ""))

    def get_open_orders(self, instrument_id: str | None = None) -> list[Order]:
        """Orders known to rest at the venue, in the order in which they came to rest."""
        return self._pick(self._open, instrument_id)

    def get_inflight_orders(self, instrument_id: str | None = None) -> list[Order]:
        """Orders sent or about to be that have no answer, the unknown ones included; oldest first."""
        return self._pick(self._inflight, instrument_id)

    def get_orders_by_instrument(self, instrument_id: str) -> list[Order]:
        """All orders of an instrument that are kept, oldest first."""
        return [self._orders[each] for each in self._by_instrument.get(instrument_id, ())]

    @property
    def order_count(self) -> int:
        """All orders that are kept."""
        return len(self._orders)

    @property
    def open_order_count(self) -> int:
        """Orders known to rest at the venue."""
        return len(self._open)

    def update_order(self, order: Order) -> None:
        """Take in an order, new or changed; closed ones beyond ``order_history_limit`` are forgotten.

        One that was modified is found by each venue order id that it has had.
        """
        key = order.client_order_id
        if key not in self._orders:
            self._by_instrument.setdefault(order.instrument_id, {})[key] = None
        self._orders[key] = order
        venue_id = order.venue_order_id
        if venue_id is not None and self._client_ids.get(venue_id) != key:
            self._client_ids[venue_id] = key
            self._venue_ids.setdefault(key, []).append(venue_id)
        index = self._index_for(order)
        if key not in index:
            for each in (self._open, self._inflight, self._closed):
                each.pop(key, None)
            index[key] = None
            if len(self._closed) > self.config.order_history_limit:
                self._forget_order(next(iter(self._closed)))

    def update_orders_batch(self, orders: Iterable[Order]) -> None:
        """`update_order` each of them."""
        for order in orders:
            self.update_order(order)

    def _pick(self, index: Mapping[str, None], instrument_id: str | None) -> list[Order]:
        orders = [self._orders[key] for key in index]
        return (
            orders
            if instrument_id is None
            else [each for each in orders if each.instrument_id == instrument_id]
        )

    def _index_for(self, order: Order) -> dict[str, None]:
        if order.is_open:
            return self._open
        return self._inflight if order.is_inflight else self._closed

    def _forget_order(self, key: str) -> None:
        order = self._orders.pop(key)
        self._closed.pop(key, None)
        keys = self._by_instrument[order.instrument_id]
        del keys[key]
        if not keys:
            del self._by_instrument[order.instrument_id]
        for venue_id in self._venue_ids.pop(key, ()):
            self._client_ids.pop(venue_id, None)

    # Positions and accounts.

    def get_position(self, instrument_id: str) -> Position | None:
        """The position in an instrument, or None where nothing is held."""
        return self._positions.get(instrument_id)

    def get_all_positions(self) -> list[Position]:
        """Everything that is held."""
        return list(self._positions.values())

    def has_position(self, instrument_id: str) -> bool:
        """Whether anything of the instrument is held."""
        return instrument_id in self._positions

    def get_position_value(self, instrument_id: str) -> Decimal:
        """What the position is worth, quote currency, without sign; zero where nothing is held."""
        position = self._positions.get(instrument_id)
        return Decimal(0) if position is None else position.value

    def get_total_position_value(self) -> Decimal:
        """The worth of all positions, without sign, taking quote currencies as one."""
        return sum((position.value for position in self._positions.values()), Decimal(0))

    def update_position(self, position: Position) -> None:
        """Add or replace a position; one of zero is removed."""
        if position.quantity == 0:
            self.remove_position(position.instrument_id)
        else:
            self._positions[position.instrument_id] = position

    def remove_position(self, instrument_id: str) -> None:
        """Nothing of the instrument is held any more; no error if nothing was."""
        self._positions.pop(instrument_id, None)

    def get_account(self, account_id: str) -> Account | None:
        """The account, or None where it was never reported."""
        return self._accounts.get(account_id)

    def get_default_account(self) -> Account | None:
        """The account that was reported first: the only one, in most engines."""
        return next(iter(self._accounts.values()), None)

    def get_account_equity(self, account_id: str | None = None) -> Decimal | None:
        """Balance and open profit of an account (by default of `get_default_account`), or None."""
        account = self.get_default_account() if account_id is None else self._accounts.get(account_id)
        return None if account is None else account.equity

    def update_account(self, account: Account) -> None:
        """Add or replace an account."""
        self._accounts[account.account_id] = account

    # Snapshots.

    def take_snapshot(self, timestamp: int) -> CacheSnapshot:
        """Orders, positions and accounts as they are; ``timestamp`` (UTC nanoseconds) is yours."""
        return CacheSnapshot(
            orders=tuple(copy(order) for order in self._orders.values()),
            positions=tuple(self._positions.values()),
            accounts=tuple(self._accounts.values()),
            timestamp=timestamp,
        )

    def restore_from_snapshot(self, snapshot: CacheSnapshot) -> None:
        """Put orders, positions and accounts in place of those that are here; prices stay."""
        for table in (
            self._orders,
            self._client_ids,
            self._venue_ids,
            self._open,
            self._inflight,
            self._closed,
            self._by_instrument,
            self._positions,
            self._accounts,
        ):
            table.clear()
        self.update_orders_batch(copy(order) for order in snapshot.orders)
        for position in snapshot.positions:
            self.update_position(position)
        for account in snapshot.accounts:
            self.update_account(account)

    def __repr__(self) -> str:
        return (
            f"<Cache {len(self._instruments)} instruments, {len(self._quotes)} quotes, "
            f"{len(self._orders)} orders ({len(self._open)} open), {len(self._positions)} positions>"
        )
