"""Commands as actions: what the official SDK makes of the same orders, and what it cannot make."""

from decimal import Decimal

import pytest
from hyperliquid.utils import signing as sdk
from hyperliquid.utils.types import Cloid
from hypothesis import given
from hypothesis import strategies as st
from order_samples import FOREIGN_CLOID, IDS, LISTING, make_foreign_order, make_order, make_spot_order
from test_hyperliquid_samples import BTC, HYPE_SPOT, META, SPOT_META

from livetrio.errors import UnknownInstrument, UsageError
from livetrio.model import OrderSide, OrderType, TimeInForce
from livetrio.venues.hyperliquid import actions, ids
from livetrio.venues.hyperliquid.instruments import Listing, read_assets, read_instruments
from livetrio.venues.hyperliquid.numbers import to_wire
from livetrio.venues.trading import Cancel, Modify, ScheduleCancel, Submit

MS = 1_000_000


def entry_of(order):
    return actions.submit_entry(Submit(order), LISTING)


def modify(order, **given):
    return Modify(
        **{"order": order, "revision": 1, "quantity": Decimal("0.5"), "price": Decimal("64000"), **given}
    )


# Numbers and names.


def test_a_coins_number_counts_the_delisted_and_a_pairs_is_its_index():
    assert read_assets(META, SPOT_META) == {
        "BTC": 0,
        "LOOM": 1,
        "ETH": 2,
        "PURR/USDC": 10_000,
        "@107": 10_107,
    }
    assert LISTING.asset_of(BTC) == 0
    assert LISTING.asset_of(HYPE_SPOT) == 10_107
    assert LISTING.asset_of("DOGE-USD-PERP.HYPERLIQUID") is None


@given(st.decimals(min_value=0, max_value=10**9, places=8, allow_nan=False))
def test_numbers_are_written_as_the_sdk_writes_them(value):
    assert Decimal(to_wire(value)) == value
    if value < 10**6:  # a float has no more digits
        assert to_wire(value) == sdk.float_to_wire(float(value))


