"""An account's news at the local exchange: what its stream tells, and what is answered to questions.

The exchange was written from the same protocol page and shares no code with us.
"""

import json
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest
import trio
from eth_account import Account
from hyperliquid.utils.signing import sign_agent
from order_samples import make_order
from test_hyperliquid_actions import modify

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange, make_key
from livetrio.model import Fill, FundingPayment, OrderReport, OrderSide, OrderStatus, OrderType
from livetrio.secrets import Secret
from livetrio.supervision.http import HttpClient
from livetrio.supervision.websocket import open_websocket
from livetrio.testing.network import MemoryNetwork
from livetrio.venues.base import HttpRequest
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue
from livetrio.venues.trading import AccountStreamReady, Cancel, Reply, Submit, Verdict

HOST = "exchange.test"
BASE_URL = f"http://{HOST}"
BTC = "BTC-USD-PERP.HYPERLIQUID"
HOUR = 3600
SECOND = 1_000_000_000
KEY = make_key(0, 0)
"""Of the account that the exchange makes up first."""


@attrs.define
class World:
    """A venue as the engine has it, and one session of its account's stream."""

    venue: HyperliquidVenue
    http: HttpClient
    clock: Clock
    mid: Decimal = Decimal(0)
    send: object = None
    messages: list = attrs.field(factory=list)
    """All that came by the stream, decoded."""

    async def ask(self, question):
        answers = [await self.http.post(each) for each in question.requests]
        return question.read(answers, self.clock.now())

    async def do(self, *commands):
        """Sign and send by the stream; the results, when they are there."""
        now = self.clock.now()
        requests = self.venue.trading.sign(commands, now=now, expires=now + 10 * SECOND)
        for request in requests:
            await self.send(request.frame)
        await trio.sleep(2)
        replies = {each.request_id: each for each in self.of(Reply)}
        return [
            result
            for each in requests
            for result in self.venue.trading.read_reply(each, replies[each.request_id].body)
        ]

    def of(self, kind):
        return [each for each in self.messages if isinstance(each, kind)]

    def statuses(self, order):
        return [
            (each.revision, each.status)
            for each in self.of(OrderReport)
            if each.client_order_id == order.client_order_id
        ]

    def order(self, share="0.5", **given):
        price = (self.mid * Decimal(share)).quantize(Decimal(1))
        return make_order(**{"instrument_id": BTC, "quantity": Decimal("0.01"), "price": price, **given})

    def market_order(self, side=OrderSide.BUY):
        share = "1.05" if side is OrderSide.BUY else "0.95"
        return self.order(share, side=side, order_type=OrderType.MARKET)


@asynccontextmanager
async def open_world(*, block_interval=0.07, **given):
    clock = Clock.simulated()
    local = LocalExchange(ExchangeSettings(block_interval=block_interval), clock=clock)
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.listen(HOST, 80, local.serve_stream)
        await nursery.start(local.run)
        http = HttpClient(network.dial)
        config = HyperliquidConfig(network="local")
        venue = HyperliquidVenue(config, base_url=BASE_URL, **{"key": KEY.secret_hex, **given})
        venue.load_instruments([await http.post(each) for each in venue.instrument_requests()])
        world = World(venue, http, clock)
        mids = await http.post(HttpRequest(url=f"{BASE_URL}/info", body=b'{"type":"allMids"}'))
        world.mid = Decimal(json.loads(mids)["BTC"])
        stream = venue.streams[1]
        codec = venue.open_codec(stream.name, 1)

        def take(batch):
            for frame in batch:
                world.messages += codec.decode(frame, clock.now())

        async with open_websocket(stream.url, dial=network.dial, on_messages=take) as websocket:
            world.send = websocket.send
            for message in stream.subscriptions:
                await websocket.send(message)
            await trio.sleep(2)
            yield world
        await http.aclose()
        nursery.cancel_scope.cancel()


def timeless(events):
    """The events, whenever we have learned of them."""
    return [attrs.evolve(each, ts_init=0) for each in events]


# Its stream.


async def test_the_stream_is_ready_once_before_anything_happens(autojump_clock):
    async with open_world() as world:
        assert world.messages == [AccountStreamReady()]


