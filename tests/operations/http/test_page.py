"""The page, in a real browser, beside a running engine on real sockets; and its files.

Where there is no Chromium, the tests that need one are skipped, and say so.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from chromium import BINARY, open_browser
from watched_world import until

import livetrio
from livetrio import Config, LiveTradingConfig, StrategyConfig, open_engine
from livetrio.app.config import ExchangeConfig, JournalConfig
from livetrio.engines.trading_state import TradingState
from livetrio.operations.config import OperationsConfig
from livetrio.operations.http.files import FOLDER
from livetrio.secrets import Secret
from livetrio.testing import within
from livetrio.venues.hyperliquid import HyperliquidConfig

TOKEN = "a-token-of-the-page"
STRATEGIES = Path(__file__).parents[3] / "configs" / "strategies"
BTC = "BTC-USD-PERP.HYPERLIQUID"

BARS = """
Object.fromEntries([...document.querySelectorAll(".stage")].map((stage) => {
  const [track, bar] = [".track", ".bar"].map((each) => stage.querySelector(each).getBoundingClientRect());
  const share = (length) => length / track.width;
  return [stage.querySelector("span > span").innerText, [share(bar.left - track.left), share(bar.width)]];
}))
"""
"""Where the bar of each stage of a timeline begins, and how long it is, as shares of the whole."""

needs_browser = pytest.mark.skipif(
    BINARY is None, reason="no Chromium here; on Debian: apt-get install chromium"
)


@asynccontextmanager
async def served_engine(folder, monkeypatch):
    """An engine that makes a market, and the address of its page."""
    monkeypatch.setenv("PAGE_TOKEN", TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = Config(
        engine=LiveTradingConfig(handle_signals=False, tick_interval_ms=500, heartbeat_interval_ms=1000),
        venues={"hyperliquid": HyperliquidConfig(network="local")},
        strategies=(
            StrategyConfig(
                path=f"{STRATEGIES}/market_maker.py:MarketMaker",
                params={"instrument": BTC, "size": "0.01", "half_spread_bps": "0.1", "every": 5},
            ),
        ),
        exchange=ExchangeConfig(seed=3),
        journal=JournalConfig(path=str(folder / "page.journal")),
        operations=OperationsConfig(http=f"127.0.0.1:{port}", token=Secret("env:PAGE_TOKEN")),
    )
    async with open_engine(config) as engine:
        yield engine, f"http://127.0.0.1:{port}"


@needs_browser
@within(120)
async def test_the_page_shows_orders_and_fills_as_they_come_and_halts_with_the_token(tmp_path, monkeypatch):
    async with served_engine(tmp_path, monkeypatch) as (engine, url), open_browser(tmp_path / "b") as page:
        await page.open(url)
        await page.wait("!document.body.classList.contains('lost')")
        order = await page.wait(
            "document.querySelector('#orders td') && orders.innerText.includes('accepted')"
        )
        fill = await page.wait("document.querySelector('#fills td')?.parentElement.innerText", 60)
        drawn = await page.wait("Number(document.getElementById('price').dataset.fills) > 0")
        beats = await page.wait("document.querySelector('#latency .bars i') !== null")
        profit = await page.wait("document.querySelector('#profit canvas') !== null")
        tree = await page.wait("tasks.innerText.includes('connection hyperliquid/market')")
        beside = await page.evaluate(
            "book.getBoundingClientRect().left > price.getBoundingClientRect().right"
        )
        lag = await page.evaluate("strategies.querySelector('thead').innerText.includes('lag')")
        sideways = await page.evaluate("document.documentElement.scrollWidth > innerWidth")

        await page.evaluate("document.querySelector('[data-act=halt]').click()")
        question = await page.wait("dialog.open && question.innerText")
        await page.evaluate("no.click()")
        await page.wait("!dialog.open")
        untouched = engine.desk.risk.state

        for shown in ("not the token", TOKEN):
            await page.evaluate("document.querySelector('[data-act=halt]').click()")
            await page.wait("dialog.open")
            await page.evaluate(f"token.value = {json.dumps(shown)}; yes.click()")
            await page.wait("!dialog.open")
            said = await page.wait("!document.querySelector('[data-act=halt]').disabled && answer.innerText")
            if shown == TOKEN:
                said = await page.wait("answer.innerText.includes('halted') && answer.innerText")
            else:
                wrong = await page.wait("answer.innerText.includes('not the token') && answer.innerText")
        await until(lambda: not engine.desk.tracker.working())
        halted = engine.desk.risk.state
        badge = await page.wait("trading.innerText.includes('halted') && trading.innerText")

        await page.evaluate("document.querySelector('[data-act=resume]').click()")
        await page.wait("answer.innerText.includes('the halt is over')")
        is_kept = await page.evaluate("localStorage.length + document.cookie.length")

    # What was said of the wrong token is in the console, too: the browser itself puts each 401 there.
    complaints = [each for each in page.complaints if "401" not in str(each.get("text"))]
    assert order
    assert BTC in fill
    assert (drawn, beats, profit, tree, beside, lag) == (True,) * 6
    assert not sideways
    assert question.startswith("Halt: nothing leaves any more")
    assert untouched is TradingState.ACTIVE
    assert "Not done: this is not the token" in wrong
    assert "halted: nothing leaves any more" in said
    assert halted is TradingState.HALTED
    assert badge == "trading: halted"
    assert is_kept == 0
    assert complaints == []
    assert {each for each in page.requests if not each.startswith((url, "data:"))} == set()


@needs_browser
@within(60)
async def test_an_orders_timeline_opens_by_a_tap_or_by_the_keyboard_and_closes_again(tmp_path, monkeypatch):
    async with served_engine(tmp_path, monkeypatch) as (engine, url), open_browser(tmp_path / "b") as page:
        await page.open(url, width=360, height=740)
        for table in ("#orders", "#over"):
            await page.wait(f"document.querySelector('{table} td') !== null")
        await page.evaluate("over.scrollIntoView()")
        x, y = await page.evaluate(
            "(({x, y}) => [x + 20, y + 8])(document.querySelector('#over td').getBoundingClientRect())"
        )
        await page.tap(x, y)
        told = await page.wait("timeline.open && timeline.innerText.includes('signed') && timeline.innerText")
        within_phone = await page.evaluate("timeline.scrollWidth <= 360 && innerWidth === 360")
        bars = await page.evaluate(BARS)
        order_id = (await page.evaluate("document.getElementById('timeline-order').innerText")).split()[-1]
        timeline = engine.desk.tracker.get(order_id).timeline

        await page.press("Escape", 27)
        await page.wait("!timeline.open")
        focused = await page.evaluate(
            "(window.kept = document.querySelector('#orders button')).focus(); kept.closest('tr').dataset.key"
        )
        await trio.sleep(1.2)  # two views, each of which draws the table anew
        still = await page.evaluate(
            "document.activeElement === kept || !orders.innerText.includes(kept.innerText)"
        )
        await page.evaluate("document.querySelector('#orders button').focus()")
        await page.press("Enter", 13)
        await page.wait("timeline.open && timeline.innerText.includes('acknowledged')")
        await page.evaluate("timeline.querySelector('form button').click()")
        await page.wait("!timeline.open")

    assert timeline.closed is not None
    assert "Until the venue's word" in told
    assert "signed" in told
    assert "journaled" in told
    assert within_phone
    first, begin = timeline.requests[0][1], timeline.heard or timeline.decided
    whole = timeline.acknowledged - begin
    for stage, before, at in (
        ("journaled", first.signed, first.journaled),
        ("acknowledged", first.sent, timeline.acknowledged),
    ):
        left, width = bars[stage]
        assert left == pytest.approx((before - begin) / whole, abs=0.01)
        assert width == pytest.approx((at - before) / whole, abs=0.01)
    assert focused.startswith("0x")
    assert still
    assert page.complaints == []


@needs_browser
@within(60)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_on_a_phone_nothing_has_to_be_scrolled_sideways(tmp_path, monkeypatch, dark):
    async with served_engine(tmp_path, monkeypatch) as (_, url), open_browser(tmp_path / "b") as page:
        await page.open(url, width=360, height=740, dark=dark)
        await page.wait("document.querySelector('#orders td') !== null")
        await page.evaluate("document.getElementById('tasks-open').open = true")
        await page.wait("tasks.innerText.includes('connection hyperliquid/market')")
        widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert widths == [360, 360]
    assert (colour == "rgb(15, 18, 21)") is dark
    assert page.complaints == []


@needs_browser
@within(60)
async def test_an_engine_that_is_gone_is_said_to_be_and_its_figures_are_not_shown_as_if_of_now(
    tmp_path, monkeypatch
):
    async with open_browser(tmp_path / "b") as page:
        async with served_engine(tmp_path, monkeypatch) as (_, url):
            await page.open(url)
            await page.wait("!document.body.classList.contains('lost')")
        await page.wait("document.body.classList.contains('lost')")
        words = await page.wait("lost.innerText")
        seen = await page.evaluate("getComputedStyle(document.querySelector('main')).opacity")
        await trio.sleep(1.5)
        later = await page.evaluate("lost.innerText")

    assert words.startswith("No news from the engine for 3 s. What is shown is of 20")
    assert float(seen) < 0.5
    assert later != words


def test_every_file_of_the_page_is_in_the_package_and_names_no_other_place():
    files = {each.relative_to(FOLDER).as_posix(): each.read_text() for each in FOLDER.rglob("*.*")}

    assert {"index.html", "page.css", "page.js", "vendor/uplot-1.6.32.LICENSE.txt"} <= files.keys()
    for name, text in files.items():
        if not name.startswith("vendor/"):
            found = text.replace("https://www.tradingview.com/", "")
            assert "://" not in found, name
            assert "innerHTML" not in found, name
    assert FOLDER.is_relative_to(Path(livetrio.__file__).parent)


@within(60)
async def test_a_port_that_is_taken_ends_the_command_by_2_before_anything_starts(tmp_path):
    config = tmp_path / "a.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(f'[venues.hyperliquid]\nnetwork = "local"\n[operations]\nhttp = "{address}"\n')
        done = await trio.run_process(
            [sys.executable, "-m", "livetrio", "run", str(config)],
            capture_stdout=True, capture_stderr=True, check=False,
        )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.decode() == (
        f"{config}: 1 problem\n  operations.http: {address} cannot be served on: Address already in use\n"
    )
    assert not (tmp_path / "a.journal").exists()


@within(60)
async def test_a_signal_ends_an_engine_whose_page_is_being_watched(tmp_path):
    config = tmp_path / "a.toml"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config.write_text(
        f'[venues.hyperliquid]\nnetwork = "local"\n[operations]\nhttp = "127.0.0.1:{port}"\n'
        '[[strategies]]\npath = "wait.py:wait"\n'
    )
    (tmp_path / "wait.py").write_text("import trio\n\nasync def wait(ctx):\n    await trio.sleep_forever()\n")
    command = [sys.executable, "-m", "livetrio", "run", str(config)]
    async with trio.open_nursery() as nursery:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = await nursery.start(partial(trio.run_process, command, check=False, **quiet))
        watchers = []
        with trio.fail_after(20):
            while len(watchers) < 5:
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", port)
                except OSError:
                    await trio.sleep(0.1)
                    continue
                await stream.send_all(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
                watchers.append(stream)
        await watchers[0].receive_some()
        began = trio.current_time()
        os.kill(process.pid, signal.SIGTERM)
        await process.wait()
    for stream in watchers:
        await stream.aclose()

    assert process.returncode == 0
    assert trio.current_time() - began < 5
