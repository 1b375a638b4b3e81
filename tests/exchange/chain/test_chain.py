"""Blocks: what is done in which order, who may act, and what is answered."""

import msgspec
import pytest
from chain_world import START, USD, World

from livetrio.exchange.chain.account import Agent, Leverage
from livetrio.exchange.chain.actions import AnyAction
from livetrio.exchange.chain.chain import Chain, Submission
from livetrio.exchange.chain.events import FundingPaid, PublicTrade
from livetrio.exchange.chain.order import NewOrder, Status, Tif

CLOID = "0xa1f0cddc17303d07f3fd128d5b35071d"


class Blocks:
    """A chain, and clients that submit to it without signatures."""

    def __init__(self, **options):
        self.world = World()
        self.ledger = self.world.ledger
        self.chain = Chain(self.ledger, **options)
        self.answers = []
        self.nonce = START
        self.time = START

    def submit(self, action, who=0, nonce=None, vault=None, expires_after=None, signer=None):
        self.nonce += 1
        self.chain.submit(
            Submission(
                msgspec.convert(action, AnyAction),
                nonce or self.nonce,
                signer or self.world.accounts[who].address,
                vault,
                expires_after,
                self.answers.append,
            )
        )

    def commit(self):
        """Make the next block; the answers to what was submitted, in the order in which it was done."""
        self.time += 70
        block = self.block = self.chain.commit(self.time)
        return [answer for _, answer in block.answers]


@pytest.fixture
def blocks():
    return Blocks()


def order(px="91000", sz="0.01", buy=True, tif="Gtc", cloid=None):
    one = {"a": 0, "b": buy, "p": px, "s": sz, "r": False, "t": {"limit": {"tif": tif}}}
    return {"type": "order", "orders": [one if cloid is None else one | {"c": cloid}], "grouping": "na"}


def kinds(answers):
    """resting, filled, error, success: what became of each."""
    found = []
    for answer in answers:
        assert answer["status"] == "ok"
        status = answer["response"]["data"]["statuses"][0]
        found.append(status if isinstance(status, str) else next(iter(status)))
    return found


# The order within a block.


