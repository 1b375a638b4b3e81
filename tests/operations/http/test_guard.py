"""Who may look, and who may act: other sites may do neither."""

import pytest

from livetrio.operations.http.asked import Asked, Refusal
from livetrio.operations.http.guard import Guard

TOKEN = "a-token"


def asked(method="GET", path="/api/state", **headers):
    return Asked(
        method=method,
        path=path,
        query={},
        headers={"host": "127.0.0.1:8787"} | {name.replace("_", "-"): each for name, each in headers.items()},
        body=b"",
        who="test",
    )


def may_look(request, host="127.0.0.1"):
    try:
        Guard(host, TOKEN).let_look(request)
    except Refusal as refusal:
        return f"{refusal.status}: {refusal.words}"
    return True


@pytest.mark.parametrize(
    "served, host",
    [
        ("127.0.0.1", "127.0.0.1:8787"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost:9000"),  # through a tunnel
        ("localhost", "[::1]:8787"),
        ("::1", "[::1]:8787"),
        ("0.0.0.0", "192.168.1.7:8787"),
        ("::", "[fe80::1]:8787"),
        ("192.168.1.7", "192.168.1.7:8787"),
        ("192.168.1.7", "localhost:8787"),
    ],
)
def test_addresses_that_are_served_may_be_asked_of(served, host):
    assert may_look(asked(host=host), served) is True


@pytest.mark.parametrize(
    "served, host",
    [
        ("127.0.0.1", "evil.example:8787"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
        ("127.0.0.1", "localhost.evil.example:8787"),
        ("127.0.0.1", "192.168.1.7:8787"),
        ("0.0.0.0", "evil.example:8787"),
        ("192.168.1.7", "192.168.1.8:8787"),
        ("127.0.0.1", ""),
        ("127.0.0.1", "[::1"),
        ("127.0.0.1", "evil.example:@127.0.0.1"),
        ("127.0.0.1", "[evil]:8787"),
    ],
)
def test_a_name_that_was_made_to_lead_here_may_not(served, host):
    assert "which is no address that is served here" in may_look(asked(host=host), served)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:3000", ""])
def test_another_origin_may_not_look(origin):
    assert may_look(asked(origin=origin)).startswith("403: another site has asked")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_site_that_the_browser_knows_as_another_may_only_link_to_the_page(site):
    assert may_look(asked(sec_fetch_site=site)) == "403: another site has asked"
    assert may_look(asked("POST", "/", sec_fetch_site=site)) == "403: another site has asked"
    assert may_look(asked(path="/", sec_fetch_site=site)) is True


def test_the_page_itself_may_look():
    assert may_look(asked(origin="http://127.0.0.1:8787", sec_fetch_site="same-origin")) is True


def test_to_act_takes_the_token():
    guard = Guard("127.0.0.1", TOKEN)
    guard.let_act(asked(authorization=f"Bearer {TOKEN}"))
    guard.let_act(asked(authorization=f"bearer  {TOKEN} "))
    for shown in ("", "Bearer", "Bearer ", "Bearer a-tokem", f"Basic {TOKEN}", TOKEN, "Bearer ä"):
        with pytest.raises(Refusal) as caught:
            guard.let_act(asked(authorization=shown))
        assert caught.value.status == 401
        assert TOKEN not in caught.value.words


def test_without_a_token_in_the_configuration_nobody_may_act():
    with pytest.raises(Refusal, match=r"operations\.token is not set") as caught:
        Guard("127.0.0.1", None).let_act(asked(authorization="Bearer None"))
    assert caught.value.status == 403
