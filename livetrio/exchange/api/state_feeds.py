"""State feeds: what an account has and wants, whole in every frame (§2.5).

At once, after every block in which the account changed, and where marks matter, again on a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livetrio.exchange.api.feed import Phase, Source, User, UserFeed, encode
from livetrio.exchange.api.subscriptions import (
    ActiveAssetData,
    AllDexsClearinghouseState,
    ClearinghouseState,
    OpenOrders,
    SpotState,
    TwapStates,
    WebData2,
    WebData3,
)
from livetrio.exchange.api.views import (
    active_asset_data,
    clearinghouse_state,
    frontend_orders,
    spot_state,
    web_data2,
    web_data3,
)
from livetrio.exchange.chain.listing import Perp

STATE_EVERY = 5000
"""Milliseconds."""


class StateFeed(UserFeed[User]):
    """The whole of something."""

    phase = Phase.STATES

    def first(self) -> Sequence[bytes]:
        return (encode(self.channel, self.state()),)

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        return self.first()

    def state(self) -> dict[str, Any]:
        """As it is now."""
        raise NotImplementedError


class ClearinghouseStateFeed(StateFeed[ClearinghouseState]):
    """Positions and margin."""

    every = STATE_EVERY

    def state(self) -> dict[str, Any]:
        state = clearinghouse_state(self.source.ledger, self.account)
        return {"dex": "", "user": self.user, "clearinghouseState": state}


class AllClearinghouseStatesFeed(StateFeed[AllDexsClearinghouseState]):
    """Positions and margin of each dex; there is one here."""

    every = STATE_EVERY

    def state(self) -> dict[str, Any]:
        state = clearinghouse_state(self.source.ledger, self.account)
        return {"user": self.user, "clearinghouseStates": [["", state]]}


class OpenOrdersFeed(StateFeed[OpenOrders]):
    """All open orders."""

    def state(self) -> dict[str, Any]:
        return {"dex": "", "user": self.user, "orders": frontend_orders(self.source.ledger, self.account)}


class SpotStateFeed(StateFeed[SpotState]):
    """Spot balances."""

    def state(self) -> dict[str, Any]:
        return {"user": self.user, "spotState": spot_state(self.source.ledger, self.account)}


class TwapStatesFeed(StateFeed[TwapStates]):
    """Always empty, so it is told once: there are no TWAP orders here."""

    def state(self) -> dict[str, Any]:
        return {"dex": "", "user": self.user, "states": []}

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        return ()


class ActiveAssetDataFeed(StateFeed[ActiveAssetData]):
    """How it trades one perpetual."""

    every = STATE_EVERY

    def __init__(self, source: Source, asked: ActiveAssetData) -> None:
        super().__init__(source, asked)
        instrument = source.ledger.listing.by_coin[asked.coin]
        assert isinstance(instrument, Perp), f"{asked.coin} is no perpetual"
        self._perp = instrument

    def state(self) -> dict[str, Any]:
        return active_asset_data(self.source.ledger, self.account, self._perp)


class WebData2Feed(StateFeed[WebData2]):
    """What the venue's old website showed."""

    every = STATE_EVERY

    def state(self) -> dict[str, Any]:
        return web_data2(self.source.ledger, self.source.records, self.account)


class WebData3Feed(StateFeed[WebData3]):
    """What the venue's website shows."""

    every = STATE_EVERY

    def state(self) -> dict[str, Any]:
        return web_data3(self.source.ledger, self.account)