def test_post_only_goes_before_cancels_and_cancels_before_takers(blocks):
    blocks.submit(order("91375", buy=False, cloid=CLOID))
    blocks.commit()
    blocks.submit(order("91375", tif="Ioc"), who=1)
    blocks.submit({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
    blocks.submit(order("91375", tif="Alo"), who=2)

    assert kinds(blocks.commit()) == ["error", "success", "error"]


@pytest.mark.parametrize("always", [False, True])
def test_a_modify_goes_with_post_only_unless_it_places_always(blocks, always):
    blocks.submit(order("91000", buy=False))
    blocks.commit()
    quote = next(iter(blocks.world.accounts[0].orders))
    blocks.submit(order("91000", tif="Ioc"), who=1)  # takes the quote, if that is not moved away first
    new = {"oid": quote, "order": order("92000", buy=False)["orders"][0]}
    blocks.submit({"type": "modify", **new, **({"a": True} if always else {})})
    answers = blocks.commit()

    assert sorted(each["status"] for each in answers) == (["err", "ok"] if always else ["ok", "ok"])
    assert blocks.world.szi(blocks.world.accounts[1]) == (1000 if always else 0)


def test_takers_go_in_the_order_in_which_they_came(blocks):
    blocks.submit(order("91375", buy=False))
    blocks.commit()
    blocks.submit(order("91375", tif="Ioc"), who=1)
    blocks.submit(order("91375", tif="Ioc"), who=2)

    assert kinds(blocks.commit()) == ["filled", "error"]
    assert blocks.world.szi(blocks.world.accounts[1]) == 1000


def test_a_clients_cancel_overtakes_its_own_order_of_the_same_block(blocks):
    blocks.submit(order(cloid=CLOID))
    blocks.submit({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})

    assert kinds(blocks.commit()) == ["error", "resting"]


def test_all_events_of_a_block_have_its_time(blocks):
    blocks.submit(order("91375", buy=False))
    blocks.submit(order("91375"), who=1)
    blocks.commit()

    assert {each.time for each in blocks.block.events} == {blocks.block.time}
    assert blocks.block.traded == {0}
    assert len([each for each in blocks.block.events if isinstance(each, PublicTrade)]) == 1


class House:
    """A market that quotes once and takes once."""

    def __init__(self):
        self.calls = []

    def start(self, desk):
        self.account = desk.open_account("house")
        self.calls.append("start")

    def next_due(self):
        return None

    def quote(self, desk):
        self.calls.append("quote")
        btc = desk.ledger.listing.perps[0]
        for is_buy, px in ((True, 913_700), (False, 913_800)):
            self.resting = desk.place(self.account, NewOrder(instrument=btc, is_buy=is_buy, px=px, sz=500))
        desk.reduce(self.resting, 200)
        desk.set_oracle(0, 913_900)

    def take(self, desk):
        self.calls.append("take")
        btc = desk.ledger.listing.perps[0]
        desk.cancel(self.resting)
        desk.place(self.account, NewOrder(instrument=btc, is_buy=False, px=913_000, sz=100, tif=Tif.IOC))


def test_the_market_quotes_before_clients_take_and_takes_after_them():
    house = House()
    blocks = Blocks(market=house)
    blocks.chain.start_market(START + 1)
    blocks.submit(order("91380", "0.005", tif="Ioc"))
    blocks.submit(order("91375", "0.01"), who=1)
    answers = blocks.commit()

    assert house.calls == ["start", "quote", "take"]
    assert answers[0]["response"]["data"]["statuses"][0]["filled"]["totalSz"] == "0.003"
    assert blocks.world.szi(blocks.world.accounts[1]) == 100
    assert blocks.ledger.oracles[0] == 913_900
    assert house.account.is_house


# Who may act.


def test_a_stranger_is_told_that_it_does_not_exist(blocks):
    blocks.submit(order(), signer="0x" + "9" * 40)

    assert blocks.commit() == [
        {"status": "err", "response": f"User or API Wallet 0x{'9' * 40} does not exist."}
    ]


def test_an_agent_acts_for_its_master_until_it_expires(blocks):
    master, agent = blocks.world.accounts[0], "0x" + "a" * 40
    master.agents[agent] = Agent(address=agent, name="", valid_until=START + 100)
    blocks.ledger.agents[agent] = master
    blocks.submit(order(), signer=agent)
    first = blocks.commit()
    blocks.submit(order(), signer=agent)
    second = blocks.commit()

    assert kinds(first) == ["resting"]
    assert next(iter(master.orders.values())).account is master
    assert "does not exist" in second[0]["response"]


def test_an_agent_cannot_send_money(blocks):
    master, agent = blocks.world.accounts[0], "0x" + "a" * 40
    master.agents[agent] = Agent(address=agent, name="", valid_until=START + 10_000)
    blocks.ledger.agents[agent] = master
    send = {"type": "usdSend", "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet",
            "destination": blocks.world.accounts[1].address, "amount": "5", "time": START}  # fmt: skip
    blocks.submit(send, signer=agent)
    blocks.submit(send)
    refused, done = blocks.commit()

    assert refused["response"] == f"Must deposit before performing actions. User: {agent}"
    assert done == {"status": "ok", "response": {"type": "default"}}
    assert blocks.world.accounts[1].cash == 1_000_005 * USD


def test_a_vault_that_is_not_ones_own_is_not_registered(blocks):
    blocks.submit(order(), vault=blocks.world.accounts[1].address)

    assert blocks.commit()[0]["response"] == f"Vault not registered: {blocks.world.accounts[1].address}"


def test_a_sub_account_is_opened_funded_and_traded(blocks):
    blocks.world.accounts[0].volume = 100_000 * USD
    blocks.submit({"type": "createSubAccount", "name": "grid"})
    (opened,) = blocks.commit()
    address = opened["response"]["data"]
    blocks.submit(
        {"type": "subAccountTransfer", "subAccountUser": address, "isDeposit": True, "usd": 5_000 * USD}
    )
    blocks.commit()
    blocks.submit(order(), vault=address)

    assert opened["response"]["type"] == "createSubAccount"
    assert kinds(blocks.commit()) == ["resting"]
    assert len(blocks.ledger.account(address).orders) == 1


def test_an_agent_that_is_approved_in_a_block_acts_in_it_and_its_nonce_counts(blocks):
    agent = "0x" + "a" * 40
    approve = {"type": "approveAgent", "agentAddress": agent, "nonce": START + 1,
               "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}  # fmt: skip
    blocks.submit(order(), signer=agent, nonce=START + 50)
    blocks.submit(approve)
    blocks.submit(order(), signer=agent, nonce=START + 50)
    answers = blocks.commit()

    assert [each["status"] for each in answers] == ["ok", "ok", "err"]
    assert answers[2]["response"] == f"Invalid nonce: duplicate nonce {START + 50}"


# What else is looked at.


def test_a_nonce_counts_once_even_if_its_action_was_refused(blocks):
    blocks.submit(order(sz="0"), nonce=START + 5)
    blocks.commit()
    blocks.submit(order(), nonce=START + 5)

    assert blocks.commit() == [{"status": "err", "response": f"Invalid nonce: duplicate nonce {START + 5}"}]


def test_a_noop_burns_the_nonce_of_an_order_on_its_way(blocks):
    blocks.submit({"type": "noop"}, nonce=START + 5)
    blocks.submit(order(), nonce=START + 5)
    refused, done = blocks.commit()

    assert done == {"status": "ok", "response": {"type": "default"}}
    assert refused["response"].startswith("Invalid nonce: duplicate")
    assert not blocks.world.accounts[0].orders


def test_an_action_that_came_too_late_is_dead_and_costs_five(blocks):
    blocks.submit(order(), expires_after=START + 69)
    late = blocks.commit()
    blocks.submit(order(), expires_after=START + 140)

    assert late == [{"status": "err", "response": "Action already expired"}]
    assert kinds(blocks.commit()) == ["resting"]
    assert blocks.world.accounts[0].requests_used == 6


def test_the_budget_counts_every_order_of_a_batch_and_ends(blocks):
    client = blocks.world.accounts[0]
    client.requests_used = 9_998
    two = order()
    two["orders"] *= 2
    blocks.submit(two)
    blocks.submit(order())
    blocks.submit(order())
    fits, paced, refused = blocks.commit()

    assert fits["status"] == paced["status"] == "ok"
    assert refused["status"] == "err"
    assert refused["response"].startswith("Too many cumulative requests sent (")
    blocks.submit({"type": "cancel", "cancels": [{"a": 0, "o": 1}]})
    assert kinds(blocks.commit()) == ["error"]  # a cancel passes


def test_without_limits_there_is_no_budget():
    blocks = Blocks(limits=False)
    blocks.world.accounts[0].requests_used = 10**9
    blocks.submit(order())

    assert kinds(blocks.commit()) == ["resting"]


# Time.


def test_the_dead_mans_switch_fires_in_the_first_block_after_its_time(blocks):
    blocks.submit(order())
    blocks.submit({"type": "scheduleCancel", "time": START + 6_000})
    blocks.commit()
    due = blocks.chain.next_due()
    (resting,) = blocks.world.accounts[0].orders.values()
    blocks.time = START + 5_950
    blocks.commit()

    assert due <= START + 6_000
    assert resting.status is Status.SCHEDULED_CANCEL


def test_funding_is_paid_at_the_full_hour(blocks):
    blocks.submit(order("91375", buy=False))
    blocks.submit(order("91375"), who=1)
    blocks.commit()
    paid = []
    for second in range(5, 3_605, 5):
        blocks.time = START + second * 1000
        blocks.commit()
        paid += [each for each in blocks.block.events if isinstance(each, FundingPaid)]

    assert len(paid) == 2
    assert paid[0].usdc > 0
    assert paid[0].usdc + paid[1].usdc in (-1, 0)  # the rest of a division is the treasury's
    assert blocks.ledger.total_cash() == 3 * 1_000_000 * USD


def test_a_fall_liquidates_who_cannot_keep_its_position(blocks):
    client = blocks.world.open_account(60, usd=100)
    blocks.world.accounts.append(client)
    blocks.submit(order("91374", "0.02", buy=False))
    blocks.submit(order("91374", "0.02"), who=3)
    blocks.submit(order("87150", "1"), who=1)
    blocks.commit()
    blocks.chain.set_oracle(0, 872_000)
    blocks.submit(order("87250", "0.01", buy=False), who=2)
    blocks.commit()

    assert client.positions[0].szi == 0
    assert client.fills[-1].dir == "Liquidated Cross Long"
    assert blocks.ledger.total_cash() == (3 * 1_000_000 + 100) * USD


def test_all_settings_of_an_account_can_be_reached(blocks):
    for action in (
        {"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 5},
        {"type": "reserveRequestWeight", "weight": 10},
        {"type": "approveAgent", "agentAddress": "0x" + "a" * 40, "agentName": "bot", "nonce": 1,
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
        {"type": "approveBuilderFee", "maxFeeRate": "0.01%", "builder": "0x" + "b" * 40, "nonce": 1,
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
        {"type": "usdClassTransfer", "amount": "100", "toPerp": True, "nonce": 1,
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
        {"type": "spotSend", "destination": "0x" + "0" * 39 + "2", "amount": "5", "time": 1,
         "token": "PURR:0xc1fb593aeffbeb02f85e0308e9956a90",
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
        {"type": "withdraw3", "destination": "0x" + "1" * 40, "amount": "5", "time": 1,
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
        {"type": "sendAsset", "destination": "0x" + "0" * 39 + "2", "sourceDex": "", "destinationDex": "spot",
         "token": "USDC:0x6d1e7cde53ba9467b783cb7c530ce054", "amount": "5", "fromSubAccount": "", "nonce": 1,
         "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"},
    ):  # fmt: skip
        blocks.submit(action)

        assert blocks.commit() == [{"status": "ok", "response": {"type": "default"}}], action
    client = blocks.world.accounts[0]
    assert (client.leverages[0].value, client.requests_bought) == (5, 10)
    for refused in (
        {"type": "setReferrer", "code": "FRIEND"},
        {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": 1000},
        {"type": "topUpIsolatedOnlyMargin", "asset": 0, "leverage": "5"},
        {"type": "vaultTransfer", "vaultAddress": "0x" + "7" * 40, "isDeposit": True, "usd": 1},
        {"type": "subAccountSpotTransfer", "subAccountUser": "0x" + "7" * 40, "isDeposit": True,
         "token": "PURR:0xc1fb593aeffbeb02f85e0308e9956a90", "amount": "1"},
    ):  # fmt: skip
        blocks.submit(refused)

        assert blocks.commit()[0]["status"] == "err", refused


# What was found by looking for trouble.


def trigger(trigger_px, px="60000", sz="0.01", tpsl="sl"):
    kind = {"isMarket": True, "triggerPx": trigger_px, "tpsl": tpsl}
    return {"a": 0, "b": False, "p": px, "s": sz, "r": True, "t": {"trigger": kind}}


def family(*orders, grouping="normalTpsl"):
    return {"type": "order", "orders": list(orders), "grouping": grouping}


def test_a_cent_sent_to_an_agent_does_not_take_it_from_its_owner(blocks):
    master, agent = blocks.world.accounts[0], "0x" + "a" * 40
    signed = {"signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}
    blocks.submit(signed | {"type": "approveAgent", "agentAddress": agent, "nonce": START + 1})
    blocks.commit()
    send = {"type": "usdSend", "destination": agent, "amount": "5", "time": START + 2}
    blocks.submit(signed | send, who=1)
    blocks.commit()
    blocks.submit(order(), signer=agent)

    assert kinds(blocks.commit()) == ["resting"]
    assert len(master.orders) == 1


def test_an_account_of_somebody_cannot_be_made_an_agent(blocks):
    other = blocks.world.accounts[1].address
    blocks.submit({"type": "approveAgent", "agentAddress": other, "nonce": START + 1,
                   "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"})  # fmt: skip

    assert blocks.commit() == [{"status": "err", "response": "Extra agent already used."}]


def test_nobody_trades_away_more_than_he_has(blocks):
    poor = blocks.world.open_account(60, usd=3_000)
    blocks.world.accounts.append(poor)
    blocks.submit(order("20000", "1.2"), who=0)
    blocks.commit()
    blocks.submit(order("20000", "1.2", buy=False, tif="Ioc"), who=3)
    (answer,) = blocks.commit()

    assert answer["response"]["data"]["statuses"][0]["error"].startswith("Insufficient margin")
    assert poor.cash == 3_000 * USD
    assert not poor.fills


def test_nobody_closes_an_isolated_position_at_a_loss_that_it_cannot_bear(blocks):
    client = blocks.world.accounts[0]
    client.leverages[0] = Leverage(40, is_cross=False)
    blocks.submit(order("91374", "1", buy=False), who=1)
    blocks.submit(order("91374", "1"))
    blocks.submit(order("20000", "1"), who=2)
    blocks.commit()
    before = client.cash
    blocks.submit(order("20000", "1", buy=False, tif="Ioc"))
    blocks.commit()

    assert client.positions[0].szi == 100_000
    assert client.cash == before


def test_a_refused_copy_of_a_client_order_id_does_not_hide_the_live_order(blocks):
    blocks.submit(order(cloid=CLOID))
    blocks.submit(order("91000.5", cloid=CLOID))
    blocks.commit()
    blocks.submit({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})

    assert kinds(blocks.commit()) == ["success"]


def test_of_two_live_orders_with_one_client_order_id_both_can_be_canceled(blocks):
    blocks.submit(order(cloid=CLOID))
    blocks.submit(order("90000", cloid=CLOID))
    blocks.commit()
    for _ in range(2):
        blocks.submit({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
        assert kinds(blocks.commit()) == ["success"]

    assert not blocks.world.accounts[0].orders


def test_a_stop_whose_price_is_there_when_its_parent_fills_fires_at_once(blocks):
    blocks.submit(family(order("91000")["orders"][0], trigger("95000")))
    blocks.submit(order("90000", "1"), who=2)
    blocks.commit()
    blocks.submit(order("91000", "0.01", buy=False), who=1)
    blocks.commit()

    assert blocks.world.szi(blocks.world.accounts[0]) == 0
    assert not blocks.world.accounts[0].orders


def test_a_child_whose_parent_was_not_filled_is_not_said_to_wait(blocks):
    blocks.submit(order("91000", "0.005", buy=False), who=1)
    blocks.commit()
    blocks.submit(family(order("91000", tif="Ioc")["orders"][0], trigger("90000")))
    (answer,) = blocks.commit()
    parent, child = answer["response"]["data"]["statuses"]

    assert parent["filled"]["totalSz"] == "0.005"
    assert "error" in child
    assert not blocks.world.accounts[0].orders


def test_children_are_held_to_the_grid_too(blocks):
    blocks.submit(family(order()["orders"][0], trigger("90000.5")))
    (answer,) = blocks.commit()

    assert "tick size" in answer["response"]["data"]["statuses"][1]["error"]


def test_a_modified_stop_stays_bound_to_the_position_and_to_its_family(blocks):
    client = blocks.world.accounts[0]
    blocks.submit(order("91374", "0.03", buy=False), who=1)
    blocks.submit(order("91374", "0.02"))
    blocks.commit()
    blocks.submit(family(trigger("80000"), grouping="positionTpsl"))
    blocks.commit()
    (bound,) = client.orders.values()
    blocks.submit({"type": "modify", "oid": bound.oid, "order": trigger("81000"), "a": True})
    blocks.commit()
    (moved,) = client.orders.values()

    assert moved.oid != bound.oid
    assert moved.is_position_tpsl
    assert moved.trigger.px == 810_000


def test_a_modified_child_waits_for_its_parent_and_a_modified_parent_keeps_its_children(blocks):
    client = blocks.world.accounts[0]
    blocks.submit(family(order()["orders"][0], trigger("85000")))
    blocks.commit()
    parent, child = client.orders.values()
    blocks.submit({"type": "modify", "oid": child.oid, "order": trigger("86000"), "a": True})
    blocks.commit()
    blocks.submit({"type": "modify", "oid": parent.oid, "order": order("90500")["orders"][0]})
    blocks.commit()
    child, parent = client.orders.values()
    blocks.submit(order("90500", "0.01", buy=False), who=1)
    blocks.commit()

    assert child.parent is parent
    assert parent.status is Status.FILLED
    assert child.oid in blocks.ledger.triggers[0]


def test_a_sub_account_may_use_its_masters_builder_and_the_builder_what_it_earns(blocks):
    master, builder = blocks.world.accounts[0], "0x" + "b" * 40
    master.volume = 100_000 * USD
    master.builder_limits[builder] = 100
    blocks.submit({"type": "createSubAccount", "name": "grid"})
    address = blocks.commit()[0]["response"]["data"]
    blocks.submit(
        {"type": "subAccountTransfer", "subAccountUser": address, "isDeposit": True, "usd": 5_000 * USD}
    )
    blocks.submit(order("91374", buy=False), who=1)
    blocks.commit()
    blocks.submit(order("91374") | {"builder": {"b": builder, "f": 100}}, vault=address)
    blocks.submit(order("91374") | {"builder": {"b": builder, "f": 101}})
    filled, refused = blocks.commit()
    blocks.submit({"type": "usdSend", "destination": master.address, "amount": "0.5", "time": START,
                   "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}, signer=builder)  # fmt: skip

    assert kinds([filled]) == ["filled"]
    assert refused["status"] == "err"
    assert blocks.ledger.account(builder).cash == 913_740
    assert blocks.commit() == [{"status": "ok", "response": {"type": "default"}}]


def test_an_order_larger_than_the_venue_takes_is_no_order(blocks):
    blocks.submit(order(sz="9" * 25))

    assert kinds(blocks.commit()) == ["error"]
