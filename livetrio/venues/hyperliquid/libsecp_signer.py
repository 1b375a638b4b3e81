"""LibsecpSigner: signs with libsecp256k1, in 20 µs."""

from __future__ import annotations

import coincurve

from livetrio.venues.hyperliquid.keys import Signature, address_of, key_number


class LibsecpSigner:
    """A `livetrio.venues.hyperliquid.signers.Signer`."""

    def __init__(self, secret: str) -> None:
        self._key = coincurve.PrivateKey(key_number(secret).to_bytes(32, "big"))
        self.address = address_of(self._key.public_key.format(compressed=False)[1:])

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes."""
        signed = self._key.sign_recoverable(digest, hasher=None)
        return Signature(
            int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"), 27 + signed[64]
        )
