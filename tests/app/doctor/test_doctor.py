"""What the doctor finds: in virtual time at the local exchange, with one thing wrong at a time."""

import os
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

import attrs
import pytest
import trio
from gateway import PASS, let_in

from livetrio import Config
from livetrio.app.account_lock import account_locks, lock_folder
from livetrio.app.config import JournalConfig, LiveTradingConfig, StrategyConfig
from livetrio.app.doctor import account
from livetrio.app.doctor.check import Check, Verdict, all_well
from livetrio.app.doctor.doctor import examine
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.clock import SIMULATED_EPOCH, Clock
from livetrio.engines.risk_config import RiskConfig, StrategyLimits
from livetrio.exchange import ExchangeSettings, LocalExchange, make_key
from livetrio.exchange.chain.account import Agent
from livetrio.secrets import Secret
from livetrio.testing import MemoryNetwork
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

HOST = "exchange.test"
SECOND = 1_000_000_000
DAY = 86_400
STRANGER = make_key(99, 7)


@attrs.define
class Practice:
    """An exchange, the way there, and a doctor."""

    network: MemoryNetwork
    exchange: LocalExchange
    site: object
    config: Config

    async def examine(self, *, ahead=0.0):
        """All checks by name, with our clock so many seconds ahead."""
        found = []
        clock = Clock(SIMULATED_EPOCH + round((trio.current_time() - BEGAN[-1] + ahead) * SECOND))
        with trio.fail_after(600):
            await examine(self.config, found.append, dial=self.network.dial, clock=clock)
        return {each.name.removeprefix("hyperliquid "): each for each in found}


BEGAN = []
"""When the exchange's clock began; trio's time."""


@asynccontextmanager
async def practice(
    tmp_path,
    monkeypatch,
    *,
    key=None,
    account=None,
    faults=(),
    has_key=True,
    gateway=None,
    headers=(),
    **more,
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    BEGAN.append(trio.current_time())
    exchange = LocalExchange(ExchangeSettings(faults=faults), clock=Clock.simulated())
    monkeypatch.setenv("DOCTORS_KEY", (key or exchange.keys[0]).secret_hex)
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        serve = exchange.serve_stream
        site = network.listen(HOST, 80, serve if gateway is None else partial(gateway, serve))
        await nursery.start(exchange.run)
        settings = HyperliquidConfig(
            network="local",
            base_url=f"http://{HOST}",
            key=Secret("env:DOCTORS_KEY") if has_key else None,
            account=account,
            headers=dict(headers),
        )
        config = Config(
            venues={"hyperliquid": settings},
            journal=JournalConfig(path=str(tmp_path / "orders.journal")),
            **more,
        )
        yield Practice(network, exchange, site, config)
        nursery.cancel_scope.cancel()


def verdicts(found):
    return {name: each.verdict.value for name, each in found.items() if each.verdict is not Verdict.OK}


async def test_where_all_is_well_nothing_is_found_and_nothing_is_done(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        found = await world.examine()
        orders = world.exchange.ledger.account(world.exchange.keys[0].address).orders

    assert verdicts(found) == {}
    assert list(found)[:3] == ["python", "config", "journal"]
    assert {
        "tcp",
        "latency",
        "clock",
        "ws market",
        "ws account",
        "account",
        "key",
        "allowance",
    } <= found.keys()
    assert "takes what it signs" in found["key"].found
    assert "equity 100,000.00 USDC" in found["money"].found
    assert "of 10,000 actions are used" in found["allowance"].found
    assert not orders
    assert not (tmp_path / "orders.journal").exists()


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        (0.4, "ok", "within "),
        (2.0, "warning", "2.0 s ahead of the venue's"),
        (-3.0, "warning", "3.0 s behind the venue's"),
        (-60.0, "failed", "60.0 s behind the venue's; orders expire after 10 s"),
    ],
)
async def test_a_clock_that_is_off_is_told_with_what_it_costs(
    autojump_clock, tmp_path, monkeypatch, ahead, verdict, words
):
    async with practice(tmp_path, monkeypatch) as world:
        check = (await world.examine(ahead=ahead))["clock"]

    assert check.verdict.value == verdict
    assert check.found.startswith(words)
    assert verdict == "ok" or "NTP" in check.advice


