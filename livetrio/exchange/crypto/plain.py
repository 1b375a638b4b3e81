"""secp256k1 in plain Python, a hundred times slower: for where coincurve has no wheel.

The library says of itself that it leaks secrets to who can time it. It signs nothing here: it finds who
signed, which is no secret, and the addresses of keys that are made from a seed anybody knows.
"""

from __future__ import annotations

from ecdsa import SECP256k1, SigningKey, VerifyingKey
from ecdsa.errors import MalformedPointError
from ecdsa.numbertheory import SquareRootError


def recover_public_key(digest: bytes, r: int, s: int, parity: int) -> bytes | None:
    """The public key, 64 bytes, whose signature of a digest this is; None if it is of none."""
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    try:
        # Two keys fit: first the one whose nonce point has an even y, then the other.
        keys = VerifyingKey.from_public_key_recovery_with_digest(signature, digest, SECP256k1)
        found: bytes = keys[parity].to_string()
    except (SquareRootError, MalformedPointError, TypeError):  # TypeError: a key would be infinity
        return None
    return found


def public_key(secret: bytes) -> bytes:
    """The public key of a secret one, 64 bytes."""
    found: bytes = SigningKey.from_string(secret, curve=SECP256k1).verifying_key.to_string()
    return found
