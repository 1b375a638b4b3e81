"""Orders at the local exchange, which was written from the same protocol page and shares no code with us."""

import json
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest
import trio
from order_samples import make_order
from test_hyperliquid_actions import modify

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange, make_key
from livetrio.model import OrderSide, OrderStatus, OrderType, TimeInForce
from livetrio.supervision.http import HttpClient
from livetrio.supervision.websocket import open_websocket
from livetrio.testing.network import MemoryNetwork
from livetrio.venues.base import HttpRequest
from livetrio.venues.hyperliquid import wire
from livetrio.venues.hyperliquid.instruments import Listing, read_assets, read_instruments
from livetrio.venues.hyperliquid.trading import HyperliquidTrading
from livetrio.venues.trading import Cancel, ScheduleCancel, Submit, Verdict

HOST = "exchange.test"
BASE_URL = f"http://{HOST}"
BTC = "BTC-USD-PERP.HYPERLIQUID"
SECOND = 1_000_000_000
DONE, REFUSED, UNKNOWN = Verdict.DONE, Verdict.REFUSED, Verdict.UNKNOWN


@attrs.define
class Desk:
    """An account at the exchange, and both ways there."""

    http: HttpClient
    trading: HyperliquidTrading
    clock: Clock
    mid: Decimal
    way: str
    send: object = None
    answers: trio.MemoryReceiveChannel = None

    async def do(self, *commands, **given):
        """Sign, send, and read the answers: the results of all commands, in the order in which they left."""
        return [each for request in self.sign(*commands, **given) for each in await self.post(request)]

    def sign(self, *commands, expires_in=10.0):
        now = self.clock.now()
        return self.trading.sign(commands, now=now, expires=now + round(expires_in * SECOND))

    async def post(self, request, way=None):
        with trio.fail_after(30):
            if (way or self.way) == "http":
                body = await self.http.post(request.http)
            else:
                await self.send(request.frame)
                body = await self._answer_to(request.request_id)
        return self.trading.read_reply(request, body)

    async def ask(self, question):
        """Put a question and read the answer."""
        answers = [await self.http.post(each) for each in question.requests]
        return question.read(answers, self.clock.now())

    async def _answer_to(self, request_id):
        async for frame in self.answers:
            message = json.loads(frame)
            if message["channel"] == "post" and message["data"]["id"] == request_id:
                response = message["data"]["response"]
                payload = response["payload"]
                return json.dumps({"error": payload} if response["type"] == "error" else payload).encode()
        raise AssertionError("the stream ended")

    def order(self, **given):
        """To buy a thousandth of a bitcoin for half of what it costs."""
        price = (self.mid / 2).quantize(Decimal(1))
        return make_order(**{"quantity": Decimal("0.001"), "price": price, **given})


async def ask(http, kind):
    body = json.dumps({"type": kind}).encode()
    return await http.post(HttpRequest(url=BASE_URL + wire.INFO_PATH, body=body))


@asynccontextmanager
async def open_desk(way, *, key=None, vault=None, **settings):
    clock = Clock.simulated()
    local = LocalExchange(ExchangeSettings(**settings), clock=clock)
    account = make_key(0, 0)
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.listen(HOST, 80, local.serve_stream)
        await nursery.start(local.run)
        http = HttpClient(network.dial)
        meta, spot_meta, mids = [await ask(http, each) for each in ("meta", "spotMeta", "allMids")]
        listing = Listing()
        listing.replace(read_instruments(meta, spot_meta), read_assets(meta, spot_meta))
        trading = HyperliquidTrading(
            base_url=BASE_URL,
            account=account.address,
            vault=vault,
            secret=key or account.secret_hex,
            is_mainnet=False,
            listing=listing,
        )
        desk = Desk(http, trading, clock, Decimal(json.loads(mids)["BTC"]), way)
        come_in, desk.answers = trio.open_memory_channel(1000)

        def take(batch):
            for each in batch:
                come_in.send_nowait(each)

        async with open_websocket(
            wire.websocket_url(BASE_URL), dial=network.dial, on_messages=take
        ) as websocket:
            desk.send = websocket.send
            yield desk
        await http.aclose()
        nursery.cancel_scope.cancel()


both_ways = pytest.mark.parametrize("way", ["http", "stream"])


