"""A portfolio, and short words to tell it what happened."""

from __future__ import annotations

from decimal import Decimal

import trio

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.portfolio import Portfolio
from livetrio.model import (
    AccountReport,
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    Liquidity,
    MarketContext,
    OrderSide,
    PositionReport,
    Quote,
)

BTC = "BTC-USD-PERP.FAKE"
ETH = "ETH-USD-PERP.FAKE"
PURR = "PURR-USDC-SPOT.FAKE"
ACCOUNT = "FAKE-1"
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
CENT = Decimal("0.01")


def perpetual(name):
    base = name.partition("-")[0]
    return Instrument(
        instrument_id=name, kind=InstrumentKind.PERPETUAL, base=base, quote="USD", venue_symbol=base,
        price_step=Decimal(1), size_step=CENT,
    )  # fmt: skip


SPOT = Instrument(
    instrument_id=PURR, kind=InstrumentKind.SPOT, base="PURR", quote="USDC", venue_symbol="PURR/USDC",
    price_step=CENT, size_step=Decimal(1),
)  # fmt: skip


def number(text):
    return None if text is None else Decimal(text)


class World:
    """BTC and ETH are in whole USD and hundredths; PURR in whole ones."""

    def __init__(self, **options):
        self.cache, self.bus = Cache(), MessageBus()
        for instrument in (perpetual(BTC), perpetual(ETH), SPOT):
            self.cache.update_instrument(instrument)
        self.portfolio = Portfolio(self.cache, self.bus, **options)
        self.now = DAY
        self.fills = 0

    def fill(self, quantity, price, strategy="a", *, instrument=BTC, fee="0", currency="USDC", told=None,
             before=None, at=None):  # fmt: skip
        """A trade of this signed quantity, a second later."""
        self.now += SECOND
        self.fills += 1
        signed = Decimal(quantity)
        fill = Fill(
            fill_id=str(self.fills),
            venue_order_id=None,
            client_order_id=None,
            instrument_id=instrument,
            side=OrderSide.BUY if signed > 0 else OrderSide.SELL,
            price=Decimal(price),
            quantity=abs(signed),
            fee=Decimal(fee),
            fee_currency=currency,
            liquidity=Liquidity.TAKER,
            realized_pnl=number(told),
            position_before=number(before),
            ts_event=self.now if at is None else at,
            ts_init=self.now,
        )
        self.portfolio.apply_fill(fill, strategy)

    def fund(self, amount, quantity, *, instrument=BTC):
        self.now += SECOND
        payment = FundingPayment(
            instrument_id=instrument, amount=Decimal(amount), currency="USDC", rate=Decimal(0),
            quantity=Decimal(quantity), ts_event=self.now, ts_init=self.now,
        )  # fmt: skip
        self.portfolio.apply_funding(payment)

    def adopt(self, quantity, price, *, instrument=BTC):
        self.now += SECOND
        self.portfolio.adopt(instrument, Decimal(quantity), Decimal(price), "for a test", ts=self.now)

    def mark(self, price, *, instrument=BTC):
        context = MarketContext(
            instrument, Decimal(price), None, None, None, None, None, None, self.now, self.now
        )
        self.cache.update_context(context)

    def quote(self, bid, ask, *, instrument=BTC):
        self.cache.update_quote(
            Quote(instrument, Decimal(bid), Decimal(1), Decimal(ask), Decimal(1), self.now, self.now)
        )

    def report(self, equity="1000", *positions, at=None, **more):
        """What the venue says, now."""
        report = AccountReport(
            account_id=ACCOUNT, currency="USDC", equity=Decimal(equity), available=Decimal(equity),
            positions=positions, ts_event=self.now if at is None else at, ts_init=self.now, **more,
        )  # fmt: skip
        return self.portfolio.apply_account(report)

    @property
    def position(self):
        return self.cache.get_position(BTC)

    @property
    def account(self):
        return self.cache.get_account(ACCOUNT)

    def listen(self):
        return self.bus.subscribe("position.*", "account.*")


def held(quantity, *, instrument=BTC, entry=None, mark=None, pnl=None, liquidation=None):
    """A position as the venue reports it."""
    return PositionReport(
        instrument_id=instrument,
        quantity=Decimal(quantity),
        entry_price=number(entry),
        mark_price=number(mark),
        liquidation_price=number(liquidation),
        unrealized_pnl=number(pnl),
        ts_event=0,
    )


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except trio.WouldBlock:
            return events
