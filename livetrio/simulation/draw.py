"""Draw: a plan from a seed.

Swarm testing (Groce et al., ISSTA 2012): each seed first draws which kinds of fault exist in its world at
all, since with all of them everywhere each hides the others. Then come a few faults that bunch around a few
moments, because those that overlap find more than those spread evenly, and each is a little shorter or a
little longer than some time-out of the engine. About every other world is aimed at what such draws miss
(`livetrio.simulation.aims`), and that of seed 0 has no faults: a strategy that fails there fails by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from livetrio.exchange.faults.catalogue import Kind, Place, Span
from livetrio.exchange.faults.grammar import Fault
from livetrio.exchange.settings import Regime
from livetrio.simulation.aims import AIMS
from livetrio.simulation.catalogue import CATALOGUE, Where
from livetrio.simulation.plan import Plan

TIMEOUTS = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds after which the engine does something by itself, with its usual settings. 1: asks again, begins
the back-off; 2: closes a socket; 3: gives a cancellation up; 5: gives an order, a question or a strategy's
clean-up up; 10: gives a dial up, an order has expired, a price is old; 30: sends a heartbeat, compares all
with the venue; 60: gives a silent connection up, the longest back-off."""

_FACTORS = (0.5, 0.9, 1.1, 2.0)
_BLINKS = (0.05, 0.3)
"""Lengths below all of them."""

_SPREADS = (0.0, 0.1, 1.0, 10.0)
"""How far a fault lies from the moment that it bunches around, in seconds."""

_REGIMES: tuple[Regime, ...] = ("calm",) * 10 + ("trend",) * 5 + ("crash",) * 4 + ("none",)
_LATENCIES = ("1ms", "5ms..60ms", "5ms..60ms", "20ms..300ms", "100ms..1s500ms")

_PACES = (0.3, 0.5, 0.5, 1.0)

_SCOPES = (
    "order", "cancel", "modify", "batchModify", "action", "info",
    "orderUpdates", "userFills", "user", "post", "pong", "l2Book", "bbo", "trades",
)  # fmt: skip
"""What is worth naming, of what a fault can act on."""

_EACH_TIME = frozenset({Place.REQUEST, Place.ACTION, Place.REPLY, Place.DELAY, Place.FRAME, Where.NETWORK})
"""Where there are opportunities enough for a fault to take only some of them."""


def draw_plan(seed: int, seconds: float, kinds: Collection[str] = CATALOGUE.kinds.keys()) -> Plan:
    """The plan of a seed: the same for the same arguments, on every machine.

    Args:
      seconds: the horizon.
      kinds: names of the faults that there may be; empty: none, and only the knobs are drawn.
    """
    if seed == 0:
        return Plan(seed, seconds)
    draw = Random(f"{seed}/plan")
    latency, regime = draw.choice(_LATENCIES), draw.choice(_REGIMES)
    faults: list[Fault] = []
    count = draw.randint(2, 14)
    aims = [each for each in AIMS if each.kinds <= frozenset(kinds)]
    if aims and draw.random() < 0.5:
        [aim] = draw.choices(aims, [each.weight for each in aims])
        faults += aim.make(draw, seconds)
        regime = aim.regime or regime
        count = draw.randint(0, 4)
    faults += _draw_swarm(draw, seconds, sorted(kinds), count)
    faults.sort(key=lambda each: (each.after or 0, str(each)))
    pace = Random(f"{seed}/pace").choice(_PACES)
    return Plan(seed, seconds, tuple(map(str, faults)), latency=latency, regime=regime, pace=pace)


def _draw_swarm(draw: Random, seconds: float, names: list[str], count: int) -> list[Fault]:
    """So many faults, of some of these kinds, around a few moments."""
    if not names:
        return []
    share = max(draw.choice((0.1, 0.25, 0.5)), 3 / len(names))  # of a few that were asked for, most
    existing = [name for name in names if draw.random() < share] or [draw.choice(names)]
    moments = [draw.uniform(0.02, 0.9) * seconds for _ in range(draw.randint(1, 4))]
    return [
        _draw_fault(draw, CATALOGUE.kinds[draw.choice(existing)], draw.choice(moments), seconds)
        for _ in range(count)
    ]


def _draw_fault(draw: Random, kind: Kind, moment: float, seconds: float) -> Fault:
    spread = draw.choice(_SPREADS)
    begin = min(_ms(max(moment + draw.uniform(-spread, spread), 0.0)), max(1, int(seconds * 1000)))
    argument = _draw_span(draw) if kind.argument is not None and draw.random() < 0.7 else None
    scopes = [each for each in _SCOPES if each in kind.scopes]
    scope = draw.choice(scopes) if scopes and draw.random() < 0.6 else None
    percent = draw.choice((None, None, 5.0, 20.0, 50.0)) if kind.place in _EACH_TIME else None
    every, length = None, None
    repeats = draw.random()
    if kind.is_moment:
        if repeats < 0.2:
            every = _ms(_draw_length(draw))
            length = every * draw.randint(1, 5)
    else:
        length = _ms(_draw_length(draw))
        if repeats < 0.1:
            every = length * draw.randint(2, 4)
    return Fault(kind.name, argument, percent, scope, False, every, begin, length, kind=kind)


def _draw_length(draw: Random) -> float:
    if draw.random() < 0.15:
        return draw.choice(_BLINKS)
    return draw.choice(TIMEOUTS) * draw.choice(_FACTORS)


def _draw_span(draw: Random) -> Span:
    length = _ms(_draw_length(draw))
    return (length, length) if draw.random() < 0.5 else (max(1, length // 10), length)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
