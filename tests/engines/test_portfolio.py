"""Portfolio: what fills, funding and the venue's reports do to positions and accounts, and who is told."""

import json
from decimal import Decimal

import attrs
import pytest
from portfolio_world import ACCOUNT, BTC, DAY, ETH, PURR, SECOND, World, drain, held
from structlog.testing import capture_logs

from livetrio.model import Account, Balance, Position, PositionSide

D = Decimal


@pytest.fixture
def world():
    return World()


# A position's life.


def test_what_is_bought_is_held_at_its_average_price(world):
    world.fill("1", 100)
    world.fill("3", 104)

    assert (world.position.quantity, world.position.entry_price) == (4, 103)
    assert world.position.side is PositionSide.LONG
    assert world.position.ts_opened == DAY + SECOND
    assert world.portfolio.quantity(BTC) == world.portfolio.quantity(BTC, "a") == 4


def test_a_part_that_is_closed_leaves_the_entry_price_as_it_is(world):
    world.fill("-4", 103)
    world.fill("1", 100)

    assert (world.position.quantity, world.position.entry_price) == (-3, 103)
    assert world.position.side is PositionSide.SHORT
    assert world.position.realized_pnl == 3
    assert world.portfolio.breakdown("a").realized == 3


def test_a_position_that_is_closed_is_gone_and_its_last_news_says_what_it_brought(world):
    news = world.listen()
    world.fill("2", 100, fee="1")
    world.fill("-2", 110, fee="2")

    assert world.position is None
    last = drain(news)[-1]
    assert (last.quantity, last.side, last.entry_price) == (0, PositionSide.FLAT, 100)
    assert (last.realized_pnl, last.fees, last.ts_opened) == (20, 3, None)


def test_a_position_that_turns_begins_anew_at_the_price_that_turned_it(world):
    world.fill("2", 100)
    world.fill("-5", 110)

    assert (world.position.quantity, world.position.entry_price) == (-3, 110)
    assert world.position.realized_pnl == 0
    assert world.position.ts_opened == DAY + 2 * SECOND
    assert world.portfolio.breakdown().realized == 20


def test_what_does_not_divide_is_rounded_down_once_and_never_lost(world):
    """Three at 301 in all: a third is 100.333, and money has hundredths."""
    world.fill("1", 101)
    world.fill("2", 100)
    realized = []
    for _ in range(3):
        world.fill("-1", 100)
        realized.append(world.portfolio.breakdown().realized)

    assert realized == [D("-0.33"), D("-0.66"), -1]


def test_fees_are_kept_by_currency_and_lessen_the_profit(world):
    world.fill("1", 100, fee="0.5")
    world.fill("-1", 103, "b", fee="0.25")

    assert world.portfolio.fees() == {"USDC": D("0.75")}
    assert world.portfolio.fees("a") == {"USDC": D("0.5")}
    assert world.portfolio.fees("c") == {}
    assert world.portfolio.pnl() == D("2.25")


def test_a_rebate_is_a_fee_below_zero(world):
    world.fill("1", 100, fee="-0.5")

    assert world.portfolio.pnl() == D("0.5")


# Strategies.


def test_strategies_hold_their_own_though_the_account_holds_the_sum(world):
    world.fill("2", 100, "a")
    world.fill("-2", 110, "b")

    assert world.portfolio.quantity(BTC) == 0
    assert world.portfolio.shares(BTC) == {"a": 2, "b": -2}
    assert world.position is None
    world.mark(130)
    assert (world.portfolio.pnl("a"), world.portfolio.pnl("b"), world.portfolio.pnl()) == (60, -40, 20)


def test_what_nobodys_order_did_is_nobodys(world):
    world.fill("2", 100, None)

    assert world.portfolio.shares(BTC) == {None: 2}
    assert world.portfolio.quantity(BTC, "a") == 0


