"""MarketMaker: where it quotes, what it leaves alone, and how it ends."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_stage import INSTRUMENT, NAME, Stage, load, module_of
from structlog.testing import capture_logs

from livetrio.model import OrderSide, OrderStatus, OrderType, Quote, TickEvent

EXAMPLE = module_of(load("market_maker.py:MarketMaker", size="1"))

D = Decimal
SECOND = 1_000_000_000


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def maker(stage):
    maker = load(
        "market_maker.py:MarketMaker", size="1", half_spread_bps="10", skew_bps="10", requote_bps="5"
    )
    maker.ctx = stage
    maker.on_start()
    return maker


def tick(maker, number=1):
    maker.on_tick(TickEvent(timestamp=0, tick_number=number))


def test_it_quotes_both_sides_around_the_middle(stage, maker):
    stage.quote(999, 1001)
    tick(maker)

    assert stage.prices() == (["999.0"], ["1001.0"])
    assert all(order.post_only for order in stage.orders)


def test_an_order_that_is_near_enough_stays_in_its_queue(stage, maker):
    stage.quote(999, 1001)
    tick(maker)
    stage.quote(999, "1001.6")
    tick(maker)

    assert stage.asked == []
    stage.quote(1001, 1003)
    tick(maker)
    assert [what for what, _ in stage.asked] == ["modify", "modify"]
    assert stage.prices() == (["1000.9"], ["1003.1"])


def test_it_leans_against_what_it_holds(stage, maker):
    stage.quote(999, 1001)
    stage.held = D(2)
    tick(maker)

    assert stage.prices() == (["997.0"], ["999.1"])


@pytest.mark.parametrize("held, prices", [("10", ([], 1)), ("-10", (1, []))])
def test_beyond_the_limit_only_what_reduces_is_quoted(stage, maker, held, prices):
    stage.quote(999, 1001)
    tick(maker)
    stage.held = D(held)
    tick(maker)

    assert tuple(each and len(each) for each in stage.prices()) == prices


def test_what_was_filled_is_quoted_anew(stage, maker):
    stage.quote(999, 1001)
    tick(maker)
    stage.fill(stage.orders[0])
    tick(maker)

    assert len(stage.working_orders(OrderSide.BUY)) == 1
    assert len(stage.orders) == 3


@pytest.mark.parametrize(
    "change", [{"status": OrderStatus.SUBMITTED}, {"status": OrderStatus.UNKNOWN}, {"is_canceling": True}]
)
def test_an_order_on_its_way_is_left_alone_and_not_sent_again(stage, maker, change):
    stage.quote(999, 1001)
    tick(maker)
    for order in stage.orders:
        for name, value in change.items():
            setattr(order, name, value)
    stage.quote(1099, 1101)
    tick(maker)

    assert len(stage.orders) == 2
    assert stage.asked == []


def closed(stage):
    stage.closed = "the connection is down"


def grown_old(stage):
    stage.time = 11 * SECOND


def one_sided(stage):
    stage.quote(None, 1001)


@pytest.mark.parametrize("happens", [closed, grown_old, one_sided])
def test_it_does_not_quote_what_it_cannot_know(stage, maker, happens):
    stage.quote(999, 1001)
    tick(maker)
    happens(stage)
    tick(maker)

    assert stage.prices() == ([], [])
    assert [what for what, _ in stage.asked] == ["cancel", "cancel"]


def test_before_the_first_quote_it_waits(stage, maker):
    tick(maker)

    assert stage.orders == []


def test_a_refusal_is_told_once(stage, maker):
    stage.refuse[OrderType.LIMIT] = OrderStatus.DENIED
    stage.quote(999, 1001)
    with capture_logs() as lines:
        for _ in range(3):
            tick(maker)

    assert [(line["side"], line["reason"]) for line in lines] == [
        ("buy", "for a test"),
        ("sell", "for a test"),
    ]


def test_it_says_now_and_then_how_it_goes(stage, maker):
    stage.quote(999, 1001)
    maker.on_fill(None)
    with capture_logs() as lines:
        tick(maker, 9)
        tick(maker, 10)

    (line,) = lines
    assert (line["bid"], line["ask"], line["fills"], line["closed"]) == (D("999.0"), D("1001.0"), 1, None)


@pytest.mark.parametrize("held, side", [("2", OrderSide.SELL), ("-2", OrderSide.BUY)])
async def test_it_ends_flat(stage, maker, held, side):
    stage.quote(999, 1001)
    tick(maker)
    stage.held = D(held)
    await maker.on_stop()

    last = stage.orders[-1]
    assert (last.side, last.quantity, last.reduce_only, last.order_type) == (side, 2, True, OrderType.MARKET)
    assert stage.held == 0
    assert stage.working_orders() == []


async def test_what_fills_while_it_is_canceled_is_closed_too(stage, maker):
    stage.quote(999, 1001)
    tick(maker)
    stage.orders[1].status = OrderStatus.CANCELED
    stage.cancel_fills = True
    await maker.on_stop()

    assert stage.orders[-1].quantity == 1
    assert stage.held == 0


async def test_with_nothing_held_it_ends_without_an_order(stage, maker):
    await maker.on_stop()

    assert stage.orders == []


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**4),
    st.decimals(0, 100, places=2),
    st.decimals(-200, 200, places=2),
)
def test_a_quote_is_on_the_grid_and_never_through_the_market(bid, spread, half_spread_bps, lean_bps):
    quote = Quote(NAME, D(bid) / 10, D(1), D(bid + spread) / 10, D(1), 0, 0)
    prices = EXAMPLE.quote_prices(INSTRUMENT, quote, half_spread_bps=half_spread_bps, lean_bps=lean_bps)

    assert prices[OrderSide.BUY] < quote.ask_price
    assert prices[OrderSide.SELL] > quote.bid_price
    assert all(price % INSTRUMENT.price_step == 0 for price in prices.values())
    assert prices[OrderSide.BUY] <= prices[OrderSide.SELL]
