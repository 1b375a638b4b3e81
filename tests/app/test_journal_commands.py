"""livetrio orders and livetrio fills, on a journal that an engine is writing."""

import csv
import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from livetrio.app.cli import livetrio
from livetrio.journal.journal import Journal
from livetrio.model import (
    Fill,
    Liquidity,
    Order,
    OrderAccepted,
    OrderFilled,
    OrderSide,
    OrderStatus,
    OrderType,
    OrderUpdated,
    TimeInForce,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
S = OrderStatus


def order(number, status, strategy="mm"):
    return Order(
        client_order_id=f"0x{number:032x}", venue_order_id=str(number), instrument_id=BTC, strategy=strategy,
        side=OrderSide.BUY, order_type=OrderType.LIMIT, quantity=Decimal("1.50"), price=Decimal("100.1"),
        filled_quantity=Decimal("0.5"), status=status, ts_event=1, ts_init=1,
    )  # fmt: skip


FILL = Fill(
    fill_id="BTC:1", venue_order_id="1", client_order_id=f"0x{1:032x}", instrument_id=BTC, side=OrderSide.BUY,
    price=Decimal("100.10"), quantity=Decimal("0.50"), fee=Decimal("0.0000015"), fee_currency="USDC",
    liquidity=Liquidity.MAKER, ts_event=1_767_225_600_000_000_000, ts_init=2,
)  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "orders.journal"
    journal = Journal.open(path, now=1, version="1")
    working, over = order(1, S.PARTIALLY_FILLED), order(2, S.CANCELED, "trend")
    common = {"order": working, "previous": S.ACCEPTED, "ts_event": 1, "ts_init": 1}
    journal.record_event(OrderAccepted(**common, status=S.ACCEPTED))
    journal.record_event(OrderUpdated(**common, status=S.ACCEPTED, quantity=Decimal(2), price=None))
    journal.record_event(OrderFilled(**common, status=S.PARTIALLY_FILLED, fill=FILL))
    journal.record_order(over)
    journal.commit()
    yield path
    journal.close("stopped")


def run(*arguments):
    return CliRunner().invoke(livetrio, [str(each) for each in arguments])


def test_orders_shows_what_is_not_over(journal):
    result = run("orders", journal)

    assert result.exit_code == 0
    assert order(1, S.ACCEPTED).client_order_id in result.stdout
    assert order(2, S.ACCEPTED).client_order_id not in result.stdout
    assert "partially_filled" in result.stdout


def test_all_shows_the_others_too_and_a_strategy_its_own(journal):
    assert len(run("orders", journal, "--all").stdout.splitlines()) == 3
    assert run("orders", journal, "--strategy", "trend").stdout == "No orders are working.\n"
    rows = [json.loads(each) for each in run("orders", journal, "--all", "--json").stdout.splitlines()]
    assert [(each["strategy"], each["quantity"]) for each in rows] == [("mm", "1.50"), ("trend", "1.50")]


def test_one_order_is_shown_with_all_that_happened_to_it(journal):
    for name in (order(1, S.ACCEPTED).client_order_id, "1"):
        result = run("orders", journal, "--id", name)
        lines = result.stdout.splitlines()

        assert result.exit_code == 0
        assert "strategy  mm" in result.stdout
        assert [each.split()[1] for each in lines[-3:]] == ["Accepted", "Updated", "Filled"]
        assert lines[-1].endswith("0.50 at 100.10, fee 0.0000015 USDC")
    assert run("orders", journal, "--id", "2", "--json").stdout.count("\n") == 1


def test_a_stop_is_shown_with_its_trigger_and_what_it_may_not(tmp_path):
    path = tmp_path / "stops"
    journal = Journal.open(path, now=1, version="1")
    stop = order(1, S.ACCEPTED)
    stop.order_type, stop.price, stop.trigger_price = OrderType.STOP_MARKET, None, Decimal("0.00000015")
    stop.time_in_force, stop.reduce_only = TimeInForce.IOC, True
    journal.record_event(
        OrderUpdated(
            order=stop, previous=S.ACCEPTED, status=S.ACCEPTED, quantity=Decimal("1.50"), price=None,
            trigger_price=stop.trigger_price, ts_event=1, ts_init=1,
        )
    )  # fmt: skip
    journal.record_order(order(2, S.ACCEPTED))
    journal.commit()
    told, plain = [json.loads(each) for each in run("orders", path, "--json").stdout.splitlines()]
    events = run("orders", path, "--id", "1").stdout.splitlines()
    journal.close("stopped")

    assert (told["venue_id"], told["trigger"], told["terms"]) == ("1", "0.00000015", "ioc, reduce-only")
    assert (plain["venue_id"], plain["trigger"], plain["terms"]) == ("2", None, None)
    assert events[-1].endswith("1.50 at -, trigger 0.00000015")


def test_what_a_venue_gave_as_its_reason_stays_on_its_line(tmp_path):
    journal = Journal.open(tmp_path / "odd", now=1, version="1")
    odd = order(1, S.ACCEPTED)
    odd.reason = "two\nlines\x1b[2J"
    journal.record_order(odd)
    journal.commit()
    shown = run("orders", tmp_path / "odd").stdout, run("orders", tmp_path / "odd", "--id", "1").stdout
    journal.close("stopped")

    assert all("two lines [2J" in each for each in shown)


def test_an_order_that_is_not_there_is_said(journal):
    result = run("orders", journal, "--id", "77")

    assert result.exit_code == 1
    assert "has no order 77" in result.stderr


def test_fills_are_written_with_every_digit(journal):
    (row,) = csv.DictReader(run("fills", journal, "--csv").stdout.splitlines())

    assert (row["price"], row["quantity"], row["fee"]) == ("100.10", "0.50", "0.0000015")
    assert (row["time"], row["strategy"], row["note"]) == ("2026-01-01T00:00:00.000Z", "mm", "")
    assert "100.10" in run("fills", journal).stdout
    assert run("fills", journal, "--strategy", "nobody").stdout == "No fills.\n"


@pytest.mark.parametrize(
    "since, is_shown",
    [
        ("2026-01-01", True),
        ("2026-01-01T00:00:00.000001Z", False),
        ("2026-01-01T01:00+01:00", True),
        ("2025-12-31T23:00-01:30", False),
        ("30s", True),
        ("29s", False),
    ],
)
def test_fills_are_shown_from_an_instant_on_or_of_so_long_ago(journal, monkeypatch, since, is_shown):
    monkeypatch.setattr("time.time_ns", lambda: FILL.ts_event + 30_000_000_000)

    assert ("BTC:1" in run("fills", journal, "--since", since).stdout) is is_shown


def test_a_time_that_is_none_is_refused(journal):
    result = run("fills", journal, "--since", "noon")

    assert result.exit_code == 2
    assert "expected an instant such as 2026-11-23" in result.stderr


@pytest.mark.parametrize("command", ["orders", "fills"])
def test_a_file_that_is_none_is_refused_with_exit_2(tmp_path, command):
    text = tmp_path / "notes"
    text.write_text("hello " * 100)
    for file in (text, tmp_path / "nothing"):
        result = run(command, file)

        assert result.exit_code == 2
        assert "expected a journal of livetrio" in result.stderr


def test_halt_says_when_there_is_nobody_to_halt(tmp_path):
    result = run("halt", tmp_path / "orders.journal")

    assert result.exit_code == 1
    assert "no engine writes" in result.stderr


def test_an_order_is_found_by_the_end_of_its_id_as_narrow_tables_show_it(journal):
    name = order(1, S.ACCEPTED).client_order_id

    assert name in run("orders", journal, "--id", f"…{name[-12:]}").stdout
    assert run("orders", journal, "--id", f"…{name[-1:]}x").exit_code == 1
    assert run("orders", journal, "--id", "…").exit_code == 1
    assert run("orders", journal, "--id", name[-12:]).exit_code == 1