def test_what_nobodys_order_has_closed_for_all_is_closed_for_each():
    trips = []
    world = World(on_round_trip=lambda *trip: trips.append(trip))
    world.fill("3", 100, "a")
    world.fill("-1", 110, "b")
    world.fill("1", 50, "a", instrument=ETH)
    world.fill("-2", 120, None, fee="1")
    world.portfolio.hand_over(ts=DAY + 9 * SECOND)

    assert world.portfolio.shares(BTC) == {}
    assert world.portfolio.shares(ETH) == {"a": 1}
    assert trips == [(BTC, "a", 60, DAY + 9 * SECOND), (BTC, "b", -10, DAY + 9 * SECOND)]
    assert world.portfolio.pnl() == 49
    assert [world.portfolio.breakdown(each, BTC).net for each in ("a", "b")] == [60, -10]
    assert set(world.portfolio.changed_keys()) >= {f"{BTC}|a", f"{BTC}|b", f"{BTC}|"}


def test_what_offsets_each_other_stays_with_those_who_have_it(world):
    world.fill("2", 100, "a")
    world.fill("-2", 110, "b")
    world.portfolio.hand_over(ts=0)

    assert world.portfolio.shares(BTC) == {"a": 2, "b": -2}


def test_of_what_was_never_traded_there_is_nothing(world):
    assert world.portfolio.quantity(ETH) == 0
    assert world.portfolio.shares(ETH) == {}
    assert world.portfolio.pnl("nobody") == 0


def test_what_came_of_a_day_can_be_of_one_instrument(world):
    world.fill("1", 100)
    world.fill("1", 50, instrument=ETH, fee="3")
    world.mark(120)

    assert world.portfolio.day_pnl("a", BTC) == world.portfolio.day_pnl(None, BTC) == 20
    assert world.portfolio.day_pnl("a", ETH) == world.portfolio.pnl("a", ETH) == -3
    assert world.portfolio.is_priced(None, BTC)
    assert not world.portfolio.is_priced(None, ETH)


def test_a_breakdown_can_be_of_one_instrument(world):
    world.fill("1", 100)
    world.fill("1", 50, instrument=ETH, fee="3")
    world.mark(120)

    assert world.portfolio.breakdown("a", BTC).net == world.portfolio.breakdown(None, BTC).net == 20
    assert world.portfolio.breakdown("a", ETH).net == -3
    assert world.portfolio.breakdown("a").net == 17


@pytest.mark.parametrize("quantity, price", [("-2", 110), ("-3", 110)])
def test_a_round_trip_ends_when_the_strategys_position_is_zero_or_turns(quantity, price):
    trips = []
    world = World(on_round_trip=lambda *trip: trips.append(trip))
    world.fill("3", 90, "b")
    world.fill("2", 100, fee="1")
    world.fund("-5", 5)
    world.fill(quantity, price, fee="1")

    assert trips == [(BTC, "a", 20 - 2 - 2, DAY + 4 * SECOND)]


def test_a_round_trip_counts_only_what_was_since_the_last(world):
    trips = []
    world.portfolio.on_round_trip = lambda _, strategy, pnl, ts: trips.append(pnl)
    for price in (110, 90):
        world.fill("1", 100)
        world.fill("-1", price)

    assert trips == [10, -10]


def test_nobodys_position_makes_no_round_trip(world):
    trips = []
    world.portfolio.on_round_trip = lambda *trip: trips.append(trip)
    world.fill("1", 100, None)
    world.fill("-1", 100, None)

    assert trips == []


def test_whoever_is_told_of_a_round_trip_finds_the_cache_as_it_is_afterwards():
    seen = []
    world = World(on_round_trip=lambda *_: seen.append(world.cache.has_position(BTC)))
    world.fill("1", 100)
    world.fill("-1", 100)

    assert seen == [False]


# Funding.


def test_funding_is_shared_by_what_each_holds_and_the_rest_is_nobodys(world):
    world.fill("1", 100, "a")
    world.fill("2", 100, "b")
    world.fund("-0.10", "3")

    assert world.portfolio.breakdown("a").funding == D("-0.03")
    assert world.portfolio.breakdown("b").funding == D("-0.06")
    assert world.portfolio.breakdown().funding == D("-0.10")
    assert world.position.funding == D("-0.10")


