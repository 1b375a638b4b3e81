"""secp256k1 by libsecp256k1, which coincurve carries. The same two functions are in `plain`."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey


def recover_public_key(digest: bytes, r: int, s: int, parity: int) -> bytes | None:
    """The public key, 64 bytes, whose signature of a digest this is; None if it is of none."""
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + parity.to_bytes(1, "big")
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    found: bytes = key.format(compressed=False)
    return found[1:]


def public_key(secret: bytes) -> bytes:
    """The public key of a secret one, 64 bytes."""
    found: bytes = PrivateKey(secret).public_key.format(compressed=False)
    return found[1:]
