"""All views together: they are plain JSON, they change nothing, and nobody has nothing."""

import json

import pytest
from feed_world import ALICE, BOB, NOBODY, Market

from livetrio.exchange.api import views
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import Fill, OrderUpdate, PublicTrade

OF_AN_ACCOUNT = {
    "clearinghouse_state": views.clearinghouse_state,
    "spot_state": views.spot_state,
    "open_orders": views.open_orders,
    "frontend_orders": views.frontend_orders,
    "web_data3": views.web_data3,
    "vault_equities": views.vault_equities,
    "leading_vaults": views.leading_vaults,
}


@pytest.fixture
def market():
    """Alice is long, Bob is short, and both want more, of a perpetual and of a pair."""
    market = Market()
    market.trade()
    market.trade(0.18125, 100, coin="PURR/USDC")
    for account, side, px, spot_px in (
        (market.alice, "buy", 90_000, 0.17),
        (market.bob, "sell", 92_000, 0.2),
    ):
        market.place(account, side, px, 0.01)
        market.place(account, side, spot_px, 100, coin="PURR/USDC")
    return market


def of_everything(market, account):
    """What the wire has of a market, an account and all that has happened in this block."""
    ledger, records = market.ledger, market.records
    listing, events = ledger.listing, ledger.events
    return [
        *(view(ledger, account) for view in OF_AN_ACCOUNT.values()),
        views.web_data2(ledger, records, account),
        views.user_fees(ledger, records, account),
        views.portfolio(ledger, records, account),
        views.referral(account),
        views.mids(ledger),
        views.meta(ledger),
        views.spot_meta(ledger),
        views.all_perp_metas(ledger),
        views.perp_dexs(),
        *(views.active_asset_data(ledger, account, each) for each in listing.perps),
        *(views.perp_context(ledger, records, each) for each in listing.perps),
        *(views.spot_context(ledger, records, each) for each in listing.spots),
        *(views.bbo_view(ledger, each) for each in listing.instruments),
        *(views.book_view(ledger, each, n_sig_figs=5, mantissa=2) for each in listing.instruments),
        *(views.trade_view(each) for each in events if type(each) is PublicTrade),
        *(views.fill_view(ledger, each) for each in events if type(each) is Fill),
        *(views.update_view(each) for each in events if type(each) is OrderUpdate),
        *(views.status_view(each) for each in events if type(each) is OrderUpdate),
    ]


def numbers_in(value):
    """All JSON numbers of a view, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for each in value for number in numbers_in(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def state_of(market):
    """Prices, and what every account has, in a text."""
    ledger = market.ledger
    accounts = [
        (
            each.cash,
            dict(each.positions),
            dict(each.balances),
            dict(each.holds),
            list(each.orders),
            each.volume,
        )
        for each in ledger.accounts.values()
    ]
    return repr(
        (list(ledger.accounts), accounts, ledger.marks, ledger.lasts, len(ledger.events), ledger.next_oid)
    )


def test_every_name_that_is_promised_is_there_once():
    assert sorted(set(views.__all__)) == views.__all__
    assert all(callable(getattr(views, name)) for name in views.__all__)


@pytest.mark.parametrize("address", [ALICE, BOB, NOBODY])
def test_views_are_plain_json_and_no_number_in_them_is_a_fraction(market, address):
    account = market.ledger.find(address) or Account(address)
    found = of_everything(market, account)
    numbers = numbers_in(found)

    assert json.loads(json.dumps(found)) == found
    assert {type(each) for each in numbers} == {int}


@pytest.mark.parametrize("address", [ALICE, NOBODY])
def test_looking_changes_nothing_and_keeps_no_account(market, address):
    before = state_of(market)
    account = market.ledger.find(address) or Account(address)
    of_everything(market, account)

    assert state_of(market) == before
    assert market.ledger.find(NOBODY) is None


@pytest.mark.parametrize("name", OF_AN_ACCOUNT)
def test_what_is_shown_of_an_unknown_address_is_what_an_empty_account_has(market, name):
    view = OF_AN_ACCOUNT[name]
    unknown = view(market.ledger, Account(NOBODY))

    assert unknown == view(market.ledger, market.ledger.account(NOBODY))


def test_an_unknown_address_can_trade_nothing_and_has_the_default_leverage(market):
    btc = market.ledger.listing.perps[0]
    found = views.active_asset_data(market.ledger, Account(NOBODY), btc)

    assert (found["user"], found["leverage"]) == (NOBODY, {"type": "cross", "value": 20})
    assert (found["maxTradeSzs"], found["availableToTrade"]) == (["0.0", "0.0"], ["0.0", "0.0"])
