"""Refusals: in which words the venue refuses what it was asked (protocol page §5.8, §5.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOO_MANY = "Too Many Requests"
"""Of status 429; the venue's words are not known (§1.2)."""

BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>\r\n"
"""Of status 502: an HTML page, as nginx makes them."""

UNKNOWN_ORDER: Mapping[str, Any] = {"status": "unknownOid"}
"""The answer to ``orderStatus`` (§4.7)."""

HALTED = "Trading is halted."
REJECTED = "Insufficient margin to place order."
NEVER_PLACED = "Order was never placed, already canceled, or filled."
POST_ONLY = "Only post-only orders allowed immediately after a network upgrade."
"""Not seen live: the words are ours."""

_BATCHES = {"order": "orders", "cancel": "cancels", "cancelByCloid": "cancels", "batchModify": "modifies"}
_WIRE_TYPES = {"cancelByCloid": "cancel", "batchModify": "order"}
_CANCELS = ("cancel", "cancelByCloid")


def action_type(action: Any) -> str:
    """The type of an action, or nothing if it has none."""
    found = action.get("type") if isinstance(action, dict) else None
    return found if isinstance(found, str) else ""


def rejection(action: Any) -> dict[str, Any]:
    """A definite refusal of all that an action asks for."""
    return refusal(action, NEVER_PLACED if action_type(action) in _CANCELS else REJECTED)


def refusal(action: Any, text: str) -> dict[str, Any]:
    """A text for each part of a batch, or for the action as a whole."""
    kind = action_type(action)
    batch = action.get(_BATCHES[kind]) if kind in _BATCHES else None
    if not isinstance(batch, list) or not batch:
        return error(text)
    statuses = [{"error": f"{text}{_suffix(each)}"} for each in batch]
    return {
        "status": "ok",
        "response": {"type": _WIRE_TYPES.get(kind, kind), "data": {"statuses": statuses}},
    }


def error(text: str) -> dict[str, Any]:
    """A refusal at the level of the action."""
    return {"status": "err", "response": text}


def places_takers(action: Any) -> bool:
    """Whether an action has an order that is not post-only."""
    if not isinstance(action, dict):
        return False
    match action_type(action):
        case "order":
            orders = action.get("orders")
        case "modify":
            orders = [action.get("order")]
        case "batchModify":
            modifies = action.get("modifies")
            orders = [_get(each, "order") for each in modifies] if isinstance(modifies, list) else None
        case _:
            return False
    if not isinstance(orders, list):
        return False
    return any(_get(_get(_get(each, "t"), "limit"), "tif") != "Alo" for each in orders)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _suffix(part: Any) -> str:
    """Live texts end with the asset (§5.8)."""
    order = _get(part, "order") or part
    asset = _get(order, "a")
    if asset is None:
        asset = _get(order, "asset")
    return f" asset={asset}" if isinstance(asset, int) else ""
