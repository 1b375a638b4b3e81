"""Orders: from a strategy's decision to the wire, how many a second, and what a signature costs.

- *decision to wire*: from just before `submit_order` until the signed order has arrived at the far side of a
  socket, journal and limits (all that an account can have) included, while trades come at a steady rate from
  a feeder. Between engine and exchange stands a `relay`, which notes when each request is there.
  *At the far socket* is without the time that the relay took to be woken and to see it.
- *event to wire*: the same from just before the feeder's `send` of the trade that was decided on.
- *sustained*: orders placed and canceled a second with the journal on, in bursts of 20, several under way.
- *signing*: `sign_action` of one order.

The venue's limits on one account (2,000 messages a minute) are off: they would be what is measured. Every
order must have been accepted, and canceled.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.engine import INSTRUMENT, faults_of, run_engine
from benchmarks.feeder import STAMP, Settings
from benchmarks.processes import CheckFailed, Exchange, Feeder, Relay, work
from benchmarks.table import Row
from livetrio.app.config import LiveTradingConfig
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.run import freeze_garbage_collector
from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange.keys import make_key
from livetrio.model import (
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderSide,
    SubmitOrder,
    TickEvent,
    Trade,
)
from livetrio.strategy.base import Strategy
from livetrio.topics import trades
from livetrio.venues.hyperliquid.actions import Json, order_action
from livetrio.venues.hyperliquid.budget import HyperliquidBudget
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.signers import make_signer
from livetrio.venues.hyperliquid.signing import sign_action
from livetrio.venues.hyperliquid.trading import HyperliquidTrading
from livetrio.venues.hyperliquid.venue import HyperliquidVenue
from livetrio.venues.trading import Question, SignedRequest

DECISIONS_PER_SECOND = 50
SWEEP = 20
"""So often all orders are canceled instead of one being placed."""
BURST = 20
BURSTS = 40
"""Of these under way at once."""
QUANTITY = Decimal("0.01")
WARM_UP = 50
"""Decisions at the start that are not counted."""
BUSY_RATE = 5_000
CALM_RATE = 600
SIGNED = 2_000
"""Signatures in a row of which the median is taken."""


def measure(*, quick: bool) -> list[Row]:
    """All four."""
    repetitions = 1 if quick else 3
    seconds = 4 if quick else 10
    calm, least = [], []
    for _ in range(repetitions):
        calm.append(_measure_wire("decisions", CALM_RATE, seconds))
        least.append(_measure_wire("bare decisions", CALM_RATE, seconds))
    busy = [_measure_wire("decisions", BUSY_RATE, seconds) for _ in range(repetitions)]
    sustained = []
    for _ in range(repetitions):
        with Exchange() as exchange:
            sustained.append(work("sustained orders", url=exchange.url, seconds=2 if quick else 5))
    signing = work("signing", repetitions=3 if quick else 10)["medians"]
    return [
        Row(
            name="decision to wire, p50",
            unit="µs",
            values=[each["decision_p50"] for each in calm],
            target=400,
            note=f"{calm[0]['count']} orders, while {CALM_RATE} trades/s come",
        ),
        Row(
            name="decision to wire, p99",
            unit="µs",
            values=[each["decision_p99"] for each in calm],
            target=1500,
        ),
        Row(name="  worst", unit="µs", values=[each["decision_max"] for each in calm]),
        Row(name="  at the far socket, p50", unit="µs", values=[each["socket_p50"] for each in calm]),
        Row(name="  at the far socket, p99", unit="µs", values=[each["socket_p99"] for each in calm]),
        Row(name="  bare loop, p50", unit="µs", values=[each["decision_p50"] for each in least]),
        Row(name="  bare loop, p99", unit="µs", values=[each["decision_p99"] for each in least]),
        Row(
            name="event to wire, p50",
            unit="µs",
            values=[each["event_p50"] for each in busy],
            note=f"{busy[0]['count']} orders, while {BUSY_RATE:,} trades/s come",
        ),
        Row(name="event to wire, p99", unit="µs", values=[each["event_p99"] for each in busy], target=5000),
        Row(name="  worst", unit="µs", values=[each["event_max"] for each in busy]),
        Row(
            name="orders/s, sustained",
            unit="/s",
            values=[each["per_second"] for each in sustained],
            more_is_better=True,
            target=2000,
            note=f"placed and canceled, {BURSTS} bursts of {BURST} under way, journal on",
        ),
        Row(
            name="  of the engine's CPU",
            unit="µs each",
            values=[each["cpu_us"] for each in sustained],
        ),
        Row(name="sign an order", unit="µs", values=signing, target=60),
    ]


def _measure_wire(job: str, rate: int, seconds: float) -> dict[str, float]:
    """From decisions and from events to the wire, by one of two workers; in µs."""
    trades_in_all = round(rate * (seconds + 30))  # more than are needed: the engine is the one to end it
    decisions = round(DECISIONS_PER_SECOND * seconds)
    with (
        Exchange() as exchange,
        Relay(exchange.port) as relay,
        Feeder(Settings(kinds=("trades",), pool=trades_in_all, rate=rate)) as feeder,
    ):
        found = work(
            job,
            url=relay.url,
            feed=feeder.url,
            every=rate // DECISIONS_PER_SECOND,
            decisions=decisions,
        )
        chunks = relay.chunks()
        epoch = feeder.ready.epoch
    return match_chunks(found["decisions"], found["events"], epoch, chunks)


def match_chunks(
    decisions: list[int], events: list[int], epoch: int, chunks: list[list[int]]
) -> dict[str, float]:
    """How long each decision, and the event before it, took to the wire.

    Orders leave by the one connection that is used between the first decision and the last. What a decision
    lets leave is the first that comes by it afterwards: there is nothing else under way then.

    Raises:
      CheckFailed: something cannot be an order, or there is too little.
    """
    while_deciding = Counter(number for number, at, *_ in chunks if decisions[0] <= at <= decisions[-1])
    if not while_deciding:
        raise CheckFailed("no order has come by")
    (account, _), *_ = while_deciding.most_common(1)
    requests = iter([(at, share) for number, at, _, share in chunks if number == account])
    to_wire, to_socket, from_event = [], [], []
    at = share = 0
    for decided, tid in zip(decisions, events, strict=True):
        while at < decided:
            found = next(requests, None)
            if found is None:
                raise CheckFailed("the last orders have not come by")
            at, share = found
        to_wire.append(at - decided)
        to_socket.append(at - share - decided)
        from_event.append(at - (tid - STAMP + epoch))
    return {
        "count": len(decisions),
        **_summary("decision", to_wire),
        **_summary("event", from_event),
        **_summary("socket", to_socket),
    }


def _summary(name: str, taken: list[int]) -> dict[str, float]:
    """In µs."""
    counted = sorted(taken[WARM_UP:] or taken)
    return {
        f"{name}_p50": counted[len(counted) // 2] / 1000,
        f"{name}_p99": counted[len(counted) * 99 // 100] / 1000,
        f"{name}_max": counted[-1] / 1000,
    }


# In the worker's process.


class Trader(Strategy):
    """Counts what becomes of its orders."""

    def __init__(self) -> None:
        self.placed = self.accepted = self.canceled = 0
        self.others: Counter[str] = Counter()
        """Statuses in which no order should be."""

    def bid(self) -> Decimal | None:
        """A price far below the market, or None: orders cannot leave yet."""
        quote = self.ctx.cache.get_quote(INSTRUMENT)
        if quote is None or quote.bid_price is None or not self.ctx.is_open(INSTRUMENT):
            return None
        return quote.bid_price * Decimal("0.9")

    def on_order(self, event: OrderEvent) -> None:
        """Something has happened to an order."""
        if type(event) is OrderAccepted:
            self.accepted += 1
        elif type(event) is OrderCanceled:
            self.canceled += 1
        elif event.order.is_closed:
            self.others[f"{event.status.value}: {event.order.reason}"] += 1

    def check(self, engine: LiveTradingEngine) -> None:
        """Raise CheckFailed unless every order was accepted, and canceled."""
        faults = faults_of(engine)
        if not self.placed or not self.placed == self.accepted == self.canceled or self.others or faults:
            raise CheckFailed(
                f"{self.placed} orders should have been accepted and canceled, {self.accepted} and "
                f"{self.canceled} were; {dict(self.others)} {faults}"
            )


class Decider(Trader):
    """Places an order at every so-manieth trade, and cancels all of them now and then."""

    def __init__(self, every: int, expected: int) -> None:
        super().__init__()
        self.every = every
        self.expected = expected
        self.seen = self.turns = 0
        self.decisions: list[int] = []
        self.events: list[int] = []

    def on_start(self) -> None:
        """Quotes from the exchange; trades from the feeder, which sends them without being asked."""
        self.ctx.subscribe_quotes(INSTRUMENT)
        self.ctx.bus.add_pattern(self.ctx.events, trades(INSTRUMENT))

    def on_trade(self, trade: Trade) -> None:
        """Decide at some."""
        self.seen += 1
        if self.seen % self.every:
            return
        price = self.bid()
        if price is None or self.placed == self.expected:
            return
        self.turns += 1
        if self.turns % SWEEP == 0:
            self._cancel_resting()
            return
        self.placed += 1
        self.events.append(int(trade.trade_id))
        self.decisions.append(time.monotonic_ns())
        self.ctx.submit_order(INSTRUMENT, OrderSide.BUY, QUANTITY, price=price, post_only=True)

    def _cancel_resting(self) -> None:
        """Not those that are on their way: on a busy machine one may not have left, and would be denied."""
        for order in self.ctx.orders():
            if order.is_open:
                self.ctx.cancel_order(order)

    def on_order(self, event: OrderEvent) -> None:
        """Cancel the last ones, and stop after that."""
        super().on_order(event)
        if self.placed == self.expected:
            self._cancel_resting()
        if self.canceled + sum(self.others.values()) == self.expected:
            self.ctx.stop("all orders are over")


def run_decisions(*, url: str, feed: str, every: int, decisions: int) -> dict[str, Any]:
    """When was decided on what."""
    strategy = Decider(every, decisions)
    endpoint = WebSocketEndpoint(
        url=feed.replace("http", "ws", 1) + "/ws",
        venue="hyperliquid",
        subscriptions=('{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}',),
    )
    strategy.check(_run(url, strategy, LiveTradingConfig(handle_signals=False, ws_endpoints=(endpoint,))))
    return {"decisions": strategy.decisions, "events": strategy.events}


class Burster(Trader):
    """Places bursts of orders and cancels each burst when all of it rests, for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.began: tuple[float, float] | None = None
        self.took = self.cpu = 0.0
        self._bursts: dict[str, list[Order]] = {}
        """By client order id: those of the same burst."""
        self._resting: Counter[int] = Counter()
        self._over: Counter[int] = Counter()

    def on_start(self) -> None:
        """Let the market's price come."""
        self.ctx.subscribe_quotes(INSTRUMENT)

    def on_tick(self, tick: TickEvent) -> None:
        """Begin as soon as orders may leave."""
        if self.began is None and self.bid() is not None:
            self.began = time.perf_counter(), time.process_time()
            for _ in range(BURSTS):
                self._place()

    def _place(self) -> None:
        price = self.bid()
        assert price is not None
        burst = self.ctx.submit_orders([self._command(price) for _ in range(BURST)])
        self.placed += BURST
        for order in burst:
            self._bursts[order.client_order_id] = burst

    def _command(self, price: Decimal) -> SubmitOrder:
        return self.ctx.command(INSTRUMENT, OrderSide.BUY, QUANTITY, price=price, post_only=True)

    def on_order(self, event: OrderEvent) -> None:
        """Go on with a burst when all of it has come as far."""
        super().on_order(event)
        assert self.began is not None
        burst = self._bursts.get(event.order.client_order_id)
        if burst is None:
            return  # denied before `submit_orders` has returned; `check` will tell
        if type(event) is OrderAccepted:
            self._resting[id(burst)] += 1
            if self._resting[id(burst)] == BURST:
                for order in burst:
                    self.ctx.cancel_order(order)
        elif event.order.is_closed and event.status is not event.previous:
            del self._bursts[event.order.client_order_id]
            self._over[id(burst)] += 1
            if self._over[id(burst)] == BURST:
                del self._resting[id(burst)], self._over[id(burst)]
                if time.perf_counter() - self.began[0] < self.seconds:
                    self._place()
                elif not self._bursts:
                    self.took = time.perf_counter() - self.began[0]
                    self.cpu = time.process_time() - self.began[1]
                    self.ctx.stop("all bursts are over")


