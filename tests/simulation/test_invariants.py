"""Each invariant holds where all is well, and does not where it is broken."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest
import trio

from livetrio.engines.gate import Gate
from livetrio.engines.risk_config import InstrumentLimits, RiskConfig
from livetrio.exchange.chain.listing import default_listing
from livetrio.journal.journal import Journal
from livetrio.model import (
    ConnectionEvent,
    ConnectionState,
    Order,
    OrderAccepted,
    OrderSide,
    OrderStatus,
    OrderSubmitted,
    OrderType,
)
from livetrio.simulation import invariants
from livetrio.simulation.invariants import Grave, Watch
from livetrio.simulation.reach import Reach
from livetrio.testing import Link

S = OrderStatus
NAME = "0x6c74aaaaaabbbbbb000001000001"
"""Of an order of the journal's first run, without its revision."""

BTC = "BTC-USD-PERP.HYPERLIQUID"
LISTING = default_listing()


def make_order(status=S.ACCEPTED, **more):
    return Order(
        client_order_id=f"{NAME}0000",
        instrument_id=BTC,
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(2),
        price=Decimal(100),
        status=status,
        ts_event=1,
        **more,
    )


def event(status, previous=S.PENDING, kind=OrderAccepted, **more):
    order = make_order(status, **more)
    return kind(order=order, previous=previous, status=status, ts_event=1, ts_init=1)


def resting(oid=1, revision="0000", *, is_buy=True, lots=1, name=NAME, reduce_only=False):
    instrument = LISTING.by_coin["BTC"]
    return SimpleNamespace(
        oid=oid,
        cloid=f"{name}{revision}",
        instrument=instrument,
        is_buy=is_buy,
        reduce_only=reduce_only,
        sz=lots * 10**instrument.sz_decimals,
    )


def make_account(*orders, position=0):
    instrument = LISTING.by_coin["BTC"]
    held = SimpleNamespace(szi=position * 10**instrument.sz_decimals)
    return SimpleNamespace(orders={each.oid: each for each in orders}, positions={instrument.asset: held})


def life(number=1, gate=None, why_not=None):
    return SimpleNamespace(number=number, gate=gate, now=1, why_not=why_not)


def heard(*events, account=None, gate=None, risk=None, processes=None):
    """What is wrong when a process, or these, tell these events."""
    watch = Watch(account or make_account(), LISTING, risk or RiskConfig(), tell=lambda _: None)
    for number, each in enumerate(events):
        watch.hear(life(1 if processes is None else processes[number], gate), each)
    watch.look()
    return None if watch.broken is None else watch.broken.invariant


def number_of(invariant):
    return None if invariant is None else invariant.split()[0]


@pytest.mark.parametrize(
    "events, invariant",
    [
        ([event(S.SUBMITTED), event(S.ACCEPTED), event(S.CANCELED)], None),
        ([event(S.SUBMITTED), event(S.UNKNOWN), event(S.ACCEPTED), event(S.FILLED)], None),
        ([event(S.CANCELED), event(S.ACCEPTED)], "I7"),
        ([event(S.CANCELED), event(S.FILLED)], "I7"),
        ([event(S.ACCEPTED), event(S.UNKNOWN)], "I7"),
        ([event(S.ACCEPTED), event(S.SUBMITTED)], "I7"),
        (
            [
                event(S.PARTIALLY_FILLED, filled_quantity=Decimal(1)),
                event(S.PARTIALLY_FILLED, filled_quantity=Decimal(0)),
            ],
            "I7",
        ),
        ([event(S.FILLED, filled_quantity=Decimal(2))], None),
        ([event(S.FILLED, filled_quantity=Decimal(3))], "I2"),
    ],
)
def test_an_order_only_goes_forward(events, invariant):
    assert number_of(heard(*events)) == invariant


def test_what_a_killed_process_had_heard_may_be_heard_again_but_not_otherwise():
    again = [event(S.FILLED), event(S.UNKNOWN), event(S.FILLED)]
    otherwise = [event(S.FILLED), event(S.UNKNOWN), event(S.REJECTED)]

    assert heard(*again, processes=[1, 2, 2]) is None
    assert number_of(heard(*otherwise, processes=[1, 2, 2])) == "I7"


def test_after_the_power_went_an_order_may_end_otherwise():
    watch = Watch(make_account(), LISTING, RiskConfig(), tell=lambda _: None)
    watch.hear(life(1), event(S.REJECTED))
    watch.forget_ends()
    watch.hear(life(2), event(S.FILLED))

    assert watch.broken is None


