"""The market as the wire has it: trades, books, mids and contexts (§2.4, §4.5)."""

from __future__ import annotations

from typing import Any

from livetrio.exchange.api.records import Records
from livetrio.exchange.api.texts import (
    px_text,
    rate_text,
    side_text,
    sz_text,
    token_text,
    usd_text,
)
from livetrio.exchange.chain.book import Level, Side
from livetrio.exchange.chain.events import PublicTrade
from livetrio.exchange.chain.funding import current_rate, impact_prices, premium
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Instrument, Perp, SpotPair
from livetrio.exchange.chain.units import SPOT_DECIMALS, format_units

View = dict[str, Any]

BOOK_LEVELS = 20
"""Of each side, unless fewer are asked for."""


# Trades and books.


def trade_view(trade: PublicTrade) -> View:
    """A public trade; its side is the aggressor's."""
    instrument = trade.instrument
    return {
        "coin": instrument.coin,
        "side": side_text(trade.is_buy),
        "px": px_text(instrument, trade.px),
        "sz": sz_text(instrument, trade.sz),
        "time": trade.time,
        "hash": trade.tx,
        "tid": trade.tid,
        "users": [trade.buyer, trade.seller],
    }


def bbo_view(ledger: Ledger, instrument: Instrument) -> View:
    """The best bid and the best ask, either of which may be none."""
    book = ledger.books[instrument.asset]
    sides = (book.bids.best, book.asks.best)
    return {
        "coin": instrument.coin,
        "time": ledger.time,
        "bbo": [None if level is None else _level(instrument, level) for level in sides],
    }


def book_view(
    ledger: Ledger,
    instrument: Instrument,
    levels: int = BOOK_LEVELS,
    n_sig_figs: int | None = None,
    mantissa: int | None = None,
) -> View:
    """The best levels of both sides, each whole.

    Args:
      ledger: the state.
      instrument: whose book.
      levels: how many of each side at the most.
      n_sig_figs: to how many figures prices are rounded, bids down and asks up; None: not at all.
      mantissa: 2 or 5: the last of the figures counts in steps of so many.

    Those two are as `rounding_fault` finds them right.
    """
    book = ledger.books[instrument.asset]
    if n_sig_figs is None:
        sides = [_levels(instrument, side, levels) for side in (book.bids, book.asks)]
    else:
        step = mantissa or 1
        sides = [
            _coarse_levels(instrument, side, levels, n_sig_figs, step, up=side is book.asks)
            for side in (book.bids, book.asks)
        ]
    return {"coin": instrument.coin, "time": ledger.time, "levels": sides}


def rounding_fault(n_sig_figs: int | None, mantissa: int | None) -> str | None:
    """Why the venue has no book that is rounded so; None if it has (§2.4)."""
    if n_sig_figs not in (None, 2, 3, 4, 5):
        return "nSigFigs is none of 2, 3, 4, 5"
    if mantissa is not None and (n_sig_figs != 5 or mantissa not in (2, 5)):
        return "mantissa is 2 or 5, and only with nSigFigs 5"
    return None


def _levels(instrument: Instrument, side: Side, count: int) -> list[View]:
    found: list[View] = []
    for level in side.levels():
        if len(found) == count:
            break
        found.append(_level(instrument, level))
    return found


def _level(instrument: Instrument, level: Level) -> View:
    return {
        "px": px_text(instrument, level.px),
        "sz": sz_text(instrument, level.sz),
        "n": len(level.orders),
    }


def _coarse_levels(
    instrument: Instrument, side: Side, count: int, figures: int, step: int, *, up: bool
) -> list[View]:
    """Levels whose prices are equal when rounded, as one."""
    sums: dict[int, list[int]] = {}
    for level in side.levels():
        px = _coarse(level.px, figures, step, up=up)
        found = sums.get(px)
        if found is None:
            if len(sums) == count:
                break
            found = sums[px] = [0, 0]
        found[0] += level.sz
        found[1] += len(level.orders)
    return [
        {"px": px_text(instrument, px), "sz": sz_text(instrument, sz), "n": orders}
        for px, (sz, orders) in sums.items()
    ]


def _coarse(px: int, figures: int, step: int, *, up: bool) -> int:
    """A price of so many significant figures, the last a multiple of the step; not finer than the grid is."""
    unit = step * int(10 ** max(len(str(px)) - figures, 0))
    return -(-px // unit) * unit if up else px // unit * unit


# Mids and contexts.


def mids(ledger: Ledger) -> dict[str, str]:
    """The middle of each book; of one that lacks a side the last trade's price, or else the mark price."""
    found = {}
    for instrument in ledger.listing.instruments:
        asset = instrument.asset
        mid = mid_text(ledger, instrument)
        if mid is None:
            mid = px_text(instrument, ledger.lasts.get(asset, ledger.marks[asset]))
        found[instrument.coin] = mid
    return found


def mid_text(ledger: Ledger, instrument: Instrument) -> str | None:
    """The middle of a book that has two sides."""
    book = ledger.books[instrument.asset]
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        return None
    return format_units(5 * (bid + ask), instrument.px_decimals + 1)


def perp_context(ledger: Ledger, records: Records, perp: Perp) -> View:
    """What is told of a perpetual each second (§2.4). Where the book is thin, it has no impact prices and
    no premium."""
    impacts = impact_prices(ledger, perp)
    has_impact = None not in impacts
    day = records.day(perp)
    return {
        "funding": rate_text(current_rate(ledger, perp)),
        "openInterest": sz_text(perp, ledger.open_interest[perp.asset]),
        "prevDayPx": px_text(perp, day.first_px),
        "dayNtlVlm": usd_text(day.notional),
        "premium": rate_text(premium(ledger, perp)) if has_impact else None,
        "oraclePx": px_text(perp, ledger.oracles[perp.asset]),
        "markPx": px_text(perp, ledger.marks[perp.asset]),
        "midPx": mid_text(ledger, perp),
        "impactPxs": [px_text(perp, px) for px in impacts if px is not None] if has_impact else None,
        "dayBaseVlm": sz_text(perp, day.volume),
    }


def spot_context(ledger: Ledger, records: Records, pair: SpotPair) -> View:
    """What is told of a pair. The supply is what there is of the token on this exchange."""
    supply = token_text(pair.base, ledger.total_balance(pair.base.index))
    day = records.day(pair)
    return {
        "prevDayPx": px_text(pair, day.first_px),
        "dayNtlVlm": format_units(day.notional, SPOT_DECIMALS),
        "markPx": px_text(pair, ledger.marks[pair.asset]),
        "midPx": mid_text(ledger, pair),
        "circulatingSupply": supply,
        "coin": pair.coin,
        "totalSupply": supply,
        "dayBaseVlm": sz_text(pair, day.volume),
    }


def predicted_fundings(ledger: Ledger, next_time: int) -> list[Any]:
    """``predictedFundings``: of this venue alone, for there are no others here."""
    return [
        [
            perp.coin,
            [
                [
                    "HlPerp",
                    {"fundingRate": rate_text(current_rate(ledger, perp)), "nextFundingTime": next_time},
                ]
            ],
        ]
        for perp in ledger.listing.perps
    ]
