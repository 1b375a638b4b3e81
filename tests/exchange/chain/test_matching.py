"""Matching and what follows from it: who meets whom, at which price, and what their owners hear."""

import pytest
from chain_world import USD, World

from livetrio.exchange.chain.account import Leverage
from livetrio.exchange.chain.order import Builder, NewOrder, Status, Tif
from livetrio.exchange.chain.placing import place


@pytest.fixture
def world():
    return World()


@pytest.fixture
def maker(world):
    return world.accounts[0]


@pytest.fixture
def taker(world):
    return world.accounts[1]


# Who meets whom.


def test_the_better_price_goes_first_and_then_the_earlier_order(world, maker, taker):
    worse = world.place(maker, "sell", 91380, "0.01").order
    first = world.place(maker, "sell", 91375, "0.01").order
    second = world.place(world.accounts[2], "sell", 91375, "0.01").order
    placed = world.place(taker, "buy", 91400, "0.015")

    assert placed.as_wire() == {"filled": {"totalSz": "0.015", "avgPx": "91375.0", "oid": placed.order.oid}}
    assert (first.sz, second.sz, worse.sz) == (0, 500, 1000)
    assert [(each.px, each.sz) for each in world.trades()] == [(913750, 1000), (913750, 500)]


def test_a_sweep_has_the_mean_price_and_one_transaction(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(maker, "sell", 91377, "0.01")
    placed = world.place(taker, "buy", 91400, "0.02", Tif.IOC)
    trades = world.trades()

    assert placed.as_wire()["filled"]["avgPx"] == "91376.0"
    assert trades[0].tx == trades[1].tx
    assert trades[0].tid != trades[1].tid
    assert [(each.is_buy, each.buyer, each.seller) for each in trades] == [
        (True, taker.address, maker.address)
    ] * 2


def test_the_resting_price_counts_and_not_the_takers(world, maker, taker):
    world.place(maker, "buy", 91370, "0.01")
    world.place(taker, "sell", 90000, "0.01")

    assert [each.px for each in world.fills(taker)] == [913700]


def test_what_is_left_of_a_gtc_order_rests_under_the_same_number(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    placed = world.place(taker, "buy", 91375, "0.03")

    assert placed.as_wire()["filled"]["totalSz"] == "0.01"
    assert placed.order.is_resting
    assert world.book() == ([(913750, 2000)], [])
    assert world.statuses(placed.order) == ["open", "open"]


def test_what_is_left_of_an_ioc_order_is_canceled(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    order = world.place(taker, "buy", 91375, "0.03", Tif.IOC).order

    assert world.statuses(order) == ["open", "canceled"]
    assert order.sz == 2000
    assert world.book() == ([], [])


def test_an_order_that_fills_at_once_was_open_first(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    order = world.place(taker, "buy", 91375, "0.01").order

    assert world.statuses(order) == ["open", "filled"]


def test_a_partial_fill_is_open_again_with_less(world, maker, taker):
    order = world.place(maker, "sell", 91375, "0.03").order
    world.take_events()
    world.place(taker, "buy", 91375, "0.01", Tif.IOC)
    (update,) = [each for each in world.ledger.events if getattr(each, "order", None) is order][1:]

    assert (str(update.status), update.sz) == ("open", 2000)


def test_who_would_trade_with_itself_loses_the_resting_order_and_goes_on(world, maker, taker):
    own = world.place(taker, "sell", 91375, "0.01").order
    others = world.place(maker, "sell", 91376, "0.01").order
    placed = world.place(taker, "buy", 91380, "0.01", Tif.IOC)

    assert own.status is Status.SELF_TRADE_CANCELED
    assert others.status is Status.FILLED
    assert placed.filled == 1000
    assert len(world.trades()) == 1


def test_a_post_only_order_that_would_match_is_refused_with_the_touch_and_has_a_number(world, maker, taker):
    world.place(maker, "buy", 91374, "0.01")
    world.place(maker, "sell", 91375, "0.01")
    placed = world.place(taker, "buy", 91375, "0.01", Tif.ALO)

    assert placed.as_wire() == {
        "error": "Post only order would have immediately matched, bbo was 91374@91375. asset=0"
    }
    assert world.statuses(placed.order) == ["badAloPxRejected"]
    assert placed.order.oid > 2**32


def test_an_ioc_order_that_meets_nobody_is_refused(world, taker):
    placed = world.place(taker, "buy", 91375, "0.01", Tif.IOC)

    assert placed.error == "Order could not immediately match against any resting orders. asset=0"
    assert world.statuses(placed.order) == ["iocCancelRejected"]


def test_an_ioc_order_that_meets_only_its_own_is_refused_too(world, taker):
    own = world.place(taker, "sell", 91375, "0.01").order
    placed = world.place(taker, "buy", 91375, "0.01", Tif.IOC)

    assert own.status is Status.SELF_TRADE_CANCELED
    assert placed.order.status is Status.IOC_CANCEL_REJECTED


def test_a_resting_order_whose_owner_cannot_pay_any_more_is_canceled_and_the_taker_goes_on(world, taker):
    poor = world.open_account(50, usd=1_000)
    poor.leverages[0] = Leverage(20)
    first = world.place(poor, "buy", 91374, "0.2").order
    second = world.place(world.accounts[2], "buy", 91370, "0.2").order
    poor.cash = 10 * USD
    world.place(taker, "sell", 91000, "0.1", Tif.IOC)

    assert first.status is Status.MARGIN_CANCELED
    assert second.filled == 10_000


# Reduce-only.


def test_a_reduce_only_order_needs_a_position_to_reduce(world, maker, taker):
    flat = world.place(taker, "sell", 91400, "0.01", reduce_only=True)
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    same_side = world.place(taker, "buy", 91300, "0.01", reduce_only=True)

    for each in (flat, same_side):
        assert each.error == "Reduce only order would increase position. asset=0"


def test_a_reduce_only_order_is_capped_at_the_position(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    world.place(maker, "buy", 91370, "0.05")
    placed = world.place(taker, "sell", 91370, "0.03", reduce_only=True)

    assert placed.filled == 1000
    assert world.szi(taker) == 0
    assert placed.order.status is Status.REDUCE_ONLY_CANCELED


def test_a_resting_reduce_only_order_is_capped_when_it_is_met(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    resting = world.place(taker, "sell", 91380, "0.03", reduce_only=True).order
    placed = world.place(maker, "buy", 91380, "0.02")

    assert placed.filled == 1000
    assert resting.status is Status.REDUCE_ONLY_CANCELED
    assert world.book() == ([(913800, 1000)], [])


def test_a_new_reducer_drives_out_the_older_ones_that_are_too_much(world, maker, taker):
    world.place(maker, "sell", 91374, "0.03")
    world.place(taker, "buy", 91374, "0.03")
    oldest, older, opening = (
        world.place(taker, "sell", 92000, "0.01", reduce_only=True).order,
        world.place(taker, "sell", 91900, "0.01", reduce_only=True).order,
        world.place(taker, "sell", 93000, "0.05").order,
    )
    fits = world.place(taker, "sell", 92100, "0.01", reduce_only=True).order

    assert all(each.is_resting for each in (oldest, older, opening, fits))
    world.place(taker, "sell", 92200, "0.001", reduce_only=True)
    assert oldest.status is Status.REDUCE_ONLY_CANCELED
    assert all(each.is_resting for each in (older, opening, fits))
    whole = world.place(taker, "sell", 92300, "0.05", reduce_only=True).order
    assert taker.reducers == 1
    assert whole.is_resting


def test_when_the_position_is_gone_its_other_reducers_are_canceled(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    target = world.place(taker, "sell", 92000, "0.01", reduce_only=True).order
    stop = world.place(taker, "sell", 90000, "0.01", reduce_only=True, trigger=("sl", 91000, True)).order
    other_side = world.place(taker, "buy", 91000, "0.01").order
    world.place(maker, "buy", 91370, "0.01")
    world.place(taker, "sell", 91370, "0.01", Tif.IOC)

    assert target.status is stop.status is Status.REDUCE_ONLY_CANCELED
    assert other_side.status is Status.OPEN
    assert taker.reducers == 0


def test_when_the_position_has_turned_those_of_its_side_are_canceled(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    reducer = world.place(taker, "sell", 92000, "0.01", reduce_only=True).order
    world.place(maker, "buy", 91370, "0.03")
    world.place(taker, "sell", 91370, "0.03", Tif.IOC)

    assert world.szi(taker) == -2000
    assert reducer.status is Status.REDUCE_ONLY_CANCELED


# What a match does to accounts.


def test_a_fill_tells_the_position_before_it_the_fee_and_what_was_realized(world, maker, taker):
    world.place(maker, "sell", 91375, "0.02")
    world.place(taker, "buy", 91375, "0.02", Tif.IOC)
    world.place(maker, "buy", 91475, "0.01")
    world.place(taker, "sell", 91475, "0.01", Tif.IOC)
    opening, closing = world.fills(taker)

    assert (opening.dir, opening.start_position, opening.closed_pnl) == ("Open Long", 0, 0)
    assert opening.fee == 1827_500_000 * 450 // 10**6  # 0.045 % of 1827.50 USD
    assert (closing.dir, closing.start_position, closing.closed_pnl) == ("Close Long", 2000, USD)
    assert [each.fee for each in world.fills(maker)] == [274_125, 137_212]  # 0.015 %, rounded down
    assert [each.dir for each in world.fills(maker)] == ["Open Short", "Close Short"]
    assert [each.is_taker for each in world.fills(maker)] == [False, False]


def test_money_moves_by_price_times_size_and_the_fees_go_to_the_treasury(world, maker, taker):
    world.place(maker, "sell", 91375, "0.02")
    world.place(taker, "buy", 91375, "0.02", Tif.IOC)

    assert taker.cash == 1_000_000 * USD - 1827_500_000 - 822_375
    assert maker.cash == 1_000_000 * USD + 1827_500_000 - 274_125
    assert world.ledger.treasury.cash == 822_375 + 274_125
    assert (taker.volume, maker.volume) == (1827_500_000, 1827_500_000)


def test_an_order_that_turns_a_position_realizes_the_old_and_enters_the_new(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01")
    world.place(maker, "buy", 91275, "0.03")
    world.place(taker, "sell", 91275, "0.03", Tif.IOC)
    turned = world.fills(taker)[1]
    position = taker.positions[0]

    assert (turned.dir, turned.closed_pnl) == ("Long > Short", -USD)
    assert (position.szi, position.entry_ntl) == (-2000, 2000 * 912750)
    assert world.fills(maker)[1].dir == "Short > Long"


def test_a_position_closed_in_many_parts_realizes_what_closing_it_at_once_does(world, maker, taker):
    world.place(maker, "sell", 91375, "0.00037")
    world.place(maker, "sell", 91381, "0.00043")
    world.place(taker, "buy", 91400, "0.0008", Tif.IOC)
    world.place(maker, "buy", 91390, "0.0008")
    for sz in ("0.00041", "0.00039"):
        place(world.ledger, taker, world.new(world.btc, "sell", 91390, sz, Tif.IOC, reduce_only=True))
    realized = sum(each.closed_pnl for each in world.fills(taker))

    assert realized == 80 * 913900 - 37 * 913750 - 43 * 913810
    assert taker.positions[0].entry_ntl == 0


def test_a_builder_gets_its_fee_on_top(world, maker, taker):
    world.place(maker, "sell", 91375, "0.01")
    new = NewOrder(instrument=world.btc, is_buy=True, px=913750, sz=1000)
    place(world.ledger, taker, new, Builder("0x" + "b" * 40, 15))
    (fill,) = world.fills(taker)

    assert fill.builder_fee == 913_750_000 * 15 // 100_000
    assert fill.fee == 411_187 + fill.builder_fee
    assert world.ledger.account("0x" + "b" * 40).cash == fill.builder_fee


def test_on_spot_a_buyer_pays_its_fee_in_what_it_gets_and_a_seller_too(world, maker, taker):
    world.place(maker, "sell", "0.18125", 1000, instrument=world.purr)
    world.place(taker, "buy", "0.18125", 1000, Tif.IOC, instrument=world.purr)
    (bought,), (sold,) = world.fills(taker), world.fills(maker)

    assert (bought.dir, bought.fee_token, bought.fee) == ("Buy", 1, 70_000)  # 0.07 % of 1000 PURR
    assert (sold.dir, sold.fee_token, sold.fee) == ("Sell", 0, 7_250_000)  # 0.04 % of 181.25 USDC
    assert taker.balances[1] == (1_000_000 + 1000) * 10**5 - 70_000
    assert maker.balances[0] == (1_000_000 * 10**8) + 18_125_000_000 - 7_250_000


def test_a_resting_spot_order_holds_what_it_would_pay_and_sets_it_free(world, maker, taker):
    order = world.place(maker, "buy", "0.18125", 1000, instrument=world.purr).order
    held = maker.holds[0]
    world.place(taker, "sell", "0.18125", 400, Tif.IOC, instrument=world.purr)
    left = maker.holds[0]
    world.cancel(order)

    assert (held, left, maker.holds[0]) == (18_125_000_000, 10_875_000_000, 0)


def test_an_isolated_position_has_money_of_its_own_until_it_is_closed(world, maker, taker):
    taker.leverages[0] = Leverage(10, is_cross=False)
    world.place(maker, "sell", 91375, "0.01")
    world.place(taker, "buy", 91375, "0.01", Tif.IOC)
    position = taker.positions[0]
    equity = position.cash + position.szi * 913750
    world.place(maker, "buy", 91475, "0.01")
    world.place(taker, "sell", 91475, "0.01", Tif.IOC)
    fees = sum(each.fee for each in world.fills(taker))

    assert not position.is_cross
    assert equity == 91_375_000  # a tenth of 913.75 USD
    assert (position.cash, position.szi) == (0, 0)
    assert taker.cash == 1_000_000 * USD + USD - fees


def test_open_interest_is_what_somebody_is_long(world, maker, taker):
    world.place(maker, "sell", 91375, "0.03")
    world.place(taker, "buy", 91375, "0.03", Tif.IOC)
    opened = world.ledger.open_interest[0]
    world.place(world.accounts[2], "buy", 91370, "0.02")
    world.place(taker, "sell", 91370, "0.02", Tif.IOC)
    passed_on = world.ledger.open_interest[0]
    world.place(maker, "buy", 91370, "0.01")
    world.place(taker, "sell", 91370, "0.01", Tif.IOC)

    assert (opened, passed_on, world.ledger.open_interest[0]) == (3000, 3000, 2000)