@pytest.mark.parametrize("status", [S.CANCELED, S.REJECTED, S.FILLED, S.DENIED])
def test_an_order_that_is_over_rests_nowhere(status):
    assert number_of(heard(event(status), account=make_account(resting(revision="0001")))) == "I8"
    assert heard(event(status), account=make_account(resting(name=NAME[:-1] + "2"))) is None
    assert heard(event(S.ACCEPTED), account=make_account(resting())) is None


def test_an_order_that_arrives_after_its_end_is_found():
    account = make_account()
    watch = Watch(account, LISTING, RiskConfig(), tell=lambda _: None)
    watch.hear(life(), event(S.REJECTED))
    assert watch.broken is None

    account.orders[1] = resting()
    watch.look()
    assert number_of(watch.broken.invariant) == "I8"
    assert watch.found.is_set()


def test_nothing_leaves_through_a_closed_gate():
    gate = Gate()
    leaves = event(S.SUBMITTED, kind=OrderSubmitted)
    assert number_of(heard(leaves, gate=gate)) == "I6"
    assert heard(event(S.ACCEPTED), gate=gate) is None

    gate.open("connection")
    assert heard(leaves, gate=gate) is None

    gate.close("venue", "post-only orders alone", 1, passes_post_only=True)
    assert number_of(heard(leaves, gate=gate)) == "I6"
    assert heard(event(S.SUBMITTED, kind=OrderSubmitted, post_only=True), gate=gate) is None


@pytest.mark.parametrize("kind, is_found", [("Modify", True), ("Cancel", False), ("ScheduleCancel", False)])
def test_no_change_leaves_through_a_closed_gate_but_cancellations_do(kind, is_found):
    gate, order = Gate(), make_order()
    assert bool([*invariants.change_may_leave(life(gate=gate), kind, [order])]) is is_found

    gate.open("connection")
    assert not [*invariants.change_may_leave(life(gate=gate), kind, [order])]
    unfit = life(gate=gate)
    unfit.why_not = "nothing was compared"
    assert bool([*invariants.change_may_leave(unfit, kind, [order])]) is is_found

    gate.close("venue", "post-only orders alone", 1, passes_post_only=True)
    assert bool([*invariants.change_may_leave(life(gate=gate), kind, [order])]) is is_found
    resting_only = make_order(post_only=True)
    assert not [*invariants.change_may_leave(life(gate=gate), kind, [resting_only])]


def test_orders_at_the_exchange_are_counted_against_their_limit():
    account = make_account(resting(1), resting(2), resting(3, is_buy=False), position=1)
    assert heard(event(S.ACCEPTED), account=account, risk=RiskConfig(max_open_orders=2)) is None
    assert number_of(heard(event(S.ACCEPTED), account=account, risk=RiskConfig(max_open_orders=1))) == "I5"


@pytest.mark.parametrize(
    "orders, position, invariant",
    [
        ([], 5, None),
        ([], 6, "I5"),
        ([], -6, "I5"),
        ([resting(1, lots=3)], 2, None),
        ([resting(1, lots=3)], 3, "I5"),
        ([resting(1, lots=3, is_buy=False)], 3, None),
        ([resting(1, lots=3, is_buy=False)], -3, "I5"),
        ([resting(1, lots=3, reduce_only=True)], 3, None),
    ],
)
def test_a_position_is_counted_as_if_all_orders_were_filled(orders, position, invariant):
    risk = RiskConfig(instruments={BTC: InstrumentLimits(max_position=Decimal(5))})
    account = make_account(*orders, position=position)

    assert number_of(heard(event(S.ACCEPTED), account=account, risk=risk)) == invariant


def test_an_id_is_placed_once():
    assert not [*invariants.placed_once([resting(1), resting(1), resting(2, "0001")])]
    assert [*invariants.placed_once([resting(1), resting(2)])]


def test_what_has_left_is_in_the_journal_of_a_killed_process(tmp_path):
    file = tmp_path / "orders.journal"
    journal = Journal.open(file, now=1, version="test")
    journal.record_order(make_order())
    journal.commit()
    grave = Grave(journal.run, file)

    assert not [*grave.look_at([resting(), resting(2, "0001")])]
    [broken] = grave.look_at([resting(name=NAME[:-1] + "2")])
    assert number_of(broken.invariant) == "I1"
    assert not [*grave.look_at([resting(name=NAME.replace("000001000001", "000002000009"))])]
    journal.close("test")


def test_what_rests_after_a_stop_is_named():
    account = make_account(resting(1, "0001"))

    assert not [*invariants.nothing_left(account, [make_order()])]
    assert [*invariants.nothing_left(account, [])]
    assert not [*invariants.nothing_left(make_account(), [])]


