"""The living market: a quarter of an hour of each regime looks like a market, and clients can trade in it."""

import math
from statistics import median

import attrs
import pytest
from market_desk import START, TradingDesk

from livetrio.exchange.chain.order import Tif
from livetrio.exchange.chain.units import is_on_tick
from livetrio.exchange.market.flow import LivingMarket

SEEDS = (1, 2)
QUARTER = 900
PERPS = ("BTC", "ETH", "SOL", "HYPE")
PAIRS = ("PURR/USDC", "@107")
COINS = PERPS + PAIRS

SPREADS = {"BTC": 1.2, "ETH": 1.6, "SOL": 3.0, "HYPE": 4.0, "PURR/USDC": 10.0, "@107": 10.0}
"""The median may be so many basis points in calm; in a trend 1.6 times that, among crashes 2.5 times."""
CAUTION = {"calm": 1.0, "trend": 1.6, "crash": 2.5}

TRADES = {
    "BTC": (60, 250),
    "ETH": (50, 200),
    "SOL": (30, 140),
    "HYPE": (30, 120),
    "PURR/USDC": (5, 40),
    "@107": (5, 40),
}
"""A minute, in calm; in a trend up to twice as many, among crashes up to six times."""
HURRY = {"calm": 1.0, "trend": 2.0, "crash": 6.0}


@attrs.define
class Seen:
    """What one instrument looked like after each block."""

    spreads: list = attrs.field(factory=list)
    """Basis points."""
    errors: list = attrs.field(factory=list)
    """Basis points from the middle of the book to what the instrument is worth."""
    mids: list = attrs.field(factory=list)
    depths: list = attrs.field(factory=list)
    """Levels of the side that has fewer."""
    alone_since: int | None = None
    longest_alone: int = 0
    """ms for which a side was empty."""
    crossed: int = 0

    def note(self, now, book, value):
        bid, ask = book.best_bid, book.best_ask
        if bid is None or ask is None:
            self.alone_since = self.alone_since or now
            self.longest_alone = max(self.longest_alone, now - self.alone_since)
            return
        self.alone_since = None
        self.crossed += bid >= ask
        mid = (bid + ask) / 2
        self.mids.append(mid)
        self.spreads.append((ask - bid) / mid * 1e4)
        self.errors.append(abs(mid - value) / value * 1e4)
        self.depths.append(min(len(book.bids), len(book.asks)))

    @property
    def range(self):
        return (max(self.mids) - min(self.mids)) / self.mids[0] * 1e4


class Quarter:
    """A quarter of an hour of one regime."""

    def __init__(self, regime, seed):
        self.regime = regime
        self.market = LivingMarket(seed, regime)
        self.desk = TradingDesk(self.market)
        self.seen = {coin: Seen() for coin in COINS}
        self.desk.run(QUARTER, self.note)

    def note(self):
        ledger = self.desk.ledger
        for coin, seen in self.seen.items():
            asset = ledger.listing.by_coin[coin].asset
            seen.note(ledger.time, ledger.books[asset], self.market._references.prices[asset].value)

    def trades(self, coin):
        return [each for each in self.desk.trades if each.instrument.coin == coin]


@pytest.fixture(scope="module")
def quarters():
    """By regime and seed."""
    return {(regime, seed): Quarter(regime, seed) for regime in ("calm", "trend", "crash") for seed in SEEDS}


@pytest.fixture(params=[(regime, seed) for regime in ("calm", "trend", "crash") for seed in SEEDS], ids=str)
def quarter(request, quarters):
    return quarters[request.param]


def high(values, share=0.99):
    return sorted(values)[int(len(values) * share)]


# What it looks like.


def test_the_book_is_never_crossed_and_has_two_sides(quarter):
    longest = 0 if quarter.regime != "crash" else 2_000
    for coin, seen in quarter.seen.items():
        assert seen.crossed == 0, coin
        assert seen.longest_alone <= longest, coin


def test_spreads_are_those_of_a_market(quarter):
    for coin, seen in quarter.seen.items():
        usual = SPREADS[coin] * CAUTION[quarter.regime]
        most = usual * (6 if quarter.regime != "crash" else 200)

        assert usual / 8 < median(seen.spreads) < usual, coin
        assert max(seen.spreads) < most, coin