@pytest.mark.parametrize(
    "text, written",
    [
        ("31795.0", "31795"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("1E-8", "0.00000001"),
        ("100", "100"),
        ("0.10", "0.1"),
    ],
)
def test_a_number_has_no_zeros_at_its_end_and_no_exponent(text, written):
    assert to_wire(Decimal(text)) == written


# New orders.


@given(
    side=st.sampled_from(OrderSide),
    quantity=st.decimals("0.00001", 1000, places=5),
    price=st.integers(1, 10**6),
    kind=st.sampled_from(
        [({}, "Gtc"), ({"post_only": True}, "Alo"), ({"time_in_force": TimeInForce.IOC}, "Ioc")]
    ),
    reduce_only=st.booleans(),
)
def test_a_limit_order_is_what_the_sdk_makes_of_it(side, quantity, price, kind, reduce_only):
    given, tif = kind
    order = make_order(side=side, quantity=quantity, price=Decimal(price), reduce_only=reduce_only, **given)
    expected = sdk.order_request_to_order_wire(
        {
            "coin": "BTC",
            "is_buy": side is OrderSide.BUY,
            "sz": float(quantity),
            "limit_px": float(price),
            "order_type": {"limit": {"tif": tif}},
            "reduce_only": reduce_only,
            "cloid": Cloid.from_str(order.client_order_id),
        },
        0,
    )
    entry = entry_of(order)

    assert entry == expected
    assert list(entry) == list(expected)  # the order of the keys is signed


@pytest.mark.parametrize(
    "order_type, tpsl, is_market",
    [
        (OrderType.STOP_MARKET, "sl", True),
        (OrderType.STOP_LIMIT, "sl", False),
        (OrderType.TAKE_PROFIT_MARKET, "tp", True),
        (OrderType.TAKE_PROFIT_LIMIT, "tp", False),
    ],
)
def test_an_order_with_a_trigger_is_what_the_sdk_makes_of_it(order_type, tpsl, is_market):
    order = make_order(
        order_type=order_type, price=None if is_market else Decimal(66550), trigger_price=Decimal("60500.0")
    )
    trigger = {"isMarket": is_market, "triggerPx": 60500.0, "tpsl": tpsl}
    expected = sdk.order_request_to_order_wire(
        {
            "coin": "BTC",
            "is_buy": True,
            "sz": 0.00123,
            "limit_px": 66550.0,
            "order_type": {"trigger": trigger},
            "reduce_only": False,
            "cloid": Cloid.from_str(order.client_order_id),
        },
        0,
    )
    entry = entry_of(order)

    assert entry == expected
    assert list(entry) == list(expected)
    assert list(entry["t"]["trigger"]) == ["isMarket", "triggerPx", "tpsl"]


@given(
    side=st.sampled_from(OrderSide),
    level=st.decimals("0.001", 10**6, places=3),
    order_type=st.sampled_from([OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET]),
)
def test_a_triggered_market_order_is_at_most_a_tenth_worse_than_its_trigger_and_on_the_grid(
    side, level, order_type
):
    rule = LISTING.instruments[BTC]
    order = make_order(side=side, order_type=order_type, trigger_price=rule.round_price_up(level), price=None)
    worst = Decimal(entry_of(order)["p"])
    trigger = order.trigger_price

    assert rule.is_valid_price(worst)
    if side is OrderSide.BUY:
        assert trigger <= worst <= trigger * Decimal("1.1")
    else:
        assert trigger * Decimal("0.9") <= worst <= trigger


def test_a_market_order_is_a_limit_order_that_does_not_rest():
    entry = entry_of(make_order(order_type=OrderType.MARKET, price=Decimal(65000)))

    assert entry["t"] == {"limit": {"tif": "Ioc"}}
    assert entry["p"] == "65000"


def test_a_spot_order_names_its_pair_by_its_index():
    entry = entry_of(make_spot_order())

    assert entry["a"] == 10_000
    assert (entry["p"], entry["s"]) == ("0.2", "100")


@pytest.mark.parametrize("order_type", [OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT])
def test_an_order_without_the_price_that_it_needs_is_not_sent(order_type):
    with pytest.raises(
        UsageError, match=f"the {order_type.value} order 0x6c74.* needs a price, and has none"
    ):
        entry_of(make_order(order_type=order_type, price=None, trigger_price=Decimal(1)))


def test_a_stop_without_a_trigger_price_is_not_sent():
    with pytest.raises(
        UsageError, match=r"the stop_market order 0x6c74.* needs a trigger price, and has none"
    ):
        entry_of(make_order(order_type=OrderType.STOP_MARKET))


@pytest.mark.parametrize("listing", [LISTING, Listing()])
def test_an_order_of_what_is_not_listed_is_not_sent(listing):
    order = make_order(instrument_id="DOGE-USD-PERP.HYPERLIQUID")

    with pytest.raises(
        UnknownInstrument, match=r"DOGE-USD-PERP.HYPERLIQUID, of the order 0x6c74.*, is not in the list"
    ):
        actions.submit_entry(Submit(order), listing)


def test_of_instruments_without_numbers_nothing_can_be_ordered():
    listing = Listing()
    listing.replace(read_instruments(META, SPOT_META))

    with pytest.raises(UnknownInstrument):
        actions.submit_entry(Submit(make_order()), listing)


# Modifications.


def test_a_modification_names_the_old_leg_and_the_new_by_cloids_of_their_own():
    order = make_order(client_order_id=IDS.next("tester"), revision=1, venue_order_id="77")
    entry = actions.modify_entry(modify(order, revision=2), LISTING)

    assert list(entry) == ["oid", "order"]
    assert entry["oid"] == ids.to_wire(order.client_order_id, 1)
    assert entry["order"]["c"] == ids.to_wire(order.client_order_id, 2)
    assert (entry["order"]["p"], entry["order"]["s"]) == ("64000", "0.5")
    assert actions.modify_action([entry]) == {"type": "batchModify", "modifies": [entry], "a": True}


def test_a_trigger_can_be_moved():
    order = make_order(order_type=OrderType.STOP_MARKET, price=None, trigger_price=Decimal(60000))
    entry = actions.modify_entry(modify(order, price=None, trigger_price=Decimal(61000)), LISTING)

    assert entry["order"]["t"] == {"trigger": {"isMarket": True, "triggerPx": "61000", "tpsl": "sl"}}
    assert entry["order"]["p"] == "67100"


def test_anothers_order_is_modified_by_the_venues_id_and_has_no_cloid_afterwards():
    entry = actions.modify_entry(modify(make_foreign_order()), LISTING)

    assert entry["oid"] == 57118842019
    assert "c" not in entry["order"]


# Cancellations.


def test_an_order_of_ours_is_canceled_by_its_cloid():
    order = make_order(revision=3)

    assert actions.cancel_by_cloid_entries(Cancel(order), LISTING) == [
        {"asset": 0, "cloid": ids.to_wire(order.client_order_id, 3)}
    ]


def test_an_order_that_is_being_modified_is_canceled_as_it_was_and_as_it_will_be():
    order = make_order(revision=3, pending_revision=5)

    assert [each["cloid"] for each in actions.cancel_by_cloid_entries(Cancel(order), LISTING)] == [
        ids.to_wire(order.client_order_id, 3),
        ids.to_wire(order.client_order_id, 5),
    ]


@pytest.mark.parametrize("name", [FOREIGN_CLOID, "HYPERLIQUID-57118842019"])
def test_anothers_order_is_canceled_by_the_venues_id(name):
    order = make_foreign_order(client_order_id=name)

    assert actions.cancel_entry(Cancel(order), LISTING) == {"a": 0, "o": 57118842019}


def test_anothers_order_of_which_the_venues_id_is_not_known_cannot_be_named():
    with pytest.raises(UsageError, match="has no id by which the venue knows it"):
        actions.cancel_entry(Cancel(make_foreign_order(venue_order_id=None)), LISTING)


def test_the_venue_is_told_when_to_cancel_everything_and_when_not_to():
    assert actions.schedule_cancel_action(ScheduleCancel(1_764_000_060_000 * MS)) == {
        "type": "scheduleCancel",
        "time": 1_764_000_060_000,
    }
    assert actions.schedule_cancel_action(ScheduleCancel(None)) == {"type": "scheduleCancel"}
