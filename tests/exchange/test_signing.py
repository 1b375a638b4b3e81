"""Who has signed: judged by the official SDK, with signatures that it made and that it makes now."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eth_account import Account
from hyperliquid.utils import signing as sdk
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.keys import make_key
from livetrio.exchange.signing import BadSignature, Signature, recover, recover_one
from livetrio.exchange.typed_data import (
    USER_SIGNED,
    Network,
    action_hash,
    agent_digest,
    user_signed_digest,
)

VECTORS = json.loads((Path(__file__).parent / "data" / "signing-vectors.json").read_text())
"""Signed by the official SDK with made-up keys; the actions are in the order it hashed."""

NETWORKS = {"mainnet": Network.MAINNET, "testnet": Network.TESTNET}
NONCE = 1764000000123
VAULT = "0x8D2F6a4B3c1e09f7a6b5c4d3e2f1a0b9c8d7e6f5"
KEY = make_key(0, 0)
WALLET = Account.from_key(KEY.secret_hex)
ORDER = VECTORS["l1"][0]["action"]


def each(vectors):
    return pytest.mark.parametrize("vector", vectors, ids=lambda each: f"{each['name']}-{each['network']}")


def numbers(signature):
    """r, s and v of the signature in a request, read as the exchange reads it."""
    r, s, v = msgspec.convert(signature, Signature).numbers()
    return {"r": r, "s": s, "v": v}


def beside(vector):
    return {name: vector[name] for name in ("nonce", "vault", "expires_after")}


# What a trader signs.


@each(VECTORS["l1"])
def test_what_is_hashed_and_signed_is_byte_for_byte_what_the_sdk_signed(vector):
    connection_id = action_hash(vector["action"], vector["nonce"], vector["vault"], vector["expires_after"])

    assert msgspec.msgpack.encode(vector["action"]).hex() == vector["msgpack"]
    assert "0x" + connection_id.hex() == vector["connection_id"]
    assert "0x" + agent_digest(connection_id, NETWORKS[vector["network"]]).hex() == vector["digest"]


@each(VECTORS["l1"])
def test_the_signer_is_found_under_the_network_that_was_signed_for_and_no_other(vector):
    found = recover(vector["action"], **beside(vector), **numbers(vector["signature"]))
    one = recover_one(
        vector["action"],
        **beside(vector),
        **numbers(vector["signature"]),
        network=NETWORKS[vector["network"]],
    )

    assert len(set(found)) == 2
    assert found.index(vector["address"]) == ["mainnet", "testnet"].index(vector["network"])
    assert one == vector["address"]


def test_leading_zeros_of_a_number_may_be_there_or_not():
    vector = next(each for each in VECTORS["l1"] if len(each["signature"]["s"]) < 66)
    short = vector["signature"]
    padded = {**short, "s": f"0x{int(short['s'], 16):064x}"}

    assert numbers(padded) == numbers(short)


prices = st.floats(0.001, 100_000, allow_nan=False).map(lambda px: float(f"{px:.5g}"))
cloids = st.integers(1, 2**128 - 1).map(lambda cloid: f"0x{cloid:032x}")
order_types: Any = st.sampled_from(["Gtc", "Ioc", "Alo"]).map(
    lambda tif: {"limit": {"tif": tif}}
) | st.builds(
    lambda px, is_market, tpsl: {"trigger": {"triggerPx": px, "isMarket": is_market, "tpsl": tpsl}},
    prices,
    st.booleans(),
    st.sampled_from(["tp", "sl"]),
)


@st.composite
def order_wires(draw):
    """Orders as the SDK writes them, of assets of every size that msgpack writes differently."""
    request = {
        "coin": "BTC",
        "is_buy": draw(st.booleans()),
        "sz": draw(st.integers(1, 10**6)) / 1000,
        "limit_px": draw(prices),
        "order_type": draw(order_types),
        "reduce_only": draw(st.booleans()),
    }
    cloid = draw(st.none() | cloids)
    if cloid is not None:
        request["cloid"] = sdk.Cloid.from_str(cloid)
    return sdk.order_request_to_order_wire(request, draw(st.integers(0, 200_000)))


def order_actions():
    return st.builds(
        sdk.order_wires_to_order_action,
        st.lists(order_wires(), min_size=1, max_size=18),
        st.none() | st.just({"b": "0x" + "12" * 20, "f": 15}),
        st.sampled_from(["na", "normalTpsl", "positionTpsl"]),
    )


def other_actions():
    ids = st.sampled_from([0, 127, 128, 255, 256, 2**16, 2**32 - 1, 2**32, 57118842019, 2**63 - 1])
    ntli = st.sampled_from([-(2**40), -(2**31) - 1, -40000, -129, -33, -32, -1, 0, 1, 10**12])
    return st.one_of(
        st.builds(lambda oid: {"type": "cancel", "cancels": [{"a": 10107, "o": oid}]}, ids),
        st.builds(lambda cloid: {"type": "cancelByCloid", "cancels": [{"asset": 3, "cloid": cloid}]}, cloids),
        st.builds(
            lambda amount: {"type": "updateIsolatedMargin", "asset": 4, "isBuy": True, "ntli": amount}, ntli
        ),
        st.builds(
            lambda oid, order: {"type": "batchModify", "modifies": [{"oid": oid, "order": order}]},
            ids | cloids,
            order_wires(),
        ),
        st.just({"type": "noop"}),
    )


@settings(max_examples=30, deadline=None)
@given(
    order_actions() | other_actions(),
    st.integers(0, 2**64 - 1),
    st.none() | st.just(VAULT),
    st.none() | st.integers(0, 2**64 - 1),
    st.sampled_from(Network),
)
def test_whatever_the_sdk_signs_is_recovered_after_its_way_over_the_wire(
    action, nonce, vault, expires, network
):
    signature = sdk.sign_l1_action(WALLET, action, vault, nonce, expires, network is Network.MAINNET)
    arrived = msgspec.json.decode(json.dumps(action))
    signer = recover_one(
        arrived,
        nonce=nonce,
        vault=vault,
        expires_after=expires,
        **numbers(signature),
        network=network,
    )

    assert signer == KEY.address


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": NONCE + 1},
        {"vault": VAULT},
        {"expires_after": NONCE},
        {"action": {**ORDER, "grouping": "normalTpsl"}},
        {"action": dict(reversed(ORDER.items()))},
        {"action": {**ORDER, "builder": None}},
    ],
)
def test_what_was_signed_otherwise_is_of_a_stranger(changes):
    signature = sdk.sign_l1_action(WALLET, ORDER, None, NONCE, None, True)
    request = {"action": ORDER, "nonce": NONCE, "vault": None, "expires_after": None}

    assert KEY.address in recover(**request, **numbers(signature))
    assert KEY.address not in recover(**request | changes, **numbers(signature))


def test_the_case_of_the_vault_does_not_matter():
    signature = sdk.sign_l1_action(WALLET, ORDER, VAULT.lower(), NONCE, None, True)
    found = recover(ORDER, nonce=NONCE, vault=VAULT, **numbers(signature))

    assert found[0] == KEY.address


def test_an_action_may_be_a_struct_whose_fields_stand_in_the_order_of_the_wire():
    class Noop(msgspec.Struct, tag_field="type", tag="noop"):
        pass

    class ApproveAgent(msgspec.Struct, tag_field="type", tag="approveAgent", rename="camel"):
        hyperliquid_chain: str
        signature_chain_id: str
        agent_address: str
        nonce: int

    approval = {"agentAddress": KEY.address, "agentName": "", "nonce": NONCE}
    by_sdk = sdk.sign_l1_action(WALLET, {"type": "noop"}, None, NONCE, None, False)
    approved = sdk.sign_agent(WALLET, approval, is_mainnet=True)

    assert recover(Noop(), nonce=NONCE, **numbers(by_sdk))[1] == KEY.address
    assert recover(
        ApproveAgent("Mainnet", "0x66eee", KEY.address, NONCE), nonce=NONCE, **numbers(approved)
    ) == (KEY.address,)


# What only an account's own key may sign.


@each(VECTORS["user"])
def test_user_signed_actions_are_hashed_as_the_sdk_does_and_have_one_signer(vector):
    found = recover(vector["action"], nonce=0, **numbers(vector["signature"]))

    assert "0x" + user_signed_digest(vector["action"]).hex() == vector["digest"]
    assert found == (vector["address"],)


OTHER = "0x" + "Ab" * 20
SIGNED_BY_SDK = {
    "usdSend": (sdk.sign_usd_transfer_action, {"destination": OTHER, "amount": "1.5", "time": NONCE}),
    "spotSend": (
        sdk.sign_spot_transfer_action,
        {"destination": OTHER, "token": "PURR:0x" + "c4" * 16, "amount": "0.1", "time": NONCE},
    ),
    "withdraw3": (
        sdk.sign_withdraw_from_bridge_action,
        {"destination": OTHER, "amount": "20", "time": NONCE},
    ),
    "usdClassTransfer": (
        sdk.sign_usd_class_transfer_action,
        {"amount": f"5 subaccount:{OTHER}", "toPerp": False, "nonce": NONCE},
    ),
    "sendAsset": (
        sdk.sign_send_asset_action,
        {
            "destination": OTHER,
            "sourceDex": "",
            "destinationDex": "spot",
            "token": "USDC",
            "amount": "7",
            "fromSubAccount": "",
            "nonce": NONCE,
        },
    ),
    "approveAgent": (sdk.sign_agent, {"agentAddress": OTHER, "agentName": "böt 1", "nonce": NONCE}),
    "approveBuilderFee": (
        sdk.sign_approve_builder_fee,
        {"maxFeeRate": "0.001%", "builder": OTHER, "nonce": NONCE},
    ),
    "tokenDelegate": (
        sdk.sign_token_delegate_action,
        {"validator": OTHER, "wei": 2**63, "isUndelegate": True, "nonce": NONCE},
    ),
    "userDexAbstraction": (
        sdk.sign_user_dex_abstraction_action,
        {"user": OTHER, "enabled": True, "nonce": NONCE},
    ),
    "userSetAbstraction": (
        sdk.sign_user_set_abstraction_action,
        {"user": OTHER, "abstraction": "unifiedAccount", "nonce": NONCE},
    ),
    "convertToMultiSigUser": (
        sdk.sign_convert_to_multi_sig_user_action,
        {"signers": json.dumps({"authorizedUsers": [OTHER], "threshold": 1}), "nonce": NONCE},
    ),
}


def test_the_table_of_user_signed_types_is_judged_by_the_sdk_from_end_to_end():
    assert SIGNED_BY_SDK.keys() == USER_SIGNED.keys()


@pytest.mark.parametrize("kind", SIGNED_BY_SDK)
@pytest.mark.parametrize("is_mainnet", [True, False])
def test_every_user_signed_type_is_recovered_from_the_sdks_signature(kind, is_mainnet):
    sign, fields = SIGNED_BY_SDK[kind]
    action = {"type": kind, **fields}
    signature = sign(WALLET, action, is_mainnet)
    action["hyperliquidChain"] = "Mainnet" if is_mainnet else "Testnet"
    request = msgspec.json.decode(json.dumps(action))
    other = {**request, "hyperliquidChain": "Testnet" if is_mainnet else "Mainnet"}

    assert recover(request, nonce=NONCE, **numbers(signature)) == (KEY.address,)
    assert recover(other, nonce=NONCE, **numbers(signature)) != (KEY.address,)
    assert recover({**request, "signatureChainId": "0xa4b1"}, nonce=NONCE, **numbers(signature)) != (
        KEY.address,
    )


def test_an_agent_without_a_name_was_signed_with_an_empty_one():
    action = {"type": "approveAgent", "agentAddress": OTHER, "agentName": "", "nonce": NONCE}
    signature = sdk.sign_agent(WALLET, action, is_mainnet=True)
    del action["agentName"]  # as the SDK's Exchange does before it sends

    assert recover(action, nonce=NONCE, **numbers(signature)) == (KEY.address,)


# What cannot be signed.


def test_a_signature_of_zeros_is_refused_in_the_venues_words():
    zeros = numbers({"r": "0x0", "s": "0x0", "v": 27})

    with pytest.raises(BadSignature, match=r"^Unable to recover signer\.$"):
        recover(ORDER, nonce=NONCE, **zeros)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": -1},
        {"nonce": 2**64},
        {"expires_after": 2**64},
        {"vault": "0x1234"},
        {"vault": "nobody"},
        {"vault": VAULT + "\n"},
        {"vault": "0x" + "g" * 40},
        {"action": {"type": "noop", "huge": 2**70}},
        {"action": {"type": "usdSend"}},
        {"action": {"type": "usdSend", **SIGNED_BY_SDK["usdSend"][1]}},
    ],
)
def test_what_cannot_be_hashed_has_no_signer(changes):
    signature = sdk.sign_l1_action(WALLET, ORDER, None, NONCE, None, True)

    with pytest.raises(BadSignature):
        recover(**{"action": ORDER, "nonce": NONCE, **changes}, **numbers(signature))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("usdSend", "amount", 1),
        ("usdSend", "time", "soon"),
        ("usdSend", "time", -1),
        ("usdSend", "time", 2**64),
        ("usdClassTransfer", "toPerp", 1),
        ("approveAgent", "agentAddress", "0x12"),
        ("approveAgent", "agentAddress", None),
        ("approveAgent", "signatureChainId", "arbitrum"),
        ("approveAgent", "signatureChainId", 42161),
        ("approveAgent", "hyperliquidChain", None),
    ],
)
def test_a_field_of_the_wrong_kind_has_no_signer(kind, field, value):
    sign, fields = SIGNED_BY_SDK[kind]
    action = {"type": kind, **fields}
    signature = sign(WALLET, action, True)

    assert recover(action, nonce=NONCE, **numbers(signature)) == (KEY.address,)
    with pytest.raises(BadSignature):
        recover({**action, field: value}, nonce=NONCE, **numbers(signature))


@pytest.mark.parametrize("action", [{"type": ["order"]}, {}, [], "order", None])
def test_what_is_no_action_at_all_is_of_a_stranger(action):
    signature = sdk.sign_l1_action(WALLET, ORDER, None, NONCE, None, True)

    assert KEY.address not in recover(action, nonce=NONCE, **numbers(signature))


@pytest.mark.parametrize("text", ["", "0x", "12", "0xg", "0x" + "1" * 65, "-0x1", "0x1\n"])
def test_what_is_no_hex_number_does_not_fit_the_schema(text):
    with pytest.raises(msgspec.ValidationError):
        numbers({"r": text, "s": "0x1", "v": 27})