def test_trades_come_as_often_as_they_should(quarter):
    for coin, (least, most) in TRADES.items():
        per_minute = len(quarter.trades(coin)) / (QUARTER / 60)

        assert least < per_minute < most * HURRY[quarter.regime], coin


def test_the_middle_of_the_book_tracks_what_the_instrument_is_worth(quarter):
    for coin, seen in quarter.seen.items():
        usual = SPREADS[coin] * CAUTION[quarter.regime]

        assert median(seen.errors) < usual / 2, coin
        assert high(seen.errors) < (1.5 * usual if quarter.regime != "crash" else 100.0), coin


def test_calm_moves_less_than_a_trend_and_that_less_than_a_crash(quarters):
    for coin in COINS:
        ranges = {
            regime: [quarters[regime, seed].seen[coin].range for seed in SEEDS]
            for regime in ("calm", "trend", "crash")
        }

        assert max(ranges["calm"]) < 60 < min(ranges["trend"]), coin
        assert max(ranges["trend"]) < 350 < min(ranges["crash"]) < 2_000, coin


def test_twenty_levels_a_side_are_to_see_of_the_large_ones(quarters):
    for seed in SEEDS:
        for coin in ("BTC", "ETH"):
            depths = quarters["calm", seed].seen[coin].depths

            assert sum(depth >= 20 for depth in depths) > 0.95 * len(depths), coin
            assert min(depths) >= 10, coin


def test_every_order_is_one_that_the_venue_would_take(quarter):
    for _, _, new in quarter.desk.placed:
        instrument = new.instrument

        assert is_on_tick(new.px, instrument.px_decimals)
        assert new.px > 0
        assert new.sz > 0
        if new.tif is Tif.ALO:
            assert new.px * new.sz >= 10 * 10 ** (instrument.px_decimals + instrument.sz_decimals)


def test_sizes_have_a_heavy_tail_and_some_takers_sweep(quarters):
    quarter = quarters["calm", 1]
    worths = sorted(each.px * each.sz for each in quarter.trades("BTC"))
    by_taker = {}
    for each in quarter.trades("BTC"):
        by_taker.setdefault(each.tx, set()).add(each.px)

    assert worths[-1] > 50 * median(worths)
    assert any(len(prices) >= 3 for prices in by_taker.values())


def test_trades_come_in_bursts(quarters):
    counts = {}
    for each in quarters["calm", 2].trades("BTC"):
        second = (each.time - START) // 1000
        counts[second] = counts.get(second, 0) + 1
    seconds = [counts.get(second, 0) for second in range(QUARTER)]
    mean = sum(seconds) / QUARTER
    variance = sum((each - mean) ** 2 for each in seconds) / QUARTER

    assert variance > 2 * mean  # of independent arrivals it would be the mean


def test_takers_know_better_than_the_quotes_they_take(quarters):
    gains = []
    for seed in SEEDS:
        quarter = quarters["trend", seed]
        mids = quarter.seen["BTC"].mids
        rows = len(mids) / QUARTER
        for each in quarter.trades("BTC"):
            after = mids[min(int(((each.time - START) / 1000 + 5) * rows), len(mids) - 1)]
            before = mids[min(int((each.time - START) / 1000 * rows), len(mids) - 1)]
            gains.append((after - before) * (1 if each.is_buy else -1))

    assert sum(gains) / len(gains) > 0


def test_oracles_come_every_few_seconds_and_are_near(quarter):
    ledger = quarter.desk.ledger
    for coin in PERPS:
        perp = ledger.listing.by_coin[coin]
        times = [time for time, asset, _ in quarter.desk.oracles if asset == perp.asset]
        oracle = ledger.oracles[perp.asset]
        value = quarter.market._references.prices[perp.asset].value

        assert 290 < len(times) < 310
        assert math.isclose(oracle, value, rel_tol=0.002), coin


def test_a_perpetual_and_a_pair_of_the_same_thing_go_together(quarter):
    perp, pair = quarter.seen["HYPE"].mids, quarter.seen["@107"].mids
    listing = quarter.desk.ledger.listing
    ratio = listing.by_coin["@107"].reference / listing.by_coin["HYPE"].reference
    near = [abs(two / one / ratio - 1) * 1e4 for one, two in zip(perp, pair, strict=False)]

    assert median(near) < 10


def test_the_market_works_little(quarter):
    # What it costs hangs on how many orders there are: 10 µs each, more or less.
    per_second = (len(quarter.desk.placed) + quarter.desk.canceled) / QUARTER

    assert 40 < per_second < 250


