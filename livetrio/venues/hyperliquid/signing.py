"""Signing: what is hashed of an action, and what of that is signed.

The venue hashes the action again as it has understood it, in its own order of the keys. What differs in one
byte (a key's place, a trailing zero, an address in capitals) is to it the action of another signer, whom it
does not know. So an action is a plain dict in the order in which `actions` writes it.

Hyperliquid docs, signing, 2026-08-22, and Python SDK 0.23.0, utils/signing.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from livetrio.venues.hyperliquid.keccak import keccak_256
from livetrio.venues.hyperliquid.keys import Signature
from livetrio.venues.hyperliquid.signers import Signer

Action = Mapping[str, Any]
"""The JSON of one action; the order of its keys is part of it."""


def sign_action(
    signer: Signer,
    action: Action,
    nonce: int,
    *,
    vault: str | None,
    expires_after: int | None,
    is_mainnet: bool,
) -> Signature:
    """Sign an action.

    Args:
      nonce: Unix milliseconds, as a rule.
      vault: the address of the vault or sub-account for which the signer acts.
      expires_after: Unix milliseconds of the venue's clock.
    """
    return signer.sign(agent_digest(action_hash(action, nonce, vault, expires_after), is_mainnet=is_mainnet))


def action_hash(action: Action, nonce: int, vault: str | None, expires_after: int | None) -> bytes:
    """What names an action, and is signed as the ``connectionId``."""
    parts = [msgspec.msgpack.encode(action), nonce.to_bytes(8, "big")]
    parts += [b"\x00"] if vault is None else [b"\x01", bytes.fromhex(vault.removeprefix("0x"))]
    if expires_after is not None:
        parts += [b"\x00", expires_after.to_bytes(8, "big")]
    return keccak_256(b"".join(parts))


def agent_digest(connection_id: bytes, *, is_mainnet: bool) -> bytes:
    """The digest of the typed data (EIP-712) that is signed for an action.

    All networks have the chain 1337 in it; ``source`` alone tells them apart.
    """
    head = _MAINNET_AGENT if is_mainnet else _TESTNET_AGENT
    return keccak_256(_PREFIX + keccak_256(head + connection_id))


_PREFIX = b"\x19\x01" + keccak_256(
    keccak_256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak_256(b"Exchange")
    + keccak_256(b"1")
    + (1337).to_bytes(32, "big")
    + bytes(32)
)
_AGENT = keccak_256(b"Agent(string source,bytes32 connectionId)")
_MAINNET_AGENT = _AGENT + keccak_256(b"a")
_TESTNET_AGENT = _AGENT + keccak_256(b"b")
