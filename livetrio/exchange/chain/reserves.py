"""Reserves: what resting orders set aside of their accounts, kept as sums so that nobody has to walk them.

On spot it is what the order would pay, which nothing else may use then (``hold``, §4.12). Of perpetuals the
sums per side are kept here, and `margin` makes of them what they reserve.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Resting
from livetrio.exchange.chain.listing import SpotPair
from livetrio.exchange.chain.order import Order


def reserve(order: Order, sz: int) -> None:
    """So much more of an order rests from now on; or so much less, if below zero."""
    account, instrument = order.account, order.instrument
    if isinstance(instrument, SpotPair):
        if order.is_buy:
            token, amount = instrument.quote.index, order.px * sz * instrument.quote_scale
        else:
            token, amount = instrument.base.index, sz * instrument.base_scale
        account.holds[token] = account.holds.get(token, 0) + amount
    elif not account.is_house and not order.reduce_only:
        resting = account.resting.get(instrument.asset)
        if resting is None:
            resting = account.resting[instrument.asset] = Resting()
        if order.is_buy:
            resting.bid_sz += sz
            resting.bid_ntl += sz * order.px
        else:
            resting.ask_sz += sz
            resting.ask_ntl += sz * order.px