def test_funding_of_opposite_positions_is_paid_by_the_one_and_received_by_the_other(world):
    world.fill("3", 100, "a")
    world.fill("-2", 100, "b")
    world.fund("-5", "1")

    assert (world.portfolio.breakdown("a").funding, world.portfolio.breakdown("b").funding) == (-15, 10)
    assert world.portfolio.breakdown().funding == -5


def test_funding_that_is_finer_than_the_money_of_the_instrument_keeps_its_digits(world):
    world.fill("1", 100)
    world.fund("0.123456789", "1")

    assert world.portfolio.breakdown("a").funding == D("0.123456789")


def test_funding_of_a_position_that_is_gone_counts_and_shows_no_position(world):
    news = world.listen()
    world.fund("2", "0")

    assert world.portfolio.pnl() == 2
    assert world.position is None
    assert drain(news) == []


# Spot.


def test_a_spot_buy_pays_its_fee_out_of_what_it_buys(world):
    world.fill("10", "0.5", instrument=PURR, fee="0.07", currency="PURR")

    assert world.portfolio.quantity(PURR, "a") == D("9.93")
    assert world.portfolio.fees() == {"PURR": D("0.07")}
    assert world.portfolio.breakdown().fees == 0
    world.mark("0.5", instrument=PURR)
    assert world.portfolio.pnl() == D("9.93") / 2 - 5


def test_a_spot_trade_is_over_when_less_is_left_than_can_be_sold(world):
    trips = []
    world.portfolio.on_round_trip = lambda *trip: trips.append(trip[1:3])
    world.fill("10", "0.50", instrument=PURR, fee="0.07", currency="PURR")
    world.fill("-9", "1.00", instrument=PURR, fee="0.10")
    world.fill("10", "1.00", instrument=PURR, fee="0.07", currency="PURR")

    assert trips == [("a", D(9) - D("4.53") - D("0.10"))]
    assert world.cache.get_position(PURR).quantity == D("10.86")
    assert world.cache.get_position(PURR).ts_opened == DAY + 3 * SECOND


def test_spot_trades_change_balances_and_leave_margin_money_alone(world):
    world.report(balances={"USDC": Balance(total=D(100), locked=D(5))})
    world.fill("10", "0.5", instrument=PURR, fee="0.07", currency="PURR")
    world.fill("-4", "1", instrument=PURR, fee="0.01")

    assert world.account.balances == {
        "USDC": Balance(total=D("98.99"), locked=D(5)),
        "PURR": Balance(total=D("5.93")),
    }
    assert world.account.equity == 1000


# The account.


def test_there_is_no_account_before_the_venue_has_reported_it(world):
    news = world.listen()
    world.fill("1", 100, fee="1")

    assert world.account is None
    assert [type(each) for each in drain(news)] == [Position]


def test_an_account_is_what_the_venue_says_and_then_what_has_moved(world):
    world.report("1000", margin_used=D(7))
    world.fill("2", 100, fee="1")
    world.mark(110)
    world.fill("-1", 115, fee="1")
    world.fund("-3", "1")

    assert world.account.balance == 1000 - 2 + 15 - 3
    assert world.account.unrealized_pnl == 10
    assert world.account.margin_used == 7
    assert world.account.ts_event == world.now


def test_the_cache_is_new_before_the_first_is_told(world):
    world.report()
    seen = []
    publish = world.bus.publish
    world.bus.publish = lambda topic, event: (
        seen.append((topic, world.position.quantity, world.account.balance)),
        publish(topic, event),
    )
    world.fill("2", 100, fee="1")

    assert seen == [(f"position.{BTC}", 2, 999), (f"account.{ACCOUNT}", 2, 999)]


def test_a_fill_that_the_report_knew_of_is_not_paid_twice(world):
    world.report("1000", held("2", mark=100, pnl=0), at=DAY + 2 * SECOND)
    world.fill("2", 100, fee="1")

    assert world.account.equity == 1000
    assert world.portfolio.quantity(BTC) == 2


