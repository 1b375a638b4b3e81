"""Reading: an order of the wire becomes one in the chain's numbers, or is refused before any is placed.

What is refused here depends on nothing but the order's own words (its asset, the form of its numbers), and so
one such order refuses the whole batch with a single error, as the venue's pre-validation does (§5.8, docs
page *error-responses*, 2026-08-22).
"""

from __future__ import annotations

from livetrio.exchange.chain.actions import OrderWire
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Instrument, Perp
from livetrio.exchange.chain.order import NewOrder, Tif, Trigger
from livetrio.exchange.chain.units import NotANumber, TooFine, parse_units

MAX_DISTANCE_PERCENT = 80
"""How far a price may be from the reference price (§5.7; 95 was seen, too)."""


_MOST_MILLIONS = ((25, 300), (20, 50), (10, 20), (0, 5))
"""From this highest leverage on, so many million USD (docs page *contract-specifications*; §5.7)."""


class Refused(Exception):
    """An order cannot be read; the message is the venue's text."""


def read_order(ledger: Ledger, wire: OrderWire) -> NewOrder:
    """Understand an order.

    Raises:
      Refused: it makes no sense whatever the market is.
    """
    instrument = ledger.listing.by_asset.get(wire.a)
    if instrument is None:
        raise Refused(f"Invalid asset. asset={wire.a}")  # the text is ours
    if isinstance(instrument, Perp) and instrument.is_delisted:
        raise Refused(f"Trading is halted. asset={wire.a}")
    sz = _read_size(ledger, instrument, wire.s)
    px = _read_price(ledger, instrument, wire.p)
    trigger = None
    tif = Tif.GTC
    if wire.t.limit is not None:
        tif = Tif(wire.t.limit.tif)
    elif wire.t.trigger is not None:
        if not instrument.is_perp:
            raise Refused(f"Trigger orders are for perpetuals only. asset={wire.a}")  # the text is ours
        trigger = Trigger(
            px=_read_price(ledger, instrument, wire.t.trigger.trigger_px),
            is_market=wire.t.trigger.is_market,
            is_take_profit=wire.t.trigger.tpsl == "tp",
        )
    return NewOrder(
        instrument=instrument,
        is_buy=wire.b,
        px=px,
        sz=sz,
        tif=tif,
        reduce_only=wire.r and instrument.is_perp,
        cloid=None if wire.c is None else wire.c.lower(),
        trigger=trigger,
    )


def _read_size(ledger: Ledger, instrument: Instrument, text: str) -> int:
    try:
        sz = parse_units(text, instrument.sz_decimals)
    except (NotANumber, TooFine):
        raise Refused(f"Order has invalid size. asset={instrument.asset}") from None
    if sz == 0:
        raise Refused(f"Order has zero size. asset={instrument.asset}")
    if sz * ledger.marks[instrument.asset] > _most(instrument):
        raise Refused(f"Order has invalid size. asset={instrument.asset}")
    return sz


def _most(instrument: Instrument) -> int:
    """What the largest limit order may be worth, by the highest leverage (§5.7); of pairs, as of the best."""
    leverage = instrument.max_leverage if isinstance(instrument, Perp) else 25
    millions = next(most for least, most in _MOST_MILLIONS if leverage >= least)
    return int(millions * 10 ** (6 + instrument.px_decimals + instrument.sz_decimals))


def _read_price(ledger: Ledger, instrument: Instrument, text: str) -> int:
    try:
        px = parse_units(text, instrument.px_decimals)
    except (NotANumber, TooFine):
        px = 0
    if px == 0:
        raise Refused(f"Order has invalid price. asset={instrument.asset}")
    reference = ledger.marks[instrument.asset]
    if abs(px - reference) * 100 > MAX_DISTANCE_PERCENT * reference:
        raise Refused(
            f"Order price cannot be more than {MAX_DISTANCE_PERCENT}% away from the reference price "
            f"asset={instrument.asset}"
        )
    return px
