"""Signing: who has signed a request, which is the only way in which the venue knows its clients.

The server's side. A signature does not say whose it is: the key that made it is computed from it and from
what was signed. So a request that is changed in any way, or hashed in another order, is not "wrong"; it is
signed by somebody whom nobody knows (§6.8).

What a trader signs differs between mainnet and testnet (`Network`). This exchange serves clients of either,
the official SDK being one of testnet for every address but the venue's own (§6.8). Each network costs one
recovery, some 50 µs: ask `recover_one` for the network that the client used last, and `recover` only when
that one is a stranger.

Left out: the signatures of multi-signature accounts (§6.7).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from livetrio.exchange.crypto.curve import recover_address
from livetrio.exchange.typed_data import (
    USER_SIGNED,
    Network,
    action_hash,
    agent_digest,
    user_signed_digest,
)

UNRECOVERABLE = "Unable to recover signer."
"""The venue's text, to r = s = 0 (§5.9)."""

HexNumber = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{1,64}\Z")]
"""Of 256 bits; leading zeros may be there or not: the SDK leaves them out, others write 64 digits (§5.1)."""


class BadSignature(Exception):
    """The signature can be nobody's, or what it should be of cannot be signed. Its text is the venue's."""

    def __init__(self) -> None:
        super().__init__(UNRECOVERABLE)


class Signature(msgspec.Struct, frozen=True):
    """``signature`` of a request (§5.1)."""

    r: HexNumber
    s: HexNumber
    v: Annotated[int, msgspec.Meta(ge=0, le=255)]
    """27 or 28."""

    def numbers(self) -> tuple[int, int, int]:
        """r, s and v."""
        return int(self.r, 16), int(self.s, 16), self.v


def recover(
    action: Any,
    *,
    nonce: int,
    vault: str | None = None,
    expires_after: int | None = None,
    r: int,
    s: int,
    v: int,
) -> tuple[str, ...]:
    """Who may have signed: of a trader's action, the signers for mainnet and for testnet, in this order; of
    an action in `USER_SIGNED` the one there is. Lower case.

    Args:
      action: as the wire has it: a dict, or a Struct that is encoded to one. What a trader signs is hashed in
        the order it has here.
      nonce: ms. Whether a user-signed action has the same inside is the caller's to look at (§5.10).
      vault: the address it acts for; not hashed of user-signed actions.
      expires_after: ms; likewise.
      r: of the signature, as are s and v.

    Raises:
      BadSignature: there can be no signer.
    """
    kind = _kind(action)
    networks = (Network.MAINNET,) if kind in USER_SIGNED else tuple(Network)
    return tuple(
        recover_one(
            action, nonce=nonce, vault=vault, expires_after=expires_after, r=r, s=s, v=v, network=each
        )
        for each in networks
    )


def recover_one(
    action: Any,
    *,
    nonce: int,
    vault: str | None = None,
    expires_after: int | None = None,
    r: int,
    s: int,
    v: int,
    network: Network,
) -> str:
    """Who has signed, if it was for this network. A user-signed action says itself for which it is.

    Raises:
      BadSignature: there can be no signer.
    """
    try:
        if _kind(action) in USER_SIGNED:
            fields = action if isinstance(action, dict) else msgspec.to_builtins(action)
            digest = user_signed_digest(fields)
        else:
            digest = agent_digest(action_hash(action, nonce, vault, expires_after), network)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as exc:
        raise BadSignature from exc
    signer = recover_address(digest, r, s, v)
    if signer is None:
        raise BadSignature
    return signer


def _kind(action: Any) -> str | None:
    if isinstance(action, msgspec.Struct):
        tag = action.__struct_config__.tag
        return tag if isinstance(tag, str) else None
    kind = action.get("type") if isinstance(action, dict) else None
    return kind if isinstance(kind, str) else None
