"""Runs the demo in a terminal of its own, and takes pictures of that terminal and of the page.

The terminal is one in memory (pyte), and becomes SVG; a headless Chromium, driven as in its tests, takes the
page. The market has a seed, so that pictures of two versions look alike where those do; they are not the same
to the pixel, for the run is a real one.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import socket
import struct
import sys
import termios
from functools import partial
from io import StringIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pyte
import trio
from chromium import BINARY, open_browser  # type: ignore[import-not-found]  # in tests/operations/http
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, LINES = 152, 34
WIDTH, HEIGHT = 1280, 1520
TRADING = 60.0
"""Seconds until the pictures are taken."""

COLOURS = {"default": None, "brown": "yellow"}
"""What rich calls otherwise than pyte."""


async def main(folder: Path) -> None:
    """Take them all."""
    screen = pyte.Screen(COLUMNS, LINES)
    with TemporaryDirectory() as temporary, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        command = [
            sys.executable, "-m", "livetrio", "run", "configs/demo.toml",
            "--set", f"operations.http=127.0.0.1:{port}", "--set", f"journal.path={temporary}/demo.journal",
            "--set", "strategies.Watch.params.books=true", "--set", "exchange.seed=7",
        ]  # fmt: skip
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color"}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(show, ours, pyte.ByteStream(screen))
            run = partial(trio.run_process, command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
            await nursery.start(run)
            await trio.sleep(TRADING)
            svg = draw(screen)
            await take_page(f"http://127.0.0.1:{port}", folder, Path(temporary))
            nursery.cancel_scope.cancel()
    (folder / "terminal.svg").write_text(svg)


async def show(descriptor: int, terminal: pyte.ByteStream) -> None:
    """Let the terminal show what is written to it."""
    os.set_blocking(descriptor, False)
    while True:
        await trio.lowlevel.wait_readable(descriptor)
        terminal.feed(os.read(descriptor, 1 << 16))


async def take_page(url: str, folder: Path, temporary: Path) -> None:
    """The upper part of the page, once there is something in it; and an order's timeline on a phone."""
    async with open_browser(temporary / "browser") as page:
        await page.open(url, width=WIDTH, height=HEIGHT)
        for each in ("#orders td", "#over td", "#book .level", "#latency .bars", "#tasks div"):
            await page.wait(f"document.querySelector('{each}') !== null")
        await page.evaluate("document.documentElement.style.scrollbarWidth = 'none'")
        await trio.sleep(5)  # heartbeats come rarely
        await page.shoot(folder / "page.png")
        await page.resize(390, 700)
        await page.evaluate("document.querySelector('#over tr[data-key]').click()")
        await page.wait("timeline.innerText.includes('acknowledged')")
        await page.shoot(folder / "page-phone.png")


def draw(screen: pyte.Screen) -> str:
    """What the terminal shows, as SVG that needs nothing from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    last = max(line for line, text in enumerate(screen.display) if text.strip())
    for line in range(last + 1):
        cells = [screen.buffer[line][column] for column in range(COLUMNS)]
        text = Text()
        for (colour, bold), same in groupby(cells, lambda cell: (cell.fg, cell.bold)):
            style = Style(color=COLOURS.get(colour, colour), bold=bold)
            text.append("".join(each.data for each in same), style)
        console.print(text, no_wrap=True, crop=True)
    svg = console.export_svg(title="livetrio run configs/demo.toml")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")


if BINARY is None:
    sys.exit("no Chromium here; on Debian: apt-get install chromium")
trio.run(main, Path(sys.argv[1]))
