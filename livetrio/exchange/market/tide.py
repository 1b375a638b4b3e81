"""Tide: what moves all prices of the living market together, and how frightened everybody is.

Levels are natural logarithms: 0 is where the market began, 0.01 is about one per cent above it.
"""

from __future__ import annotations

from math import exp
from random import Random

from livetrio.exchange.market.climates import Climate, DriftRule, FallRule, Span
from livetrio.exchange.market.wander import STEP, Wander

BPS = 1e-4

_LEAN = 0.05
"""A drift that has led so far from where it began turns back for certain when its run ends."""

_FEAR = 1.0 - exp(-STEP / 2.0)
_RELIEF = exp(-STEP / 40.0)
"""Fear comes within 2 seconds of a fall's beginning, and goes within 40 of its end."""


class Tide:
    """The common movement. One `step` is `STEP` seconds."""

    def __init__(self, seed: str, climate: Climate) -> None:
        self._wander = Wander(
            Random(f"{seed}/tide"),
            volatility=climate.volatility_bps * BPS,
            reversion=climate.reversion,
            home_volatility=climate.home_volatility_bps * BPS,
        )
        self._drift = Drift(Random(f"{seed}/drift"), climate.drift) if climate.drift else None
        self._falls = Falls(Random(f"{seed}/falls"), climate.falls) if climate.falls else None
        self.level = 0.0
        self.stress = 0.0
        """0: as always; 1: in the midst of a fall. Makers thin out and go wide, takers hurry."""

    def step(self) -> None:
        """Go on by one step."""
        level = self._wander.step()
        if self._drift is not None:
            level += self._drift.step()
        if self._falls is not None:
            level += self._falls.step()
            self.stress = self._falls.stress
        self.level = level


class Drift:
    """Runs in one direction, and pauses."""

    def __init__(self, random: Random, rule: DriftRule) -> None:
        self._random = random
        self._rule = rule
        self._sign = random.choice((1, -1))
        self._speed = 0.0
        self._left = 0.0
        """Seconds of the run or pause."""
        self._level = 0.0

    def step(self) -> float:
        """Go on by one step; where it is then."""
        if self._left <= 0.0:
            self._turn()
        self._left -= STEP
        self._level += self._speed * STEP
        return self._level

    def _turn(self) -> None:
        random, rule = self._random, self._rule
        if self._speed:
            self._speed = 0.0
            self._left = random.uniform(*rule.pause)
            return
        stay = rule.persistence - max(self._sign * self._level, 0.0) / _LEAN
        if random.random() >= stay:
            self._sign = -self._sign
        self._speed = self._sign * random.uniform(*rule.speed_bps) * BPS / 60.0
        self._left = random.uniform(*rule.run)


class Falls:
    """Waits, falls, recovers in part, and waits again."""

    def __init__(self, random: Random, rule: FallRule) -> None:
        self._random = random
        self._rule = rule
        self._is_falling = False
        self._fallen = 0.0
        """How far the fall is that was the last, while it has not recovered."""
        self._left = random.uniform(*rule.first)
        self._speed = 0.0
        self._level = 0.0
        self._healing = exp(-STEP / rule.healing)
        self.stress = 0.0

    def step(self) -> float:
        """Go on by one step; where it is then."""
        if self._left <= 0.0:
            self._turn()
        self._left -= STEP
        self._level = self._level * self._healing + self._speed * STEP
        if self._is_falling:
            self.stress += _FEAR * (1.0 - self.stress)
        else:
            self.stress *= _RELIEF
        return self._level

    def _turn(self) -> None:
        rule = self._rule
        if self._is_falling:
            self._is_falling = False
            self._move(self._fallen * self._random.uniform(*rule.recovered), rule.recovery)
        elif self._fallen:
            self._fallen = 0.0
            self._move(0.0, rule.pause)
        else:
            self._is_falling = True
            self._fallen = self._random.uniform(*rule.depth_bps) * BPS
            self._move(-self._fallen, rule.fall)

    def _move(self, distance: float, during: Span) -> None:
        self._left = self._random.uniform(*during)
        self._speed = distance / self._left
