"""OrderTracker: news in any order, orders nobody knew, and the order in which all is done."""

from decimal import Decimal

from tracker_world import BTC, ID, World, fill, payment, report

from livetrio.engines.client_ids import ClientOrderIds
from livetrio.engines.known_fills import KnownFills
from livetrio.model import OrderStatus

S = OrderStatus


def test_fills_before_the_account_was_looked_at_are_held_and_count_once_it_was():
    world = World(began=False)
    order = world.order()
    for number in (4, 5, 6, 6):
        world.tracker.take_fill(fill(number))
    world.tracker.take_funding(payment(4))
    world.tracker.take_funding(payment(6))
    before = (order.filled_quantity, list(world.journal.fills), world.tracker.has_begun("HYPERLIQUID"))
    world.tracker.begin_account("HYPERLIQUID", KnownFills(since=5))

    assert before == (0, [], False)
    assert order.filled_quantity == 1
    assert world.journal.fills == [("6", "mm")]
    assert world.journal.fundings == [f"{BTC}:6"]
    assert world.tracker.has_begun("HYPERLIQUID")


def test_a_fill_or_payment_told_twice_counts_once():
    world = World()
    order = world.order()
    for _ in range(2):
        world.tracker.take_fill(fill(1))
        world.tracker.take_funding(payment(2))

    assert order.filled_quantity == 1
    assert world.tracker.portfolio.quantity(BTC) == 1
    assert world.journal.fundings == [f"{BTC}:2"]


def test_a_fill_of_no_order_of_ours_moves_the_position_and_nobodys_order():
    world = World()
    world.tracker.take_fill(fill(1, name=None, venue_id="99"))

    assert world.tracker.portfolio.quantity(BTC) == 1
    assert world.tracker.portfolio.quantity(BTC, "mm") == 0
    assert world.journal.fills == [("1", None)]


def test_a_fill_of_an_order_that_is_forgotten_still_belongs_to_its_strategy():
    world = World()
    name = ClientOrderIds(bytes(3), 7).next("mm")
    world.tracker.take_fill(fill(1, name=name, venue_id="99"))

    assert world.tracker.portfolio.quantity(BTC, "mm") == 1


def test_an_order_that_rests_and_nobody_knew_is_taken_in():
    world = World()
    found = []
    world.tracker.on_found["HYPERLIQUID"] = found.append
    world.tracker.take_report(report(name=None, venue_id="5"))
    (order,) = found

    assert order.client_order_id == "HYPERLIQUID-5"
    assert order.status is S.ACCEPTED
    assert order.strategy is None
    assert world.tracker.get("5").order is order
    assert world.cache.get_order("HYPERLIQUID-5") is order


def test_an_order_that_is_found_after_its_fills_has_them_and_waits_for_none():
    world = World()
    for number, size in ((1, 4), (2, 6)):
        world.tracker.take_fill(fill(number, size, name=None, venue_id="5"))
    world.tracker.take_report(report(name=None, venue_id="5"))
    order = world.tracker.get("5").order

    assert order.status is S.FILLED
    assert (order.filled_quantity, order.average_price) == (10, 100)
    assert world.tracker.get("5").missing == 0
    assert world.tracker.watchlist.get(order.client_order_id) is None
    assert world.journal.fills == [("1", None), ("2", None)]
    assert world.tracker.portfolio.quantity(BTC) == 10


def test_what_was_filled_of_an_order_when_it_was_found_counts_once_though_its_fill_comes_later():
    world = World()
    world.tracker.take_report(report(name=None, venue_id="5", remaining_quantity=Decimal(6)), 7)
    order = world.tracker.get("5").order
    found = order.filled_quantity
    world.tracker.take_fill(fill(7, 4, name=None, venue_id="5"))
    told = order.filled_quantity
    world.tracker.take_fill(fill(8, 5, name=None, venue_id="5"))

    assert (found, told, order.filled_quantity) == (4, 4, 9)
    assert order.status is S.PARTIALLY_FILLED
    assert order.average_price is None, "nobody has told what the first part has cost"
    assert world.tracker.portfolio.quantity(BTC) == 9


