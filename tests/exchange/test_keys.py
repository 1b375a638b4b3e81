"""Made-up keys: the same everywhere, and quiet about their secrets."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.keys import address_of, make_key


def test_keys_are_the_same_in_every_process():
    assert make_key(0, 0).address == "0x351c3737e1fed2e8d67968f9c23f2d1014dd3734"
    assert make_key(7, 2).address == "0xb1dcad10615bc15e404337cf6add979a8eaadc58"


@given(st.integers(), st.integers(0, 100))
def test_every_seed_and_number_gives_a_key_of_its_own(seed, index):
    key = make_key(seed, index)

    assert key == make_key(seed, index)
    assert key.address == address_of(key.secret_hex)
    assert key not in (make_key(seed + 1, index), make_key(seed, index + 1))


def test_a_wallet_takes_the_secret_and_has_the_address():
    key = make_key(1, 1)

    assert Account.from_key(key.secret_hex).address.lower() == key.address
    assert address_of(key.secret_hex.removeprefix("0x").upper()) == key.address


def test_what_prints_a_key_does_not_print_its_secret():
    key = make_key(3, 0)

    assert key.secret_hex[2:] not in repr(key) + str(key)
    assert key.address in repr(key)


@pytest.mark.parametrize(
    "secret",
    [
        "0x" + "0" * 64,
        "0x" + "f" * 64,
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "sesame, open",
        "",
    ],
)
def test_what_is_no_private_key_is_refused_without_being_shown(secret):
    with pytest.raises(ValueError, match="a private key is") as caught:
        address_of(secret)

    assert not secret or secret not in str(caught.value)
    assert caught.value.__cause__ is None
