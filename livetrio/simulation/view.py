"""WorldView: what a check sees: the account as the exchange has it, and the engine of the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from livetrio.app.engine import LiveTradingEngine
from livetrio.cache import Cache
from livetrio.exchange import LocalExchange
from livetrio.exchange.api.texts import px_text, sz_text, token_text, usd_text
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.listing import Instrument, Perp
from livetrio.exchange.chain.margin import account_value, isolated_value
from livetrio.exchange.chain.money import usdc_value
from livetrio.model import InstrumentId, Order, OrderSide
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction

if TYPE_CHECKING:
    from livetrio.simulation.process import Process

ZERO = Decimal(0)


@attrs.frozen(kw_only=True)
class OpenOrder:
    """An order of the account that rests at the exchange."""

    client_order_id: str | None
    """None: it has none, so it is not the engine's."""
    instrument_id: InstrumentId
    side: OrderSide
    price: Decimal
    quantity: Decimal
    """Base units that are not filled yet."""
    reduce_only: bool


class WorldView:
    """A world at the moment at which it is asked: each property is worked out anew."""

    def __init__(
        self, exchange: LocalExchange, seconds: Callable[[], float], process: Callable[[], Process | None]
    ) -> None:
        """Take the exchange, and what says how late it is and which process there is."""
        self.exchange = exchange
        """The whole exchange, for whatever is not here."""
        self.is_over = False
        """Whether this is the last look: the engine has stopped."""
        self.probed: Order | None = None
        """The order by which the world finds out at its end whether the engine trades."""
        self._seconds = seconds
        self._process = process
        self._began_with = self.equity

    def __repr__(self) -> str:
        return f"<world at {self.seconds:.3f}s>"

    def note_probe(self, order: Order) -> None:
        """The world is about to place that order of its own."""
        self.probed = order

    @property
    def seconds(self) -> float:
        """Of virtual time since the world began."""
        return self._seconds()

    @property
    def account(self) -> Account:
        """The account, in the exchange's own units."""
        return self.exchange.ledger.account(self.exchange.keys[0].address)

    @property
    def positions(self) -> Mapping[InstrumentId, Decimal]:
        """What is held of perpetuals, negative short; those that are flat are not there."""
        listing = self.exchange.ledger.listing
        return {
            name_instrument(listing.by_asset[asset]): Decimal(sz_text(listing.by_asset[asset], each.szi))
            for asset, each in sorted(self.account.positions.items())
            if each.szi
        }

    def position(self, instrument_id: InstrumentId | str) -> Decimal:
        """What is held of a perpetual; 0 where it is flat."""
        return self.positions.get(InstrumentId(instrument_id), ZERO)

    @property
    def balances(self) -> Mapping[str, Decimal]:
        """Spot, by token, what orders hold included."""
        account, tokens = self.account, self.exchange.ledger.listing.tokens
        totals = {
            each.name: Decimal(token_text(each, account.balances.get(each.index, 0))) for each in tokens
        }
        return {name: total for name, total in totals.items() if total}

    @property
    def equity(self) -> Decimal:
        """What the account is worth at the marks, perpetuals and spot, in USDC."""
        ledger, account = self.exchange.ledger, self.account
        perpetual = account_value(ledger, account) + sum(
            isolated_value(ledger, asset, each)
            for asset, each in account.positions.items()
            if not each.is_cross
        )
        tokens = ledger.listing.tokens
        spot = sum(usdc_value(ledger, tokens[index], wei) for index, wei in account.balances.items())
        return Decimal(usd_text(perpetual)) + Decimal(token_text(ledger.listing.usdc, spot))

    @property
    def pnl(self) -> Decimal:
        """What the equity is above that at the beginning: after fees and funding, open positions included."""
        return self.equity - self._began_with

    @property
    def open_orders(self) -> Sequence[OpenOrder]:
        """Orders of the account that rest at the exchange, the oldest first."""
        ours = None if self.probed is None else self.probed.client_order_id
        return [
            OpenOrder(
                client_order_id=each.cloid,
                instrument_id=name_instrument(each.instrument),
                side=OrderSide.BUY if each.is_buy else OrderSide.SELL,
                price=Decimal(px_text(each.instrument, each.px)),
                quantity=Decimal(sz_text(each.instrument, each.sz)),
                reduce_only=each.reduce_only,
            )
            for _, each in sorted(self.account.orders.items())
            if ours is None or each.cloid != ours
        ]

    @property
    def engine(self) -> LiveTradingEngine | None:
        """The engine that runs; None while the process is down."""
        process = self._process()
        return None if process is None or process.ended.is_set() else process.engine

    @property
    def cache(self) -> Cache | None:
        """What the engine that runs believes; None while the process is down."""
        engine = self.engine
        return None if engine is None else engine.cache

    @property
    def strategies(self) -> Sequence[Strategy | StrategyFunction]:
        """Of the engine that runs, or ran last, in their order; each start has made them anew."""
        process = self._process()
        return () if process is None else tuple(process.engine.strategies)


def name_instrument(instrument: Instrument) -> InstrumentId:
    """The exchange's instrument as strategies name it."""
    if isinstance(instrument, Perp):
        return InstrumentId(f"{instrument.coin}-USD-PERP.HYPERLIQUID")
    return InstrumentId(f"{instrument.base.name}-{instrument.quote.name}-SPOT.HYPERLIQUID")
