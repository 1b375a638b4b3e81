"""Execution: which function does which action, what the venue answers, and in which stage of a block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livetrio.exchange.chain import actions as asked
from livetrio.exchange.chain import agents, leverage, sub_accounts, trading, transfers
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.actions import AnyAction, OrderWire
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.trading import Refusal

Response = dict[str, Any]
"""What ``response`` holds in an answer whose status is ok (§5.8)."""

ADDS, CANCELS, TAKES = 0, 1, 2
"""The stages of a block (`chain`)."""


def stage_of(action: AnyAction) -> int:
    """When in a block an action is done; a modify goes with its new order (§1.1), which only adds liquidity
    unless it is to be placed always (§5.5)."""
    if isinstance(action, asked.CancelAction | asked.CancelByCloidAction):
        return CANCELS
    if isinstance(action, asked.ModifyAction | asked.BatchModifyAction) and not action.a:
        return ADDS
    return TAKES if any(_may_take(each) for each in _orders(action)) else ADDS


def size_of(action: AnyAction) -> int:
    """What an action counts in the account's budget: the orders or cancels in it (§1.3)."""
    if isinstance(action, asked.CancelAction | asked.CancelByCloidAction):
        return len(action.cancels)
    return max(len(_orders(action)), 1)


def is_cancel(action: AnyAction) -> bool:
    """Whether an action only takes orders back."""
    return isinstance(action, asked.CancelAction | asked.CancelByCloidAction | asked.ScheduleCancelAction)


def _orders(action: AnyAction) -> list[OrderWire]:
    if isinstance(action, asked.OrderAction):
        return action.orders
    if isinstance(action, asked.ModifyAction):
        return [action.order]
    if isinstance(action, asked.BatchModifyAction):
        return [each.order for each in action.modifies]
    return []


def _may_take(order: OrderWire) -> bool:
    return order.t.limit is not None and order.t.limit.tif != "Alo"


class Execution:
    """Does actions for accounts that were found to have signed them."""

    def __init__(self, ledger: Ledger, schedule_cancel_volume: int) -> None:
        self._ledger = ledger
        self._schedule_cancel_volume = schedule_cancel_volume

    def do(self, account: Account, action: AnyAction) -> Response:
        """Do one action.

        Raises:
          Refusal: it is refused as a whole.
        """
        if isinstance(action, asked.OrderAction):
            return trading.place_orders(self._ledger, account, action)
        if isinstance(action, asked.CancelAction | asked.CancelByCloidAction):
            return trading.cancel_orders(self._ledger, account, action)
        if isinstance(action, asked.ModifyAction):
            return trading.modify_order(self._ledger, account, action)
        if isinstance(action, asked.BatchModifyAction):
            return trading.modify_orders(self._ledger, account, action)
        if isinstance(action, asked.ScheduleCancelAction):
            return trading.schedule_cancel(self._ledger, account, action, self._schedule_cancel_volume)
        if isinstance(action, asked.CreateSubAccountAction):
            return self._create_sub_account(account, action)
        fault = _PLAIN[type(action)](self._ledger, account, action)
        if fault is not None:
            raise Refusal(fault)
        return {"type": "default"}

    def _create_sub_account(self, account: Account, action: asked.CreateSubAccountAction) -> Response:
        address, fault = sub_accounts.create_sub_account(self._ledger, account, action.name)
        if fault is not None:
            raise Refusal(fault)
        return {"type": "createSubAccount", "data": address}


_PLAIN: Mapping[type, Callable[[Ledger, Account, Any], str | None]] = {
    asked.NoopAction: lambda ledger, account, _: transfers.noop(ledger, account),
    asked.UpdateLeverageAction: lambda ledger, account, it: leverage.update_leverage(
        ledger, account, it.asset, it.leverage, is_cross=it.is_cross
    ),
    asked.UpdateIsolatedMarginAction: lambda ledger, account, it: leverage.update_isolated_margin(
        ledger, account, it.asset, it.ntli
    ),
    asked.TopUpIsolatedOnlyMarginAction: lambda ledger, account, it: leverage.top_up_isolated_only_margin(
        ledger, account, it.asset, it.leverage
    ),
    asked.ReserveRequestWeightAction: lambda ledger, account, it: transfers.reserve_request_weight(
        ledger, account, it.weight, it.destination
    ),
    asked.SetReferrerAction: lambda ledger, account, it: transfers.set_referrer(ledger, account, it.code),
    asked.SubAccountTransferAction: lambda ledger, account, it: sub_accounts.sub_account_transfer(
        ledger, account, it.sub_account_user, it.usd, is_deposit=it.is_deposit
    ),
    asked.SubAccountSpotTransferAction: lambda ledger, account, it: sub_accounts.sub_account_spot_transfer(
        ledger, account, it.sub_account_user, it.token, it.amount, is_deposit=it.is_deposit
    ),
    asked.VaultTransferAction: lambda ledger, account, it: sub_accounts.vault_transfer(
        ledger, account, it.vault_address, it.usd, is_deposit=it.is_deposit
    ),
    asked.UsdSendAction: lambda ledger, account, it: transfers.usd_send(
        ledger, account, it.destination, it.amount
    ),
    asked.SpotSendAction: lambda ledger, account, it: transfers.spot_send(
        ledger, account, it.destination, it.token, it.amount
    ),
    asked.Withdraw3Action: lambda ledger, account, it: transfers.withdraw(
        ledger, account, it.destination, it.amount, it.time
    ),
    asked.UsdClassTransferAction: lambda ledger, account, it: transfers.usd_class_transfer(
        ledger, account, it.amount, to_perp=it.to_perp
    ),
    asked.SendAssetAction: lambda ledger, account, it: transfers.send_asset(
        ledger,
        account,
        it.destination,
        it.source_dex,
        it.destination_dex,
        it.token,
        it.amount,
        it.from_sub_account,
        it.nonce,
    ),
    asked.ApproveAgentAction: lambda ledger, account, it: agents.approve_agent(
        ledger, account, it.agent_address, it.agent_name
    ),
    asked.ApproveBuilderFeeAction: lambda ledger, account, it: agents.approve_builder_fee(
        ledger, account, it.builder, it.max_fee_rate
    ),
}
"""The actions whose only answers are yes and a text of why not."""
