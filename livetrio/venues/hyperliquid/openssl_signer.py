"""OpensslSigner: signs with OpenSSL, in 1 ms.

OpenSSL does not say to which of two points a signature's ``r`` belongs, and may give the larger ``s``. Both
are put right here: whoever has the key can reckon the point.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from livetrio.venues.hyperliquid.keys import ORDER, Signature, address_of, key_number

_CURVE = ec.SECP256K1()
_ALGORITHM = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)


class OpensslSigner:
    """A `livetrio.venues.hyperliquid.signers.Signer`."""

    def __init__(self, secret: str) -> None:
        self._number = key_number(secret)
        self._key = ec.derive_private_key(self._number, _CURVE)
        point = self._key.public_key().public_numbers()
        self.address = address_of(point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big"))

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes."""
        r, s = utils.decode_dss_signature(self._key.sign(digest, _ALGORITHM))
        # s = (z + r·d) / k gives k; r is the x of the point k·G, and v says whether its y is odd.
        k = pow(s, -1, ORDER) * (int.from_bytes(digest, "big") + r * self._number) % ORDER
        odd = ec.derive_private_key(k, _CURVE).public_key().public_numbers().y & 1
        if s > ORDER // 2:
            s, odd = ORDER - s, 1 - odd
        return Signature(r, s, 27 + odd)
