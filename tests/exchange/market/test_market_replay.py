"""Replays: a recording's book and trades come out as they went in, and clients trade among them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_desk import START, TradingDesk
from recorded_frames import (
    BEGAN_MS,
    MINUTE,
    REAL_RECORDING,
    bbo,
    book,
    candle,
    context,
    frame,
    recording,
    trade,
    trades,
)

from livetrio.errors import UsageError
from livetrio.exchange.chain.units import format_units
from livetrio.exchange.market.recorded_listing import listing_of
from livetrio.exchange.market.recording import Recording
from livetrio.exchange.market.replay import ReplayMarket


class Replay:
    """A replay on a desk of its own; blocks are made when something is due."""

    def __init__(self, made, **options):
        self.market = ReplayMarket(made, **options)
        self.listing = listing_of(made)
        self.desk = TradingDesk(self.market, self.listing)

    @property
    def due(self):
        """Seconds since the beginning at which the next frame is due."""
        due = self.market.next_due()
        return None if due is None else (due - START) / 1000

    def play(self, until=None, each=None):
        """Blocks at the moments that something is due."""
        while (due := self.market.next_due()) is not None and (until is None or due <= START + until * 1000):
            self.desk.block(due)
            if each is not None:
                each()

    def touch(self, coin="BTC"):
        instrument = self.listing.by_coin[coin]
        found = self.desk.book(coin)
        return tuple(
            None if px is None else format_units(px, instrument.px_decimals)
            for px in (found.best_bid, found.best_ask)
        )

    def trades(self):
        """All public trades so far, as (coin, side, px, sz)."""
        return [
            (
                each.instrument.coin,
                "B" if each.is_buy else "A",
                format_units(each.px, each.instrument.px_decimals),
                format_units(each.sz, each.instrument.sz_decimals),
            )
            for each in self.desk.trades
        ]

    def shown(self, coin):
        """The book as texts."""
        instrument = self.listing.by_coin[coin]
        return [
            [
                (format_units(px, instrument.px_decimals), format_units(sz, instrument.sz_decimals))
                for px, sz in side
            ]
            for side in self.desk.levels(coin)
        ]


# When.


def test_frames_are_due_by_their_receive_times():
    replay = Replay(recording((0, bbo()), (0.25, bbo()), (0.25, candle()), (1, frame("x", {})), (3, bbo())))
    seen = []
    replay.play(each=lambda: seen.append((replay.desk.ledger.time - START) / 1000))

    assert seen == [0, 0.25, 3]
    assert replay.due is None


def test_a_frame_that_was_received_earlier_than_the_one_before_is_due_with_it():
    replay = Replay(recording((0, bbo()), (2, bbo()), (1, bbo(("99.0", "1")))))
    replay.play(until=2)

    assert replay.touch() == ("99.0", "101.0")


def test_a_speed_divides_the_time():
    replay = Replay(recording((0, bbo()), (1, bbo()), (3, bbo())), speed=4)
    replay.play(until=0)
    first = replay.due
    replay.play(until=0.25)

    assert (first, replay.due) == (0.25, 0.75)


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(UsageError, match="must be above 0"):
        ReplayMarket(recording((0, bbo())), speed)


def test_nothing_is_due_before_the_start_or_if_nothing_is_played():
    market = ReplayMarket(recording((0, bbo())))
    silent = Replay(recording((0, context("SOL", markPx="1")), (0, candle())))

    assert market.next_due() is None
    assert repr(market) == "<ReplayMarket lap 0, frame 0 of 1>"
    assert silent.due == 0
    silent.play()
    assert silent.due is None


def test_the_market_is_never_without_a_price():
    replay = Replay(recording((0, bbo(coin="ETH")), (5, book()), (6, bbo(("90.0", "1"), ("91.0", "1")))))

    assert replay.touch() == ("100.0", "101.0")
    assert replay.touch("ETH") == ("100.0", "101.0")


def test_a_loop_begins_again_with_the_first_books_after_whole_seconds():
    replay = Replay(recording((0, bbo()), (59.4, bbo(("90.0", "1"), ("91.0", "1")))), loop=True)
    seen = []
    replay.play(
        until=130, each=lambda: seen.append(((replay.desk.ledger.time - START) / 1000, replay.touch()[0]))
    )

    assert seen == [(0, "100.0"), (59.4, "90.0"), (60, "100.0"), (119.4, "90.0"), (120, "100.0")]


def test_the_trades_of_a_lap_are_traded_again_in_the_next():
    replay = Replay(
        recording((0, trades(trade(time=BEGAN_MS - 5), trade(time=BEGAN_MS + 5, sz="0.5"))), (0.5, bbo())),
        loop=True,
    )
    replay.play(until=2.6)

    assert replay.trades() == [("BTC", "B", "101.0", "0.5")] * 3


def test_laps_that_passed_whole_between_two_blocks_are_left_out():
    made = recording((0, trades(trade(time=BEGAN_MS + 5))), (0.5, bbo()))
    replay = Replay(made, speed=1000, loop=True)  # a lap takes a millisecond
    replay.play(until=0)
    replay.desk.block(START + 10_000)

    assert repr(replay.market) == "<ReplayMarket lap 10000, frame 1 of 2>"
    assert len(replay.trades()) == 2


# What.


def test_trades_older_than_the_recording_are_history():
    made = recording(
        (0, bbo()),
        (0.2, trades(trade(time=BEGAN_MS - 9_000, tid=7), trade("102.0", side="A", time=BEGAN_MS + 100))),
        (0.4, trades(trade("103.0", time=BEGAN_MS - 1))),
    )
    replay = Replay(made)
    replay.play()
    history = replay.market.history(replay.listing, START)

    assert [(each.tid, each.time, each.px, each.is_buy) for each in history] == [
        (7, START - 9_000, 1_010_000, True)
    ]
    assert (history[0].buyer, history[0].seller) == ("0x" + "1" * 40, "0x" + "2" * 40)
    assert [(each[1], each[2]) for each in replay.trades()] == [("A", "102.0"), ("B", "103.0")]


def test_trades_that_the_venue_repeats_are_traded_once():
    first = trade(tid=1, time=BEGAN_MS + 1)
    replay = Replay(
        recording((0, bbo()), (1, trades(first)), (2, trades(first, trade(tid=2, time=BEGAN_MS + 1500))))
    )
    replay.play()

    assert len(replay.trades()) == 2


def test_trades_of_long_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr("livetrio.exchange.market.replay._REMEMBERED", 2)
    entries = [trade(tid=tid, time=BEGAN_MS + tid) for tid in (1, 2, 3, 1)]
    replay = Replay(recording((0, bbo()), (1, trades(*entries))))
    replay.play()

    assert len(replay.trades()) == 4


def test_a_book_of_the_touch_leaves_the_depth():
    replay = Replay(
        recording(
            (0, book((("100.0", "1"), ("99.0", "2")), (("101.0", "1"), ("102.0", "2")))),
            (1, bbo(("100.0", "3"), ("101.0", "4"))),
            (2, book((("100.0", "5"),), (("101.0", "6"),), fast=True)),
        )
    )
    replay.play(until=1)
    after_bbo = replay.shown("BTC")
    replay.play()

    assert after_bbo == [[("100.0", "3.0"), ("99.0", "2.0")], [("101.0", "4.0"), ("102.0", "2.0")]]
    assert replay.shown("BTC") == [[("100.0", "5.0")], [("101.0", "6.0")]]


def test_within_a_block_frames_up_to_the_first_trades_go_before_clients_takers():
    replay = Replay(
        recording(
            (0, book((("100.0", "1"),), (("101.0", "10"),))),
            (1, book((("100.0", "1"),), (("101.0", "20"),))),
            (1, trades(trade("101.0", "20", time=BEGAN_MS + 900))),
            (1, book((("100.0", "1"),), (("105.0", "1"),))),
        )
    )
    replay.play(until=0)
    bought = []
    replay.desk.block(START + 1000, lambda: bought.append(replay.desk.trade("BTC", "buy", "101", "15")))

    assert bought[0].sz == 0
    assert replay.touch() == ("100.0", "105.0")
    assert replay.trades() == [
        ("BTC", "B", "101.0", "15.0"),
        ("BTC", "B", "101.0", "20.0"),
    ]


def test_the_oracle_is_the_contexts():
    replay = Replay(
        recording(
            (0, bbo()), (1, context(oraclePx="99.5", markPx="99.7")), (2, bbo()), (3, context(markPx="3"))
        )
    )
    begun = dict(replay.desk.ledger.oracles)
    replay.play()

    assert begun == {0: 9_950_000}
    assert {px for _, _, px in replay.desk.oracles} == {9_950_000}


def test_without_contexts_the_oracle_is_the_middle():
    replay = Replay(
        recording((0, bbo()), (1, bbo()), (2, bbo(("102.0", "1"), ("103.0", "1"))), (3, bbo(None)))
    )
    replay.play()

    assert [px for _, _, px in replay.desk.oracles] == [10_050_000, 10_250_000]


def test_coins_that_are_not_listed_are_passed_over():
    made = recording(
        (0, bbo()), (0, bbo(coin="ETH")), (0, context("ETH", oraclePx="3")), (0.1, trades(trade(coin="ETH"))),
        (0.2, bbo(coin="xyz:TSLA")),
    )  # fmt: skip
    market = ReplayMarket(made)
    desk = TradingDesk(market, listing_of(recording((0, bbo()))))
    desk.run(1)

    assert desk.trades == []
    assert market.history(desk.ledger.listing, START) == []


# The law.

SIZES = st.integers(1, 9)


@st.composite
def books(draw):
    """A kind of frame of a book, and its levels as whole numbers."""
    middle = draw(st.integers(95, 105))
    bids = draw(st.sets(st.integers(85, middle), max_size=7))
    asks = draw(st.sets(st.integers(middle + 1, 115), max_size=7))
    kind = draw(st.sampled_from(["book", "fast", "bbo"]))
    most = {"book": 7, "fast": 5, "bbo": 1}[kind]
    sides = [sorted(bids, reverse=True)[:most], sorted(asks)[:most]]
    return kind, [[(px, draw(SIZES)) for px in side] for side in sides]


TRADES = st.tuples(st.just("trade"), st.sampled_from("AB"), st.integers(85, 115), SIZES)


def as_frame(event):
    match event:
        case ("trade", side, px, sz):
            return trades(trade(px, sz, side))
        case ("bbo", sides):
            return bbo(*(side[0] if side else None for side in sides))
        case (kind, sides):
            return book(*sides, fast=kind == "fast")


def check_shown(event, levels):
    """A book shows what its frame showed."""
    kind, sides = event
    for shown, side in zip(levels, sides, strict=True):
        if kind == "book" or len(side) < {"fast": 5, "bbo": 1}[kind]:
            assert shown == side
        else:
            assert shown[: len(side)] == side


@given(st.lists(st.one_of(books(), TRADES), min_size=1, max_size=20))
def test_without_clients_everything_comes_out_as_it_went_in(events):
    # Of the last frame, which is not played, come sizes of 6 decimals and prices of none.
    fine = [(10, bbo((1, "0.000001"), None))]
    replay = Replay(recording(*((at / 100, as_frame(event)) for at, event in enumerate(events)), *fine))
    scale = 10**6
    position = 0

    def check():
        nonlocal position
        event = events[position]
        position += 1
        if event[0] != "trade":
            check_shown(event, [[(px, sz // scale) for px, sz in side] for side in replay.desk.levels("BTC")])

    replay.play(until=5, each=check)

    assert position == len(events)
    assert [(("A", "B")[each.is_buy], each.px, each.sz // scale) for each in replay.desk.trades] == [
        event[1:] for event in events if event[0] == "trade"
    ]


CLIENTS = st.tuples(st.just("client"), st.sampled_from(["buy", "sell"]), st.integers(85, 115), SIZES)


def house_lots(level):
    """What stands at a level without clients."""
    return sum(order.sz for order in level.orders.values() if order.account.is_house)


@settings(max_examples=60)
@given(st.lists(st.one_of(books(), TRADES, CLIENTS), min_size=1, max_size=25))
def test_among_clients_the_book_never_crosses_and_shows_what_clients_left_of_the_frame(events):
    frames = [(at / 100, as_frame(event)) for at, event in enumerate(events) if event[0] != "client"]
    replay = Replay(recording((0, bbo((1, "0.000001"), None)), *frames, (10, bbo((1, "0.000001"), None))))
    desk, scale = replay.desk, 10**6
    desk.client.cash *= 10**6
    for at, event in enumerate(events):
        if event[0] == "client":
            _, side, px, sz = event
            desk.trade("BTC", side, px, sz * scale)
        else:
            filled = len(desk.fills)
            desk.block(START + at * 10)
            shown = [
                [(level.px, house_lots(level) // scale) for level in side.levels()]
                for side in (desk.book("BTC").bids, desk.book("BTC").asks)
            ]
            if event[0] != "trade" and len(desk.fills) == filled:
                check_shown(event, [[each for each in side if each[1]] for side in shown])
        found = desk.book("BTC")

        assert found.best_bid is None or found.best_ask is None or found.best_bid < found.best_ask
        for fill in desk.fills:
            assert fill.px <= fill.order.px if fill.order.is_buy else fill.px >= fill.order.px


# Recordings.


def check_recording(made):
    """Every trade comes out as recorded, and after each whole book the book is that."""
    replay = Replay(made)
    started_ms = made.started // 10**6
    expected, seen, known = [], 0, set()
    for recorded in made.frames:
        message = json.loads(recorded.text)
        data = message["data"]
        desk_time = START + -(-(recorded.received - made.started) // 10**6)
        if message["channel"] == "trades":
            first = data[0]["coin"] not in known
            known.add(data[0]["coin"])
            expected += [
                (each["coin"], each["side"], each["px"], each["sz"])
                for each in data
                if not (first and each["time"] < started_ms)
            ]
        if desk_time > replay.desk.ledger.time:
            replay.desk.block(desk_time)
        following = made.frames[made.frames.index(recorded) + 1 :][:1]
        is_last_of_block = (
            not following or -(-(following[0].received - made.started) // 10**6) + START > desk_time
        )
        if message["channel"] == "l2Book" and "fast" not in data and is_last_of_block:
            seen += 1
            assert replay.shown(data["coin"]) == [
                [(each["px"], each["sz"]) for each in side] for side in data["levels"]
            ]

    assert replay.trades() == expected
    return replay, seen


@pytest.mark.skipif(not REAL_RECORDING.exists(), reason="the shared real recording is not here")
def test_the_real_recording_comes_out_as_it_went_in():
    real = Recording.read(REAL_RECORDING)
    replay, books_seen = check_recording(real)
    history = replay.market.history(replay.listing, START)

    assert books_seen == 46
    assert len(history) == 30
    assert all(each.time < START for each in history)


def test_the_recording_that_ships_comes_out_as_it_went_in():
    replay, _ = check_recording(Recording.read(MINUTE))

    assert len(replay.trades()) > 200
