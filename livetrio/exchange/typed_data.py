"""Typed data: the EIP-712 digests that clients sign, of the exchange's two schemes (§6.1).

An action of a trader (order, cancel, …) is hashed as msgpack, and a *phantom agent* that holds the hash is
what is signed; an action that only the account's own key may sign (transfers, approvals) is hashed field by
field. Multi-signature accounts (§6.7) are not served: neither their envelope nor what it holds.

Written from the protocol page, §6.2 and §6.6, which has it from the official SDK's `utils/signing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from livetrio.exchange.crypto.keccak import keccak256

_pack = msgspec.msgpack.Encoder().encode
"""Keeps the order of a dict's keys and of a Struct's fields; whole numbers take their shortest form."""


class Network(StrEnum):
    """Which of the venue's networks an action of a trader is signed for: the phantom agent's source."""

    MAINNET = "a"
    TESTNET = "b"


Fields = tuple[tuple[str, str], ...]
"""(Type, name) of each, in the order that is hashed."""

USER_SIGNED: Mapping[str, tuple[str, Fields]] = {
    "usdSend": ("UsdSend", (("string", "destination"), ("string", "amount"), ("uint64", "time"))),
    "spotSend": (
        "SpotSend",
        (("string", "destination"), ("string", "token"), ("string", "amount"), ("uint64", "time")),
    ),
    "withdraw3": ("Withdraw", (("string", "destination"), ("string", "amount"), ("uint64", "time"))),
    "usdClassTransfer": (
        "UsdClassTransfer",
        (("string", "amount"), ("bool", "toPerp"), ("uint64", "nonce")),
    ),
    "sendAsset": (
        "SendAsset",
        (
            ("string", "destination"),
            ("string", "sourceDex"),
            ("string", "destinationDex"),
            ("string", "token"),
            ("string", "amount"),
            ("string", "fromSubAccount"),
            ("uint64", "nonce"),
        ),
    ),
    "approveAgent": (
        "ApproveAgent",
        (("address", "agentAddress"), ("string", "agentName"), ("uint64", "nonce")),
    ),
    "approveBuilderFee": (
        "ApproveBuilderFee",
        (("string", "maxFeeRate"), ("address", "builder"), ("uint64", "nonce")),
    ),
    "tokenDelegate": (
        "TokenDelegate",
        (("address", "validator"), ("uint64", "wei"), ("bool", "isUndelegate"), ("uint64", "nonce")),
    ),
    "userDexAbstraction": (
        "UserDexAbstraction",
        (("address", "user"), ("bool", "enabled"), ("uint64", "nonce")),
    ),
    "userSetAbstraction": (
        "UserSetAbstraction",
        (("address", "user"), ("string", "abstraction"), ("uint64", "nonce")),
    ),
    "convertToMultiSigUser": ("ConvertToMultiSigUser", (("string", "signers"), ("uint64", "nonce"))),
}
"""By ``type``: the struct's name, and its fields after ``hyperliquidChain``, which all begin with (§6.6)."""

_ABSENT = {"agentName": ""}
"""What is hashed for a field that the request leaves out: an agent without a name (§6.6)."""


def action_hash(action: Any, nonce: int, vault: str | None, expires_after: int | None) -> bytes:
    """The hash of an action of a trader (§6.2, steps 1 to 5), which the phantom agent calls connectionId.

    Args:
      action: a dict in the order that the client hashed, or a Struct, in the order of its fields.
      nonce: ms, beside the action in the request.
      vault: the address that it acts for.
      expires_after: ms.
    """
    parts = [_pack(action), nonce.to_bytes(8, "big")]
    parts.append(b"\x00" if vault is None else b"\x01" + _address(vault))
    if expires_after is not None:
        parts.append(b"\x00" + expires_after.to_bytes(8, "big"))
    return keccak256(b"".join(parts))


def agent_digest(connection_id: bytes, network: Network) -> bytes:
    """What is signed for an action with this hash (§6.2, steps 6 to 9)."""
    return keccak256(_AGENT_DOMAIN + keccak256(_AGENTS[network] + connection_id))


def user_signed_digest(action: Mapping[str, Any]) -> bytes:
    """What is signed for an action whose type is in `USER_SIGNED`. Any chain id will do (§6.6).

    Raises:
      KeyError: a field is missing.
      TypeError, ValueError, OverflowError: a field has a value that its type does not hold.
    """
    kind: str = action["type"]
    parts = [_TYPE_HASHES[kind], _text(action["hyperliquidChain"])]
    for type_name, name in USER_SIGNED[kind][1]:
        value = action[name] if name in action else _ABSENT[name]
        parts.append(_ENCODINGS[type_name](value))
    domain = _user_domain(int(action["signatureChainId"], 16))
    return keccak256(domain + keccak256(b"".join(parts)))


# How values are encoded, each as 32 bytes (EIP-712, definition of encodeData).


def _text(value: str) -> bytes:
    return keccak256(value.encode())


def _number(value: int) -> bytes:
    if value >> 64:
        raise OverflowError(f"{value} is no number of 64 bits")
    return value.to_bytes(32, "big")


def _bool(value: bool) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value.to_bytes(32, "big")


def _padded_address(value: str) -> bytes:
    return bytes(12) + _address(value)


def _address(text: str) -> bytes:
    if len(text) != 42 or not text.startswith("0x"):
        raise ValueError(f"{text!r} is no address")
    return bytes.fromhex(text[2:])


_ENCODINGS: Mapping[str, Callable[[Any], bytes]] = {
    "string": _text,
    "uint64": _number,
    "bool": _bool,
    "address": _padded_address,
}


# What does not change from one action to the next.


def _type_hash(name: str, fields: Fields) -> bytes:
    return keccak256(f"{name}({','.join(f'{kind} {field}' for kind, field in fields)})".encode())


_DOMAIN_TYPE = _type_hash(
    "EIP712Domain",
    (("string", "name"), ("string", "version"), ("uint256", "chainId"), ("address", "verifyingContract")),
)


def _domain(name: str, chain_id: int) -> bytes:
    """The two bytes that begin every digest, and the separator of a domain without a contract."""
    parts = (_DOMAIN_TYPE, _text(name), _text("1"), chain_id.to_bytes(32, "big"), bytes(32))
    return b"\x19\x01" + keccak256(b"".join(parts))


@lru_cache(maxsize=64)
def _user_domain(chain_id: int) -> bytes:
    return _domain("HyperliquidSignTransaction", chain_id)


_AGENT_DOMAIN = _domain("Exchange", 1337)

_AGENTS = {
    network: _type_hash("Agent", (("string", "source"), ("bytes32", "connectionId"))) + _text(network)
    for network in Network
}

_TYPE_HASHES = {
    kind: _type_hash(f"HyperliquidTransaction:{name}", (("string", "hyperliquidChain"), *fields))
    for kind, (name, fields) in USER_SIGNED.items()
}
