"""Exchange: the local exchange under load: its matching alone, orders over WebSocket, and many listeners.

- *matched orders/s*: makers and takers are placed through `chain.placing`, accounts, margins, fees and news
  included; each match counts as two orders, for two orders were matched. The house's (the synthetic market's
  own accounts, which need no margin and keep no history) are measured beside it.
- *orders/s over WebSocket*: the exchange in a process of its own, as `livetrio exchange` runs it but without
  limits; clients place single orders, signed beforehand, and cancel each after its answer. Every order must
  have rested, and every cancel succeeded.
- *listeners*: 200 connections, each subscribed to every feed of every instrument, on the calm market; what
  counts is what the exchange's process needs of one core, and that every connection heard everything.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from decimal import Decimal
from time import perf_counter
from typing import Any

import msgspec
import trio

from benchmarks.processes import CheckFailed, environment, work
from benchmarks.table import Row
from benchmarks.traders import CLIENTS, trade
from livetrio.app.run import freeze_garbage_collector
from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.order import NewOrder, Tif
from livetrio.exchange.chain.placing import place

LISTENERS = 200


def measure(*, quick: bool) -> list[Row]:
    """All three."""
    repetitions = 1 if quick else 3
    matched = [work("matching", orders=20_000 if quick else 60_000) for _ in range(repetitions)]
    traded = [work("trading", orders=8_000 if quick else 40_000) for _ in range(repetitions)]
    heard = [work("listening", seconds=5 if quick else 10) for _ in range(repetitions)]
    return [
        Row(
            name="matched orders/s, clients' accounts",
            unit="/s",
            values=[each["clients"] for each in matched],
            more_is_better=True,
            target=50_000.0,
        ),
        Row(
            name="matched orders/s, the house's",
            unit="/s",
            values=[each["house"] for each in matched],
            more_is_better=True,
            target=50_000.0,
        ),
        Row(
            name="orders/s placed and canceled, WS",
            unit="/s",
            values=[each["per_second"] for each in traded],
            more_is_better=True,
            target=5_000.0,
            note="single orders; two actions each",
        ),
        Row(
            name="  the same in batches of 20",
            unit="/s",
            values=[each["batched_per_second"] for each in traded],
            more_is_better=True,
        ),
        Row(
            name=f"{LISTENERS} listeners to every feed, CPU",
            unit="% of a core",
            values=[each["cpu_percent"] for each in heard],
            note=f"{heard[0]['frames_per_second']:,.0f} frames/s",
        ),
    ]


# In the worker's process.


def run_matching(*, orders: int) -> dict[str, float]:
    """Matched orders a second, for clients' accounts and the house's."""
    return {name: _match(orders, is_house=name == "house") for name in ("clients", "house")}


def _match(orders: int, *, is_house: bool) -> float:
    ledger = Ledger(default_listing())
    btc = ledger.listing.perps[0]
    maker, taker = ledger.account("0x" + "1" * 40), ledger.account("0x" + "2" * 40)
    for account in (maker, taker):
        account.exists, account.cash, account.is_house = True, 10**15, is_house
    draw = random.Random(1)
    pairs = [
        (
            NewOrder(instrument=btc, is_buy=False, px=btc.reference + 10 * draw.randint(0, 20), sz=size),
            NewOrder(instrument=btc, is_buy=True, px=btc.reference + 1000, sz=size, tif=Tif.IOC),
        )
        for size in (draw.randint(20, 200) for _ in range(orders // 2))
    ]
    freeze_garbage_collector()
    began = perf_counter()
    for offer, bid in pairs:
        place(ledger, maker, offer)
        if place(ledger, taker, bid).filled != bid.sz:
            raise CheckFailed("a taker should have been filled whole")
        ledger.events.clear()  # as each block does
    return orders / (perf_counter() - began)


def run_trading(*, orders: int) -> dict[str, float]:
    """Orders placed and canceled a second, one by one and in batches."""
    return trio.run(_trade, orders)


async def _trade(orders: int) -> dict[str, float]:
    base_url, process = await _start_exchange()
    try:
        single = await trade(base_url, orders=orders, batch=1)
        batched = await trade(base_url, orders=orders, batch=20)
    finally:
        process.terminate()
        await process.wait()
    return {"per_second": single, "batched_per_second": batched}


async def _start_exchange() -> tuple[str, trio.Process]:
    """`livetrio exchange` without limits, in a process of its own."""
    command = [sys.executable, "-m", "livetrio", "exchange", "--no-limits", "--accounts", str(CLIENTS)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    line = await _read_line(process.stdout, "the exchange")
    return line.split()[0].decode(), process


def run_listening(*, seconds: float, listeners: int = LISTENERS) -> dict[str, Any]:
    """What the listeners cost the exchange: CPU of this process; the listeners are in another."""
    return trio.run(_listen, seconds, listeners)


async def _listen(seconds: float, listeners: int) -> dict[str, Any]:
    settings = ExchangeSettings(limits=False, balance=Decimal(1_000_000))
    exchange = LocalExchange(settings, clock=Clock.live())
    async with trio.open_nursery() as nursery:
        base_url: str = await nursery.start(exchange.serve)
        port = int(base_url.rpartition(":")[2])
        freeze_garbage_collector()
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "benchmarks.listeners", str(port), str(listeners), str(seconds)],
            stdout=subprocess.PIPE,
            env=environment(),
        )
        assert process.stdout is not None
        said = await _read_line(process.stdout, "the listeners")  # all are subscribed
        before, began = _cpu(), perf_counter()
        said = await _read_line(process.stdout, "the listeners")
        used, passed = _cpu() - before, perf_counter() - began
        await process.wait()
        nursery.cancel_scope.cancel()
    found = msgspec.json.decode(said)
    if found["closed"] or not found["common"] or not found["same"]:
        raise CheckFailed(f"every listener should have heard everything: {found}")
    return {"cpu_percent": 100 * used / passed, "frames_per_second": found["frames"] / passed}


async def _read_line(pipe: trio.abc.ReceiveStream, who: str) -> bytes:
    line = b""
    while b"\n" not in line:
        data = await pipe.receive_some()
        if not data:
            raise CheckFailed(f"{who} ended without a result; what is said of that stands above")
        line += bytes(data)
    return line


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
