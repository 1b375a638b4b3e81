"""Losses: what the account and its strategies have lost, against what they may lose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

import attrs

from livetrio.engines.locks import Lock, Remember
from livetrio.engines.risk_config import Limits, RiskConfig
from livetrio.model import InstrumentId


class Results(Protocol):
    """Whoever knows what trading has brought: the portfolio."""

    def pnl(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> Decimal:
        """Won or lost since the journal began: realised, unrealised, funding, less fees."""
        ...

    def day_pnl(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> Decimal:
        """Won or lost since midnight UTC."""
        ...

    def is_priced(self, strategy: str | None = None, instrument_id: InstrumentId | None = None) -> bool:
        """Whether a price of everything that is held is known. If not, `pnl` is not what it will be."""
        ...


DAY = 86_400_000_000_000
"""Nanoseconds."""


@attrs.frozen
class Breach:
    """More was lost than may be."""

    strategy: str | None
    """Whose; None: the account's."""
    instrument_id: InstrumentId | None
    """In which; None: in all together."""
    kind: str
    """``daily loss`` or ``drawdown``."""
    words: str

    def lock(self, now: int) -> Lock:
        """What follows where it is not the account's: until the next midnight, or for a day."""
        until = (now // DAY + 1) * DAY if self.kind == "daily loss" else now + DAY
        return Lock(instrument_id=self.instrument_id, strategy=self.strategy, reason=self.words, until=until)


BEST = "best"
"""The journal's kind of state."""


_Whose = tuple[str | None, InstrumentId | None]
"""Strategy and instrument, each None for all."""


class Losses:
    """Of the account, and of those strategies and instruments that have limits.

    The best result of each is in the journal: a restart forgives no drawdown.
    """

    def __init__(
        self,
        config: RiskConfig,
        results: Results,
        *,
        remember: Remember = lambda _kind, _key, _value: None,
    ) -> None:
        limits: dict[_Whose, Limits] = {(None, None): config}
        limits |= {(name, None): each for name, each in config.strategies.items()}
        limits |= {(None, InstrumentId(name)): each for name, each in config.instruments.items()}
        self._daily = {
            whose: most for whose, each in limits.items() if (most := each.max_daily_loss) is not None
        }
        self._drawdown = {
            whose: most for whose, each in limits.items() if (most := each.max_drawdown) is not None
        }
        self._results = results
        self._remember = remember
        self._best: dict[_Whose, Decimal] = {}

    def restore(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Take back what was remembered, by kind and key; of those who have no such limit any more it is
        forgotten."""
        known = {_key(whose): whose for whose in self._drawdown}
        for key, value in states.get(BEST, {}).items():
            if key in known:
                self._best[known[key]] = Decimal(value["pnl"])
            else:
                self._remember(BEST, key, None)

    def breaches(self) -> Iterator[Breach]:
        """All limits that are reached now, also those that were before."""
        for whose, most in self._daily.items():
            lost = -self._results.day_pnl(*whose)
            if lost >= most:
                yield Breach(*whose, "daily loss", f"{lost:.2f} lost today, the limit is {most:f}")
        for whose, most in self._drawdown.items():
            if self._results.is_priced(*whose):
                pnl = self._results.pnl(*whose)
                best = self._note_best(whose, pnl)
                if best - pnl >= most:
                    words = f"{best - pnl:.2f} below the best, the limit is {most:f}"
                    yield Breach(*whose, "drawdown", words)

    def _note_best(self, whose: _Whose, pnl: Decimal) -> Decimal:
        best = self._best.get(whose)
        if best is None or pnl > best:
            best = self._best[whose] = pnl
            self._remember(BEST, _key(whose), {"pnl": str(pnl)})
        return best

    def begin_afresh(self) -> None:
        """From here on the account's drawdown counts from what it has now."""
        if self._best.pop((None, None), None) is not None:
            self._remember(BEST, "", None)

    def clear(self) -> None:
        """From here on everybody's does."""
        for whose in self._best:
            self._remember(BEST, _key(whose), None)
        self._best.clear()


def _key(whose: _Whose) -> str:
    """In the journal: the strategy's name; of an instrument a bar and its id; of the account nothing."""
    strategy, instrument = whose
    return strategy or "" if instrument is None else f"|{instrument}"