async def test_a_port_that_is_closed_ends_what_is_said_of_the_venue(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        world.site.refuse = True
        found = await world.examine()

    assert verdicts(found) == {"tcp": "failed"}
    assert "firewall" in found["tcp"].advice
    assert "latency" not in found


async def test_a_host_that_says_nothing_is_not_waited_for_for_ever(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        world.site.dial_hole = True
        begun = trio.current_time()
        found = await world.examine()
        took = trio.current_time() - begun

    assert verdicts(found) == {"tcp": "failed"}
    assert took < 15


async def test_a_long_line_is_told(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        world.site.latency = 0.4
        found = await world.examine()

    assert verdicts(found) == {"latency": "warning"}
    assert "800.0 ms" in found["latency"].found


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("maintenance for 1h", {"latency"}),
        ("handshake-503", {"ws market", "ws account"}),
        ("429", {"latency"}),
        ("nonce", {"key"}),
        ("gap for 1h", {"ws market", "ws account"}),
    ],
)
async def test_a_venue_that_is_unwell_is_told_where_it_is(
    autojump_clock, tmp_path, monkeypatch, fault, names
):
    async with practice(tmp_path, monkeypatch, faults=(fault,)) as world:
        found = await world.examine()

    assert {name for name, verdict in verdicts(found).items() if verdict == "failed"} == names


async def test_a_key_that_nobody_has_approved_fails_by_identity_and_by_signature(
    autojump_clock, tmp_path, monkeypatch
):
    async with practice(tmp_path, monkeypatch, key=STRANGER) as world:
        config = attrs.evolve(world.config.venues["hyperliquid"], account=world.exchange.keys[0].address)
        world.config = attrs.evolve(world.config, venues={"hyperliquid": config})
        found = await world.examine()

    assert verdicts(found) == {"account": "failed", "key": "failed"}
    assert "is no agent of" in found["account"].found
    assert STRANGER.address in found["key"].found


@pytest.mark.parametrize(
    ("days", "expected", "words"),
    [
        (90, {}, "from now"),
        (2, {"key's end": "warning"}, "2d 0h from now"),
        (-1, {"account": "failed", "key": "failed"}, "the venue tells of none"),
    ],
)
async def test_an_agents_end_is_told_before_it_comes(
    autojump_clock, tmp_path, monkeypatch, days, expected, words
):
    async with practice(tmp_path, monkeypatch, key=STRANGER) as world:
        owner = world.exchange.ledger.account(world.exchange.keys[0].address)
        until = SIMULATED_EPOCH // 1_000_000 + days * DAY * 1000 + 60_000
        address = STRANGER.address
        owner.agents[address] = Agent(address=address, name="night", valid_until=until)
        world.exchange.ledger.agents[address] = owner
        config = attrs.evolve(world.config.venues["hyperliquid"], account=owner.address)
        world.config = attrs.evolve(world.config, venues={"hyperliquid": config})
        found = await world.examine()
        later = await world.examine(ahead=2 * DAY + 120)

    assert verdicts(found) == expected
    assert words in found["key's end"].found
    assert days != 2 or later["key's end"].found.startswith("it was an agent's until")


async def test_an_account_that_is_traded_is_not_signed_for(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        venue = HyperliquidVenue(world.config.venues["hyperliquid"])
        with account_locks([venue], lock_folder(os.environ)):
            found = await world.examine()

    assert verdicts(found) == {"key": "warning"}
    assert f"is traded by process {os.getpid()}" in found["key"].found


async def test_an_allowance_that_is_used_up_is_told(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch) as world:
        owner = world.exchange.ledger.account(world.exchange.keys[0].address)
        owner.requests_used = 9_500
        nearly = await world.examine()
        owner.requests_used = 20_000
        over = await world.examine()

    assert verdicts(nearly) == {"allowance": "warning"}
    assert verdicts(over)["allowance"] == "failed"


async def test_behind_a_gateway_it_knocks_as_the_engine_does(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch, gateway=let_in, headers=PASS) as world:
        known = await world.examine()
    async with practice(tmp_path, monkeypatch, gateway=let_in) as world:
        unknown = await world.examine()

    assert verdicts(known) == {}
    assert verdicts(unknown) == {"latency": "failed"}
    assert "status 401" in unknown["latency"].found
    assert "headers" in unknown["latency"].advice


@pytest.mark.parametrize(
    ("own", "most", "expected", "words"),
    [
        ((None, None), "50", {}, "at [risk] max_order_rate, 50 orders a second, the rest would last 3m 20s"),
        (("0.05", "0.05"), "50", {}, "at the strategies' max_order_rate, 0.10 orders a second, the rest"),
        (("1", "2"), "50", {"allowance"}, "at the strategies' max_order_rate, 3 orders a second, the rest"),
        (("1", None), "50", {}, "at [risk] max_order_rate, 50 orders a second"),
        (("20", "20"), "30", {"allowance", "rate"}, "at [risk] max_order_rate, 30 orders a second"),
        (("13", "13"), "50", {"allowance", "rate"}, "at the strategies' max_order_rate, 26 orders a second"),
    ],
)
async def test_what_may_be_sent_is_compared_with_what_the_strategies_mean_to_send(
    autojump_clock, tmp_path, monkeypatch, own, most, expected, words
):
    limits = {
        name: StrategyLimits(max_order_rate=None if rate is None else Decimal(rate))
        for name, rate in zip(("left", "right"), own, strict=True)
    }
    risk = RiskConfig(max_order_rate=Decimal(most), strategies=limits)
    strategies = tuple(StrategyConfig(path="quoter.py:Quoter", name=name) for name in limits)
    async with practice(tmp_path, monkeypatch, risk=risk, strategies=strategies) as world:
        found = await world.examine()

    assert verdicts(found) == dict.fromkeys(expected, "warning")
    assert words in found["allowance"].found


async def test_an_endpoint_by_hand_is_opened_with_its_headers(autojump_clock, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCTORS_PASS", PASS["x-pass"])
    for headers in ({"x-pass": "env:DOCTORS_PASS"}, {}):
        endpoint = WebSocketEndpoint(url=f"ws://{HOST}/ws", headers=headers)
        engine = LiveTradingConfig(ws_endpoints=(endpoint,))
        async with practice(tmp_path, monkeypatch, gateway=let_in, engine=engine) as world:
            world.config = attrs.evolve(world.config, venues={})
            found = await world.examine()

        check = found[f"ws {HOST}/ws"]
        assert check.verdict is (Verdict.OK if headers else Verdict.FAILED)
        assert ("the answer to a ping comes" if headers else "refused the upgrade: 401") in check.found


async def test_a_proxy_that_is_not_used_is_named_where_nothing_is_reached(
    autojump_clock, tmp_path, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.test")
    async with practice(tmp_path, monkeypatch) as world:
        well = await world.examine()
        world.site.refuse = True
        found = await world.examine()

    assert verdicts(well) == {}
    assert found["tcp"].advice.endswith("(HTTPS_PROXY is set; livetrio uses no proxy)")


async def test_without_a_key_there_is_market_data_alone(autojump_clock, tmp_path, monkeypatch):
    async with practice(tmp_path, monkeypatch, has_key=False) as world:
        found = await world.examine()

    assert verdicts(found)["account"] == "warning"
    assert "key" not in found
    assert all_well(list(found.values()))


async def test_a_question_without_an_answer_fails_alone(autojump_clock, tmp_path, monkeypatch):
    async def hang(*_):
        await trio.sleep_forever()

    monkeypatch.setattr(account, "_check_money", hang)
    async with practice(tmp_path, monkeypatch) as world:
        found = await world.examine()

    assert verdicts(found) == {"money": "failed"}
    assert found["money"].found == "no answer in 10 s"
    assert "allowance" in found


def test_a_check_is_a_line_and_another_one_says_what_to_do():
    check = Check("a\x1b[2J", Verdict.FAILED, "found\nthis", "do that")

    assert check.render().splitlines() == [
        "failed   a [2J                    found this",
        " " * 34 + "do that",
    ]
    assert check.to_dict() == {
        "name": "a\x1b[2J", "verdict": "failed", "found": "found\nthis", "advice": "do that"
    }  # fmt: skip
