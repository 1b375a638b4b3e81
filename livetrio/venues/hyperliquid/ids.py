"""Ids: our client order ids, and the ``cloid`` under which the venue knows one revision of an order.

A modification is cancel and place there, and the new order may be given any cloid. Were it given the old
one, nothing in a report would tell which of the two it is about. So each revision has a cloid of its own:
our ids end in four zeros, and the revision goes in their place.
"""

from __future__ import annotations

import re

MARKER = "0x6c74"
"""What the ids of our execution engine begin with."""

MAX_REVISION = 0xFFFF

_DIGITS = 4
_OURS = re.compile(rf"{MARKER}[0-9a-f]{{28}}")
_CLOID = re.compile(r"0x[0-9a-f]{32}")


def is_ours(client_order_id: str) -> bool:
    """Whether an engine of this kind made it, so that its last four digits are for the revision."""
    return _OURS.fullmatch(client_order_id) is not None


def to_wire(client_order_id: str, revision: int) -> str:
    """The cloid of one revision of an order.

    A cloid that is not ours is returned as it is: whoever made it, it names one order.

    Raises:
      ValueError: the id is none that the venue could take, or an order of ours has had more revisions than
        can be told apart.
    """
    if not _CLOID.fullmatch(client_order_id):
        raise ValueError(
            f"expected 0x and 32 lower-case hex digits as client order id, found {client_order_id!r}"
        )
    if not client_order_id.startswith(MARKER):
        return client_order_id
    if not 0 <= revision <= MAX_REVISION:
        raise ValueError(f"{client_order_id}: expected a revision from 0 to {MAX_REVISION}, found {revision}")
    return f"{client_order_id[:-_DIGITS]}{revision:0{_DIGITS}x}"


def from_wire(cloid: str) -> tuple[str, int]:
    """Client order id and revision of a cloid; one that is not ours is kept as it is, with revision 0."""
    folded = cloid.lower()
    if not is_ours(folded):
        return cloid, 0
    return folded[:-_DIGITS] + "0" * _DIGITS, int(folded[-_DIGITS:], 16)
