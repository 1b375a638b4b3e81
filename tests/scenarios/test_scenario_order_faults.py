"""Ten busy minutes with orders, with one thing going wrong each time; at the end all agree. In virtual time.

The whole way is the real one: strategy, engines, signing, WebSocket frames, the local exchange, the journal.
"""

from __future__ import annotations

import pytest
import trio
from order_world import Busy, until_quiet

from livetrio.exchange import ExchangeSettings
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements

FAULTS = {
    "nothing": [],
    "drop-connection": ["drop-connection every 20s"],
    "rst": ["rst every 25s"],
    "half-open": ["half-open every 100s for 250s"],
    "flap": ["flap for 30s after 30s", "drop-connection after 30s"],
    "refuse": ["refuse for 40s after 60s", "drop-connection after 60s"],
    "dial-hole": ["dial-hole for 40s after 60s", "drop-connection after 60s"],
    "latency": ["latency 200ms..4s"],
    "reorder": ["reorder 1ms..2s 50%"],
    "dup": ["dup 30%"],
    "gap": ["gap for 1s after 50s", "gap for 1s after 200s"],
    "garbled": ["garbled 5%"],
    "unknown-field": ["unknown-field"],
    "stale-snapshot": ["stale-snapshot 30%"],
    "crossed-book": ["crossed-book 30%"],
    "reject": ["reject 20% on order"],
    "timeout-before": ["timeout-before 10% on action"],
    "ack-lost": ["ack-lost 10% on action"],
    "ack-late": ["ack-late 15s 10% on action"],
    "500-after": ["500-after 10% on action"],
    "not-found": ["not-found 50%", "ack-lost 10% on order"],
    "429": ["429 20% on action"],
    "429-info": ["429 30% on info", "drop-connection every 60s"],
    "502": ["502 20% on action"],
    "maintenance": ["maintenance for 40s after 60s"],
    "post-only": ["post-only for 60s after 60s"],
    "restart": ["restart 10s after 60s", "restart 5s after 200s"],
    "wipe": ["wipe 5s after 60s", "wipe 5s after 200s"],
    "nonce": ["nonce 20% on action"],
    "silent": ["silent for 100s after 60s"],
}


@pytest.mark.parametrize("name", FAULTS)
@within(3600)
async def test_orders_survive(name, autojump_clock):
    busy = Busy(seed=hash_of(name))
    settings = ExchangeSettings(seed=hash_of(name), faults=tuple(FAULTS[name]), balance=1_000_000)
    async with run_strategy(busy, exchange=settings) as run:
        await trio.sleep(300)
        run.exchange.mischief.injector.remove()
        await trio.sleep(60)
        await until_quiet(run, busy)
        found = disagreements(run)
        is_halted = run.desk.risk.state.value

    assert busy.wrong == []
    assert found == []
    assert busy.events["OrderAccepted"] > 30, busy.events
    assert busy.events["OrderFilled"] > 5, busy.events
    assert is_halted == "active"
    assert run.engine.report().trading.left == ()
    assert not run.account.orders


def hash_of(name: str) -> int:
    return sum(map(ord, name))
