"""BookShape: whether the eighty numbers of a book are numbers, without looking at each.

A book keeps its levels as text until somebody asks (`livetrio.model.book`). Then it is too late to find
that one of them reads ``NaN``: the frame must be refused when it comes. But to check eighty texts one
by one takes longer than to decode the frame.

So the frame is looked at as a whole. Strip all digits from it, and what is left is its *shape*:
``…"px":".","sz":"."…``. Frames of as many levels have the same shape, so it is enough to check a shape
once, and the rest is one look-up. A shape is good where each ``"px"`` and ``"sz"`` in it is followed by
``:"."`` and no backslash lets a key come in disguise. Then in every frame of that shape each price and
size is digits, a point, digits; what may still be wrong is a point without any digit, for which one
search is made. Frames without a good shape (a whole number without a point, strange spacing) are checked
level by level: slower, no less right.

Measured: 3.5 µs for 20+20 levels, against 40 µs for the levels one by one.
"""

from __future__ import annotations

from collections.abc import Iterable

from livetrio.venues.hyperliquid.messages import Level, WireBook
from livetrio.venues.hyperliquid.numbers import price, size

MAX_SHAPES = 256
"""Most shapes kept; then it begins anew. There is one for each coin's name and numbers of levels."""


class BookShapes:
    """The good shapes seen so far."""

    def __init__(self) -> None:
        self._good: set[bytes] = set()
        self._last = b""
        """The good shape seen last: comparing costs less than a look-up, which reads all of it."""

    def check(self, frame: bytes, book: WireBook) -> None:
        """Make sure that every price and size of the book, decoded from that frame, is a number.

        Raises:
          FrameError: one is not.
        """
        shape = frame.translate(None, b"0123456789")
        if (shape == self._last or shape in self._good) and frame.rfind(b'"."') < 0:
            self._last = shape  # (rfind: 1.0 µs where `in` takes 1.6)
            return
        bids, asks = book.levels
        _check_levels(bids)
        _check_levels(asks)
        if _is_good(shape):
            if len(self._good) >= MAX_SHAPES:
                self._good.clear()
            self._good.add(shape)


def _check_levels(levels: Iterable[Level]) -> None:
    for level in levels:
        price(level.px)
        size(level.sz)


def _is_good(shape: bytes) -> bool:
    return _all_numbers(shape, b'"px"') and _all_numbers(shape, b'"sz"') and b"\\" not in shape


def _all_numbers(shape: bytes, key: bytes) -> bool:
    """Whether digits, a point and digits follow wherever the key occurs."""
    return shape.count(key) == shape.count(key + b':"."') + shape.count(key + b': "."')
