"""Keccak256: the hash of Ethereum, by the faster of the libraries that are there.

It is what SHA-3 was before its padding was changed, so the standard library has it not.
"""

from __future__ import annotations

from typing import Any

try:
    from sha3 import keccak_256 as _hash
except ImportError:  # The extra `speed` is not installed.
    from Crypto.Hash import keccak

    def _hash(data: bytes) -> Any:
        return keccak.new(digest_bits=256, data=data)


def keccak256(data: bytes) -> bytes:
    """The hash, 32 bytes."""
    digest: bytes = _hash(data).digest()
    return digest
