"""The engine is killed for real (SIGKILL) in mid-work, again and again; nothing is lost, nothing twice.

Real processes, real sockets, real time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from livetrio.journal.reading import read_fills, read_orders
from livetrio.model import OrderStatus

HERE = Path(__file__).parent
ROUNDS = 5


class Exchange:
    """`livetrio exchange`, as a process."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "livetrio", "exchange", "--port", "0", "--seed", "5", "--no-limits"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.base_url = self.process.stdout.readline().split()[0]
        words = self.process.stdout.readline().split()
        self.address, self.key = words[1], words[3]

    def ask(self, kind, **more):
        body = json.dumps({"type": kind, "user": self.address} | more).encode()
        request = urllib.request.Request(f"{self.base_url}/info", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def exchange():
    exchange = Exchange()
    yield exchange
    exchange.close()


def start(folder, exchange, seed, *more):
    config = folder / "busy.toml"
    config.write_text(f"""
[engine]
tick_interval_ms = 50

[venues.hyperliquid]
network = "local"
base_url = "{exchange.base_url}"
key = "env:CRASH_TEST_KEY"

[journal]
path = "{folder / "orders.journal"}"

[risk]
max_order_rate = 1000

[[strategies]]
path = "{HERE / "order_world.py"}:Busy"
params = {{ seed = {seed}, most = 20 }}
""")
    return subprocess.Popen(
        [sys.executable, "-m", "livetrio", "run", str(config), *more],
        env=os.environ | {"CRASH_TEST_KEY": exchange.key},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_engine_finds_every_order_again(tmp_path, exchange):
    draw = random.Random(1)
    journal = tmp_path / "orders.journal"
    for number in range(ROUNDS):
        process = start(tmp_path, exchange, number)
        wait_for_orders(journal, process)
        time.sleep(draw.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    process = start(tmp_path, exchange, 99, "--duration", "4s")
    report, log = process.communicate(timeout=60)

    assert process.returncode == 0, log + report
    assert "Traceback" not in log
    orders = read_orders(journal)
    placed = [each for each in orders if each.status is not OrderStatus.DENIED]
    assert len(placed) > 20
    assert all(each.is_closed for each in orders)
    assert exchange.ask("openOrders") == []
    assert fills_of(exchange) == Counter(
        (each.fill.venue_order_id, each.fill.price, each.fill.quantity) for each in read_fills(journal)
    )
    assert placed_twice(exchange) == []
    for each in placed:
        fills = [one.fill for one in read_fills(journal) if one.fill.client_order_id == each.client_order_id]
        assert sum(fill.quantity for fill in fills) == each.filled_quantity


def wait_for_orders(journal, process):
    """Until the run has placed something: it is the middle of its work that it shall be killed in."""
    before = len(read_orders(journal)) if journal.exists() else 0
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if journal.exists() and len(read_orders(journal)) > before + 3:
            return
        time.sleep(0.1)
    raise AssertionError("it placed no orders")


def fills_of(exchange):
    return Counter(
        (str(each["oid"]), Decimal(each["px"]), Decimal(each["sz"])) for each in exchange.ask("userFills")
    )


def placed_twice(exchange):
    """Client order ids under which there was more than one order."""
    oids = {}
    for each in exchange.ask("historicalOrders"):
        oids.setdefault(each["order"]["cloid"], set()).add(each["order"]["oid"])
    return [cloid for cloid, found in oids.items() if cloid is not None and len(found) > 1]