async def test_an_order_is_reported_from_its_beginning_to_its_end(autojump_clock):
    async with open_world() as world:
        order = world.order()
        (placed,) = await world.do(Submit(order))
        await world.do(Cancel(order))
        first, last = world.of(OrderReport)

    assert (placed.verdict, placed.venue_order_id) == (Verdict.DONE, first.venue_order_id)
    assert (first.status, last.status) == (OrderStatus.ACCEPTED, OrderStatus.CANCELED)
    assert (first.quantity, first.remaining_quantity) == (order.quantity, order.quantity)
    assert (first.side, first.price, first.instrument_id) == (order.side, order.price, BTC)
    assert first.ts_event <= last.ts_event


async def test_each_revision_of_an_order_is_told_apart(autojump_clock):
    async with open_world() as world:
        order = world.order()
        (placed,) = await world.do(Submit(order))
        order.venue_order_id = placed.venue_order_id
        (modified,) = await world.do(modify(order, price=order.price - 10))
        by_revision = {each.revision: each.venue_order_id for each in world.of(OrderReport)}

    assert sorted(world.statuses(order), key=lambda each: each[0]) == [
        (0, OrderStatus.ACCEPTED),
        (0, OrderStatus.CANCELED),
        (1, OrderStatus.ACCEPTED),
    ]
    assert by_revision == {0: placed.venue_order_id, 1: modified.venue_order_id}


async def test_a_post_only_order_that_would_take_is_rejected_with_the_venues_word(autojump_clock):
    async with open_world() as world:
        order = world.order("1.05", post_only=True)
        await world.do(Submit(order))
        (report,) = world.of(OrderReport)

    assert (report.client_order_id, report.status) == (order.client_order_id, OrderStatus.REJECTED)
    assert report.reason == "badAloPxRejected"


async def test_a_position_is_opened_and_closed_by_fills_that_follow_each_other(autojump_clock):
    async with open_world() as world:
        bought, sold = world.market_order(), world.market_order(OrderSide.SELL)
        await world.do(Submit(bought))
        await world.do(Submit(sold))
        fills = world.of(Fill)

    position = Decimal(0)
    for each in fills:
        assert each.position_before == position
        position += each.signed_quantity
    assert position == 0
    assert {each.client_order_id for each in fills} == {bought.client_order_id, sold.client_order_id}
    assert all(each.fee > 0 and each.fee_currency == "USDC" and each.note is None for each in fills)
    assert len({each.fill_id for each in fills}) == len(fills)
    assert world.statuses(sold)[-1] == (0, OrderStatus.FILLED)


# What is answered.


async def test_what_is_asked_for_is_what_the_stream_has_told(autojump_clock):
    async with open_world() as world:
        trading = world.venue.trading
        resting, canceled, traded = world.order(), world.order("0.6"), world.market_order()
        await world.do(Submit(resting), Submit(canceled), Submit(traded))
        await world.do(Cancel(canceled))
        (open_order,) = await world.ask(trading.ask_open_orders())
        orders = {
            each.client_order_id: await world.ask(trading.ask_order(each, 0))
            for each in (resting, canceled, traded)
        }
        recent = await world.ask(trading.ask_recent_orders())
        page = await world.ask(trading.ask_fills(0))
        later = await world.ask(trading.ask_fills(world.clock.now()))
        unknown = await world.ask(trading.ask_order(make_order(), 0))

    told = {each.client_order_id: each for each in world.of(OrderReport)}
    assert open_order.client_order_id == resting.client_order_id
    statuses = {name: each.status for name, each in told.items()}
    assert {name: each.status for name, each in orders.items()} == statuses
    assert {each.client_order_id: each.status for each in recent} == statuses
    assert timeless(page.items) == timeless(world.of(Fill))
    assert (page.next_since, later.items, unknown) == (None, (), None)


