"""A real browser without a window, told what to do over its debugging protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
from contextlib import asynccontextmanager
from functools import partial

import trio
from trio_websocket import open_websocket_url

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0",
)  # fmt: skip


class Page:
    """A tab."""

    def __init__(self, socket):
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers = {}
        self._loaded = trio.Event()
        self.requests = []
        """Addresses that it has asked for anything."""
        self.complaints = []
        """What its console says that is wrong."""

    async def listen(self):
        while True:
            said = json.loads(await self._socket.get_message())
            if "id" in said:
                self._answers.pop(said["id"]).send_nowait(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.complaints.append(said["params"]["exceptionDetails"])
            elif said["method"] == "Log.entryAdded" and said["params"]["entry"]["level"] in (
                "error",
                "warning",
            ):
                self.complaints.append(said["params"]["entry"])
            elif said["method"] == "Runtime.consoleAPICalled" and said["params"]["type"] in (
                "error",
                "warning",
            ):
                self.complaints.append(said["params"])

    async def call(self, method, **params):
        number = next(self._numbers)
        send, receive = trio.open_memory_channel(1)
        self._answers[number] = send
        await self._socket.send_message(json.dumps({"id": number, "method": method, "params": params}))
        answer = await receive.receive()
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, url, *, width=1280, height=1600, dark=False):
        """Go to a page, in a window of that size."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=url)
        with trio.fail_after(20):
            await self._loaded.wait()

    async def resize(self, width, height):
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    async def evaluate(self, expression):
        """What an expression of JavaScript is worth there."""
        got = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    async def wait(self, expression, limit=20):
        """Wait until it is true there; what it is worth then."""
        with trio.fail_after(limit):
            while not (value := await self.evaluate(expression)):  # noqa: ASYNC110  # it is in another process
                await trio.sleep(0.1)
        return value

    async def tap(self, x, y):
        """A finger, there."""
        await self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        await self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def press(self, key, code):
        """A key; ``code`` is its number."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    async def shoot(self, file):
        """A picture of it."""
        picture = await self.call("Page.captureScreenshot", format="png")
        await trio.Path(file).write_bytes(base64.b64decode(picture["data"]))


@asynccontextmanager
async def open_browser(folder):
    """A tab of a browser of its own, with nothing remembered."""
    command = [BINARY, *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    port_file = trio.Path(folder) / "DevToolsActivePort"
    async with trio.open_nursery() as nursery:
        await nursery.start(
            partial(
                trio.run_process, command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        with trio.fail_after(20):
            while not (  # noqa: ASYNC110  # it is another process that makes it
                await port_file.exists() and (text := await port_file.read_text()).count("\n")
            ):
                await trio.sleep(0.05)
        port, path = text.split()[:2]
        async with open_websocket_url(f"ws://127.0.0.1:{port}{path}", max_message_size=2**26) as root:
            await root.send_message(json.dumps({"id": 1, "method": "Target.getTargets"}))
            targets = json.loads(await root.get_message())["result"]["targetInfos"]
            [target] = [each["targetId"] for each in targets if each["type"] == "page"]
        url = f"ws://127.0.0.1:{port}/devtools/page/{target}"
        async with open_websocket_url(url, max_message_size=2**26) as socket:
            page = Page(socket)
            nursery.start_soon(page.listen)
            try:
                yield page
            finally:
                nursery.cancel_scope.cancel()
