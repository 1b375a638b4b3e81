"""Actions: everything that a signed request may ask the chain to do, as the wire has it.

The classes are the venue's own objects: the tag is the ``type``, and fields stand in the venue's order. That
order matters: what a client signs is the hash of the action as msgpack, and the venue hashes what it has
*understood*, written again in its own order (§5.1, docs page *signing*, 2026-08-22). So does this exchange:
an action encoded from these classes has the venue's key order whatever the client's was, lacks keys that the
venue does not know, and leaves out what has its default. A client that signs anything else, such as
``"f": false`` or ``"c": null``, is recovered as a stranger here as it is there (§6.8).

Numbers must be numbers and texts texts; whatever does not fit is a `msgspec.ValidationError`, which the
venue answers with 422.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}\\Z")]
Cloid = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{32}\\Z")]
Asset = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""Of 64 bits on the wire; those above half of that mean nothing here."""
I64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Amount = Annotated[str, msgspec.Meta(max_length=60)]
"""A number in a text; whether it is one is told where it is read, in words."""
Name = Annotated[str, msgspec.Meta(max_length=100)]

MAX_BATCH = 1_000
"""Orders, cancels or modifies in an action: the exchange's own bound; the venue's is not known."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Something inside an action."""


class Action(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", tag_field="type"):
    """The root of all actions."""


# Orders (§5.3).


class LimitWire(Part, frozen=True):
    """``{"limit": …}``."""

    tif: Literal["Gtc", "Ioc", "Alo", "FrontendMarket"]


class TriggerWire(Part, frozen=True):
    """``{"trigger": …}``."""

    is_market: bool
    trigger_px: Amount
    tpsl: Literal["tp", "sl"]


class TypeWire(Part, frozen=True):
    """Exactly one of the two."""

    limit: LimitWire | None = None
    trigger: TriggerWire | None = None

    def __post_init__(self) -> None:
        if (self.limit is None) == (self.trigger is None):
            raise ValueError("an order is either limit or trigger")


class OrderWire(Part, frozen=True):
    """One order."""

    a: Asset
    b: bool
    p: Amount
    s: Amount
    r: bool
    t: TypeWire
    c: Cloid | None = None


class PriorityWire(Part, frozen=True):
    """Write priority, in hundred-millionths of the notional."""

    p: Annotated[int, msgspec.Meta(ge=0, le=10**8)]


class BuilderWire(Part, frozen=True):
    """Who gets a fee on top, in tenths of a basis point."""

    b: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}\\Z")]
    f: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class OrderAction(Action, frozen=True, tag="order"):
    """Place orders."""

    orders: Annotated[list[OrderWire], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    grouping: Literal["na", "normalTpsl", "positionTpsl"] | PriorityWire
    builder: BuilderWire | None = None


# Cancels and modifies (§5.4, §5.5).


class CancelWire(Part, frozen=True):
    """By order id."""

    a: Asset
    o: U64


class CancelAction(Action, frozen=True, tag="cancel"):
    """Cancel by order ids; ``f`` asks for haste, which changes nothing yet (§5.4)."""

    cancels: Annotated[list[CancelWire], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    f: bool = False


class CancelByCloidWire(Part, frozen=True):
    """By client order id; the keys are long here."""

    asset: Asset
    cloid: Cloid


class CancelByCloidAction(Action, frozen=True, tag="cancelByCloid"):
    """Cancel by client order ids."""

    cancels: Annotated[list[CancelByCloidWire], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    f: bool = False


class ModifyAction(Action, frozen=True, tag="modify"):
    """Replace an order; ``a`` places the new one whatever it is."""

    oid: U64 | Cloid
    order: OrderWire
    a: bool = False


class ModifyWire(Part, frozen=True):
    """One of several."""

    oid: U64 | Cloid
    order: OrderWire


class BatchModifyAction(Action, frozen=True, tag="batchModify"):
    """Replace several orders."""

    modifies: Annotated[list[ModifyWire], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    a: bool = False


class ScheduleCancelAction(Action, frozen=True, tag="scheduleCancel"):
    """The dead man's switch: when all orders of the account are canceled, ms; without, it is switched off."""

    time: U64 | None = None


class NoopAction(Action, frozen=True, tag="noop"):
    """Does nothing but use up its nonce."""


# Settings and money, signed as actions of the chain (§5.6).


class UpdateLeverageAction(Action, frozen=True, tag="updateLeverage"):
    """How a perpetual is traded from now on."""

    asset: Asset
    is_cross: bool
    leverage: Annotated[int, msgspec.Meta(ge=0, le=1_000)]


class UpdateIsolatedMarginAction(Action, frozen=True, tag="updateIsolatedMargin"):
    """Move money into an isolated position, or with a negative amount out of it; millionths of a USD."""

    asset: Asset
    is_buy: bool
    ntli: I64


class TopUpIsolatedOnlyMarginAction(Action, frozen=True, tag="topUpIsolatedOnlyMargin"):
    """Move money into an isolated position until it has this leverage."""

    asset: Asset
    leverage: Amount


class ReserveRequestWeightAction(Action, frozen=True, tag="reserveRequestWeight"):
    """Buy actions for the account's budget."""

    weight: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    destination: Address | None = None


class SetReferrerAction(Action, frozen=True, tag="setReferrer"):
    """Name who brought one here."""

    code: Name


class CreateSubAccountAction(Action, frozen=True, tag="createSubAccount"):
    """Open an account below one's own."""

    name: Name


class SubAccountTransferAction(Action, frozen=True, tag="subAccountTransfer"):
    """Perpetual money to or from a sub-account, millionths of a USD."""

    sub_account_user: Address
    is_deposit: bool
    usd: U64


class SubAccountSpotTransferAction(Action, frozen=True, tag="subAccountSpotTransfer"):
    """A token to or from a sub-account."""

    sub_account_user: Address
    is_deposit: bool
    token: Name
    amount: Amount


class VaultTransferAction(Action, frozen=True, tag="vaultTransfer"):
    """Perpetual money to or from a vault, millionths of a USD."""

    vault_address: Address
    is_deposit: bool
    usd: U64


# Signed by the user's own key as typed data (§6.6). They are hashed by their fields, not as msgpack.


class UserSigned(Action, frozen=True):
    """The root of those: which network, and by which chain's wallet."""

    signature_chain_id: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{1,16}\\Z")]
    hyperliquid_chain: Literal["Mainnet", "Testnet"]


class UsdSendAction(UserSigned, frozen=True, tag="usdSend"):
    """Perpetual money to somebody."""

    destination: Address
    amount: Amount
    time: U64


class SpotSendAction(UserSigned, frozen=True, tag="spotSend"):
    """A token to somebody."""

    destination: Address
    token: Name
    amount: Amount
    time: U64


class Withdraw3Action(UserSigned, frozen=True, tag="withdraw3"):
    """Money out of the exchange."""

    destination: Address
    amount: Amount
    time: U64


class UsdClassTransferAction(UserSigned, frozen=True, tag="usdClassTransfer"):
    """Between the account's own spot and perpetual money."""

    amount: Amount
    to_perp: bool
    nonce: U64


class SendAssetAction(UserSigned, frozen=True, tag="sendAsset"):
    """A token from one place to another; places are dexes, and ``spot``."""

    destination: Address
    source_dex: Name
    destination_dex: Name
    token: Name
    amount: Amount
    from_sub_account: Name
    nonce: U64


class ApproveAgentAction(UserSigned, frozen=True, tag="approveAgent"):
    """Let another key sign."""

    agent_address: Address
    nonce: U64
    agent_name: Name | None = None


class ApproveBuilderFeeAction(UserSigned, frozen=True, tag="approveBuilderFee"):
    """Let a builder take so much at the most."""

    max_fee_rate: Amount
    builder: Address
    nonce: U64


AnyAction = (
    OrderAction
    | CancelAction
    | CancelByCloidAction
    | ModifyAction
    | BatchModifyAction
    | ScheduleCancelAction
    | NoopAction
    | UpdateLeverageAction
    | UpdateIsolatedMarginAction
    | TopUpIsolatedOnlyMarginAction
    | ReserveRequestWeightAction
    | SetReferrerAction
    | CreateSubAccountAction
    | SubAccountTransferAction
    | SubAccountSpotTransferAction
    | VaultTransferAction
    | UsdSendAction
    | SpotSendAction
    | Withdraw3Action
    | UsdClassTransferAction
    | SendAssetAction
    | ApproveAgentAction
    | ApproveBuilderFeeAction
)
