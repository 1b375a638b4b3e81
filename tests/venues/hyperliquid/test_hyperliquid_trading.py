"""HyperliquidTrading as the engine uses it; the official SDK judges who has signed."""

import json

import pytest
from hyperliquid.utils import signing as sdk
from order_samples import ADDRESS, KEY, LISTING, make_foreign_order, make_order, make_trading
from test_hyperliquid_actions import modify
from test_hyperliquid_order_rules import wanted
from test_hyperliquid_samples import BTC, NOW

from livetrio.errors import FrameError, UsageError
from livetrio.model import TimeInForce
from livetrio.venues.hyperliquid import questions
from livetrio.venues.hyperliquid.identity import ask_identity
from livetrio.venues.trading import Cancel, ScheduleCancel, SignedRequest, Submit, Trading, Verdict

MS = 1_000_000
VAULT = "0x8D2F6a4B3c1e09f7a6b5c4d3e2f1a0b9c8d7e6f5"
AGENT_OF = "0x" + "Ab" * 20
URL = "https://venue.test/info"


def sign(trading, *commands, expires=NOW + 10_000 * MS):
    return trading.sign(commands, now=NOW, expires=expires)


def payload_of(request):
    return json.loads(request.http.body)


def test_it_is_what_the_engine_expects():
    trading: Trading = make_trading()

    assert trading.account_id == f"HYPERLIQUID-{ADDRESS}"
    assert trading.stream == "account"
    assert trading.needs_limit_for_market


@pytest.mark.parametrize("is_mainnet", [True, False])
@pytest.mark.parametrize("vault", [None, VAULT])
def test_the_sdk_finds_the_signer_in_every_request(is_mainnet, vault):
    trading = make_trading(account=AGENT_OF, vault=vault, is_mainnet=is_mainnet)
    commands = [
        Cancel(make_order()),
        Cancel(make_foreign_order()),
        ScheduleCancel(NOW),
        modify(make_order()),
        Submit(make_order(post_only=True)),
        Submit(make_order()),
    ]
    for request in sign(trading, *commands):
        payload = payload_of(request)
        signer = sdk.recover_agent_or_user_from_l1_action(
            payload["action"],
            payload["signature"],
            payload.get("vaultAddress"),
            payload["nonce"],
            payload.get("expiresAfter"),
            is_mainnet,
        )

        assert signer.lower() == ADDRESS == trading.signer_address


def test_a_request_is_the_same_by_either_way():
    (request,) = sign(make_trading(), Submit(make_order()))
    post = json.loads(request.frame)

    assert request.http.url == "https://venue.test/exchange"
    assert post["request"] == {"type": "action", "payload": payload_of(request)}
    assert (post["method"], post["id"]) == ("post", request.request_id)
    assert payload_of(request)["nonce"] == request.nonce


def test_what_is_not_set_is_not_in_the_request():
    (order,) = sign(make_trading(), Submit(make_order()), expires=None)
    (cancel,) = sign(make_trading(vault=VAULT), Cancel(make_order()))

    assert list(payload_of(order)) == ["action", "nonce", "signature"]
    assert list(payload_of(cancel)) == ["action", "nonce", "signature", "vaultAddress"]
    assert order.expires is cancel.expires is None


@pytest.mark.parametrize("command", [Submit(make_order()), modify(make_order())])
def test_an_order_that_comes_late_shall_be_refused(command):
    (request,) = sign(make_trading(), command, expires=NOW + 999_999)

    assert payload_of(request)["expiresAfter"] == NOW // MS
    assert request.expires == NOW


