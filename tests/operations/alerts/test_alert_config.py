"""[[operations.alerts]] and [operations.channels]: what they take, and what they refuse."""

from decimal import Decimal

import pytest

from livetrio.errors import ConfigError
from livetrio.operations.alerts.config import AlertConfig, ChannelConfig, RuleName
from livetrio.operations.alerts.rules import RULES
from livetrio.operations.config import OperationsConfig
from livetrio.secrets import Secret


def test_there_is_a_rule_for_each_name():
    assert set(RULES) == set(RuleName.__args__)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rule": "gate_close"}, "rule: no such rule; did you mean gate_closed?"),
        ({"rule": 3}, "rule: no such rule; known: order_unknown, "),
        ({"rule": "day_loss"}, "amount: missing; day_loss is told from some loss on"),
        ({"rule": "day_loss", "amount": Decimal(0)}, "amount: expected an amount > 0, found 0"),
        (
            {"rule": "gate_closed", "amount": Decimal(5)},
            "amount: gate_closed has none; day_loss and drawdown",
        ),
        ({"rule": "trading_halted", "longer_than_ms": 5}, "longer_than_ms: trading_halted has none; "),
        ({"rule": "gate_closed", "longer_than_ms": -1}, "longer_than_ms: expected a whole number of mill"),
        ({"rule": "gate_closed", "every_ms": True}, "every_ms: expected a whole number of milliseconds ≥ 0"),
        ({"rule": "gate_closed", "level": "bad"}, "level: no such level; known: info, warning, critical"),
        ({"rule": "gate_closed", "to": "phone"}, "to: expected an array of channels, found 'phone'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=r".+") as caught:
        AlertConfig(**settings)
    assert str(caught.value).startswith(words)


def test_an_address_itself_is_refused_and_not_shown():
    with pytest.raises(ValueError, match=r"url: expected a reference") as caught:
        ChannelConfig(kind="webhook", url="https://hooks.test/hunter22")
    assert "hunter22" not in str(caught.value)


def test_alerts_to_nobody_are_refused():
    channel = ChannelConfig(kind="webhook", url=Secret("env:HOOK"))
    alerts = [AlertConfig(rule="gate_closed"), AlertConfig(rule="gate_closed", to=("fone", "log"))]
    with pytest.raises(ConfigError) as caught:
        OperationsConfig(alerts=alerts, channels={"phone": channel, "log": channel})
    assert [str(each) for each in caught.value.problems] == [
        "channels.log: the name of the log, which takes every alert anyway",
        "alerts[1].to: no such channel as 'fone'; did you mean phone?",
    ]


def test_alerts_alone_are_something_to_run():
    assert OperationsConfig(alerts=(AlertConfig(rule="gate_closed"),)).is_on
    assert not OperationsConfig(channels={"p": ChannelConfig(kind="webhook", url=Secret("env:HOOK"))}).is_on


@pytest.mark.parametrize("settings", [{"alerts": ["gate_closed"]}, {"channels": {"phone": "tgram://"}}])
def test_what_is_none_is_refused(settings):
    with pytest.raises(ValueError, match="expected a"):
        OperationsConfig(**settings)
