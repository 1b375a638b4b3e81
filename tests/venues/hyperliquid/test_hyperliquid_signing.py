"""What is signed, judged by the official SDK: with signatures that it made, and that it makes now."""

import json
import sys
import time
from pathlib import Path

import pytest
from eth_account import Account
from hyperliquid.utils import signing as sdk
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.errors import UsageError
from livetrio.venues.hyperliquid.keccak import keccak_256, portable_keccak_256
from livetrio.venues.hyperliquid.keys import ORDER, Signature
from livetrio.venues.hyperliquid.openssl_signer import OpensslSigner
from livetrio.venues.hyperliquid.signers import make_signer
from livetrio.venues.hyperliquid.signing import action_hash, agent_digest, sign_action

DATA = Path(__file__).parents[2] / "exchange" / "data" / "signing-vectors.json"
VECTORS = json.loads(DATA.read_text())
"""Signed by the official SDK with made-up keys; the actions are in the order it hashed."""

KEY = VECTORS["l1"][0]["key"]
WALLET = Account.from_key(KEY)
ORDER_ACTION = VECTORS["l1"][0]["action"]
NONCE = VECTORS["l1"][0]["nonce"]

both_signers = pytest.mark.parametrize("make", [make_signer, OpensslSigner])
each_vector = pytest.mark.parametrize(
    "vector", VECTORS["l1"], ids=lambda each: f"{each['name']}-{each['network']}"
)


def by_the_sdk(signature):
    return Signature(int(signature["r"], 16), int(signature["s"], 16), signature["v"])


@each_vector
def test_an_action_is_hashed_as_the_venue_hashes_it(vector):
    connection_id = action_hash(vector["action"], vector["nonce"], vector["vault"], vector["expires_after"])
    digest = agent_digest(connection_id, is_mainnet=vector["network"] == "mainnet")

    assert "0x" + connection_id.hex() == vector["connection_id"]
    assert "0x" + digest.hex() == vector["digest"]


@both_signers
@each_vector
def test_both_signers_sign_what_the_sdk_signed(vector, make):
    signer = make(vector["key"])
    signature = sign_action(
        signer,
        vector["action"],
        vector["nonce"],
        vault=vector["vault"],
        expires_after=vector["expires_after"],
        is_mainnet=vector["network"] == "mainnet",
    )

    assert signature == by_the_sdk(vector["signature"])
    assert signer.address == vector["address"]


@both_signers
@settings(deadline=None, max_examples=30)
@given(
    action=st.recursive(
        st.booleans() | st.integers(0, 2**64 - 1) | st.text(max_size=40),
        lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=8), inner, max_size=20),
        max_leaves=20,
    ).map(lambda content: {"type": "order", "orders": content}),
    nonce=st.integers(0, 2**63),
    vault=st.none() | st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    expires_after=st.none() | st.integers(0, 2**63),
    is_mainnet=st.booleans(),
)
def test_whatever_the_action_it_is_signed_as_the_sdk_signs_it(
    make, action, nonce, vault, expires_after, is_mainnet
):
    expected = sdk.sign_l1_action(WALLET, action, vault, nonce, expires_after, is_mainnet)
    signature = sign_action(
        make(KEY), action, nonce, vault=vault, expires_after=expires_after, is_mainnet=is_mainnet
    )

    assert signature == by_the_sdk(expected)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, ORDER - 1).map("{:064x}".format), st.binary(min_size=32, max_size=32))
def test_both_signers_sign_alike_with_any_key(secret, digest):
    one, other = make_signer(secret), OpensslSigner("0x" + secret.upper())

    assert one.address == other.address
    assert one.sign(digest) == other.sign(digest)
    assert one.sign(digest).s <= ORDER // 2


def test_where_one_library_is_missing_the_other_signs(monkeypatch):
    monkeypatch.delitem(sys.modules, "livetrio.venues.hyperliquid.libsecp_signer", raising=False)
    monkeypatch.setitem(sys.modules, "coincurve", None)

    assert isinstance(make_signer(KEY), OpensslSigner)


@pytest.mark.parametrize(
    "secret",
    ["", "0x", KEY[:-1], KEY + "0", "g" * 64, KEY.replace("0x", "0X"), "0" * 64, f"{ORDER:064x}", "f" * 64],
)
@both_signers
def test_what_is_no_private_key_is_refused_without_being_shown(secret, make):
    with pytest.raises(UsageError, match="expected a private key of") as refused:
        make(secret)

    assert not secret or secret not in str(refused.value)


@both_signers
def test_no_repr_shows_the_key(make):
    signer = make(f" {KEY}\n")  # as it comes out of a file

    assert KEY[2:] not in repr(signer)
    assert str(int(KEY, 16)) not in repr(signer)


def test_a_signature_is_written_with_all_its_digits():
    assert Signature(1, 2, 27).to_wire() == {"r": "0x" + "0" * 63 + "1", "s": "0x" + "0" * 63 + "2", "v": 27}


@given(st.binary(max_size=300))
def test_both_hashes_are_the_same(data):
    assert keccak_256(data) == portable_keccak_256(data)


def test_without_the_fast_hash_the_portable_one_does(monkeypatch):
    import importlib

    from livetrio.venues.hyperliquid import keccak

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "sha3", None)
        importlib.reload(keccak)
        without = keccak.keccak_256
        empty = keccak.portable_keccak_256
    importlib.reload(keccak)

    assert without is empty
    assert keccak.keccak_256(b"").hex().startswith("c5d2460186f7233c")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="libsecp256k1 has no wheel there")
def test_to_sign_an_order_costs_no_time_to_speak_of():
    signer = make_signer(KEY)
    best = 1.0
    for _ in range(300):
        start = time.perf_counter()
        sign_action(signer, ORDER_ACTION, NONCE, vault=None, expires_after=NONCE, is_mainnet=True)
        best = min(best, time.perf_counter() - start)

    assert best < 200e-6  # measured: 30 µs