@both_ways
async def test_an_order_is_placed_modified_and_canceled(way, autojump_clock):
    async with open_desk(way) as desk:
        order = desk.order()
        (placed,) = await desk.do(Submit(order))
        order.venue_order_id = placed.venue_order_id
        (modified,) = await desk.do(modify(order, price=order.price - 10, quantity=Decimal("0.002")))
        order.revision = 1
        (canceled,) = await desk.do(Cancel(order))
        (again,) = await desk.do(Cancel(order))

    assert (placed.verdict, placed.filled_quantity, placed.is_over) == (DONE, 0, False)
    assert (modified.verdict, modified.filled_quantity) == (DONE, 0)
    assert int(modified.venue_order_id) > int(placed.venue_order_id)
    assert canceled.verdict is DONE
    assert (again.verdict, again.is_over) == (REFUSED, False)


@both_ways
async def test_a_market_order_is_filled_at_once(way, autojump_clock):
    async with open_desk(way) as desk:
        price = (desk.mid * Decimal("1.05")).quantize(Decimal(1))
        (result,) = await desk.do(Submit(desk.order(order_type=OrderType.MARKET, price=price)))

    assert (result.verdict, result.is_over) == (DONE, True)
    assert result.filled_quantity == Decimal("0.001")


@both_ways
async def test_commands_of_all_sorts_leave_together_and_each_has_its_result(way, autojump_clock):
    async with open_desk(way) as desk:
        orders = [desk.order() for _ in range(45)]
        maker = desk.order(post_only=True)
        dear = desk.order(post_only=True, price=(desk.mid * Decimal("1.05")).quantize(Decimal(1)))
        stop = desk.order(
            side=OrderSide.SELL,
            order_type=OrderType.STOP_MARKET,
            price=None,
            trigger_price=(desk.mid / 2).quantize(Decimal(1)),
            reduce_only=False,
        )
        requests = desk.sign(*map(Submit, [*orders, maker, dear, stop]))
        results = [each for request in requests for each in await desk.post(request)]
        verdicts = {each.command.order.client_order_id: each for each in results}
        canceled = await desk.do(*map(Cancel, [*orders, maker]))

    assert [len(each.commands) for each in requests] == [2, 39, 7]
    assert all(verdicts[each.client_order_id].verdict is DONE for each in [*orders, maker, stop])
    assert verdicts[dear.client_order_id].verdict is REFUSED
    assert "Post only order would have immediately matched" in verdicts[dear.client_order_id].reason
    assert [each.verdict for each in canceled] == [DONE] * 46


@both_ways
async def test_an_order_that_is_being_modified_is_canceled_whichever_leg_rests(way, autojump_clock):
    async with open_desk(way) as desk:
        before, after = desk.order(), desk.order()
        await desk.do(Submit(before), Submit(after))
        await desk.do(modify(after, price=after.price - 10))
        before.pending_revision = after.pending_revision = 1
        results = await desk.do(Cancel(before), Cancel(after))

    assert [each.verdict for each in results] == [DONE, DONE]


async def test_a_request_that_is_sent_both_ways_is_done_once_and_its_second_answer_proves_nothing(
    autojump_clock,
):
    async with open_desk("stream") as desk:
        order = desk.order()
        (request,) = desk.sign(Submit(order))
        (first,) = await desk.post(request)
        (second,) = await desk.post(request, way="http")
        (canceled,) = await desk.do(Cancel(order))
        (again,) = await desk.do(Cancel(order))

    assert (first.verdict, second.verdict) == (DONE, UNKNOWN)
    assert (canceled.verdict, again.verdict) == (DONE, REFUSED)


@both_ways
async def test_an_order_that_comes_too_late_is_refused_and_a_cancellation_is_not(way, autojump_clock):
    async with open_desk(way) as desk:
        order = desk.order()
        await desk.do(Submit(order))
        (late,) = desk.sign(Submit(desk.order()), expires_in=1.0)
        (cancel,) = desk.sign(Cancel(order), expires_in=1.0)
        await trio.sleep(5)
        (refused,) = await desk.post(late)
        (canceled,) = await desk.post(cancel)

    assert refused.verdict is REFUSED
    assert canceled.verdict is DONE


@both_ways
async def test_a_key_that_the_account_does_not_know_is_refused(way, autojump_clock):
    async with open_desk(way, key=make_key(77, 0).secret_hex) as desk:
        (result,) = await desk.do(Submit(desk.order()))

    assert (result.verdict, result.is_over) == (REFUSED, True)
    assert desk.trading.signer_address in result.reason


