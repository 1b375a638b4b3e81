"""Orders and commands for the tests of what becomes of them on the wire."""

from decimal import Decimal

from test_hyperliquid_samples import BTC, META, NOW, PURR_SPOT, SPOT_META

from livetrio.engines.client_ids import ClientOrderIds
from livetrio.model import Order, OrderSide, OrderStatus, OrderType
from livetrio.venues.hyperliquid.instruments import Listing, read_assets, read_instruments
from livetrio.venues.hyperliquid.trading import HyperliquidTrading

IDS = ClientOrderIds(b"\x01\x02\x03", 7)
KEY = "0xa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
"""Made up, and never to be given money."""
ADDRESS = "0xbb2dc553881fa2142ecebefc81f7a973fcf2470f"
FOREIGN_CLOID = "0xa1f0cddc17303d07f3fd128d5b35071d"


def make_listing():
    listing = Listing()
    listing.replace(read_instruments(META, SPOT_META), read_assets(META, SPOT_META))
    return listing


def make_order(**given):
    """An order of ours to buy 0.00123 BTC at 64321, or what else is given."""
    return Order(
        **{
            "client_order_id": IDS.next("tester"),
            "instrument_id": BTC,
            "strategy": "tester",
            "side": OrderSide.BUY,
            "order_type": OrderType.LIMIT,
            "quantity": Decimal("0.00123"),
            "price": Decimal("64321.0"),
            "status": OrderStatus.ACCEPTED,
            "ts_event": NOW,
            **given,
        }
    )


def make_spot_order(**given):
    """An order of ours to buy 100 PURR at 0.2, or what else is given."""
    return make_order(
        **{"instrument_id": PURR_SPOT, "quantity": Decimal(100), "price": Decimal("0.20"), **given}
    )


def make_foreign_order(**given):
    """An order that somebody else has placed with the same account."""
    return make_order(
        **{
            "client_order_id": FOREIGN_CLOID,
            "venue_order_id": "57118842019",
            "strategy": None,
            **given,
        }
    )


LISTING = make_listing()


def make_trading(**given):
    """The account of the key above, on no mainnet, or what else is given."""
    return HyperliquidTrading(
        **{
            "base_url": "https://venue.test",
            "account": ADDRESS,
            "vault": None,
            "secret": KEY,
            "is_mainnet": False,
            "listing": LISTING,
            **given,
        }
    )
