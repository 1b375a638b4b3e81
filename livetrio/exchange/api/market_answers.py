"""Answers to what everybody may ask: universes, prices, books, history (§4.1-4.5).

A coin that the exchange does not have is answered with null, as the venue does for books; so is another dex,
of which the venue would have told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livetrio.exchange.api.candles import HOUR
from livetrio.exchange.api.records import Records, rate_view
from livetrio.exchange.api.requests import (
    SCHEMA_ERROR,
    AllMidsInfo,
    AllPerpMetasInfo,
    CandleSnapshotInfo,
    CannotAnswer,
    ExchangeStatusInfo,
    FundingHistoryInfo,
    L2BookInfo,
    MarginTableInfo,
    MetaAndAssetCtxsInfo,
    MetaInfo,
    PerpDexsInfo,
    PerpDexStatusInfo,
    PredictedFundingsInfo,
    PublicRequest,
    RecentTradesInfo,
    SpotMetaAndAssetCtxsInfo,
    SpotMetaInfo,
)
from livetrio.exchange.api.texts import usd_text
from livetrio.exchange.api.universe_view import FIRST_TIERED_TABLE
from livetrio.exchange.api.views import (
    all_perp_metas,
    book_view,
    margin_table,
    meta,
    mids,
    perp_context,
    perp_dexs,
    predicted_fundings,
    rounding_fault,
    spot_context,
    spot_meta,
    trade_view,
)
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp
from livetrio.exchange.outcome import Unavailable

MAX_ITEMS = 500
"""The most that an answer of a time has; the rest is asked for from the last one's time on (§4)."""

Answerer = Callable[[Any, Ledger, Records], Any]


# Universes.


def _meta(request: MetaInfo, ledger: Ledger, records: Records) -> Any:
    return None if request.dex else meta(ledger)


def _all_perp_metas(request: AllPerpMetasInfo, ledger: Ledger, records: Records) -> Any:
    return all_perp_metas(ledger)


def _perp_dexs(request: PerpDexsInfo, ledger: Ledger, records: Records) -> Any:
    return perp_dexs()


def _spot_meta(request: SpotMetaInfo, ledger: Ledger, records: Records) -> Any:
    return spot_meta(ledger)


def _margin_table(request: MarginTableInfo, ledger: Ledger, records: Records) -> Any:
    return margin_table(request.id) if 0 < request.id < FIRST_TIERED_TABLE else None


def _dex_status(request: PerpDexStatusInfo, ledger: Ledger, records: Records) -> Any:
    return None if request.dex else {"totalNetDeposit": usd_text(ledger.total_cash())}


# Contexts and prices.


def _meta_and_contexts(request: MetaAndAssetCtxsInfo, ledger: Ledger, records: Records) -> Any:
    if request.dex:
        return None
    return [meta(ledger), [perp_context(ledger, records, each) for each in ledger.listing.perps]]


def _spot_meta_and_contexts(request: SpotMetaAndAssetCtxsInfo, ledger: Ledger, records: Records) -> Any:
    return [spot_meta(ledger), [spot_context(ledger, records, each) for each in ledger.listing.spots]]


def _all_mids(request: AllMidsInfo, ledger: Ledger, records: Records) -> Any:
    return {} if request.dex else mids(ledger)


def _book(request: L2BookInfo, ledger: Ledger, records: Records) -> Any:
    """Of a ``mantissa`` of 1 the docs say that it may be given, but the venue answers 500 (§1.5, §2.4)."""
    figures, mantissa = request.n_sig_figs, request.mantissa
    if (figures, mantissa) == (5, 1):
        return Unavailable(500, "Internal Server Error")
    fault = rounding_fault(figures, mantissa)
    if fault is not None:
        raise CannotAnswer(f"{SCHEMA_ERROR}: {fault}")
    instrument = ledger.listing.by_coin.get(request.coin)
    if instrument is None:
        return None
    return book_view(ledger, instrument, n_sig_figs=figures, mantissa=mantissa)


# History.


def _recent_trades(request: RecentTradesInfo, ledger: Ledger, records: Records) -> Any:
    instrument = ledger.listing.by_coin.get(request.coin)
    if instrument is None:
        return None
    return [trade_view(each) for each in reversed(records.trades(instrument))]


def _candles(request: CandleSnapshotInfo, ledger: Ledger, records: Records) -> Any:
    wanted = request.req
    instrument = ledger.listing.by_coin.get(wanted.coin)
    if instrument is None:
        return None
    return records.candles(instrument, wanted.interval, wanted.start_time, wanted.end_time)


def _funding_history(request: FundingHistoryInfo, ledger: Ledger, records: Records) -> Any:
    perp = ledger.listing.by_coin.get(request.coin)
    if not isinstance(perp, Perp):
        return None
    found = records.fundings(perp, request.start_time, request.end_time)
    return [rate_view(each) for each in found[:MAX_ITEMS]]


def _predicted_fundings(request: PredictedFundingsInfo, ledger: Ledger, records: Records) -> Any:
    return predicted_fundings(ledger, (records.now // HOUR + 1) * HOUR)


def _status(request: ExchangeStatusInfo, ledger: Ledger, records: Records) -> Any:
    return {"time": records.now, "specialStatuses": None}


MARKET_ANSWERS: Mapping[type[PublicRequest], Answerer] = {
    MetaInfo: _meta,
    AllPerpMetasInfo: _all_perp_metas,
    PerpDexsInfo: _perp_dexs,
    SpotMetaInfo: _spot_meta,
    MarginTableInfo: _margin_table,
    PerpDexStatusInfo: _dex_status,
    MetaAndAssetCtxsInfo: _meta_and_contexts,
    SpotMetaAndAssetCtxsInfo: _spot_meta_and_contexts,
    AllMidsInfo: _all_mids,
    L2BookInfo: _book,
    RecentTradesInfo: _recent_trades,
    CandleSnapshotInfo: _candles,
    FundingHistoryInfo: _funding_history,
    PredictedFundingsInfo: _predicted_fundings,
    ExchangeStatusInfo: _status,
}
