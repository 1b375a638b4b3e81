"""The table [operations]: what it takes, and what it refuses."""

import pytest

from livetrio.operations.config import OperationsConfig, split_address
from livetrio.secrets import Secret


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8787", ("127.0.0.1", 8787)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert split_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "8787", ":8787", "127.0.0.1:", "127.0.0.1:65536", "host:1", "127.0.0.1:٣", 8787]
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="http: expected an"):
        OperationsConfig(http=text)


def test_others_than_this_machine_may_look_only_where_there_is_a_token():
    with pytest.raises(
        ValueError, match=r"token: expected one where others than this machine reach the page"
    ):
        OperationsConfig(http="0.0.0.0:8787")
    assert OperationsConfig(http="0.0.0.0:8787", token=Secret("env:TOKEN")).is_on
    assert OperationsConfig(http="[::1]:8787").is_on


def test_what_is_no_reference_to_a_secret_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="token: expected a reference") as caught:
        OperationsConfig(token="hunter22")
    assert "hunter22" not in str(caught.value)


def test_by_default_nothing_runs():
    assert not OperationsConfig().is_on
