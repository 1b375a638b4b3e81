"""Scopes: whose limits hold for an order."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from livetrio.engines.risk_config import Limits, RiskConfig
from livetrio.model import InstrumentId, Order


@attrs.frozen
class Scope:
    """Limits that hold for an order, whose orders and positions they count, and what they are called."""

    limits: Limits
    owner: str | None
    words: str
    """``mm's limit``"""


class Scopes:
    """Of one account's limits."""

    def __init__(self, config: RiskConfig) -> None:
        self._config = config
        self._known: dict[tuple[InstrumentId, str | None], tuple[Scope, ...]] = {}

    def of(self, order: Order) -> tuple[Scope, ...]:
        """Whose limits hold for an order, the narrowest first."""
        key = (order.instrument_id, order.strategy)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(self._find(*key))
        return found

    def _find(self, instrument: InstrumentId, strategy: str | None) -> Iterator[Scope]:
        config = self._config
        if instrument in config.instruments:
            yield Scope(config.instruments[instrument], None, f"{instrument}'s limit")
        if strategy is not None and strategy in config.strategies:
            yield Scope(config.strategies[strategy], strategy, f"{strategy}'s limit")
        yield Scope(config, None, "the limit")
