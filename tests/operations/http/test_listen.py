"""The address of the page, on real sockets."""

import socket

import pytest

from livetrio.errors import ConfigError
from livetrio.operations.http import listen
from livetrio.operations.http.listen import listening


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_an_address_is_had_while_the_block_runs_and_can_be_had_again():
    address = f"127.0.0.1:{free_port()}"
    for _ in range(2):
        with listening(address, "a.toml") as [opened]:
            socket.create_connection(opened.getsockname()).close()
        assert opened.fileno() == -1


def test_without_an_address_nobody_listens():
    with listening(None, "a.toml") as opened:
        assert opened == []


def test_localhost_is_each_loopback_that_there_is(monkeypatch):
    address = f"localhost:{free_port()}"
    monkeypatch.setattr(listen, "_has_second_loopback", lambda: False)
    with listening(address, "a.toml") as [only]:
        assert only.getsockname()[0] == "127.0.0.1"
    monkeypatch.undo()
    if listen._has_second_loopback():
        with listening(address, "a.toml") as opened:
            assert [each.getsockname()[0] for each in opened] == ["127.0.0.1", "::1"]


@pytest.mark.skipif(not listen._has_second_loopback(), reason="this machine has one loopback address only")
def test_where_one_of_two_is_taken_the_other_is_given_back():
    port = free_port()
    with socket.create_server(("::1", port), family=socket.AF_INET6):
        with pytest.raises(
            ConfigError, match=f"operations.http: localhost:{port} cannot be served on: Address"
        ):
            with listening(f"localhost:{port}", "a.toml"):
                raise AssertionError
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_an_address_of_another_machine_is_told():
    with pytest.raises(ConfigError, match=r"^a\.toml: 1 problem\n  operations\.http: 192\.0\.2\.1:80 cannot"):
        with listening("192.0.2.1:80", "a.toml"):
            raise AssertionError
