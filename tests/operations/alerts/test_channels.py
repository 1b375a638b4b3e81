"""Webhooks in memory; apprise in its thread, against a server on the loopback interface."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trio
from alert_views import message
from trio.testing import memory_stream_pair

from livetrio import secrets
from livetrio.errors import AlertNotSent, ConnectionFailed
from livetrio.operations.alerts import channels
from livetrio.operations.alerts.channels import Apprise, Webhook, find_bad_channels, open_channels
from livetrio.operations.alerts.config import ChannelConfig
from livetrio.secrets import MASK, Secret, mask
from livetrio.supervision.dial import Address

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # apprise imports it

TOKEN = "s3cr3t-t0ken-of-mine"
HOOK = f"https://hooks.test/services/{TOKEN}"


@pytest.fixture(autouse=True)
def forget_secrets(monkeypatch):
    monkeypatch.setattr(secrets, "_known", set())
    monkeypatch.setattr(secrets, "_pattern", None)


def answering(nursery, status, body=b""):
    """A dial to a host that answers each request so; and what it was asked."""
    asked = []

    async def dial(address):
        near, far = memory_stream_pair()
        nursery.start_soon(serve, address, far)
        return near

    async def serve(address, stream):
        received = b""
        async for data in stream:
            received += data
            if received.endswith(b"}"):
                asked.append((address, received))
                head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
                await stream.send_all(head.encode() + body)
                received = b""

    return dial, asked


async def test_a_webhook_gets_json(autojump_clock, nursery):
    dial, asked = answering(nursery, "200 OK", b"ok")
    await Webhook(HOOK, dial).send(message())

    [(address, request)] = asked
    assert address == Address("hooks.test", 443, True)
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(f"POST /services/{TOKEN} HTTP/1.1".encode())
    assert json.loads(body) == {
        "engine": "demo",
        "rule": "gate_closed",
        "level": "warning",
        "state": "begun",
        "title": "livetrio demo: gate closed",
        "text": "message 1",
        "at": "2026-01-01T00:00:00.000Z",
    }


async def test_any_good_status_says_that_it_was_taken(autojump_clock, nursery):
    dial, asked = answering(nursery, "204 No Content")
    await Webhook(HOOK, dial).send(message())
    assert asked


async def test_a_webhook_that_refuses_is_told_in_its_words_and_without_its_address(autojump_clock, nursery):
    dial, _ = answering(nursery, "404 Not Found", f"no hook {TOKEN}".encode())

    with pytest.raises(AlertNotSent) as caught:
        await Webhook(HOOK, dial).send(message())
    assert str(caught.value) == f"it answers with status 404: no hook {MASK}"


async def test_a_webhook_that_cannot_be_reached_is_told(autojump_clock):
    async def dial(address):
        raise ConnectionFailed(f"{address.host} does not resolve")

    with pytest.raises(AlertNotSent, match=r"^hooks\.test does not resolve$"):
        await Webhook(HOOK, dial).send(message())


@contextmanager
def server(status=200, delay=0.0):
    """An address of apprise's generic kind, and what was posted there."""
    posted = []
    go_on = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            go_on.wait(delay)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"json://someone:hunter22@127.0.0.1:{http.server_port}/{TOKEN}", posted
    finally:
        go_on.set()
        http.shutdown()
        thread.join()
        http.server_close()


async def test_apprise_sends_from_a_thread():
    with server() as (url, posted):
        await Apprise(url).send(message())

    [body] = posted
    assert body["title"] == "livetrio demo: gate closed"
    assert body["message"] == "message 1"
    assert body["type"] == "warning"


async def test_what_apprise_says_of_a_failure_is_told_without_tokens():
    with server(500) as (url, _):
        with pytest.raises(AlertNotSent) as caught:
            await Apprise(url).send(message())

    assert "500" in str(caught.value)
    assert mask(f"{TOKEN} hunter22") == f"{MASK} {MASK}"
    assert TOKEN not in str(caught.value)


async def test_a_thread_that_hangs_keeps_nobody():
    with server(delay=10) as (url, posted):
        channel = Apprise(url)
        for _ in range(2):
            with pytest.raises(trio.TooSlowError):
                with trio.fail_after(0.6):
                    await channel.send(message())

        assert len(posted) == 1  # the second had no thread of its own


async def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(AlertNotSent, match=r"pip install 'livetrio\[alerts\]'"):
        await Apprise("tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/1").send(message())


def config(kind, url, monkeypatch):
    monkeypatch.setenv("URL", url)
    return {"phone": ChannelConfig(kind=kind, url=Secret("env:URL"))}


@pytest.mark.parametrize(
    "url",
    [
        "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/12315544/",
        "slack://TokenA1B2/TokenB1C2D3/TokenCxyzxyzxyzxyz",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "mailtos://user:password@example.com",
    ],
)
def test_the_usual_services_are_known(url, monkeypatch):
    assert find_bad_channels(config("apprise", url, monkeypatch)) == []
    [channel] = open_channels(config("apprise", url, monkeypatch), None).values()
    assert isinstance(channel, Apprise)


@pytest.mark.parametrize(
    ("kind", "url", "words"),
    [
        ("apprise", "nonsense-of-mine", "apprise makes nothing of the address; it is not shown"),
        ("apprise", "tgram://", "apprise makes nothing of the address; it is not shown"),
        ("webhook", "tgram://123456789/1", "expected an address that begins with http:// or https://"),
        ("webhook", "wss://hooks.test/a", "expected an address that begins with http:// or https://"),
        ("webhook", "https:///path", "expected an address that begins with http:// or https://"),
    ],
)
def test_an_address_that_makes_no_sense_is_found_before_the_start(kind, url, words, monkeypatch):
    [problem] = find_bad_channels(config(kind, url, monkeypatch))

    assert problem.path == "channels.phone.url"
    assert problem.message.startswith(words)
    assert url not in problem.message


def test_a_missing_extra_is_found_before_the_start(monkeypatch):
    monkeypatch.setattr(channels, "has_apprise", lambda: False)

    [problem] = find_bad_channels(config("apprise", "tgram://123456789:abcdefgh/1", monkeypatch))

    assert str(problem) == "channels.phone.kind: needs apprise: pip install 'livetrio[alerts]'"
    assert find_bad_channels(config("webhook", HOOK, monkeypatch)) == []


def test_words_of_an_address_are_no_tokens():
    Webhook(HOOK, None)

    assert mask(f"services {TOKEN} hooks.test") == f"services {MASK} hooks.test"