async def test_a_trigger_order_is_found_with_its_type_and_trigger_price(autojump_clock):
    async with open_world() as world:
        stop = world.order(
            side=OrderSide.SELL,
            order_type=OrderType.STOP_MARKET,
            price=None,
            trigger_price=(world.mid / 2).quantize(Decimal(1)),
        )
        await world.do(Submit(stop))
        report = await world.ask(world.venue.trading.ask_order(stop, 0))

    assert (report.order_type, report.trigger_price) == (OrderType.STOP_MARKET, stop.trigger_price)
    assert report.status is OrderStatus.ACCEPTED


async def test_the_accounts_money_is_what_the_fills_have_left_of_it(autojump_clock):
    async with open_world() as world:
        before = await world.ask(world.venue.trading.ask_account())
        await world.do(Submit(world.market_order()))
        after = await world.ask(world.venue.trading.ask_account())

    fees = sum(each.fee for each in world.of(Fill))
    (position,) = after.positions
    assert (before.positions, before.account_id) == ((), world.venue.trading.account_id)
    assert before.balances["USDC"].free > 0
    assert position.instrument_id == BTC
    assert position.quantity == Decimal("0.01")
    assert abs(after.equity - position.unrealized_pnl + fees - before.equity) < Decimal("0.00001")
    assert position.mark_price > 0
    assert after.margin_used > 0


async def test_funding_is_told_and_answered_alike(autojump_clock):
    async with open_world(block_interval=1.0) as world:
        await world.do(Submit(world.market_order()))
        for _ in range(HOUR // 30):
            await world.send(world.venue.open_codec("account", 1).heartbeat())
            await trio.sleep(30)
        page = await world.ask(world.venue.trading.ask_fundings(0))
        told = world.of(FundingPayment)

    assert len(told) == 1
    assert timeless(page.items) == timeless(told)
    assert {each.quantity for each in told} == {Decimal("0.01")}


async def test_the_exchange_tells_its_time_and_what_the_account_has_used(autojump_clock):
    async with open_world() as world:
        await world.do(Submit(world.order()))
        told = await world.ask(world.venue.trading.ask_time())
        await world.ask(world.venue.trading.ask_usage())
        now = world.clock.now()

    assert abs(told - now) < SECOND
    assert (world.venue.trading.budget.used, world.venue.trading.budget.cap) == (1, 10_000)


# Who may trade.

AGENT = "0x" + "a1" * 32
AGENT_ADDRESS = Account.from_key(AGENT).address.lower()


async def approve(world, name=""):
    """Let the account approve the agent, signed by the venue's own client."""
    nonce = world.clock.now() // 1_000_000
    action = {"type": "approveAgent", "agentAddress": AGENT_ADDRESS, "agentName": name, "nonce": nonce}
    signature = sign_agent(Account.from_key(KEY.secret_hex), action, False)
    if not name:
        del action["agentName"]
    body = json.dumps({"action": action, "nonce": nonce, "signature": signature}).encode()
    answer = await world.http.post(HttpRequest(url=f"{BASE_URL}/exchange", body=body))
    assert json.loads(answer)["status"] == "ok", answer


async def test_the_accounts_own_key_is_right(autojump_clock):
    async with open_world() as world:
        assert await world.ask(world.venue.trading.ask_identity()) is None


@pytest.mark.parametrize("name", ["", "bot"])
async def test_an_agent_is_right_as_soon_as_the_account_has_approved_it(name, autojump_clock, monkeypatch):
    monkeypatch.setenv("LIVETRIO_TEST_KEY", AGENT)
    config = HyperliquidConfig(network="local", key=Secret("env:LIVETRIO_TEST_KEY"), account=KEY.address)
    async with open_world() as world:
        agents = HyperliquidVenue(config, base_url=BASE_URL)
        before = await world.ask(agents.trading.ask_identity())
        await approve(world, name)
        after = await world.ask(agents.trading.ask_identity())

    assert before == (
        f"the key's address {AGENT_ADDRESS} is no agent of {KEY.address}; let the account approve it"
    )
    assert after is None


async def test_a_key_without_an_account_is_unknown(autojump_clock):
    async with open_world(key="11" * 32) as world:
        words = await world.ask(world.venue.trading.ask_identity())

    assert "is unknown: nothing was ever paid into it on this network" in words
