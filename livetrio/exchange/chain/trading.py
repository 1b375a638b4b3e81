"""Trading: what the actions about orders do: place, cancel, modify, and the dead man's switch.

Each function takes the ledger, the account that acts and the action, and returns what ``response`` holds in
the venue's answer (§5.8); `Refusal` is the other kind of answer, ``{"status":"err","response":"text"}``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from livetrio.exchange.chain.account import Account, Role
from livetrio.exchange.chain.actions import (
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    ModifyAction,
    OrderAction,
    OrderWire,
    PriorityWire,
    ScheduleCancelAction,
)
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import SPOT_ASSETS
from livetrio.exchange.chain.matching import end, settle_children
from livetrio.exchange.chain.order import Builder, NewOrder, Order, Status, Tif
from livetrio.exchange.chain.placing import Placement, place, place_child
from livetrio.exchange.chain.reading import Refused, read_order

MIN_SCHEDULE = 5_000
"""ms between now and the moment of a scheduled cancel, at least (§5.6)."""

MAX_SCHEDULES = 10
"""How often a day the switch may fire (§5.6)."""

DAY = 86_400_000
"""ms."""

MAX_PERP_BUILDER_FEE = 100
"""Tenths of a basis point (§5.3)."""

NOT_CANCELABLE = "Order was never placed, already canceled, or filled."
NOT_FAST = "Trigger orders cannot be canceled fast."
"""Which §5.4 says; the text is this exchange's own."""
NOT_MODIFIABLE = "Cannot modify canceled or filled order"
GONE = "Error placing new order during modify: "
"""What a modify says when the old order is gone and the new one was refused (§5.5)."""


class Refusal(Exception):
    """The action as a whole is refused; the message is the venue's text."""


def place_orders(ledger: Ledger, account: Account, action: OrderAction) -> dict[str, Any]:
    """Place all orders of an action, in order, with one result for each."""
    try:
        orders = [read_order(ledger, each) for each in action.orders]
        _check_grouping(account, orders, action)
    except Refused as refusal:
        return _statuses("order", [{"error": str(refusal)}])
    builder = _read_builder(account, action)
    if action.grouping == "normalTpsl":
        placed = _place_family(ledger, account, orders, builder)
    else:
        placed = [place(ledger, account, each, builder) for each in orders]
        if action.grouping == "positionTpsl":
            for each in placed:
                each.order.is_position_tpsl = True
    return _statuses("order", [each.as_wire() for each in placed])


def _place_family(
    ledger: Ledger, account: Account, orders: list[NewOrder], builder: Builder | None
) -> list[Placement]:
    """A parent and the take-profit and stop that its fill brings to life."""
    parent = place(ledger, account, orders[0], builder)
    if parent.error is not None:
        lost = [Placement(parent.order, error=parent.error) for _ in orders[1:]]
        return [parent, *lost]
    return [parent, *(place_child(ledger, account, each, parent.order) for each in orders[1:])]


def _check_grouping(account: Account, orders: list[NewOrder], action: OrderAction) -> None:
    """Whether the orders are of the kinds that their grouping is for (§5.3)."""
    grouping = action.grouping
    if isinstance(grouping, PriorityWire):
        takes = all(each.tif is Tif.IOC and each.trigger is None for each in orders)
        adds = all(each.tif is Tif.ALO and not each.reduce_only for each in orders)
        if not (takes or adds):
            raise Refused("Priority is for orders that are all Ioc, or all Alo.")  # the text is ours
    elif grouping != "na":
        first = orders[0]
        legs = orders[1:] if grouping == "normalTpsl" else orders
        if grouping == "normalTpsl" and (first.trigger is not None or not legs):
            raise Refused("Unexpected number of trigger orders")
        opens = not first.is_buy if grouping == "normalTpsl" else first.is_buy
        for leg in legs:
            if leg.trigger is None or not leg.reduce_only:
                raise Refused("Unexpected number of trigger orders")
            if leg.is_buy != opens or leg.instrument is not first.instrument:
                raise Refused("Invalid TP/SL price.")


def _read_builder(account: Account, action: OrderAction) -> Builder | None:
    wire = action.builder
    if wire is None or wire.f == 0:
        return None
    if wire.f > (account.master or account).builder_limits.get(wire.b, 0) or account.role is Role.VAULT:
        raise Refusal("Builder fee has not been approved.")
    if any(each.a < SPOT_ASSETS for each in action.orders) and wire.f > MAX_PERP_BUILDER_FEE:
        raise Refusal("Builder fee is too high.")  # the text is ours
    return Builder(wire.b, wire.f)


def cancel_orders(
    ledger: Ledger, account: Account, action: CancelAction | CancelByCloidAction
) -> dict[str, Any]:
    """Cancel orders one by one, with one result for each."""
    named: list[tuple[int, int | str]]
    if isinstance(action, CancelAction):
        named = [(each.a, each.o) for each in action.cancels]
    else:
        named = [(each.asset, each.cloid) for each in action.cancels]
    results: list[object] = []
    for asset, key in named:
        order = find_live(account, key)
        if order is None or order.instrument.asset != asset:
            results.append({"error": f"{NOT_CANCELABLE} asset={asset}"})
        elif action.f and order.waits_for_trigger:
            results.append({"error": f"{NOT_FAST} asset={asset}"})
        else:
            end(ledger, order, Status.CANCELED)
            results.append("success")
    return _statuses("cancel", results)


