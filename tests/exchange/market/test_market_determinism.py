"""The same seed and the same blocks give the same orders, in every process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from market_desk import TradingDesk

from livetrio.exchange.market.flow import LivingMarket

SCRIPT = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
from market_desk import TradingDesk
from livetrio.exchange.market.flow import LivingMarket

desk = TradingDesk(LivingMarket(11, "crash"))
desk.run(40)
desk.trade("BTC", "buy", desk.book("BTC").best_ask, 50_000)
desk.run(40)
story = [
    (time, account.address, new.instrument.coin, new.is_buy, new.px, new.sz)
    for time, account, new in desk.placed
]
story += [(each.time, each.px, each.sz, each.tid, each.tx) for each in desk.trades]
story += desk.oracles
print(len(story), hashlib.sha256(repr(story).encode()).hexdigest())
"""


def test_processes_with_any_hash_seed_tell_the_same_story():
    here = Path(__file__).resolve().parent
    told = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(here), str(here.parents[2])],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True, capture_output=True, text=True, timeout=120,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }  # fmt: skip

    assert len(told) == 1
    assert int(told.pop().split()[0]) > 3_000


def story(seed, regime="calm", blocks=200, act=None):
    desk = TradingDesk(LivingMarket(seed, regime))
    for number in range(blocks):
        desk.block(act=act and (lambda desk=desk, number=number: act(desk, number)))
    return desk, [(time, new.instrument.coin, new.is_buy, new.px, new.sz) for time, _, new in desk.placed]


@pytest.mark.parametrize("regime", ["calm", "trend", "crash"])
def test_a_seed_is_a_market_and_another_seed_another(regime):
    assert story(5, regime)[1] == story(5, regime)[1]
    assert story(5, regime)[1] != story(6, regime)[1]


def test_what_things_are_worth_does_not_hang_on_clients():
    def buy(desk, number):
        if number % 20 == 0:
            desk.trade("BTC", "buy", desk.book("BTC").best_ask, 10_000)

    alone, orders = story(5)
    among, other_orders = story(5, act=buy)
    values = [[price.value for price in desk.market._references.prices.values()] for desk in (alone, among)]

    assert values[0] == values[1]
    assert orders != other_orders
