"""Numbers: the venue's decimal texts as Decimals, and the way back.

Everything that is not digits with at most one point is refused, though `Decimal` would take it: ``NaN``,
``Infinity``, ``1e5``, ``1_000``, digits of other scripts. Texts longer than `MAX_DIGITS` do not get here
(`messages`), so no number exceeds the precision Decimals are reckoned with.

The prices of an instrument recur, message after message. So each instrument has a `PriceTable`: a text
is parsed and held against the venue's price rule once, and from then on costs a look-up of 40 ns.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from livetrio.errors import FrameError
from livetrio.model import Instrument

MAX_DIGITS = 28
"""Longest number text taken, in characters: the precision of Python's default decimal context."""

MAX_PRICES = 4096
"""Most texts that a price table keeps; then it begins anew, as prices wander away."""

_DIGITS = "0123456789."


def size(text: str) -> Decimal:
    """A number that cannot be negative: a size, a volume.

    Raises:
      FrameError: ``negative-size``, ``wrong-types``.
    """
    if not text.strip(_DIGITS):  # digits and points only: whatever is wrong yet, Decimal finds it
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    value = signed(text)
    if value < 0:
        raise FrameError("negative-size", f"expected a size of 0 or more, found {text}")
    return value


def signed(text: str) -> Decimal:
    """A number that may be negative: a funding rate.

    Raises:
      FrameError: ``wrong-types``.
    """
    if not text.removeprefix("-").strip(_DIGITS):
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    raise FrameError("wrong-types", f"expected a decimal number, found {text!r}")


def price(text: str) -> Decimal:
    """A price of which we know no more than that it is above zero.

    Raises:
      FrameError: ``off-tick``, ``wrong-types``.
    """
    value = signed(text)
    if value <= 0:
        raise FrameError("off-tick", f"expected a price above 0, found {text}")
    return value


def to_wire(value: Decimal) -> str:
    """A number as it goes into a signed action: without exponent and without zeros at the end.

    The venue writes its own otherwise (``31795.0``); what it hashes is this (signing, 2026-08-22).
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class PriceTable(dict[str, Decimal]):
    """The prices of one instrument by their text: ``table["63457.0"]``, known or not.

    Prices are positive and, where the instrument is known, on its grid. A text that is not raises
    FrameError (``off-tick``, ``wrong-types``) and is not kept.
    """

    __slots__ = ("_instrument",)

    def __init__(self, instrument: Instrument | None) -> None:
        super().__init__()
        self._instrument = instrument

    def __missing__(self, text: str) -> Decimal:
        value = price(text)
        instrument = self._instrument
        if instrument is not None and not instrument.is_valid_price(value):
            raise FrameError(
                "off-tick",
                f"{instrument.instrument_id}: price {text} is not a multiple of"
                f" {instrument.tick_size(value):f}",
            )
        if len(self) >= MAX_PRICES:
            self.clear()
        self[text] = value
        return value