def test_requests_and_nonces_are_never_the_same_and_go_on_from_those_of_the_last_run():
    trading = make_trading()
    trading.last_nonce = NOW // MS + 1000
    requests = [
        *sign(trading, Cancel(make_order()), Submit(make_order())),
        *sign(trading, Submit(make_order())),
    ]

    assert [each.nonce for each in requests] == [NOW // MS + 1001, NOW // MS + 1002, NOW // MS + 1003]
    assert [each.request_id for each in requests] == [1, 2, 3]
    assert trading.last_nonce == NOW // MS + 1003


def test_who_acts_for_a_vault_trades_its_account():
    trading = make_trading(vault=VAULT)

    assert trading.user == VAULT.lower()
    assert trading.account_id == f"HYPERLIQUID-{VAULT.lower()}"
    assert json.loads(trading.ask_open_orders().requests[0].body)["user"] == VAULT.lower()


def test_an_answer_makes_room_for_another_request():
    trading = make_trading()
    (request,) = sign(trading, Submit(make_order()))
    for _ in range(79):
        trading.budget.spend(*sign(trading, Submit(make_order())), 0.0)
    trading.budget.spend(request, 0.0)
    full = trading.budget.delay(request, 0.0)
    (result,) = trading.read_reply(request, b'{"status":"ok","response":{"type":"default"}}')

    assert full > 0
    assert trading.budget.delay(request, 0.0) == 0
    assert result.verdict is Verdict.UNKNOWN


def test_an_answer_without_sense_was_an_answer_too():
    trading = make_trading()
    (request,) = sign(trading, Submit(make_order()))
    trading.budget.spend(request, 0.0)

    with pytest.raises(FrameError):
        trading.read_reply(request, b"?")


def test_the_answer_of_a_request_that_somebody_else_has_made_is_read_too():
    command = Submit(make_order())
    (made,) = sign(make_trading(), command)
    request = SignedRequest(
        request_id=5, nonce=5, commands=(command,), frame=b"", http=made.http, expires=None
    )
    (result,) = make_trading().read_reply(request, b'{"status":"err","response":"Unable to recover signer."}')

    assert (result.command, result.verdict) == (command, Verdict.REFUSED)


def test_a_refusal_teaches_the_budget_how_many_actions_are_left():
    trading = make_trading()
    (request,) = sign(trading, Submit(make_order()))
    text = "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92."
    trading.read_reply(request, json.dumps({"status": "err", "response": text}).encode())

    assert (trading.budget.used, trading.budget.cap) == (37_986, 10_436)


def test_orders_that_the_venue_does_not_know_are_refused():
    trading = make_trading()
    instrument = LISTING.instruments[BTC]

    assert trading.refusal(wanted(), instrument) is None
    assert "FOK" in trading.refusal(wanted(time_in_force=TimeInForce.FOK), instrument)


def test_every_question_is_asked_about_the_account():
    trading = make_trading(account=AGENT_OF)
    user, order = AGENT_OF.lower(), make_order()
    expected = [
        (trading.ask_open_orders(), questions.ask_open_orders(URL, user, LISTING)),
        (trading.ask_order(order, 2), questions.ask_order(URL, user, LISTING, order, 2)),
        (trading.ask_recent_orders(), questions.ask_recent_orders(URL, user, LISTING)),
        (trading.ask_fills(NOW), questions.ask_fills(URL, user, LISTING, NOW)),
        (trading.ask_fundings(NOW), questions.ask_fundings(URL, user, LISTING, NOW)),
        (trading.ask_account(), questions.ask_account(URL, user, LISTING)),
        (trading.ask_identity(), ask_identity(URL, user, ADDRESS)),
        (trading.ask_time(), questions.ask_time(URL)),
        (trading.ask_usage(), questions.ask_usage(URL, user)),
    ]

    for question, same in expected:
        assert question.requests == same.requests
        assert question.weight == same.weight


def test_who_acts_for_a_vault_asks_about_its_money_and_its_own_key():
    trading = make_trading(vault=VAULT)

    assert trading.ask_identity().requests == ask_identity(URL, ADDRESS, ADDRESS, VAULT).requests


def test_the_venue_tells_how_many_actions_the_account_has_had():
    trading = make_trading()
    answer = b'{"cumVlm":"2854574.593578","nRequestsUsed":2890,"nRequestsCap":2864574,"nRequestsSurplus":0}'
    read = trading.ask_usage().read([answer], NOW)

    assert read is None
    assert (trading.budget.used, trading.budget.cap) == (2_890, 2_864_574)


def test_what_is_no_key_is_refused_and_a_key_is_never_shown():
    with pytest.raises(UsageError, match="expected a private key") as refused:
        make_trading(secret=KEY + "00")
    trading = make_trading()
    (request,) = sign(trading, Submit(make_order()))

    assert KEY[2:] not in str(refused.value)
    assert KEY[2:] not in repr(trading) + repr(request) + repr(vars(trading))
