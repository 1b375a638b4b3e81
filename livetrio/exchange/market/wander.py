"""Wander: a number that strays from its home and is drawn back to it, while the home moves slowly."""

from __future__ import annotations

from math import sqrt
from random import Random

STEP = 0.25
"""Seconds between two steps of everything in the living market that moves by itself."""


class Wander:
    """A mean-reverting walk (Ornstein-Uhlenbeck) around a plain one, in steps of `STEP` seconds."""

    __slots__ = ("_away", "_home", "_home_scale", "_pull", "_random", "_scale", "level")

    def __init__(
        self, random: Random, *, volatility: float, reversion: float, home_volatility: float = 0.0
    ) -> None:
        """Begin at home, at 0.

        Args:
          random: where the steps are drawn from; nobody else may draw there.
          volatility: of the stray, per square root of a second.
          reversion: seconds in which a stray shrinks to 1/e.
          home_volatility: of the home, per square root of a second.
        """
        self._random = random
        self._scale = volatility * sqrt(STEP)
        self._home_scale = home_volatility * sqrt(STEP)
        self._pull = STEP / reversion
        self._away = 0.0
        self._home = 0.0
        self.level = 0.0
        """Where it is now."""

    def step(self) -> float:
        """Go on by one step; where it is then."""
        gauss = self._random.gauss
        self._away += self._scale * gauss(0.0, 1.0) - self._pull * self._away
        if self._home_scale:
            self._home += self._home_scale * gauss(0.0, 1.0)
        self.level = self._home + self._away
        return self.level
