"""livetrio alert, and what check and run say of those who are to be told."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner
from config_files import mistakes

from livetrio.app.cli import livetrio
from livetrio.operations.alerts import channels

CONFIG = """
[operations]
alerts = [
  { rule = "gate_closed", to = ["hook"] },
  { rule = "day_loss", amount = 500, level = "warning" },
  { rule = "engine_failed", to = [] },
]
[operations.channels.hook]
kind = "webhook"
url = "env:HOOK"
[operations.channels.other]
kind = "webhook"
url = "env:OTHER"
"""


@pytest.fixture
def hook(monkeypatch):
    """What is posted to the channel `hook`; nobody is at `other`."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{http.server_port}/a-token-of-mine")
        monkeypatch.setenv("OTHER", f"http://127.0.0.1:{nobody.getsockname()[1]}/another-token")
        yield posted
    http.shutdown()
    thread.join()
    http.server_close()


def run(*arguments):
    return CliRunner().invoke(livetrio, [str(each) for each in arguments])


def write(folder, text):
    path = folder / "night.toml"
    path.write_text(text)
    return path


def test_each_channel_is_tried_and_told_of(tmp_path, hook):
    result = run("alert", write(tmp_path, CONFIG), "--test")

    first, second = result.stdout.splitlines()
    assert first == "hook: sent"
    assert second.startswith("other: not sent: 127.0.0.1:")
    assert second.endswith("does not accept connections: Connection refused")
    assert result.exit_code == 1
    [body] = hook
    assert body["title"] == "livetrio night: a test"


def test_when_all_take_it_all_is_well(tmp_path, hook):
    text = CONFIG.partition("[operations.channels.other]")[0]
    result = run("alert", write(tmp_path, text), "--test")

    assert (result.exit_code, result.stdout) == (0, "hook: sent\n")


def test_without_channels_there_is_nothing_to_try(tmp_path):
    path = write(tmp_path, "")
    assert run("alert", path, "--test").stdout == f"{path} has no channels; alerts are in the log alone\n"
    assert run("alert", path).stdout == "nobody is told of anything: there are no [[operations.alerts]]\n"


def test_who_is_told_of_what(tmp_path, hook):
    result = run("alert", write(tmp_path, CONFIG))

    assert [each.split() for each in result.stdout.splitlines()] == [
        ["rule", "level", "when", "to"],
        ["gate_closed", "warning", "after", "30.0s", "log,", "hook"],
        ["day_loss", "warning", "from", "500", "on", "log,", "hook,", "other"],
        ["engine_failed", "critical", "log"],
    ]
    assert hook == []


def test_check_names_all_that_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(channels, "has_apprise", lambda: False)
    text = """
[[operations.alerts]]
rule = "gate_closd"
[[operations.alerts]]
rule = "gate_closed"
to = ["fone"]
[[operations.alerts]]
rule = "day_loss"
[operations.channels.phone]
kind = "apprise"
url = "tgram://12345/secret-of-mine"
"""
    found = mistakes(tmp_path / "a.toml", text)

    assert found[0].startswith("operations.alerts[0].rule: expected ")
    assert found[0].endswith('found the text "gate_closd"; did you mean "gate_closed"?')
    assert found[1:] == [
        "operations.alerts[2]: amount: missing; day_loss is told from some loss on",
        "operations.channels.phone.url: expected a reference to a secret, env:NAME or file:/path, found "
        "something else; it is not shown",
    ]
    text = text.replace("gate_closd", "gate_closed").replace('"day_loss"', '"day_loss"\namount = 5')
    found = mistakes(
        tmp_path / "a.toml", text.replace("tgram://12345/secret-of-mine", "env:URL"), URL="tgram://1/2"
    )
    assert found == ["operations.alerts[1].to: no such channel as 'fone'; did you mean phone?"]
    text = text.replace("fone", "phone")
    found = mistakes(
        tmp_path / "a.toml", text.replace("tgram://12345/secret-of-mine", "env:URL"), URL="tgram://1/2"
    )
    assert found == ["operations.channels.phone.kind: needs apprise: pip install 'livetrio[alerts]'"]


def test_check_exits_with_2(tmp_path):
    result = run("check", write(tmp_path, '[[operations.alerts]]\nrule = "gate_closed"\nto = ["fone"]\n'))

    assert result.exit_code == 2
    assert "operations.alerts[0].to: no such channel as 'fone'; known: log" in result.stderr


def test_a_start_that_fails_is_told(tmp_path, hook):
    text = CONFIG + '\n[venues.hyperliquid]\nnetwork = "local"\n[journal]\npath = "folder/a.journal"\n'
    path = write(tmp_path, text.replace('"engine_failed", to = []', '"engine_failed"'))
    (tmp_path / "folder").write_text("is none")
    result = run("run", path, "--duration", "1s")

    assert result.exit_code in (1, 2)
    assert [each["title"] for each in hook] == ["livetrio night: engine failed to start"]
    assert "Nothing was started, and no order was sent." in hook[0]["text"]


def test_a_run_that_is_over_is_told_before_the_process_ends(tmp_path, hook):
    text = CONFIG.replace('"engine_failed", to = []', '"engine_stopped", to = ["hook"]')
    path = write(tmp_path, text + '\n[venues.hyperliquid]\nnetwork = "local"\n')
    result = run("run", path, "--duration", "1s")

    assert result.exit_code == 0
    assert [each["title"] for each in hook] == ["livetrio night: engine stopped"]
    assert "the 1 s are over. No order is left. Held: nothing." in hook[0]["text"]


def test_every_alert_is_in_the_log_of_the_run(tmp_path, hook):
    text = CONFIG.replace('"engine_failed", to = []', '"engine_stopped", to = ["log"]')
    path = write(tmp_path, text + '\n[venues.hyperliquid]\nnetwork = "local"\n')
    result = run("run", path, "--duration", "1s")

    assert 'title="engine stopped"' in result.stderr
    assert "alert" not in result.stdout
    assert hook == []
