"""Keys: made-up private keys, as development chains have: the same from the same seed, and known to anybody.

Nothing of value may ever be sent to their addresses.
"""

from __future__ import annotations

import hashlib

import attrs

from livetrio.exchange.crypto import curve


@attrs.frozen
class Key:
    """A private key and its address."""

    secret_hex: str = attrs.field(repr=False)
    """``0x`` and 64 digits, as wallets and the official SDK take it."""
    address: str
    """Lower case."""


def make_key(seed: int, index: int) -> Key:
    """The key with this number, of those that a seed gives."""
    digest = hashlib.sha256(f"livetrio local exchange, seed {seed}, key {index}".encode()).digest()
    # Above zero, and below the order of the curve.
    secret = int.from_bytes(digest, "big") % (curve.ORDER - 1) + 1
    return Key(f"0x{secret:064x}", curve.address_of(secret))


def address_of(secret: str) -> str:
    """The address of a private key in hex, with ``0x`` or without; lower case.

    Raises:
      ValueError: it is no private key. The message does not show it.
    """
    try:
        number = int(secret, 16)
    except ValueError:
        raise ValueError("a private key is 64 hexadecimal digits") from None
    if not 0 < number < curve.ORDER:
        raise ValueError("a private key is above zero, and below the order of secp256k1")
    return curve.address_of(number)
