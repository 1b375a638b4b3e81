"""Refusals: the venue's texts for what it did not do, and what each proves.

Texts are all it gives, and live ones have more before and behind than those in its docs (`` asset=0``). So a
text is looked for within, never compared whole. A text that is in no table proves what its place proves:

- beside an order: that this order was not placed (REFUSED);
- instead of all answers to an action: nothing, for such texts tell of other things too (UNKNOWN).

Hyperliquid docs, error-responses, 2026-08-22; what is not in there was seen live in 2026, in reports of bugs.
"""

from __future__ import annotations

import re

import attrs

from livetrio.venues.trading import Verdict

REFUSED, RETRY, UNKNOWN = Verdict.REFUSED, Verdict.RETRY, Verdict.UNKNOWN


@attrs.frozen
class Refusal:
    """What a text means."""

    text: str
    """Part of it that does not change."""
    verdict: Verdict
    loses_order: bool = False
    """Whether the order that was to be modified is gone."""
    is_closed: bool = False
    """Whether the venue would refuse any for now."""
    takes_post_only: bool = False
    """Whether it refuses only what is not post-only."""


ORDER_REFUSALS = (
    # A modification is cancel and place: the first was done, the second was not, for any reason below.
    Refusal("Error placing new order during modify", REFUSED, loses_order=True),
    Refusal("Price must be divisible by tick size", REFUSED),
    Refusal("Order must have minimum value of", REFUSED),
    Refusal("Insufficient margin to place order", REFUSED),
    Refusal("Reduce only order would increase position", REFUSED),
    Refusal("Post only order would have immediately matched", REFUSED),
    Refusal("Order could not immediately match against any resting orders", REFUSED),
    Refusal("Invalid TP/SL price", REFUSED),
    Refusal("No liquidity available for market order", REFUSED),
    Refusal("Order would increase open interest while open interest is capped", REFUSED),
    Refusal("more aggressive than oracle while at open interest cap", REFUSED),
    Refusal("Order would increase open interest too quickly", REFUSED),
    Refusal("insufficient spot balance", REFUSED),
    Refusal("Order price too far from oracle", REFUSED),
    Refusal("Order would cause position to exceed margin tier limit", REFUSED),
    Refusal("Order has zero size", REFUSED),
    Refusal("Order has invalid size", REFUSED),
    Refusal("Order has invalid price", REFUSED),
    Refusal("away from the reference price", REFUSED),
    Refusal("Unexpected number of trigger orders", REFUSED),
    Refusal("Trading is halted", REFUSED, is_closed=True),
    Refusal("Only post-only orders allowed", REFUSED, is_closed=True, takes_post_only=True),
    Refusal("Builder fee has not been approved", REFUSED),
    Refusal("Reduce-only TWAP order would increase position", REFUSED),
    Refusal("TWAP was never placed, already canceled, or filled", REFUSED),
    # The ambiguous ones: it does not rest, which may be because it was filled. The order is to be asked for.
    Refusal("Order was never placed, already canceled, or filled", REFUSED),
    Refusal("Cannot modify canceled or filled order", REFUSED),
)
"""Beside an order, or once for a whole batch that was looked at before any of it was done. The first that is
found in a text counts."""

ACTION_REFUSALS = (
    # Somebody has used the nonce. If it was this very request, sent twice, it was done the first time.
    Refusal("duplicate nonce", UNKNOWN),
    Refusal("Invalid nonce", RETRY),
    Refusal("Too many cumulative requests sent", RETRY),
    Refusal("Action already expired", REFUSED),
    # "… 0x… does not exist.": an agent that has expired, or was replaced.
    Refusal("User or API Wallet", REFUSED, is_closed=True),
    Refusal("Must deposit before performing actions", REFUSED, is_closed=True),
    Refusal("Unable to recover signer", REFUSED),
    Refusal("Vault not registered", REFUSED, is_closed=True),
    Refusal("Cannot set scheduled cancel time", REFUSED),
    Refusal("Cannot switch leverage type with open position", REFUSED),
    Refusal("Position does not use isolated margin", REFUSED),
    Refusal("Action disabled when unified account is active", REFUSED),
    Refusal("User has pending agent removal", REFUSED),
    Refusal("Extra agent already used", REFUSED),
    Refusal("Too many extra agents", REFUSED),
    Refusal("Agent valid_until already expired", REFUSED),
    Refusal("Agent can only send asset", REFUSED),
)
"""Instead of all answers to an action."""

TRANSPORT_REFUSALS = (
    Refusal("too many pending post requests", RETRY),
    Refusal("Failed to deserialize", REFUSED),
)
"""Instead of an answer, from the server that should have handed the action on."""

STATUS_VERDICTS = {
    400: REFUSED,
    401: REFUSED,
    403: REFUSED,
    404: REFUSED,
    413: REFUSED,
    415: REFUSED,
    422: REFUSED,
    429: RETRY,
}
"""By the number with which such a text begins; those that are not here tell nothing (a 502 least of all)."""


def order_refusal(text: str) -> Refusal:
    """What a text beside an order means."""
    return _find(text, ORDER_REFUSALS) or Refusal(text, REFUSED)


def action_refusal(text: str) -> Refusal:
    """What a text instead of all answers means."""
    return _find(text, ORDER_REFUSALS) or _find(text, ACTION_REFUSALS) or Refusal(text, UNKNOWN)


def transport_refusal(text: str) -> Refusal:
    """What a text from the server before the exchange means."""
    found = _find(text, TRANSPORT_REFUSALS)
    if found is not None:
        return found
    number = re.match(r"\s*(\d{3})\b", text)
    return Refusal(text, UNKNOWN if number is None else STATUS_VERDICTS.get(int(number[1]), UNKNOWN))


def _find(text: str, table: tuple[Refusal, ...]) -> Refusal | None:
    folded = text.casefold()
    return next((each for each in table if each.text.casefold() in folded), None)
