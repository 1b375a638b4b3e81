"""Law: whatever is traded, our figures are the venue's, to the last digit.

Two clients trade a perpetual and a pair on the exchange's chain. What the wire tells of one of them is fed to
two portfolios: to one as it is, to the other without what the venue says that each fill has realized. After
each step both say what the venue says.
"""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.portfolio import Portfolio
from livetrio.exchange.api.account_view import clearinghouse_state, spot_state
from livetrio.exchange.api.events_view import fill_view, funding_view
from livetrio.exchange.chain import events, funding
from livetrio.exchange.chain.account import Leverage
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.order import NewOrder, Status, Tif
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.prices import update_marks
from livetrio.model import (
    AccountReport,
    Balance,
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    Liquidity,
    MarketContext,
    OrderSide,
    PositionReport,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
PURR = "PURR-USDC-SPOT.HYPERLIQUID"
NAMES = {"BTC": BTC, "PURR/USDC": PURR}
ACCOUNT = "HYPERLIQUID-0x1"

START = 1_767_225_600_000
"""2026-01-01, ms."""

HOUR = 3_600_000
USD = 10**6

INSTRUMENTS = [
    Instrument(
        instrument_id=BTC, kind=InstrumentKind.PERPETUAL, base="BTC", quote="USD", venue_symbol="BTC",
        price_step=Decimal("0.1"), size_step=Decimal("0.00001"), significant_figures=5,
    ),
    Instrument(
        instrument_id=PURR, kind=InstrumentKind.SPOT, base="PURR", quote="USDC", venue_symbol="PURR/USDC",
        price_step=Decimal("0.00000001"), size_step=Decimal(1), significant_figures=5,
    ),
]  # fmt: skip


def nanoseconds(ms):
    return ms * 1_000_000


def read_fill(view, number):
    return Fill(
        fill_id=str(number),
        venue_order_id=str(view["oid"]),
        client_order_id=None,
        instrument_id=NAMES[view["coin"]],
        side=OrderSide.BUY if view["side"] == "B" else OrderSide.SELL,
        price=Decimal(view["px"]),
        quantity=Decimal(view["sz"]),
        fee=Decimal(view["fee"]),
        fee_currency=view["feeToken"],
        liquidity=Liquidity.TAKER if view["crossed"] else Liquidity.MAKER,
        realized_pnl=Decimal(view["closedPnl"]),
        position_before=Decimal(view["startPosition"]) if view["coin"] == "BTC" else None,
        ts_event=nanoseconds(view["time"]),
        ts_init=0,
    )


def read_payment(view):
    return FundingPayment(
        instrument_id=NAMES[view["coin"]],
        amount=Decimal(view["usdc"]),
        currency="USDC",
        rate=Decimal(view["fundingRate"]),
        quantity=Decimal(view["szi"]),
        ts_event=nanoseconds(view["time"]),
        ts_init=0,
    )


def read_account(state, spot):
    positions = [each["position"] for each in state["assetPositions"]]
    return AccountReport(
        account_id=ACCOUNT,
        currency="USDC",
        equity=Decimal(state["marginSummary"]["accountValue"]),
        available=Decimal(state["withdrawable"]),
        margin_used=Decimal(state["marginSummary"]["totalMarginUsed"]),
        balances={
            each["coin"]: Balance(total=Decimal(each["total"]), locked=Decimal(each["hold"]))
            for each in spot["balances"]
        },
        positions=tuple(
            PositionReport(
                instrument_id=NAMES[each["coin"]],
                quantity=Decimal(each["szi"]),
                entry_price=Decimal(each["entryPx"]),
                mark_price=Decimal(each["positionValue"]) / abs(Decimal(each["szi"])),
                unrealized_pnl=Decimal(each["unrealizedPnl"]),
                ts_event=nanoseconds(state["time"]),
            )
            for each in positions
        ),
        ts_event=nanoseconds(state["time"]),
        ts_init=0,
    )


class Trading:
    """A chain, and the portfolios that hear of one account. A step is the name of a method and arguments."""

    def __init__(self):
        ledger = self.ledger = Ledger(default_listing(), time=START)
        self.btc, self.purr = ledger.listing.perps[0], ledger.listing.spots[0]
        self.me, self.other = (self.open_account(number) for number in (1, 2))
        self.owners = {}
        """Whose order it is, by oid."""
        self.number = 0
        self.answer = None
        self.begin()

    def open_account(self, number):
        account = self.ledger.account(f"0x{number:040x}")
        account.exists = True
        account.cash = 10**6 * USD
        account.balances = {
            token.index: 10 ** (6 + token.wei_decimals) for token in self.ledger.listing.tokens
        }
        account.leverages[0] = Leverage(5, is_cross=True)
        return account

    def begin(self):
        """Portfolios that know nothing yet, and are told what there is."""
        self.portfolios = [Portfolio(Cache(), MessageBus()) for _ in range(2)]
        self.realized, self.fees, self.funding = Counter(), Counter(), Decimal(0)
        for portfolio in self.portfolios:
            for instrument in INSTRUMENTS:
                portfolio.cache.update_instrument(instrument)
            self.mark(portfolio)
            report = self.report()
            differences = portfolio.apply_account(report)
            assert [each.instrument_id for each in differences] == [BTC] * bool(report.positions)
            for each in differences:
                portfolio.adopt(BTC, each.quantity, each.price, "there before", ts=report.ts_event)
            entry = self.me.entry_ntls.get(self.purr.base.index, 0)
            had = Decimal(self.me.balances[self.purr.base.index]).scaleb(-5)
            if had:
                price = Decimal(entry).scaleb(-8) / had
                portfolio.adopt(PURR, had, price, "there before", ts=report.ts_event)

    def report(self):
        return read_account(clearinghouse_state(self.ledger, self.me), spot_state(self.ledger, self.me))

    # What happens.

    def meet(self, owner, is_buy, is_maker, step, sz, other_sz, spot):
        """A client's order, and one of the other's that it meets; what is left over rests."""
        orders = [(self.me, is_buy, sz), (self.other, not is_buy, other_sz)]
        for account, buys, size in orders if is_maker else reversed(orders):
            self.place(account, owner, buys, step, size, spot)

    def place(self, account, owner, is_buy, step, sz, spot):
        instrument = self.purr if spot else self.btc
        px = instrument.reference + step * (10**3 if spot else 10)
        first = self.ledger.next_oid
        self.ledger.time += 70
        new = NewOrder(instrument=instrument, is_buy=is_buy, px=px, sz=sz * (10 if spot else 97), tif=Tif.GTC)
        place(self.ledger, account, new)
        self.owners |= dict.fromkeys(range(first, self.ledger.next_oid), owner)
        self.take_news()

    def cancel(self, pick):
        for order in [*self.me.orders.values(), *self.other.orders.values()][pick:]:
            end(self.ledger, order, Status.CANCELED)
        self.take_news()

    def the_price_moves(self, step):
        self.ledger.time += 70
        self.ledger.oracles[0] = self.btc.reference + step
        update_marks(self.ledger, [0, self.purr.asset])

    def an_hour_passes(self):
        self.ledger.time += HOUR
        funding.advance(self.ledger, self.ledger.time)
        self.take_news()

    def margin_is_set_apart(self, is_cross):
        position = self.me.positions.get(0)
        if (position is None or not position.szi) and not self.me.orders:
            self.me.leverages[0] = Leverage(5, is_cross=is_cross)

    def the_program_starts_again(self):
        """What the journal keeps is all that is needed."""
        for number, old in enumerate(self.portfolios):
            written = json.loads(json.dumps(old.state(old.changed_keys()) | old.state()))
            new = self.portfolios[number] = Portfolio(Cache(), MessageBus())
            for instrument in INSTRUMENTS:
                new.cache.update_instrument(instrument)
            new.restore(written)
            self.mark(new)
            assert new.state() == old.state()
            assert new.apply_account(self.report()) == ()

    def the_journal_is_lost(self):
        self.ledger.time += 70
        self.begin()

    def the_venue_is_asked(self):
        self.answer = self.answer or self.report()

    def the_answer_comes(self):
        """Perhaps much has happened in between."""
        report, self.answer = self.answer or self.report(), None
        for portfolio in self.portfolios:
            assert portfolio.apply_account(report) == ()

    def take_news(self):
        news, self.ledger.events = self.ledger.events, []
        for each in news:
            if isinstance(each, events.Fill) and each.account is self.me:
                self.number += 1
                self.tell_fill(
                    read_fill(fill_view(self.ledger, each), self.number), self.owners[each.order.oid]
                )
            elif isinstance(each, events.FundingPaid) and each.account is self.me:
                payment = read_payment(funding_view(each))
                self.funding += payment.amount
                for portfolio in self.portfolios:
                    portfolio.apply_funding(payment)

    def tell_fill(self, fill, owner):
        self.realized[fill.instrument_id] += fill.realized_pnl
        self.fees[fill.fee_currency] += fill.fee
        told, untold = self.portfolios
        told.apply_fill(fill, owner)
        untold.apply_fill(attrs.evolve(fill, realized_pnl=None), owner)

    def mark(self, portfolio):
        for asset, name, decimals in ((0, BTC, 1), (self.purr.asset, PURR, 8)):
            mark = Decimal(self.ledger.marks[asset]).scaleb(-decimals)
            now = nanoseconds(self.ledger.time)
            portfolio.cache.update_context(
                MarketContext(name, mark, None, None, None, None, None, None, now, now)
            )
        portfolio.mark_positions(nanoseconds(self.ledger.time))

    # What is so.

    def it_is_as_the_venue_says(self):
        state = clearinghouse_state(self.ledger, self.me)
        theirs = [each["position"] for each in state["assetPositions"]]
        for portfolio in self.portfolios:
            self.mark(portfolio)
            account, total = portfolio.cache.get_account(ACCOUNT), portfolio.breakdown(None, BTC)
            assert account.equity == Decimal(state["marginSummary"]["accountValue"])
            assert total.realized == self.realized[BTC]
            assert total.funding == self.funding
            assert {coin: fee for coin, fee in portfolio.fees().items() if fee} == {
                coin: fee for coin, fee in self.fees.items() if fee
            }
            assert portfolio.cache.has_position(BTC) == bool(theirs)
            for each in theirs:
                self.position_is(portfolio.cache.get_position(BTC), each)

    def position_is(self, ours, theirs):
        assert ours.quantity == Decimal(theirs["szi"])
        assert round(Fraction(ours.entry_price), 1) == Fraction(theirs["entryPx"])
        assert ours.unrealized_pnl == Decimal(theirs["unrealizedPnl"])
        assert ours.value == Decimal(theirs["positionValue"])

    def the_pair_is_as_the_venue_says(self):
        theirs = {each["coin"]: each for each in spot_state(self.ledger, self.me)["balances"]}
        for portfolio in self.portfolios:
            total, quantity = portfolio.breakdown(None, PURR), portfolio.quantity(PURR)
            account = portfolio.cache.get_account(ACCOUNT)
            mark = portfolio.cache.get_context(PURR).mark_price
            assert {coin: each.total for coin, each in account.balances.items()} == {
                coin: Decimal(each["total"]) for coin, each in theirs.items()
            }
            assert quantity == Decimal(theirs["PURR"]["total"])
            assert quantity * mark - total.unrealized == Decimal(theirs["PURR"]["entryNtl"])
            assert total.realized == self.realized[PURR]

    def the_shares_are_all_there_is(self):
        for portfolio in self.portfolios:
            for name in (BTC, PURR):
                assert sum(portfolio.shares(name).values()) == portfolio.quantity(name)


SIZES = st.integers(1, 40)

MEET = st.tuples(
    st.just("meet"),
    st.sampled_from(["a", "b", None]), st.booleans(), st.booleans(), st.integers(-6, 6), SIZES, SIZES,
    st.booleans(),
)  # fmt: skip

OTHERS = [
    st.tuples(st.just("cancel"), st.integers(0, 2)),
    st.tuples(st.just("the_price_moves"), st.integers(-60, 60)),
    st.tuples(st.just("an_hour_passes")),
    st.tuples(st.just("margin_is_set_apart"), st.booleans()),
    st.tuples(st.just("the_program_starts_again")),
    st.tuples(st.just("the_journal_is_lost")),
    st.tuples(st.just("the_venue_is_asked")),
    st.tuples(st.just("the_answer_comes")),
]

STEPS = st.integers(0, 24).flatmap(lambda pick: OTHERS[pick] if pick < len(OTHERS) else MEET)
"""Mostly trades."""


@given(st.lists(STEPS, min_size=10, max_size=40))
@settings(max_examples=100, deadline=None)
def test_whatever_is_traded_our_figures_are_the_venues_to_the_last_digit(steps):
    trading = Trading()
    for name, *arguments in steps:
        getattr(trading, name)(*arguments)

        trading.it_is_as_the_venue_says()
        trading.the_pair_is_as_the_venue_says()
        trading.the_shares_are_all_there_is()