async def test_tasks_and_connections_are_counted(monkeypatch):
    assert not [*invariants.is_bounded(None, 3)]
    assert [*invariants.is_bounded(None, invariants.MOST_LINKS + 1)]

    async with trio.open_nursery() as nursery:
        for _ in range(invariants.MOST_TASKS):
            nursery.start_soon(trio.sleep_forever)
        assert [*invariants.is_bounded(None, 3)]
        nursery.cancel_scope.cancel()


def test_commands_that_wait_are_counted():
    desk = SimpleNamespace(accounts=[SimpleNamespace(link=SimpleNamespace(waiting=20_000))])

    async def main():
        return [*invariants.is_bounded(desk, 0)]

    assert trio.run(main)


@pytest.mark.parametrize("text", [b"nothing", b"key=00ff00ff", bytes.fromhex("00ff00ff")])
def test_the_key_is_in_no_file(tmp_path, text):
    file = tmp_path / "orders.journal"
    file.write_bytes(b"..." + text + b"...")

    assert bool([*invariants.no_secret(file, "0x00ff00ff")]) is (text != b"nothing")


def test_the_first_thing_that_is_wrong_is_kept():
    told = []
    watch = Watch(make_account(), LISTING, RiskConfig(), tell=told.append)
    watch.accuse(first := invariants.Broken(invariants.BOUNDED, "first"))
    watch.accuse(invariants.Broken(invariants.BOUNDED, "second"))

    assert told == [watch.broken] == [first]
    assert str(first) == "I12 memory is bounded: first"


def test_a_gate_that_says_it_is_open_is_not_believed():
    gate = Gate()
    gate.open("connection")
    watch = Watch(make_account(), LISTING, RiskConfig(), tell=lambda _: None)
    watch.hear(life(gate=gate), event(S.SUBMITTED, kind=OrderSubmitted))
    assert watch.broken is None

    watch.hear(
        life(gate=gate, why_not="the account's stream is down"), event(S.SUBMITTED, kind=OrderSubmitted)
    )
    assert number_of(watch.broken.invariant) == "I6"
    assert watch.broken.sentence.endswith("leaves through an open gate, but the account's stream is down")


def connection(state, name="hyperliquid/account"):
    return ConnectionEvent(connection=name, endpoint="", state=state, generation=1, timestamp=1)


def test_an_engine_may_trade_when_its_account_is_up_and_was_compared_since():
    recovery = SimpleNamespace(count=1)
    desk = SimpleNamespace(accounts=[SimpleNamespace(recovery=recovery)])
    reach = Reach()
    assert reach.why_not(desk) == "the account's stream is down"
    reach.hear(connection(ConnectionState.CONNECTED, "hyperliquid/market"), desk)
    assert reach.why_not(desk) == "the account's stream is down"
    reach.hear(connection(ConnectionState.CONNECTED), desk)
    assert (
        reach.why_not(desk) == "nothing was compared with the exchange since the account's stream has come up"
    )
    recovery.count = 2
    assert reach.why_not(desk) is None
    reach.hear(connection(ConnectionState.DISCONNECTED), desk)
    assert reach.why_not(desk) == "the account's stream is down"


async def test_a_connection_that_is_dead_is_given_up(autojump_clock):
    dead, closed, alive = Link(), Link(), Link()
    dead.half_open()
    closed.half_open()
    closed.near.close()
    await trio.sleep(invariants.LONGEST_SILENCE)
    assert not [*invariants.gives_up_the_dead([dead, closed, alive])]
    await trio.sleep(1)
    dead.half_open()  # it is dead since the first time
    [broken] = invariants.gives_up_the_dead([dead, closed, alive])
    assert number_of(broken.invariant) == "I13"
    assert "dead since 101 s" in broken.sentence


@pytest.mark.parametrize(
    "ours, theirs, words",
    [
        ([S.ACCEPTED], [resting(revision="0001")], None),
        ([S.SUBMITTED], [], None),
        ([S.UNKNOWN], [], None),
        ([S.ACCEPTED], [], "is accepted for us, and does not rest at the exchange"),
        ([], [resting()], "rests at the exchange, and the engine knows of no such order"),
        ([], [SimpleNamespace(oid=2, cloid=None)], None),
    ],
)
def test_what_rests_rests_on_both_sides(ours, theirs, words):
    tracker = SimpleNamespace(working=lambda: [SimpleNamespace(order=make_order(each)) for each in ours])
    account = SimpleNamespace(orders={each.oid: each for each in theirs})

    found = invariants.orders_that_differ(SimpleNamespace(tracker=tracker), account)
    assert found == ({} if words is None else {f"{NAME}0000": f"{NAME}0000 {words}"})
