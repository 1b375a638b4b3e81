"""Keys: private keys as text and as numbers, the addresses that belong to them, and what they sign.

A private key is in no repr, error or log.
"""

from __future__ import annotations

import re

import attrs

from livetrio.errors import UsageError
from livetrio.venues.hyperliquid.keccak import keccak_256

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""How many points the curve has: private keys are below it (SEC 2, secp256k1)."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")


@attrs.frozen
class Signature:
    """A signature on the curve secp256k1, from which the signer's address can be told."""

    r: int
    s: int
    v: int
    """27 or 28."""

    def to_wire(self) -> dict[str, str | int]:
        """As it stands in a request."""
        return {"r": f"{self.r:#066x}", "s": f"{self.s:#066x}", "v": self.v}


def key_number(secret: str) -> int:
    """A private key as a number; it is given as 64 hex digits, with or without 0x.

    Raises:
      UsageError: it is no private key.
    """
    digits = secret.strip().removeprefix("0x")
    if len(digits) != 64:
        raise UsageError(f"expected a private key of 64 hex digits, found {len(digits)} characters")
    if not _HEX.fullmatch(digits):
        raise UsageError("expected a private key of 64 hex digits, found other characters among them")
    number = int(digits, 16)
    if not 0 < number < ORDER:
        raise UsageError("expected a private key of the curve secp256k1, found a number that cannot be one")
    return number


def address_of(point: bytes) -> str:
    """The address of a public key, which is given as x and y: 0x and 40 lower-case hex digits."""
    return "0x" + keccak_256(point)[-20:].hex()
