"""Curve: the addresses of secret keys, and of who signed a digest. Addresses are in lower case."""

from __future__ import annotations

try:
    from livetrio.exchange.crypto.native import public_key, recover_public_key
except ImportError:  # Python 3.14, for which there is no coincurve yet.
    from livetrio.exchange.crypto.plain import public_key, recover_public_key

from livetrio.exchange.crypto.keccak import keccak256

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""How many points the curve has: secret keys, r and s are above zero and below it (SEC 2, 2.4.1)."""

FIRST_V = 27
"""v of a signature whose nonce point has an even y; of the others, it is one more."""


def recover_address(digest: bytes, r: int, s: int, v: int) -> str | None:
    """Whose signature of a digest this is; None if it can be nobody's."""
    if not (0 < r < ORDER and 0 < s < ORDER and 0 <= v - FIRST_V <= 1):
        return None
    key = recover_public_key(digest, r, s, v - FIRST_V)
    return None if key is None else _address(key)


def address_of(secret: int) -> str:
    """The address of a secret key, which is above zero and below `ORDER`."""
    return _address(public_key(secret.to_bytes(32, "big")))


def _address(key: bytes) -> str:
    return "0x" + keccak256(key)[12:].hex()
