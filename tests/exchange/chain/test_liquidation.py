"""Liquidation: who cannot keep a position loses it to the book, or to the liquidator."""

import pytest
from chain_world import USD, World
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from livetrio.exchange.chain import margin
from livetrio.exchange.chain.account import Leverage
from livetrio.exchange.chain.events import Fill, LedgerUpdate, Liquidated, OrderUpdate, PublicTrade
from livetrio.exchange.chain.liquidation import COOLDOWN, LIQUIDATOR, check
from livetrio.exchange.chain.order import Status, Tif
from livetrio.exchange.chain.placing import place

BTC = 913_740


@pytest.fixture
def world():
    return World()


def open_long(world, usd, sz, leverage=None):
    """An account with so much money and a long position at 91374, bought from the first account."""
    account = world.open_account(9, usd)
    account.perp_taker_rate = 0
    if leverage is not None:
        account.leverages[0] = leverage
    world.place(world.accounts[0], "sell", 91_374, sz)
    world.place(account, "buy", 91_374, sz, Tif.IOC)
    assert account.positions[0].szi > 0
    world.take_events()
    return account


def fall(world, mark):
    """The mark falls to a price in USD, and positions are looked at."""
    world.ledger.time += 70
    world.ledger.marks[0] = mark * 10
    check(world.ledger, {0})
    return world.take_events()


def bid(world, px, sz):
    world.place(world.accounts[1], "buy", px, sz)
    world.take_events()


def of(events, kind):
    return [each for each in events if isinstance(each, kind)]


def liquidator(world):
    return world.ledger.find(LIQUIDATOR)


# In the book.


def test_whoever_has_the_maintenance_margin_keeps_the_position(world):
    account = open_long(world, 5_000, 1)
    bid(world, 80_000, 10)
    last = margin.liquidation_px(world.ledger, account, 0)
    world.ledger.marks[0] = last
    check(world.ledger, {0})

    assert world.ledger.events == []
    assert account.positions[0].szi == 100_000