@both_ways
async def test_a_vault_that_is_not_the_signers_is_refused(way, autojump_clock):
    async with open_desk(way, vault="0x" + "Ab" * 20) as desk:
        (result,) = await desk.do(Submit(desk.order()))

    assert result.verdict is REFUSED
    assert desk.trading.account_id == "HYPERLIQUID-0x" + "ab" * 20


@both_ways
async def test_the_venue_cancels_everything_at_the_time_that_was_set(way, autojump_clock):
    async with open_desk(way) as desk:
        order = desk.order()
        await desk.do(Submit(order))
        (scheduled,) = await desk.do(ScheduleCancel(desk.clock.now() + 20 * SECOND))
        (put_off,) = await desk.do(ScheduleCancel(desk.clock.now() + 10 * SECOND))
        await trio.sleep(15)
        (gone,) = await desk.do(Cancel(order))
        (taken_back,) = await desk.do(ScheduleCancel(None))

    assert (scheduled.verdict, put_off.verdict, taken_back.verdict) == (DONE, DONE, DONE)
    assert gone.verdict is REFUSED


async def test_an_ioc_order_that_finds_nobody_is_refused(autojump_clock):
    async with open_desk("stream") as desk:
        (result,) = await desk.do(Submit(desk.order(time_in_force=TimeInForce.IOC)))

    assert (result.verdict, result.is_over) == (REFUSED, True)
    assert "could not immediately match" in result.reason


# What the venue says afterwards.


async def test_each_revision_of_an_order_is_known_by_a_name_of_its_own(autojump_clock):
    async with open_desk("stream") as desk:
        order = desk.order()
        (placed,) = await desk.do(Submit(order))
        change = modify(order, price=order.price - 10, quantity=Decimal("0.002"))
        (modified,) = await desk.do(change)
        before, after, never = [await desk.ask(desk.trading.ask_order(order, each)) for each in range(3)]
        (resting,) = await desk.ask(desk.trading.ask_open_orders())

    assert (before.status, before.revision, before.venue_order_id) == (
        OrderStatus.CANCELED,
        0,
        placed.venue_order_id,
    )
    assert (after.status, after.revision, after.venue_order_id) == (
        OrderStatus.ACCEPTED,
        1,
        modified.venue_order_id,
    )
    assert never is None
    assert before.client_order_id == after.client_order_id == resting.client_order_id == order.client_order_id
    assert (resting.revision, resting.price, resting.quantity) == (1, change.price, change.quantity)


async def test_what_was_bought_is_told_by_fills_and_held_by_the_account(autojump_clock):
    async with open_desk("stream") as desk:
        start = desk.clock.now()
        price = (desk.mid * Decimal("1.05")).quantize(Decimal(1))
        order = desk.order(order_type=OrderType.MARKET, price=price)
        (result,) = await desk.do(Submit(order))
        report = await desk.ask(desk.trading.ask_order(order, 0))
        page = await desk.ask(desk.trading.ask_fills(start))
        account = await desk.ask(desk.trading.ask_account())
        wrong = await desk.ask(desk.trading.ask_identity())

    assert report.status is OrderStatus.FILLED
    assert {each.client_order_id for each in page.items} == {order.client_order_id}
    assert {each.venue_order_id for each in page.items} == {result.venue_order_id}
    assert sum(each.quantity for each in page.items) == order.quantity
    assert [(each.instrument_id, each.quantity) for each in account.positions] == [(BTC, order.quantity)]
    assert account.account_id == desk.trading.account_id
    assert wrong is None


async def test_the_venue_counts_the_actions_as_we_do(autojump_clock):
    async with open_desk("stream") as desk:
        await desk.ask(desk.trading.ask_usage())
        before = desk.trading.budget.used
        requests = desk.sign(*[Submit(desk.order()) for _ in range(5)])
        for each in requests:
            desk.trading.budget.spend(each, trio.current_time())
            await desk.post(each)
        counted = desk.trading.budget.used
        await desk.ask(desk.trading.ask_usage())

    assert counted == before + 5
    assert desk.trading.budget.used == counted


async def test_a_key_that_is_no_agent_of_the_account_is_named(autojump_clock):
    async with open_desk("stream", key=make_key(77, 0).secret_hex) as desk:
        wrong = await desk.ask(desk.trading.ask_identity())

    assert f"the key's address {desk.trading.signer_address} is no agent of {make_key(0, 0).address}" in wrong


async def test_the_venues_clock_is_ours_here(autojump_clock):
    async with open_desk("stream") as desk:
        now = await desk.ask(desk.trading.ask_time())

        assert abs(now - desk.clock.now()) <= SECOND