def test_a_report_that_comes_late_is_followed_by_what_has_happened_since(world):
    asked = world.now
    world.fill("2", 100, fee="1")
    world.mark(105)
    differences = world.report("1000", at=asked)

    assert differences == ()
    assert world.account.balance == 999
    assert world.account.equity == 1009


def test_a_report_older_than_the_last_is_passed_over(world):
    world.report("1000", at=world.now)

    assert world.report("500", held("1"), at=world.now - 1) == ()
    assert world.account.equity == 1000


def test_marks_and_liquidation_prices_are_the_venues(world):
    world.fill("2", 100)
    world.report("1000", held("2", mark=111, pnl=22, liquidation=60))

    assert (world.position.mark_price, world.position.liquidation_price) == (111, 60)
    assert world.position.unrealized_pnl == world.account.unrealized_pnl == 22
    assert world.account.balance == 978
    assert world.portfolio.pnl() == 22


@pytest.mark.parametrize(
    "position, pnl", [(held("2", entry=100, mark=111), 22), (held("2", entry=100), 0), (held("2", mark=1), 0)]
)
def test_a_profit_that_is_not_told_is_reckoned_where_it_can_be(world, position, pnl):
    world.report("1000", position)

    assert world.account.unrealized_pnl == pnl
    assert world.account.equity == 1000


def test_positions_follow_their_marks_and_are_told_when_those_move(world):
    world.fill("2", 100)
    world.fill("1", 50, instrument=ETH)
    world.report("1000", held("2", mark=100, pnl=0), held("1", instrument=ETH, mark=50, pnl=0))
    news = world.listen()
    world.mark(105)
    world.portfolio.mark_positions(world.now + SECOND)
    moved = drain(news)
    world.portfolio.mark_positions(world.now + 2 * SECOND)

    assert [type(each) for each in moved] == [Position, Account]
    assert (moved[0].unrealized_pnl, moved[0].ts_event) == (10, world.now + SECOND)
    assert moved[1].equity == 1010
    assert drain(news) == []


def test_a_mark_is_the_venues_or_the_middle_or_what_was_reported_or_none(world):
    world.fill("1", 100)
    marks = [world.portfolio.pnl()]
    world.report("1000", held("1", mark=101, pnl=1))
    marks.append(world.portfolio.pnl())
    world.quote(101, 103)
    marks.append(world.portfolio.pnl())
    world.mark(103)
    marks.append(world.portfolio.pnl())

    assert marks == [0, 1, 2, 3]


def test_accounts_of_two_venues_are_apart(world):
    world.report("1000")
    world.fill("1", 100, instrument="BTC-USD-PERP.OTHER", fee="5")

    assert world.account.equity == 1000
    assert world.report("1000") == ()


# Where the venue has another position.


def test_a_difference_is_told_and_changes_nothing(world):
    world.fill("2", 100)
    (difference,) = world.report("1000", held("5", mark=110, pnl=40))

    assert (difference.ours, difference.theirs, difference.quantity) == (2, 5, 3)
    assert world.portfolio.quantity(BTC) == 2
    assert world.account.equity == 1000


def test_a_position_that_the_venue_does_not_mention_is_none_there(world):
    world.fill("2", 100)
    (difference,) = world.report("1000")

    assert (difference.ours, difference.theirs) == (2, 0)


def test_spot_is_not_compared(world):
    world.fill("2", 100, instrument=PURR)

    assert world.report("1000") == ()


DIFFERENCES = {
    "all of it": ("0", held("3", mark=110, pnl=20), D(310) / 3),
    "all of a short one": ("0", held("-3", mark=110, pnl=-20), D(310) / 3),
    "by the entry price if that is all there is": ("0", held("2", entry=105), 105),
    "more of it, so that the whole costs what theirs does": ("1", held("2", mark=110, pnl=0), 120),
    "more of it, at a price that cannot be": ("1", held("2", mark=30, pnl=0), 30),
    "less, at the mark": ("2", held("1", entry=50, mark=110, pnl=60), 110),
    "the other way round, at the mark": ("2", held("-1", entry=50, mark=110, pnl=-60), 110),
    "nobody knows": ("0", held("2"), None),
}


