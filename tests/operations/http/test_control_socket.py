"""The socket beside the journal: whose it is, and what is in its place."""

import os
import socket
import stat

from structlog.testing import capture_logs

from livetrio.operations.http.control import control_socket, short_name, socket_of


def test_only_its_user_may_use_it_and_it_is_gone_afterwards(tmp_path):
    path = socket_of(tmp_path / "a.journal")
    with control_socket(path) as opened:
        mode = path.stat().st_mode
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    assert opened is not None
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert path.name == "a.journal.sock"
    assert not path.exists()


def test_one_that_a_killed_engine_has_left_is_replaced(tmp_path):
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    with control_socket(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_what_is_no_socket_is_left_alone_and_the_engine_goes_on_without(tmp_path):
    path = tmp_path / "a.sock"
    path.write_text("mine")
    with capture_logs() as lines, control_socket(path) as opened:
        pass

    assert opened is None
    assert "is no socket" in lines[0]["because"]
    assert path.read_text() == "mine"


def test_one_that_somebody_else_has_put_there_since_is_left_alone(tmp_path):
    path = tmp_path / "a.sock"
    with control_socket(path):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))

    assert path.exists()


def test_a_path_that_is_too_long_for_an_address_works_all_the_same(tmp_path):
    folder = tmp_path / ("f" * 120)
    folder.mkdir()
    path = folder / "a.sock"
    before = len(os.listdir("/proc/self/fd"))
    with control_socket(path), socket.socket(socket.AF_UNIX) as client, short_name(path) as name:
        client.connect(name)

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_name_that_is_too_long_is_told(tmp_path):
    with capture_logs() as lines, control_socket(tmp_path / ("f" * 120 + ".sock")) as opened:
        pass

    assert opened is None
    assert "too long" in lines[0]["because"]
