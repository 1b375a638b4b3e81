"""Signers: who holds a private key and signs digests with it.

libsecp256k1 is the fast one, but has no wheel for Python 3.14; there OpenSSL signs. Both choose what is
random in a signature by RFC 6979 and take the smaller ``s``, so they sign alike to the byte.
"""

from __future__ import annotations

from typing import Protocol

from livetrio.venues.hyperliquid.keys import Signature


class Signer(Protocol):
    """Holds one private key."""

    address: str
    """Of the key: 0x and 40 lower-case hex digits."""

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes."""
        ...


def make_signer(secret: str) -> Signer:
    """The signer of a private key, which is given as 64 hex digits, with or without 0x.

    Raises:
      UsageError: it is no private key.
    """
    try:
        from livetrio.venues.hyperliquid.libsecp_signer import LibsecpSigner
    except ImportError:  # Python 3.14
        from livetrio.venues.hyperliquid.openssl_signer import OpensslSigner

        return OpensslSigner(secret)
    return LibsecpSigner(secret)