@pytest.mark.parametrize("ours, theirs, price", DIFFERENCES.values(), ids=DIFFERENCES)
def test_at_what_price_a_difference_would_be_adopted(world, ours, theirs, price):
    if ours != "0":
        world.fill(ours, 100)
    (difference,) = world.report("1000", theirs)

    assert difference.price == (None if price is None else pytest.approx(price, abs=D("1e-20")))


def test_what_is_adopted_is_nobodys_and_costs_what_the_venue_says(world):
    (difference,) = world.report("1000", held("3", entry=103, mark=110, pnl=20))
    with capture_logs() as lines:
        world.adopt(difference.quantity, difference.price)

    assert world.portfolio.shares(BTC) == {None: 3}
    assert world.position.unrealized_pnl == 20
    assert world.account.equity == 1000
    assert [(line["event"], line["before"], line["after"], line["reason"]) for line in lines] == [
        ("position adopted", 0, 3, "for a test")
    ]
    assert world.report("1000", held("3", mark=110, pnl=20)) == ()


def test_what_is_adopted_away_leaves_the_strategies_theirs(world):
    world.fill("2", 100)
    world.adopt("-2", 90)

    assert world.position is None
    assert world.portfolio.shares(BTC) == {"a": 2, None: -2}
    assert world.portfolio.pnl() == -20


# The venue's word.


def test_a_realized_profit_rounded_otherwise_is_the_venues_and_the_rest_costs_so_much_more(world):
    world.fill("1", 101)
    world.fill("2", 100)
    world.fill("-1", 100, told="-0.34", before="3")
    world.mark(100)

    assert world.portfolio.breakdown().realized == D("-0.34")
    assert world.portfolio.pnl() == -1
    world.fill("-2", 100, told="-0.66", before="2")
    assert world.portfolio.breakdown().realized == world.portfolio.pnl() == -1
    assert world.portfolio.shares(BTC) == {}


def test_so_it_is_with_what_is_sold_short(world):
    world.fill("-1", 101)
    world.fill("-2", 100)
    world.fill("1", 100, told="0.34", before="-3")
    world.mark(100)

    assert world.portfolio.breakdown().realized == D("0.34")
    assert world.portfolio.pnl() == 1


def test_a_wrong_entry_price_is_nobodys_fault(world):
    world.adopt("2", 100)
    world.report("1000", held("2", mark=100, pnl=0))
    world.fill("-2", 110, told="21", before="2")

    assert world.portfolio.breakdown().realized == 21
    assert world.account.balance == 1021
    texts = world.portfolio.state()
    assert texts[f"{BTC}|"]["total"][0] == "1.00"
    assert texts[f"{BTC}|a"]["total"][0] == "0"


def test_the_venues_word_of_another_position_tells_of_a_fill_that_is_still_to_come(world):
    world.fill("2", 100, told="0", before="0")
    world.fill("-1", 110, told="55", before="5")
    world.fill("3", 25, told="0", before="2")

    assert world.portfolio.breakdown().realized == 55
    assert (world.position.quantity, world.position.entry_price) == (4, 55)


def test_of_what_was_bought_the_venues_word_is_of_its_own_position_alone(world):
    world.fill("2", "1.5", instrument=PURR)
    world.fill("-1", "1.6", instrument=PURR, told="5", before="700")

    assert world.portfolio.breakdown().realized == Decimal("0.1")


# Days.


def test_a_day_begins_at_midnight_with_what_there_is(world):
    world.portfolio.roll_day(world.now)
    world.fill("2", 100, fee="1")
    world.mark(110)
    first = world.portfolio.day_pnl("a")
    world.portfolio.roll_day(2 * DAY)
    at_midnight = world.portfolio.day_pnl("a")
    world.mark(107)
    world.portfolio.roll_day(2 * DAY + SECOND)

    assert (first, at_midnight) == (19, 0)
    assert world.portfolio.day_pnl("a") == world.portfolio.day_pnl() == -6
    assert world.portfolio.pnl() == 13


