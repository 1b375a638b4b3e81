"""Losses: what the account and its strategies have lost, against what they may lose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

import attrs

from livetrio.engines.locks import Remember
from livetrio.engines.risk_config import OwnerLimits, RiskConfig


class Results(Protocol):
    """Whoever knows what trading has brought: the portfolio."""

    def pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since the journal began: realised, unrealised, funding, less fees."""
        ...

    def day_pnl(self, strategy: str | None = None) -> Decimal:
        """Won or lost since midnight UTC."""
        ...

    def is_priced(self, strategy: str | None = None) -> bool:
        """Whether a price of everything that is held is known. If not, `pnl` is not what it will be."""
        ...


@attrs.frozen
class Breach:
    """More was lost than may be."""

    owner: str | None
    """The strategy; None: the account."""
    kind: str
    """``daily loss`` or ``drawdown``."""
    words: str


BEST = "best"
"""The journal's kind of state."""


class Losses:
    """Of the account and of those strategies that have limits.

    The best result of each is in the journal: a restart forgives no drawdown.
    """

    def __init__(
        self,
        config: RiskConfig,
        results: Results,
        *,
        remember: Remember = lambda _kind, _key, _value: None,
    ) -> None:
        self._limits: list[tuple[str | None, OwnerLimits]] = [(None, config), *config.strategies.items()]
        self._results = results
        self._remember = remember
        self._best: dict[str | None, Decimal] = {}

    def restore(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Take back what was remembered, by kind and key; of those who have no such limit any more it is
        forgotten."""
        limited = {owner for owner, limits in self._limits if limits.max_drawdown is not None}
        for key, value in states.get(BEST, {}).items():
            if (key or None) in limited:
                self._best[key or None] = Decimal(value["pnl"])
            else:
                self._remember(BEST, key, None)

    def breaches(self) -> Iterator[Breach]:
        """All limits that are reached now, also those that were before."""
        for owner, limits in self._limits:
            if limits.max_daily_loss is not None:
                lost = -self._results.day_pnl(owner)
                if lost >= limits.max_daily_loss:
                    words = f"{lost:.2f} lost today, the limit is {limits.max_daily_loss:f}"
                    yield Breach(owner, "daily loss", words)
            if limits.max_drawdown is not None and self._results.is_priced(owner):
                pnl = self._results.pnl(owner)
                best = self._note_best(owner, pnl)
                if best - pnl >= limits.max_drawdown:
                    words = f"{best - pnl:.2f} below the best, the limit is {limits.max_drawdown:f}"
                    yield Breach(owner, "drawdown", words)

    def _note_best(self, owner: str | None, pnl: Decimal) -> Decimal:
        best = self._best.get(owner)
        if best is None or pnl > best:
            best = self._best[owner] = pnl
            self._remember(BEST, owner or "", {"pnl": str(pnl)})
        return best

    def begin_afresh(self) -> None:
        """From here on the account's drawdown counts from what it has now."""
        if self._best.pop(None, None) is not None:
            self._remember(BEST, "", None)

    def clear(self) -> None:
        """From here on everybody's does."""
        for owner in self._best:
            self._remember(BEST, owner or "", None)
        self._best.clear()
