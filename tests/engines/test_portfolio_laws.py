"""Laws of holdings and inventories, whatever is traded and by whom."""

from decimal import Decimal, localcontext
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from portfolio_world import BTC, World

from livetrio.engines.holding import EXACT, Change, Grid, Holding, share

MONEY = Decimal("0.01")
GRID = Grid(money=MONEY, lot=Decimal(1))

QUANTITIES = st.integers(-30, 30).filter(bool)
PRICES = st.decimals(1, 999, places=2)
OWNERS = st.sampled_from(["a", "b", None])
TRADES = st.lists(st.tuples(QUANTITIES, PRICES), max_size=30)


def change(quantity, price):
    return Change(Decimal(quantity), abs(quantity) * price, Decimal(0), 0, GRID)


@given(TRADES, PRICES)
def test_what_was_paid_and_what_is_left_is_what_came_of_it(trades, mark):
    holding, paid = Holding(), Decimal(0)
    with localcontext(EXACT):
        for quantity, price in trades:
            holding.take(change(quantity, price))
            paid += quantity * price

            assert holding.cost >= 0
            assert (holding.cost == 0) == (holding.quantity == 0)
            assert holding.total.realized + holding.unrealized(mark) == holding.quantity * mark - paid
            assert holding.total.realized % MONEY == 0


@given(st.integers(1, 30), PRICES, st.data())
def test_closing_in_parts_brings_what_closing_at_once_does(quantity, price, data):
    at_once, in_parts = Holding(), Holding()
    closing = data.draw(PRICES)
    with localcontext(EXACT):
        for holding in (at_once, in_parts):
            holding.take(change(quantity, price))
            holding.take(change(quantity + 1, price + 1))
        at_once.take(change(-at_once.quantity, closing))
        while in_parts.quantity:
            part = data.draw(st.integers(1, int(in_parts.quantity)))
            in_parts.take(change(-part, closing))

    assert in_parts.total == at_once.total


@given(st.lists(st.tuples(OWNERS, QUANTITIES, PRICES, st.decimals(-1, 1, places=3)), max_size=30), PRICES)
def test_what_came_of_the_shares_is_together_what_came_of_the_account(trades, mark):
    world = World()
    for owner, quantity, price, extra in trades:
        world.fill(quantity, price, owner, fee=extra, told=price, before=world.portfolio.quantity(BTC))
        world.fund(extra, quantity)
    with localcontext(EXACT):
        inventory = world.portfolio._inventory(BTC)
        shares = inventory.shares.values()

        assert sum(each.quantity for each in shares) == inventory.net.quantity
        assert sum(each.total.net + each.unrealized(mark) for each in shares) == (
            inventory.net.total.net + inventory.net.unrealized(mark)
        )
        assert sum(each.total.funding for each in shares) == inventory.net.total.funding


@given(st.lists(st.tuples(OWNERS, QUANTITIES, PRICES), max_size=20), st.integers(0, 20))
def test_a_program_that_starts_again_goes_on_where_it_was(trades, at):
    steady, restarted = World(), World()
    for index, (owner, quantity, price) in enumerate(trades):
        if index == at:
            before, restarted = restarted, World()
            restarted.portfolio.restore(before.portfolio.state(before.portfolio.changed_keys()))
            restarted.now = before.now
        for world in (steady, restarted):
            world.fill(quantity, price, owner, fee="0.1")

    assert restarted.portfolio.state() == steady.portfolio.state()


@given(st.integers(0, 10**40), st.integers(1, 10**15), st.integers(0, 10**15))
def test_a_share_is_the_largest_multiple_of_the_unit_below_the_true_one(amount, part, more):
    whole = part + more
    with localcontext(EXACT):
        found = share(Decimal(amount).scaleb(-6), Decimal(part), Decimal(whole), Decimal("1e-6"))
    true = Fraction(amount * part, whole) / 10**6

    assert 0 <= true - Fraction(found) < Fraction(1, 10**6)


@given(st.data(), st.lists(st.tuples(QUANTITIES, PRICES), min_size=1, max_size=8))
def test_whatever_the_order_in_which_fills_are_told_all_is_as_the_venue_has_it_in_the_end(data, trades):
    venue, told = World(), []
    for quantity, price in trades:
        before = venue.portfolio.quantity(BTC)
        realized = venue.portfolio.breakdown().realized
        venue.fill(quantity, price)
        told.append((quantity, price, venue.portfolio.breakdown().realized - realized, before))
    ours = World()
    for quantity, price, realized, before in data.draw(st.permutations(told)):
        ours.fill(quantity, price, told=realized, before=before)

    mine, theirs = (each.portfolio.state()[BTC] for each in (ours, venue))
    assert {key: mine[key] for key in ("quantity", "unplaced")} == {
        key: theirs[key] for key in ("quantity", "unplaced")
    }
    assert Decimal(mine["cost"]) == Decimal(theirs["cost"])
    assert ours.portfolio.breakdown().realized == venue.portfolio.breakdown().realized


def test_a_fill_that_is_told_late_changes_what_was_realized_and_not_what_came_of_it():
    world = World()
    world.mark(120)
    world.fill(1, 100, told="0", before="0")
    world.fill(-1, 110, told="5", before="2")  # of 2 that had cost 105 each
    assert world.portfolio.quantity(BTC) == 0
    assert world.portfolio.pnl() == 10

    world.fill(1, 110, told="0", before="1")
    assert (world.position.quantity, world.position.entry_price) == (1, 105)
    assert world.portfolio.breakdown().realized == 5
    assert world.portfolio.pnl() == 20