def test_what_is_first_traded_on_a_day_begins_with_nothing(world):
    world.portfolio.roll_day(5 * DAY)
    world.fill("1", 100, fee="3")
    world.portfolio.roll_day(5 * DAY + SECOND)

    assert world.portfolio.day_pnl() == -3


def test_a_day_without_a_price_begins_with_the_first_that_comes(world):
    world.portfolio.roll_day(DAY)
    world.fill("2", 100)
    world.portfolio.roll_day(2 * DAY)
    unknown = world.portfolio.day_pnl()
    world.quote(109, 111)
    world.portfolio.roll_day(2 * DAY + SECOND)
    world.quote(114, 116)

    assert unknown == 0
    assert world.portfolio.day_pnl() == 10


def test_a_trade_is_a_price_for_a_day_without_one(world):
    world.portfolio.roll_day(DAY)
    world.fill("2", 100)
    world.portfolio.roll_day(2 * DAY)
    world.fill("-1", 110)
    world.mark(112)

    assert world.portfolio.day_pnl() == 2


def test_a_price_that_is_lost_makes_no_loss(world):
    """After a new start there are no marks yet; what was open counts neither way."""
    world.portfolio.roll_day(DAY)
    world.fill("2", 100)
    world.mark(200)
    world.portfolio.roll_day(2 * DAY)
    again = World()
    again.portfolio.restore(world.portfolio.state())
    again.portfolio.roll_day(2 * DAY + SECOND)

    assert again.portfolio.day_pnl() == 0
    again.mark(190)
    assert again.portfolio.day_pnl() == -20


# The journal.


def test_only_what_has_changed_is_to_be_written(world):
    world.fill("1", 100, "a")
    world.fill("1", 50, "b", instrument=ETH)
    first = world.portfolio.changed_keys()
    nothing = world.portfolio.changed_keys()
    world.fill("1", 100, "c")

    assert first == (BTC, f"{BTC}|a", ETH, f"{ETH}|b")
    assert nothing == ()
    assert world.portfolio.changed_keys() == (BTC, f"{BTC}|c")


def test_a_new_day_is_to_be_written(world):
    world.fill("1", 100)
    world.portfolio.changed_keys()
    world.portfolio.roll_day(DAY)
    begun = world.portfolio.changed_keys()
    world.portfolio.roll_day(DAY + SECOND)
    same = world.portfolio.changed_keys()
    world.portfolio.roll_day(2 * DAY)

    assert begun == (BTC, f"{BTC}|a")
    assert same == ()
    assert world.portfolio.changed_keys() == begun


def test_the_state_of_some_keys_is_theirs_alone(world):
    world.fill("1", 100)
    world.fill("1", 50, None, instrument=ETH)

    assert list(world.portfolio.state([f"{BTC}|a", f"{ETH}|"])) == [f"{BTC}|a", f"{ETH}|"]
    assert list(world.portfolio.state()) == [BTC, f"{BTC}|a", ETH, f"{ETH}|"]


def test_what_was_written_is_found_again_in_cache_and_figures(world):
    world.fill("2", 100, fee="0.25")
    world.fill("-1", 101, None)
    world.fund("-0.1", "1")
    again = World()
    again.portfolio.restore(json.loads(json.dumps(world.portfolio.state())))

    assert again.portfolio.state() == world.portfolio.state()
    assert attrs.evolve(again.position, ts_event=world.now) == world.position
    assert again.portfolio.pnl() == world.portfolio.pnl()
    assert again.portfolio.shares(BTC) == {"a": 2, None: -1}
    assert again.portfolio.changed_keys() == ()


def test_an_instrument_that_nobody_listed_is_reckoned_all_the_same():
    world = World()
    name = "NEW-USD-PERP.FAKE"
    world.fill("3", "0.1", instrument=name)
    world.fill("-1", "0.2", instrument=name, fee="0.01", currency="NEW")

    assert world.portfolio.pnl() == D("0.09")
