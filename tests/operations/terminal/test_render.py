"""A view as lines: what is known, what is not, and what there is no room for."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal_views import START, connection, gate, order, position, quote, strategy, trading, view

from livetrio.operations.terminal.cells import width_of
from livetrio.operations.terminal.rates import Rates
from livetrio.operations.terminal.render import Style, render

PLAIN = Style(colours=False, old_after=10)


def lines_of(seen, size=(140, 50), **rates):
    return render(seen, size, PLAIN, rates)


def text_of(seen, size=(140, 50), **rates):
    return "\n".join(lines_of(seen, size, **rates))


def row(text, beginning):
    """The words of the only line that begins so."""
    [line] = [each for each in text.splitlines() if each.startswith(beginning)]
    return line


def test_an_engine_that_is_well_is_told_in_a_glance():
    text = text_of(view(), maker=12.5)

    assert "livetrio 9.9  running for 1h 0m  2025-11-24 17:00:00 UTC" in text
    assert "trading active  pnl +8.00, today -1.00" in text
    assert "orders 1, fills 2, positions 1  equity 100,008.00 USDC, available 90,000.00" in text
    assert "gate VENUE-0x5c open" in text
    assert row(text, "venue/market").split()[1:] == [
        "connected",
        "0.2s",
        "ago",
        "1.5",
        "ms",
        "0",
        "1,234",
        "-",
        "-",
    ]
    assert row(text, "maker").split()[1:] == ["running", "12.5", "12", "µs", "0", "-", "0", "1", "+8.00", "0"]


def test_a_strategy_that_is_behind_says_for_how_long():
    strategies = (strategy(lag=0.0123), strategy(name="late", lag=75.0, queued=4096))
    text = text_of(view(strategies=strategies))
    style = Style(colours=True, old_after=30.0)
    coloured = "\n".join(render(view(strategies=strategies), (140, 50), style))

    assert row(text, "maker").split()[5:8] == ["0", "12.3", "ms"]
    assert row(text, "late").split()[5:8] == ["4,096", "1m", "15s"]
    assert re.search(r"\x1b\[33m *1m 15s", coloured)
    assert "12.3 ms" in coloured
    assert not re.search(r"\x1b\[33m *12\.3 ms", coloured)


def test_what_is_not_known_is_said():
    text = text_of(
        view(
            connections=(connection(age=None, latency_ms=None),),
            strategies=(strategy(per_event_us=None),),
            trading=trading(accounts=(), is_priced=False, positions=(position(mark_price=None),)),
        )
    )

    assert row(text, "venue/market").split()[1:5] == ["connected", "never", "?", "0"]
    assert row(text, "maker").split()[1:4] == ["running", "?", "?"]
    assert "pnl not known: a price is missing; by the last +8.00" in text
    assert "account not known yet" in text
    held = next(each for each in text.splitlines() if each.startswith("BTC-USD-PERP.VENUE"))
    assert held.split()[1:5] == ["+0.01", "90000", "?", "?"]


def test_an_old_price_is_shown_as_old_and_not_as_now():
    text = text_of(view(quotes=(quote(), quote(instrument_id="OLD-USD-PERP.VENUE", age=75.0))))

    assert "OLD 1m 15s" in row(text, "OLD-USD-PERP.VENUE")
    assert text.count("OLD ") == 1


def test_a_side_without_a_price_has_none():
    assert (
        row(text_of(view(quotes=(quote(bid_price=None, bid_size=None),), trading=None)), "BTC").split()[1]
        == "-"
    )


def test_an_unknown_order_is_counted_above_and_comes_first():
    orders = tuple(order(client_order_id=f"0x{at}") for at in range(30))
    lost = order(client_order_id="0xff", instrument_id="ETH-USD-PERP.VENUE", status="unknown", since=42.0)
    text = text_of(view(trading=trading(orders=(*orders, lost))), (100, 24))

    assert "orders 31 (1 UNKNOWN)" in text
    assert "UNKNOWN for 42.0s" in row(text, "ETH-USD-PERP.VENUE")
    assert re.search(r"^order \d/31 ", text, re.MULTILINE)


def test_a_closed_gate_says_why_on_as_many_lines_as_it_needs():
    why = "the venue does not answer, and so nobody knows what became of the orders there (since 12.0 s)"
    lines = lines_of(view(trading=trading(gates=(gate(is_open=False, reasons=(why,)),))), (60, 40))
    closed = [each for each in lines if each.startswith("gate") or "orders there" in each]

    assert closed[0].startswith("gate VENUE-0x5c CLOSED: the venue does not answer")
    assert "(since 12.0 s)" in " ".join(lines)


def test_halted_trading_and_locks_are_told_with_their_reasons():
    text = text_of(
        view(trading=trading(state="halted", reason="too much was lost", locks=("all, until 12:00",)))
    )

    assert "trading halted: too much was lost" in text
    assert "entries are locked of all, until 12:00" in text


def test_a_connection_that_is_down_says_how_often_it_was_tried_and_why():
    down = connection(state="reconnecting", attempts=3, stale_feeds=("a", "b"), last_error="reset by peer")
    words = row(text_of(view(connections=(down,))), "venue/market")

    assert "reconnecting, 3 tries" in words
    assert "2 of 3" in words
    assert words.endswith("reset by peer")


def test_an_engine_without_an_account_takes_no_orders():
    text = text_of(view(trading=None, strategies=(strategy(pnl=None),)))

    assert "takes no orders" in text
    assert "gate" not in text


def test_a_canceled_stop_and_a_market_order_are_shown_as_such():
    stop = order(instrument_id="A", trigger_price=Decimal(5), is_canceling=True)
    market = order(instrument_id="B", price=None, order_type="market")
    text = text_of(view(trading=trading(orders=(stop, market))))

    assert row(text, "A ").split()[1:6] == ["buy", "0.01", "5", "accepted,", "canceling"]
    assert "market" in row(text, "B ")


def test_the_last_warnings_are_shown_without_their_tracebacks():
    text = text_of(view(warnings=("one", "two", "three", "four\n  Traceback")))

    assert text.endswith("last warnings (4 kept)\ntwo\nthree\nfour")


def test_what_a_venue_says_cannot_move_the_cursor():
    evil = "\x1b[2J\x1b[Hfine\r\n"
    seen = view(
        connections=(connection(name=evil, last_error=evil),),
        quotes=(quote(instrument_id=evil),),
        strategies=(strategy(name=evil, error=evil),),
        trading=trading(orders=(order(status=evil, client_order_id=evil),), reason=evil, state=evil),
        warnings=(evil,),
    )

    assert all(line.isprintable() for line in lines_of(seen))


def test_colours_only_where_they_are_wanted():
    assert "\x1b" not in text_of(view())
    assert "\x1b[32mrunning\x1b[0m" in "\n".join(render(view(), (140, 50), Style(colours=True, old_after=10)))


def test_columns_that_have_no_room_are_left_out_and_names_stay_whole():
    two = (connection(name="hyper/market"), connection(name="hyper/account"))
    text = text_of(view(connections=two), (60, 40))

    assert "hyper/market" in text
    assert "hyper/account" in text
    assert "last error" not in text


def test_a_tiny_terminal_has_what_matters_most_and_a_smaller_one_nothing():
    assert lines_of(view(), (80, 7)) == ["livetrio 9.9  running for 1h 0m  2025-11-24 17:00:00 UTC"]
    assert lines_of(view(), (80, 6)) == []
    assert lines_of(view(), (15, 40)) == []


texts = st.text(max_size=60)


@given(
    st.integers(1, 200),
    st.integers(1, 70),
    texts,
    texts,
    st.integers(0, 12),
    st.booleans(),
)
def test_whatever_there_is_to_show_it_fits_and_leaves_lines_to_the_log(
    columns, rows, name, words, count, is_open
):
    seen = view(
        connections=tuple(connection(name=name, last_error=words) for _ in range(count)),
        quotes=tuple(quote(instrument_id=name) for _ in range(count)),
        strategies=tuple(strategy(name=name, error=words) for _ in range(count)),
        trading=trading(
            gates=(gate(account_id=name, is_open=is_open, reasons=(words, name)),),
            orders=tuple(order(instrument_id=name, status=words) for _ in range(count)),
            positions=tuple(position(instrument_id=name) for _ in range(count)),
            locks=(words,) * count,
            state=words,
            reason=name,
        ),
        warnings=(words,) * count,
    )
    lines = render(seen, (columns, rows), PLAIN)

    assert len(lines) <= max(0, rows - 6)
    assert all(width_of(line) < columns for line in lines)
    assert all(line.isprintable() for line in lines)


def test_rates_are_of_the_last_seconds():
    rates = Rates()
    second = 1_000_000_000

    def at(seconds, events):
        return rates.take(view(now=START + round(seconds * second), strategies=(strategy(events=events),)))

    assert at(0, 0) == {}
    assert at(0.5, 10) == {"maker": 20}
    for half in range(2, 20):
        at(half / 2, half * 10)
    assert at(10, 200)["maker"] == pytest.approx(20)
    assert at(16, 200)["maker"] == pytest.approx(0, abs=0.1)
    assert rates.take(view(now=START + 17 * second, strategies=(strategy(name="new"),))) == {}