def find_live(account: Account, key: int | str) -> Order | None:
    """An account's live order, by its id or its client order id."""
    if isinstance(key, int):
        return account.orders.get(key)
    key = key.lower()
    order = account.by_cloid.get(key)
    if order is not None and order.oid in account.orders:
        return order
    return next((each for each in account.orders.values() if each.cloid == key), None)  # of a reused id


def modify_order(ledger: Ledger, account: Account, action: ModifyAction) -> dict[str, Any]:
    """Replace one order. The answer does not tell the new one's id (§5.5)."""
    result = _modify(ledger, account, action.oid, action.order, always=action.a)
    if isinstance(result, str):
        raise Refusal(result)
    return {"type": "default"}


def modify_orders(ledger: Ledger, account: Account, action: BatchModifyAction) -> dict[str, Any]:
    """Replace several orders, with one result for each."""
    results: list[object] = []
    for each in action.modifies:
        result = _modify(ledger, account, each.oid, each.order, always=action.a)
        results.append({"error": result} if isinstance(result, str) else result.as_wire())
    return _statuses("order", results)


def _modify(
    ledger: Ledger, account: Account, key: int | str, wire: OrderWire, *, always: bool
) -> Placement | str:
    """Cancel the old order and place the new one; a text if that is not to be.

    Unless it is to be placed ``always``, the new one only adds liquidity, whatever it says (§5.5).
    """
    try:
        new = read_order(ledger, wire)
    except Refused as refusal:
        return str(refusal)
    old = find_live(account, key)
    if old is None:
        return NOT_MODIFIABLE
    if old.instrument is not new.instrument or old.is_buy != new.is_buy:
        return "Cannot modify the asset or side of an order"  # the text is ours
    if not always:
        if new.trigger is not None or new.tif not in (Tif.ALO, Tif.GTC):
            return "Only Alo and Gtc orders can be placed by a modify without always_place"  # ours, too
        new = msgspec.structs.replace(new, tif=Tif.ALO)
    placed = _replace(ledger, account, old, new)
    return placed if placed.error is None else GONE + placed.error


def _replace(ledger: Ledger, account: Account, old: Order, new: NewOrder) -> Placement:
    """Cancel an order and place another, which takes over its family and what it is bound to."""
    parent, children, old.children = old.parent, old.children, []
    end(ledger, old, Status.CANCELED)
    if parent is not None and parent.oid in ledger.orders and new.trigger is not None:
        parent.children.remove(old)
        return place_child(ledger, account, new, parent)
    placed = place(ledger, account, new, old.builder)
    order = placed.order
    order.is_position_tpsl = old.is_position_tpsl and new.trigger is not None
    order.children = children
    for child in children:
        child.parent = order
    if order.oid not in ledger.orders:
        settle_children(ledger, order)
    if parent is not None:
        parent.children[parent.children.index(old)] = order
        order.parent = parent
    return placed


def schedule_cancel(
    ledger: Ledger, account: Account, action: ScheduleCancelAction, required_volume: int
) -> dict[str, Any]:
    """Set or clear the dead man's switch."""
    if action.time is None:
        account.cancel_at = None
        ledger.armed.pop(account.address, None)
        return {"type": "default"}
    if account.volume < required_volume:
        raise Refusal(
            "Cannot set scheduled cancel time until enough volume traded. "
            f"Required: ${required_volume // 10**6}. Traded: ${account.volume / 10**6:.2f}"
        )
    if action.time < ledger.time + MIN_SCHEDULE:
        raise Refusal("Scheduled cancel time must be at least 5 seconds from now.")  # the text is ours
    if account.switch_day == ledger.time // DAY and account.switch_count >= MAX_SCHEDULES:
        raise Refusal("Scheduled cancel has been triggered too many times today.")  # ours, too
    account.cancel_at = action.time
    ledger.armed[account.address] = account
    return {"type": "default"}


def fire_switch(ledger: Ledger, account: Account) -> None:
    """The moment has come: cancel all that the account has."""
    account.cancel_at = None
    del ledger.armed[account.address]
    day = ledger.time // DAY
    account.switch_count = account.switch_count + 1 if account.switch_day == day else 1
    account.switch_day = day
    cancel_all(ledger, account, Status.SCHEDULED_CANCEL)


def cancel_all(ledger: Ledger, account: Account, status: Status) -> None:
    """Cancel every order of an account, children after their parents."""
    for order in list(account.orders.values()):
        if order.oid in account.orders:
            end(ledger, order, status)


def _statuses(kind: str, statuses: list[Any]) -> dict[str, Any]:
    return {"type": kind, "data": {"statuses": statuses}}
