"""Worlds that go as the names of their faults say, in which nothing is run; for tests of the command."""

import os
import sys
import time
from itertools import count
from pathlib import Path

from livetrio.errors import StrategyFailed
from livetrio.simulation.outcome import Outcome, Violation

RUNS = count()


def run_world(plan, subject, *, trace=None):
    sys.stdout.write("a strategy prints\n")
    names = {each.name for each in plan.parsed_faults}
    if trace is not None:
        trace.write(f"trace of {plan.seed}\n".encode())
    if "loop-stall" in names:
        os._exit(3)
    if "slow" in names:
        time.sleep(60)
    if "raises" in names:
        strategy = Path(__file__).with_name("strategy_of_the_author.py")
        try:
            exec(compile("def on_quote():\n    1 / 0\non_quote()", strategy, "exec"))
        except ZeroDivisionError as error:
            raise StrategyFailed("the strategy Mine raised ZeroDivisionError: division by zero") from error
    if "dup" in names and next(RUNS) == 0:
        return Outcome(plan, broken("I4 position is sum of fills"), "1" * 8, {"orders": 1})
    if "power" in names and "disk-full" in names and plan.seconds > 40:
        return Outcome(plan, broken("I1 no order lost"), "2" * 8, {"orders": 3})
    if "kill" in names:
        return Outcome(plan, broken("I2 none sent twice"), "3" * 8, {"orders": 2, "fills": 1_000})
    orders = 0 if plan.regime == "none" else 2
    return Outcome(plan, None, f"digest-{plan.seed}", {"orders": orders, "fills": 1})


def broken(invariant):
    return Violation(
        invariant, "expected one order, found two: 0x17 and 0x18", 62.5, ("t=60 sent 0x17", "t=61 sent 0x18")
    )


def interrupted(plan, subject, *, trace=None):
    """Ctrl+C, once a few of them have come to their end."""
    if plan.seed >= 3:
        sys.stderr.write("stuck\n")
        time.sleep(60)
    return Outcome(plan, broken("I9 old events ignored") if plan.seed == 1 else None, "4" * 8, {"orders": 1})