def test_in_a_fall_books_thin_out(quarters):
    for seed in SEEDS:
        depths = quarters["crash", seed].seen["BTC"].depths

        assert min(depths) < median(depths) / 2


# Clients.


def one_lot(desk, coin, px):
    """The least that the venue lets anybody want."""
    instrument = desk.ledger.listing.by_coin[coin]
    return -(-11 * 10 ** (instrument.px_decimals + instrument.sz_decimals) // px)


@pytest.mark.parametrize("regime", ["calm", "trend", "crash"])
@pytest.mark.parametrize("coin", ["BTC", "SOL", "@107"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_who_keeps_at_the_touch_is_filled_in_time(regime, coin, side):
    desk = TradingDesk(LivingMarket(3, regime))
    desk.run(20)
    began, book, order = desk.ledger.time, desk.book(coin), None
    while (order is None or order.sz) and desk.ledger.time - began < 600_000:
        px = book.best_bid if side == "buy" else book.best_ask
        if order is None or order.px != px:
            if order is not None:
                desk.cancel_client(order)
            order = desk.trade(coin, side, px, one_lot(desk, coin, px))
        desk.run(1)

    assert desk.ledger.time - began < (120_000 if coin in PERPS else 300_000)
    assert desk.fills
    assert not any(fill.is_taker for fill in desk.fills)


@pytest.mark.parametrize("coin", COINS)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_side_that_a_client_took_comes_back_in_its_time(coin, side):
    desk = TradingDesk(LivingMarket(1, "calm"))
    desk.run(10)
    desk.client.cash *= 10**6
    desk.client.balances = {token: balance * 10**6 for token, balance in desk.client.balances.items()}
    book = desk.book(coin)
    taken = book.asks if side == "buy" else book.bids
    worst = list(taken.levels())[-1].px
    desk.trade(coin, side, worst, sum(level.sz for level in taken.levels()), Tif.IOC)
    left = len(taken)
    desk.run(3)
    after_seconds = len(taken)
    desk.run(40)

    assert left == 0
    assert after_seconds >= 2
    assert len(taken) >= 8
    assert (book.best_ask - book.best_bid) / book.best_bid * 1e4 < 2 * SPREADS[coin]


def test_who_bids_more_than_it_is_worth_is_sold_to():
    desk = TradingDesk(LivingMarket(1, "calm"))
    desk.run(10)
    btc = desk.book("BTC")
    order = desk.trade("BTC", "buy", btc.best_ask + 1000, "0.5")
    bought = order.filled
    desk.run(20)
    rest = desk.trade("BTC", "buy", btc.best_ask - 10, "3")
    desk.run(30)

    assert bought == order.orig_sz or order.sz == 0
    assert rest.filled > 0


def test_a_quote_that_stands_still_while_the_price_leaves_is_taken():
    desk = TradingDesk(LivingMarket(2, "crash"))
    desk.run(5)
    px = desk.book("BTC").best_bid * 99 // 100
    order = desk.trade("BTC", "buy", px // 10 * 10, "0.01")
    desk.run(QUARTER)

    assert order.sz == 0


# Time.


def test_nobody_does_anything_in_the_regime_of_nobody():
    market = LivingMarket(1, "none")
    desk = TradingDesk(market)
    desk.block()

    assert market.next_due() is None
    assert desk.placed == []
    assert desk.oracles == []


def test_a_pause_is_not_made_up_for():
    desk = TradingDesk(LivingMarket(1, "calm"))
    desk.run(10)
    trades, placed = len(desk.trades), len(desk.placed)
    desk.block(desk.ledger.time + 48 * 3_600_000)
    in_the_block = len(desk.trades) - trades, len(desk.placed) - placed
    desk.run(60)

    assert in_the_block[0] < 100
    assert in_the_block[1] < 600
    assert desk.book("BTC").best_bid < desk.book("BTC").best_ask


def test_it_is_due_when_somebody_wants_something_and_not_in_each_block():
    market = LivingMarket(1, "calm")
    desk = TradingDesk(market)
    for _ in range(200):
        due = market.next_due()
        placed, canceled = len(desk.placed), desk.canceled
        if due > desk.ledger.time + 1:
            desk.block(due - 1)

            assert (len(desk.placed), desk.canceled) == (placed, canceled)
        desk.block(due)

        assert market.next_due() > due