def test_an_order_that_is_over_or_of_which_too_little_is_told_is_not_taken_in():
    world = World()
    world.tracker.take_report(report(S.CANCELED, name=None, venue_id="5"))
    world.tracker.take_report(report(name=None, venue_id="6", side=None))

    assert world.tracker.working() == []


def test_orders_that_are_over_are_forgotten_when_there_are_too_many_and_working_ones_never():
    world = World(history=2)
    kept = world.order(name="working")
    for number in range(4):
        world.order(name=str(number))
        world.tracker.publish(world.tracker.get(str(number)), world.tracker.get(str(number)).cancel("", 1))

    assert world.tracker.get("working").order is kept
    assert [world.tracker.get(str(each)) is None for each in range(4)] == [True, True, False, False]


def test_an_order_that_rests_though_it_was_over_is_known_again_and_never_forgotten_while_it_works():
    world = World(history=2)
    over = world.order()
    world.tracker.publish(world.tracker.get(ID), world.tracker.get(ID).cancel("", 1))
    world.tracker.take_report(report(), 5_000_000_000)
    lagging = world.tracker.get(ID).order
    world.tracker.take_report(report(), 60_000_000_000)
    found = world.tracker.get(ID).order
    for number in range(4):
        world.order(name=str(number))
        world.tracker.publish(world.tracker.get(str(number)), world.tracker.get(str(number)).cancel("", 1))

    assert lagging is over
    assert found is not over
    assert (over.status, found.status) == (S.CANCELED, S.ACCEPTED)
    assert world.tracker.get(ID).order is found


async def test_who_waits_for_the_end_of_an_order_is_woken_by_it_and_not_before():
    world = World()
    order = world.order()
    event = world.tracker.closed_event(order)
    same = world.tracker.closed_event(order)
    progress = world.tracker.progress()
    world.tracker.take_fill(fill(1, 9))
    early = event.is_set()
    world.tracker.take_fill(fill(2, 1))

    assert same is event
    assert not early
    assert event.is_set()
    assert progress.is_set()
    assert world.tracker.closed_event(order).is_set()


def test_what_the_venue_calls_filled_is_watched_until_its_fills_are_there():
    world = World()
    order = world.order()
    world.tracker.take_report(report(S.FILLED, remaining_quantity=0))
    watched = world.tracker.watchlist.get(ID)
    status = order.status
    world.tracker.take_fill(fill(1, 10))

    assert watched.why == "fills that the venue speaks of"
    assert status is S.ACCEPTED
    assert order.status is S.FILLED
    assert world.tracker.watchlist.get(ID) is None


def test_who_hears_of_an_event_finds_order_journal_cache_and_position_as_they_are_then():
    world = World()
    order = world.order()
    seen = []
    world.bus.publish = lambda topic, event: seen.append(
        (str(topic), order.status, list(world.journal.events), world.tracker.portfolio.quantity(BTC, "mm"))
    )
    world.tracker.take_fill(fill(1, 10))

    mine = [each for each in seen if each[0] == "strategy.mm"]
    assert mine == [("strategy.mm", S.FILLED, ["OrderFilled"], 10)]
    assert world.tracker.counts == {"fills": 1, "filled": 1}


def test_news_that_changes_nothing_of_an_order_is_not_written_and_what_no_event_tells_is():
    world = World()
    order = world.order(S.SUBMITTED)
    tracked = world.tracker.get(ID)
    world.tracker.publish(tracked, tracked.accept(0, "1", None, 5))
    world.journal.orders.clear()
    world.tracker.take_report(report())
    after_the_same = list(world.journal.orders)
    world.tracker.take_report(report(venue_id="2"))

    assert after_the_same == []
    assert order.venue_order_id == "2"
    assert world.journal.orders == [ID]
    assert world.cache.get_order("2") is order
