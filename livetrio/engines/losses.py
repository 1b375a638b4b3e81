"""Losses: what the account and its strategies have lost, against what they may lose."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import attrs

from livetrio.engines.risk_config import OwnerLimits, RiskConfig


class Results(Protocol):
    """Whoever knows what trading has brought: the portfolio."""

    def pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since the journal began: realised, unrealised, funding, less fees."""
        ...

    def day_pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since midnight UTC."""
        ...


@attrs.frozen
class Breach:
    """More was lost than may be."""

    owner: str | None
    """The strategy; None: the account."""
    kind: str
    """``daily loss`` or ``drawdown``."""
    words: str


class Losses:
    """Of the account and of those strategies that have limits."""

    def __init__(self, config: RiskConfig, results: Results) -> None:
        self._limits: list[tuple[str | None, OwnerLimits]] = [(None, config), *config.strategies.items()]
        self._results = results
        self._best: dict[str | None, Decimal] = {}

    def breaches(self) -> Iterator[Breach]:
        """All limits that are reached now, also those that were before."""
        for owner, limits in self._limits:
            if limits.max_daily_loss is not None:
                lost = -self._results.day_pnl(owner)
                if lost >= limits.max_daily_loss:
                    words = f"{lost:.2f} lost today, the limit is {limits.max_daily_loss:f}"
                    yield Breach(owner, "daily loss", words)
            if limits.max_drawdown is not None:
                pnl = self._results.pnl(owner)
                best = self._best[owner] = max(pnl, self._best.get(owner, pnl))
                if best - pnl >= limits.max_drawdown:
                    words = f"{best - pnl:.2f} below the best, the limit is {limits.max_drawdown:f}"
                    yield Breach(owner, "drawdown", words)

    def begin_afresh(self) -> None:
        """From here on the account's drawdown counts from what it has now."""
        self._best.pop(None, None)
