"""Recovering public keys: both libraries agree, and what nobody can have signed is nobody's."""

import importlib.util
import sys

import pytest
from eth_keys import keys
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.crypto import curve, plain
from livetrio.exchange.crypto.keccak import keccak256

native = pytest.importorskip(
    "livetrio.exchange.crypto.native", reason="coincurve has no wheel for this Python"
)

GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798  # SEC 2, 2.4.1
DIGEST = keccak256(b"something")

secrets = st.integers(1, curve.ORDER - 1)


def sign(secret, digest):
    """r, s and v, by the library that signs for the SDK."""
    signature = keys.PrivateKey(secret.to_bytes(32, "big")).sign_msg_hash(digest)
    return signature.r, signature.s, 27 + signature.v


def test_the_hash_is_keccak_and_not_sha3():
    # The Keccak team's test vectors, ShortMsgKAT_256, of no bytes.
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@settings(max_examples=20)
@given(secrets, st.binary(min_size=32, max_size=32))
def test_both_libraries_find_who_signed(secret, digest):
    r, s, v = sign(secret, digest)
    key = native.public_key(secret.to_bytes(32, "big"))

    assert native.recover_public_key(digest, r, s, v - 27) == key
    assert plain.recover_public_key(digest, r, s, v - 27) == key
    assert plain.public_key(secret.to_bytes(32, "big")) == key
    assert curve.recover_address(digest, r, s, v) == curve.address_of(secret)


@settings(max_examples=20)
@given(st.integers(1, 1000), st.integers(1, curve.ORDER - 1), st.sampled_from([0, 1]))
def test_both_libraries_say_the_same_of_what_nobody_signed(r, s, parity):
    assert native.recover_public_key(DIGEST, r, s, parity) == plain.recover_public_key(DIGEST, r, s, parity)


def test_where_coincurve_is_missing_plain_python_does_its_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "livetrio.exchange.crypto.native", None)
    spec = importlib.util.spec_from_file_location("curve_without_coincurve", curve.__file__)
    without = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(without)

    assert without.public_key is plain.public_key
    assert without.recover_address(DIGEST, *sign(7, DIGEST)) == curve.address_of(7)


def test_a_signature_whose_key_would_be_infinity_is_nobodys():
    s = int.from_bytes(DIGEST, "big") % curve.ORDER

    assert native.recover_public_key(DIGEST, GENERATOR_X, s, 0) is None
    assert plain.recover_public_key(DIGEST, GENERATOR_X, s, 0) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"r": 0},
        {"s": 0},
        {"r": 0, "s": 0},
        {"r": curve.ORDER},
        {"s": curve.ORDER},
        {"r": 2**256},
        {"r": -1},
        {"v": 0},
        {"v": 26},
        {"v": 29},
    ],
)
def test_numbers_that_no_signature_has_are_nobodys(changes):
    r, s, v = sign(1, DIGEST)

    assert curve.recover_address(DIGEST, **({"r": r, "s": s, "v": v} | changes)) is None
    assert curve.recover_address(DIGEST, r, s, v) == curve.address_of(1)
