"""All views: what the wire has of everything, as plain dicts and lists, their keys in the wire's order.

They look and change nothing. Whoever asks for an address without an account is shown an empty one, which is
not kept: ``ledger.find(user) or Account(user)``.
"""

from livetrio.exchange.api.account_view import (
    active_asset_data,
    clearinghouse_state,
    perp_value,
    spot_state,
    spot_value,
)
from livetrio.exchange.api.events_view import (
    fill_view,
    fill_views,
    funding_view,
    ledger_view,
    liquidation_view,
    nested_funding_view,
)
from livetrio.exchange.api.fees_view import portfolio, referral, user_fees
from livetrio.exchange.api.market_view import (
    bbo_view,
    book_view,
    mids,
    perp_context,
    predicted_fundings,
    rounding_fault,
    spot_context,
    trade_view,
)
from livetrio.exchange.api.orders_view import (
    frontend_orders,
    frontend_view,
    open_orders,
    order_status,
    order_view,
    status_view,
    update_view,
)
from livetrio.exchange.api.universe_view import all_perp_metas, margin_table, meta, perp_dexs, spot_meta
from livetrio.exchange.api.vaults_view import leading_vaults, vault_equities
from livetrio.exchange.api.website_view import web_data2, web_data3

__all__ = [
    "active_asset_data",
    "all_perp_metas",
    "bbo_view",
    "book_view",
    "clearinghouse_state",
    "fill_view",
    "fill_views",
    "frontend_orders",
    "frontend_view",
    "funding_view",
    "leading_vaults",
    "ledger_view",
    "liquidation_view",
    "margin_table",
    "meta",
    "mids",
    "nested_funding_view",
    "open_orders",
    "order_status",
    "order_view",
    "perp_context",
    "perp_dexs",
    "perp_value",
    "portfolio",
    "predicted_fundings",
    "referral",
    "rounding_fault",
    "spot_context",
    "spot_meta",
    "spot_state",
    "spot_value",
    "status_view",
    "trade_view",
    "update_view",
    "user_fees",
    "vault_equities",
    "web_data2",
    "web_data3",
]