def test_one_step_further_the_position_is_sold_in_the_book(world):
    account = open_long(world, 5_000, 1)
    px = margin.liquidation_px(world.ledger, account, 0) - 1
    bid(world, px // 10, 2)
    world.ledger.marks[0] = px
    check(world.ledger, {0})
    events = world.take_events()

    mine = [each for each in of(events, Fill) if each.account is account]
    theirs = [each for each in of(events, Fill) if each.account is world.accounts[1]]
    assert account.positions[0].szi == 0
    assert [(each.dir, each.liquidated, each.liquidation_mark, each.is_backstop) for each in mine] == [
        ("Liquidated Cross Long", account, px, False)
    ]
    assert [(each.liquidated, each.dir) for each in theirs] == [(account, "Open Long")]
    assert [each.is_buy for each in of(events, PublicTrade)] == [False]
    assert account.cash > 0  # what is left stays
    assert world.ledger.liquidating is None
    assert [str(each.status) for each in of(events, OrderUpdate) if each.order.account is account] == [
        "open",
        "filled",
    ]
    assert mine[0].order.tif is Tif.LIQUIDATION_MARKET


def test_the_account_is_told_what_it_had(world):
    account = open_long(world, 5_000, 1)
    bid(world, 87_000, 2)
    events = fall(world, 87_400)

    value = (5_000 + 87_400 - 91_374) * USD
    told = of(events, Liquidated)[0]
    assert (told.account, told.ntl, told.account_value) == (account, 87_400 * USD, value)
    assert told.liquidator == LIQUIDATOR
    assert of(events, LedgerUpdate)[0].delta == {
        "type": "liquidation",
        "liquidatedNtlPos": "87400.0",
        "accountValue": "1026.0",
        "leverageType": "Cross",
        "liquidatedPositions": [{"coin": "BTC", "szi": "1.0"}],
    }
    assert list(account.ledger) == of(events, LedgerUpdate)


def test_the_resting_orders_on_the_position_are_canceled_first_and_others_stay(world):
    account = open_long(world, 5_000, 1)
    on_it = world.place(account, "sell", 95_000, "0.01").order
    stop = world.place(account, "sell", 60_000, 1, trigger=("sl", 60_000, True)).order
    other = world.place(account, "buy", 3_000, "0.01", instrument=world.eth).order
    spot = world.place(account, "buy", "0.15", 100, instrument=world.purr).order
    bid(world, 87_000, "0.5")
    events = fall(world, 87_400)

    assert on_it.status is Status.LIQUIDATED_CANCELED
    assert [each.status for each in (stop, other, spot)] == [Status.OPEN] * 3
    assert of(events, OrderUpdate)[0].order is on_it


def test_a_short_position_is_bought_back(world):
    account = world.open_account(9, 5_000)
    account.perp_taker_rate = 0
    world.place(world.accounts[1], "buy", 91_374, 1)
    world.place(account, "sell", 91_374, 1, Tif.IOC)
    world.place(world.accounts[0], "sell", 95_300, 2)
    world.take_events()
    events = fall(world, 95_300)

    assert account.positions[0].szi == 0
    assert [each.dir for each in of(events, Fill) if each.account is account] == ["Liquidated Cross Short"]


def test_of_a_large_position_a_fifth_is_sold_and_within_thirty_seconds_the_rest(world):
    account = open_long(world, 50_000, 10)
    bid(world, 87_000, 100)
    fall(world, 87_400)
    after_first = account.positions[0].szi
    fall(world, 87_401)  # nothing more is needed
    unhurt = account.positions[0].szi
    world.ledger.marks[0] = BTC
    account.cash -= 5_000 * USD
    fall(world, 87_400)

    assert after_first == unhurt == 800_000
    assert account.positions[0].szi == 0


def test_after_thirty_seconds_it_is_a_fifth_again(world):
    account = open_long(world, 50_000, 10)
    bid(world, 87_000, 100)
    fall(world, 87_400)
    world.ledger.time += COOLDOWN
    account.cash -= 3_000 * USD
    fall(world, 87_400)

    assert account.positions[0].szi == 640_000


def test_all_cross_positions_go_together_the_largest_first(world):
    account = open_long(world, 6_000, 1)
    world.place(world.accounts[0], "sell", "3118.2", 1, instrument=world.eth)
    world.place(account, "buy", "3118.2", 1, Tif.IOC, instrument=world.eth)
    world.place(world.accounts[1], "buy", 3_110, 5, instrument=world.eth)
    bid(world, 86_300, 2)
    events = fall(world, 86_450)

    assert [account.positions[asset].szi for asset in (0, 1)] == [0, 0]
    assert [each.instrument.coin for each in of(events, PublicTrade)] == ["BTC", "ETH"]
    assert len(of(events, Liquidated)) == 1


def test_an_isolated_position_goes_alone(world):
    account = open_long(world, 20_000, 1, Leverage(20, is_cross=False))
    world.place(world.accounts[0], "sell", "3118.2", 1, instrument=world.eth)
    world.place(account, "buy", "3118.2", 1, Tif.IOC, instrument=world.eth)
    bid(world, 87_700, 2)
    events = fall(world, 87_800)

    assert account.positions[0].szi == 0
    assert account.positions[1].szi == 10_000
    assert [each.dir for each in of(events, Fill) if each.account is account] == ["Liquidated Isolated Long"]
    assert of(events, LedgerUpdate)[0].delta["leverageType"] == "Isolated"
    assert account.positions[0].cash == 0


def test_the_book_never_takes_more_than_there_is(world):
    account = open_long(world, 5_000, 1)
    bid(world, 87_000, "0.3")
    bid(world, 86_374, "0.3")  # here nothing is left
    bid(world, 86_300, 10)
    events = fall(world, 87_300)

    sold = [each.px for each in of(events, Fill) if each.account is account and not each.is_backstop]
    assert sold == [870_000, 863_740]
    ended = [each for each in of(events, OrderUpdate) if each.order.account is account][-1]
    assert ended.status is Status.CANCELED


# By the liquidator.


def test_where_the_book_is_empty_nothing_is_sold_above_two_thirds(world):
    account = open_long(world, 5_000, 1)
    events = fall(world, 87_400)

    assert account.positions[0].szi == 100_000
    assert liquidator(world) is None
    assert of(events, OrderUpdate) == []


def test_below_two_thirds_the_liquidator_takes_all_at_the_mark(world):
    account = open_long(world, 5_000, 1)
    stop = world.place(account, "sell", 60_000, 1, reduce_only=True, trigger=("sl", 60_000, True)).order
    bid(world, 86_900, 10)
    world.take_events()
    total = world.ledger.total_cash()
    events = fall(world, 87_000)  # 626 are left where 1087.5 are needed

    taker = liquidator(world)
    fill = of(events, Fill)[0]
    assert (account.cash, account.positions[0].szi) == (0, 0)
    assert margin.account_value(world.ledger, taker) == 626 * USD
    assert (taker.positions[0].szi, taker.positions[0].entry_ntl) == (100_000, 87_000 * USD)
    assert (fill.is_backstop, fill.px, fill.fee, fill.dir) == (True, 870_000, 0, "Liquidated Cross Long")
    assert fill.closed_pnl == (87_000 - 91_374) * USD
    assert of(events, PublicTrade) == []
    assert stop.status is Status.LIQUIDATED_CANCELED
    assert list(account.fills)[-1] is fill
    assert world.ledger.total_cash() == total
    assert world.ledger.open_interest[0] == 100_000


def test_the_liquidator_takes_an_isolated_position_and_its_own_cash_only(world):
    account = open_long(world, 20_000, 1, Leverage(20, is_cross=False))
    cash = account.cash
    events = fall(world, 80_000)

    assert account.cash == cash
    assert account.positions[0].szi == account.positions[0].cash == 0
    assert margin.account_value(world.ledger, liquidator(world)) == (80_000 - 91_374) * USD + 4_568_700_000
    assert of(events, Fill)[0].dir == "Liquidated Isolated Long"


def test_the_liquidator_covers_what_is_below_nothing(world):
    account = open_long(world, 5_000, 1)
    fall(world, 80_000)

    assert account.cash == 0
    assert margin.account_value(world.ledger, liquidator(world)) == (5_000 + 80_000 - 91_374) * USD


def test_what_the_book_has_left_with_too_little_goes_to_the_liquidator_at_once(world):
    account = open_long(world, 6_000, 1)
    world.place(world.accounts[0], "sell", "3118.2", 1, instrument=world.eth)
    world.place(account, "buy", "3118.2", 1, Tif.IOC, instrument=world.eth)
    bid(world, 85_380, 1)
    events = fall(world, 86_450)

    fills = [each for each in of(events, Fill) if each.account is account]
    assert [(each.order.instrument.coin, each.is_backstop) for each in fills] == [
        ("BTC", False),
        ("ETH", True),
    ]
    assert [account.positions[asset].szi for asset in (0, 1)] == [0, 0]
    assert account.cash == 0


# Who is looked at.


def test_the_house_is_never_liquidated(world):
    house = world.open_account(9, 0)
    house.is_house = True
    world.place(world.accounts[0], "sell", 91_374, 1)
    world.place(house, "buy", 91_374, 1, Tif.IOC)
    world.take_events()

    assert fall(world, 50_000) == []
    assert house.positions[0].szi == 100_000


def test_only_holders_of_what_has_moved_are_looked_at_and_forgotten_when_they_are_flat(world):
    account = open_long(world, 5_000, 1)
    world.ledger.marks[0] = 800_000
    check(world.ledger, {1, world.purr.asset})
    untouched = account.positions[0].szi
    check(world.ledger, {0})
    check(world.ledger, {0})

    assert untouched == 100_000
    assert account.address not in world.ledger.holders[0]
    assert world.accounts[0].address in world.ledger.holders[0]


def test_an_account_without_cross_positions_is_not_liquidated_for_a_small_debt(world):
    account = open_long(world, 20_000, 1, Leverage(20, is_cross=False))
    account.cash = -1

    assert fall(world, 91_000) == []


# Laws.


@settings(max_examples=60)
@given(
    who=st.lists(
        st.tuples(
            st.integers(200, 4_000), st.integers(-30, 30), st.integers(-30, 30), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=4,
    ),
    bids=st.lists(st.tuples(st.integers(70_000, 91_000), st.integers(1, 60)), max_size=6),
    asks=st.lists(st.tuples(st.integers(92_000, 110_000), st.integers(1, 60)), max_size=6),
    marks=st.lists(st.tuples(st.integers(70_000, 110_000), st.integers(2_000, 4_000)), max_size=5),
)
def test_nothing_is_lost_and_nobody_is_left_with_a_debt(who, bids, asks, marks):
    world = World(usd=10_000_000)
    ledger, house = world.ledger, world.accounts[2]
    house.is_house = True
    accounts = []
    for number, (usd, btc, eth, isolated, eth_isolated) in enumerate(who):
        account = world.open_account(100 + number, usd)
        account.leverages[0] = Leverage(20, is_cross=not isolated)
        account.leverages[1] = Leverage(20, is_cross=not eth_isolated)
        accounts.append(account)
        for instrument, px, sz, unit in ((world.btc, 91_374, btc, 1_000), (world.eth, "3118.2", eth, 1_000)):
            new = world.new(instrument, "buy", px, "1", Tif.IOC)
            if sz:
                for trader, is_buy in ((house, sz < 0), (account, sz > 0)):
                    kind = {"is_buy": is_buy, "sz": abs(sz) * unit}
                    place_as(world, trader, new, kind)
    for px, sz in bids:
        world.place(world.accounts[1], "buy", px, f"0.{sz:02}".rstrip("0"))
    for px, sz in asks:
        world.place(world.accounts[1], "sell", px, f"0.{sz:02}".rstrip("0"))
    cash = ledger.total_cash()
    for btc_mark, eth_mark in marks:
        ledger.time += 70
        ledger.marks[0], ledger.marks[1] = btc_mark * 10, eth_mark * 100
        check(ledger, {0, 1})

        assert ledger.total_cash() == cash
        for asset in (0, 1):
            held = [each.positions[asset].szi for each in ledger.accounts.values() if asset in each.positions]
            assert sum(held) == 0
            assert sum(max(szi, 0) for szi in held) == ledger.open_interest[asset]
        for account in accounts:
            needed = margin.maintenance_margin(ledger, account)
            if needed:
                assert margin.account_value(ledger, account) * 3 >= needed * 2
            for asset, position in account.positions.items():
                if position.szi and not position.is_cross:
                    least = margin.position_maintenance(ledger, asset, position)
                    assert margin.isolated_value(ledger, asset, position) * 3 >= least * 2
                if not position.szi:
                    assert position.cash == position.entry_ntl == 0


def place_as(world, account, new, changes):
    """The house quotes, and the account takes it."""
    tif = Tif.GTC if account.is_house else Tif.IOC
    return place(world.ledger, account, replace(new, tif=tif, **changes))
