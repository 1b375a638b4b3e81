"""Placing: what is refused, in which words, and what trigger orders and their families do."""

import pytest
from chain_world import World

from livetrio.exchange.chain.order import Status, Tif
from livetrio.exchange.chain.placing import place_child
from livetrio.exchange.chain.prices import fire_triggers, mark_price, update_marks


@pytest.fixture
def world():
    return World()


@pytest.fixture
def maker(world):
    return world.accounts[0]


@pytest.fixture
def taker(world):
    return world.accounts[1]


def move_mark(world, px):
    """The oracle and a book around it say so, and what that triggers happens."""
    world.ledger.oracles[0] = px * 10
    house = world.open_account(99, usd=10**9)
    house.is_house = True
    for order in list(house.orders.values()):
        world.cancel(order)
    world.place(house, "buy", px - 1, "1")
    world.place(house, "sell", px + 1, "1")
    fire_triggers(world.ledger, update_marks(world.ledger, [0]))


@pytest.mark.parametrize(
    "side, px, sz, tif, spot, error, status",
    [
        ("buy", "91374.5", "0.01", Tif.GTC, False, "Price must be divisible by tick size. asset=0",
         "tickRejected"),
        ("buy", "91374", "0.0001", Tif.GTC, False, "Order must have minimum value of $10. asset=0",
         "minTradeNtlRejected"),
        ("buy", "0.18125", "55", Tif.GTC, True, "Order must have minimum value of 10 USDC. asset=10000",
         "minTradeNtlRejected"),
        ("buy", "91374", "500", Tif.GTC, False, "Insufficient margin to place order. asset=0",
         "perpMarginRejected"),
        ("buy", "0.18125", "9000000", Tif.GTC, True, "Insufficient spot balance asset=10000",
         "insufficientSpotBalanceRejected"),
        ("sell", "0.18125", "1000001", Tif.GTC, True, "Insufficient spot balance asset=10000",
         "insufficientSpotBalanceRejected"),
        ("buy", "91374", "0.01", Tif.FRONTEND_MARKET, False,
         "No liquidity available for market order. asset=0", "marketOrderNoLiquidityRejected"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused_in_the_venues_words(
    world, taker, side, px, sz, tif, spot, error, status
):
    placed = world.place(taker, side, px, sz, tif, instrument=world.purr if spot else world.btc)

    assert placed.as_wire() == {"error": error}
    assert world.statuses(placed.order) == [status]
    assert not taker.orders


def test_whole_numbers_are_prices_whatever_their_figures(world, taker):
    assert world.place(taker, "buy", 100_001, "0.001").error is None


def test_a_position_may_be_closed_though_it_is_worth_less_than_the_least(world, maker, taker):
    world.place(maker, "sell", 91375, "0.0002")
    world.place(taker, "buy", 91375, "0.0002")
    world.place(maker, "buy", 91374, "0.0011")
    world.place(taker, "sell", 91374, "0.00015", Tif.IOC)
    half = world.place(taker, "sell", 91374, "0.00003", Tif.IOC, reduce_only=True)
    rest = world.place(taker, "sell", 91374, "0.0001", Tif.IOC, reduce_only=True)

    assert half.order.status is Status.MIN_TRADE_NTL_REJECTED
    assert rest.order.status is Status.CANCELED
    assert world.szi(taker) == 0


def test_from_a_thousand_open_orders_on_no_more_are_taken(world, taker):
    for step in range(1_000):
        world.place(taker, "buy", 60_000 + step, "0.0002")
    refused = world.place(taker, "buy", 59_000, "0.001")
    taker.volume = 50_000_000 * 10**6
    allowed = world.place(taker, "buy", 59_000, "0.001")
    trigger = world.place(taker, "sell", 59_000, "0.001", trigger=("sl", 60_000, True))

    assert refused.order.status is Status.TOO_MANY_OPEN_ORDERS_REJECTED
    assert allowed.error is None
    assert trigger.order.status is Status.TOO_MANY_OPEN_ORDERS_REJECTED


# Trigger orders.


def test_a_stop_waits_for_its_price_and_then_takes_what_is_there(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    stop = world.place(taker, "sell", 85_000, "0.01", reduce_only=True, trigger=("sl", 90_000, True))
    move_mark(world, 90_001)
    before = world.statuses(stop.order)
    move_mark(world, 89_999)

    assert stop.as_wire() == {"resting": {"oid": stop.order.oid}}
    assert before == ["open"]
    assert world.statuses(stop.order) == ["open", "triggered", "open", "filled"]
    assert world.szi(taker) == 0
    assert world.fills(taker)[-1].px == 899_980


def test_a_take_profit_with_a_limit_rests_at_it(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    target = world.place(taker, "sell", 93_500, "0.01", reduce_only=True, trigger=("tp", 93_000, False)).order
    move_mark(world, 93_000)

    assert target.is_resting
    assert target.status is Status.OPEN
    assert world.statuses(target) == ["open", "triggered", "open"]


def test_a_stop_that_finds_nobody_ends(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    stop = world.place(taker, "sell", 91_000, "0.01", reduce_only=True, trigger=("sl", 90_000, True)).order
    move_mark(world, 89_000)

    assert stop.status is Status.MARKET_ORDER_NO_LIQUIDITY_REJECTED


def test_a_trigger_whose_price_has_come_already_is_refused(world, taker):
    placed = world.place(taker, "buy", 95_000, "0.01", trigger=("sl", 91_000, True))

    assert placed.error == "Invalid TP/SL price. asset=0"


def test_a_stop_that_opens_a_position_needs_margin_when_it_fires(world):
    poor = world.open_account(50, usd=100)
    stop = world.place(poor, "buy", 95_000, "1", trigger=("sl", 92_000, True)).order
    move_mark(world, 92_100)

    assert stop.status is Status.MARGIN_CANCELED


def test_children_wait_until_their_parent_is_filled(world, maker, taker):
    parent = world.place(taker, "buy", 91_000, "0.01").order
    target = place_child(
        world.ledger, taker,
        world.new(world.btc, "sell", 93_000, "0.01", reduce_only=True, trigger=("tp", 93_000, True)), parent,
    )  # fmt: skip
    stop = place_child(
        world.ledger, taker,
        world.new(world.btc, "sell", 80_000, "0.01", reduce_only=True, trigger=("sl", 90_500, True)), parent,
    )  # fmt: skip
    move_mark(world, 94_000)
    untouched = (target.order.status, stop.order.status)
    move_mark(world, 91_500)
    world.place(maker, "sell", 91_000, "1.01")  # the house's bid, and then the parent
    filled = parent.status
    move_mark(world, 90_000)

    assert target.as_wire() == stop.as_wire() == "waitingForFill"
    assert untouched == (Status.OPEN, Status.OPEN)
    assert filled is Status.FILLED
    assert stop.order.status is Status.FILLED
    assert target.order.status is Status.SIBLING_FILLED_CANCELED


def test_children_go_with_a_parent_that_is_canceled(world, taker):
    parent = world.place(taker, "buy", 91_000, "0.01").order
    child = place_child(
        world.ledger, taker,
        world.new(world.btc, "sell", 80_000, "0.01", reduce_only=True, trigger=("sl", 90_500, True)), parent,
    ).order  # fmt: skip
    world.cancel(parent)

    assert child.status is Status.CANCELED
    assert not taker.orders
    assert not world.ledger.orders


# Marks.


def test_without_a_market_the_mark_is_the_oracles(world):
    world.ledger.oracles[0] = 900_000

    assert mark_price(world.ledger, 0) == 900_000


def test_no_single_trade_moves_the_mark_beyond_book_and_oracle(world, maker, taker):
    world.place(maker, "buy", 91_370, "0.01")
    world.place(maker, "sell", 91_380, "0.01")
    world.place(maker, "sell", 99_000, "0.01")
    world.place(taker, "buy", 99_000, "0.015", Tif.IOC)

    assert 913_700 <= mark_price(world.ledger, 0) <= 990_000
    assert world.ledger.oracles[0] == 913_740
    assert mark_price(world.ledger, 0) == (913_700 + 990_000) // 2


def test_the_mark_of_a_pair_is_its_last_price_within_the_spread(world, maker, taker):
    world.place(maker, "sell", "0.19", 1000, instrument=world.purr)
    world.place(taker, "buy", "0.19", 500, Tif.IOC, instrument=world.purr)
    traded = mark_price(world.ledger, world.purr.asset)
    world.place(maker, "buy", "0.189", 1000, instrument=world.purr)
    world.place(maker, "sell", "0.1895", 1000, instrument=world.purr)

    assert traded == 190_000_00
    assert mark_price(world.ledger, world.purr.asset) == 189_500_00
