"""Backoff: how long to wait before the next attempt."""

from __future__ import annotations

import random


class Backoff:
    """Delays that double: ``base``, twice that, four times, … up to ``maximum`` (1, 2, 4 … 60 s).

    ``jitter`` is the share of each delay that is drawn at random, so that a thousand engines do not come
    back at the same moment: 0 gives the delays exactly, 1 anything from nothing to the whole delay.
    """

    def __init__(
        self, base: float, maximum: float, *, jitter: float = 0.0, rng: random.Random | None = None
    ) -> None:
        self._base = base
        self._maximum = maximum
        self._jitter = jitter
        self._rng = rng or random.Random()
        self.attempts = 0
        """How many delays were given since the start or the last `reset`."""

    def next_delay(self) -> float:
        """Seconds to wait now; each call counts as an attempt."""
        # 2.0 ** 1023 is the largest power a float holds, and long past any maximum.
        delay = min(self._base * 2.0 ** min(self.attempts, 1000), self._maximum)
        self.attempts += 1
        return delay * (1 - self._jitter * self._rng.random())

    def reset(self) -> None:
        """Begin again with the base delay."""
        self.attempts = 0
