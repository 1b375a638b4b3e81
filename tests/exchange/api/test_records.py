"""Records: the tape, candles on the wire, the last 24 hours, funding rates."""

import pytest
from feed_world import START
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.candles import DAY, HOUR, MINUTE
from livetrio.exchange.api.records import KEPT_RATES, KEPT_TRADES, Day, Records, rate_view
from livetrio.exchange.chain.chain import Block
from livetrio.exchange.chain.events import FundingRate, PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing


class World:
    """A ledger whose trades are invented."""

    def __init__(self):
        self.ledger = Ledger(default_listing(), time=START)
        self.records = Records(self.ledger)
        self.btc = self.ledger.listing.by_coin["BTC"]
        self.pair = self.ledger.listing.by_coin["PURR/USDC"]

    def trade(self, px, sz=100, time=None, instrument=None, tid=1):
        time = self.ledger.time if time is None else time
        return PublicTrade(instrument or self.btc, True, px, sz, time, tid, "0x00", "0xb", "0xs")

    def note(self, *events, wait=0):
        """A block, some time after the last."""
        self.ledger.time += wait
        self.records.note(Block(self.ledger.time, 1, events, frozenset(), frozenset(), ()))

    def note_trade(self, px, wait=0, **more):
        self.ledger.time += wait
        self.note(self.trade(px, **more))


@pytest.fixture
def world():
    return World()


# Trades.


def test_the_tape_keeps_the_latest_trades_the_oldest_first(world):
    for tid in range(KEPT_TRADES + 5):
        world.note_trade(910_000, tid=tid)

    assert [each.tid for each in world.records.trades(world.btc)] == list(range(5, KEPT_TRADES + 5))
    assert list(world.records.trades(world.pair)) == []


def test_trades_of_before_the_beginning_are_told_like_others(world):
    world.records.seed_trades(
        [world.trade(900_000, time=START - 2 * MINUTE, tid=2), world.trade(890_000, time=START - HOUR, tid=1)]
    )
    world.note_trade(910_000, tid=3)

    assert [each.tid for each in world.records.trades(world.btc)] == [1, 2, 3]
    assert [each["o"] for each in world.records.candles(world.btc, "1m", 0, None)] == [
        "89000.0",
        "90000.0",
        "91000.0",
    ]


def test_a_trade_of_before_what_is_known_is_refused_in_words(world):
    world.note_trade(910_000)

    with pytest.raises(ValueError, match=r"BTC: a trade of .* cannot be noted after one of"):
        world.records.seed_trades([world.trade(900_000, time=START - 1)])


# Candles.


def test_a_candle_has_the_keys_of_the_pages_sample(world):
    world.note_trade(913_740, sz=98_639)

    assert world.records.candle(world.btc, "15m") == {
        "t": START,
        "T": START + 15 * MINUTE - 1,
        "s": "BTC",
        "i": "15m",
        "o": "91374.0",
        "c": "91374.0",
        "h": "91374.0",
        "l": "91374.0",
        "v": "0.98639",
        "n": 1,
    }


def test_there_is_no_candle_before_the_first_trade(world):
    assert world.records.candle(world.btc, "1m") is None
    assert world.records.candles(world.btc, "1m", 0, None) == []


# The last 24 hours.


def test_before_any_trade_the_day_began_at_the_price_of_the_listing(world):
    assert world.records.day(world.btc) == Day(volume=0, notional=0, first_px=world.btc.reference)


def test_within_the_first_day_it_began_at_the_first_price(world):
    world.note_trade(900_000)
    world.note_trade(910_000, wait=HOUR)

    assert world.records.day(world.btc) == Day(volume=200, notional=181_000_000, first_px=900_000)


def test_after_a_day_a_trade_counts_no_more_and_its_price_is_where_the_day_began(world):
    world.note_trade(900_000)
    world.note_trade(910_000, wait=HOUR)
    world.ledger.time = START + DAY

    assert world.records.day(world.btc) == Day(volume=100, notional=91_000_000, first_px=900_000)


def test_after_a_quiet_day_only_the_last_price_is_left(world):
    world.note_trade(900_000)
    world.note_trade(910_000, wait=HOUR)
    world.ledger.time += 2 * DAY

    assert world.records.day(world.btc) == Day(volume=0, notional=0, first_px=910_000)


def test_a_clock_may_go_on_while_no_block_is_made(world):
    now = [START]
    records = Records(world.ledger, now=lambda: now[0])
    records.note(Block(START, 1, (world.trade(900_000),), frozenset(), frozenset(), ()))
    before = records.day(world.btc)
    now[0] += DAY

    assert (before.volume, records.day(world.btc).volume) == (100, 0)
    assert world.records.now == START


@given(
    st.lists(st.tuples(st.integers(0, 6 * HOUR), st.integers(1, 10**6), st.integers(1, 10**6)), max_size=40),
    st.integers(0, 2 * DAY),
)
def test_the_day_is_the_sum_of_its_minutes(steps, wait):
    world = World()
    trades = []
    for step, px, sz in steps:
        world.note_trade(px, wait=step, sz=sz)
        trades.append((world.ledger.time // MINUTE, px, sz))
    world.ledger.time += wait
    first = world.ledger.time // MINUTE - DAY // MINUTE
    counted = [(px, sz) for minute, px, sz in trades if minute > first]
    earlier = [px for minute, px, _ in trades if minute <= first]
    day = world.records.day(world.btc)

    assert day.volume == sum(sz for _, sz in counted)
    assert day.notional == sum(px * sz for px, sz in counted)
    if earlier:
        assert day.first_px == earlier[-1]
    else:
        assert day.first_px == (trades[0][1] if trades else world.btc.reference)


def test_volumes_of_days_count_pairs_in_usd_too(world):
    world.note(world.trade(910_000, sz=100), world.trade(18_125, sz=400, instrument=world.pair))
    world.note_trade(920_000, wait=DAY)

    assert world.records.volumes() == {START: 91_000_000 + 72_500, START + DAY: 92_000_000}


# Funding.


def test_funding_rates_are_found_by_time_both_ends_included(world):
    for hour in range(4):
        world.note(FundingRate(world.btc, 125_000 + hour, -hour, START + hour * HOUR))
    found = world.records.fundings(world.btc, START + HOUR, START + 2 * HOUR)

    assert [each.rate for each in found] == [125_001, 125_002]
    assert len(world.records.fundings(world.btc, START + HOUR)) == 3
    assert world.records.fundings(world.ledger.listing.perps[1], 0) == []
    assert rate_view(found[0]) == {
        "coin": "BTC",
        "fundingRate": "0.0000125001",
        "premium": "-0.0000000001",
        "time": START + HOUR,
    }


def test_funding_rates_are_bounded(world):
    for hour in range(KEPT_RATES + 2):
        world.note(FundingRate(world.btc, hour, 0, START + hour * HOUR))

    assert len(world.records.fundings(world.btc, 0)) == KEPT_RATES