def run_sustained(*, url: str, seconds: float) -> dict[str, float]:
    """Orders a second."""
    strategy = Burster(seconds)
    strategy.check(_run(url, strategy, LiveTradingConfig(handle_signals=False, tick_interval_ms=50)))
    return {"per_second": strategy.placed / strategy.took, "cpu_us": strategy.cpu / strategy.placed * 1e6}


def run_signing(*, repetitions: int) -> dict[str, list[float]]:
    """For each repetition the median of many signatures, in µs."""
    signer = make_signer(make_key(0, 0).secret_hex)
    action = order_action([_ENTRY])
    medians = []
    freeze_garbage_collector()
    for repetition in range(repetitions):
        taken = []
        for number in range(SIGNED):
            nonce = 1_793_628_000_000 + repetition * SIGNED + number
            began = time.perf_counter_ns()
            sign_action(signer, action, nonce, vault=None, expires_after=nonce + 10_000, is_mainnet=False)
            taken.append(time.perf_counter_ns() - began)
        medians.append(sorted(taken)[SIGNED // 2] / 1000)
    return {"medians": medians}


_ENTRY: Json = {
    "a": 0,
    "b": True,
    "p": "82236",
    "s": "0.01",
    "r": False,
    "t": {"limit": {"tif": "Alo"}},
    "c": "0x1234567890abcdef1234567890abcdef",
}


class _Unlimited(HyperliquidBudget):
    """Counts as always, and then lets everything leave."""

    def delay(self, request: SignedRequest | Question[Any], now: float) -> float:
        super().delay(request, now)
        return 0.0


def _run(url: str, strategy: Strategy, config: LiveTradingConfig) -> LiveTradingEngine:
    """Run an engine with an account at the local exchange until its strategy stops it."""
    venue = HyperliquidVenue(HyperliquidConfig(network="local"), base_url=url, key=make_key(0, 0).secret_hex)
    assert isinstance(venue.trading, HyperliquidTrading)
    venue.trading.budget = _Unlimited()
    risk = RiskConfig(
        max_order_rate=Decimal(100_000),
        order_rate_burst=100_000,
        max_order_notional=Decimal(10_000),
        max_open_orders=10_000,
        max_position_notional=Decimal(10_000_000),
        max_gross_exposure=Decimal(10_000_000),
    )
    with tempfile.TemporaryDirectory(prefix="livetrio-") as folder:
        path = Path(folder) / "orders.journal"
        return run_engine(
            url,
            strategy,
            config=config,
            venue=venue,
            prepare=lambda engine: engine.take_orders(path, risk=risk),
        )
