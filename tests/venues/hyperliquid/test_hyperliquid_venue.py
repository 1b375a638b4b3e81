"""HyperliquidVenue as the engine uses it."""

import json

import pytest
from order_samples import ADDRESS, KEY, make_order
from test_hyperliquid_samples import BBO, BTC, HYPE_SPOT, META, NOW, PURR_SPOT, SPOT_META, loaded_venue

from livetrio.errors import FrameError, UnknownInstrument, UsageError
from livetrio.model import Feed, FeedKind
from livetrio.secrets import Secret
from livetrio.venues.base import StreamAddress
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue
from livetrio.venues.hyperliquid.account_decode import AccountCodec
from livetrio.venues.trading import Submit

VENUE = "HYPERLIQUID"


def quotes(name):
    return Feed(FeedKind.QUOTES, VENUE, name)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "wss://api.hyperliquid.xyz/ws"),
        ({"network": "testnet"}, "wss://api.hyperliquid-testnet.xyz/ws"),
        ({"base_url": "http://127.0.0.1:3001"}, "ws://127.0.0.1:3001/ws"),
        ({"base_url": "https://example.org/http"}, "wss://example.org/http/ws"),
    ],
)
def test_there_is_one_stream_at_the_networks_address(settings, url):
    venue = HyperliquidVenue(HyperliquidConfig(headers={"X": "y"}, **settings))

    assert venue.streams == (StreamAddress(name="market", url=url, headers={"X": "y"}),)


def test_the_engine_says_where_its_local_exchange_is():
    venue = HyperliquidVenue(HyperliquidConfig(network="local"), base_url="http://127.0.0.1:4000")

    assert venue.streams[0].url == "ws://127.0.0.1:4000/ws"
    assert venue.instrument_requests()[0].url == "http://127.0.0.1:4000/info"


def test_a_local_exchange_of_which_nobody_says_where_it_is_cannot_be_used():
    with pytest.raises(UsageError, match="expected the base_url of the local exchange"):
        HyperliquidVenue(HyperliquidConfig(network="local"))


def test_it_asks_for_perpetuals_and_spot_pairs():
    requests = HyperliquidVenue(HyperliquidConfig()).instrument_requests()

    assert {each.url for each in requests} == {"https://api.hyperliquid.xyz/info"}
    assert [json.loads(each.body) for each in requests] == [{"type": "meta"}, {"type": "spotMeta"}]


def test_it_lists_what_it_has_loaded_the_delisted_included():
    venue = HyperliquidVenue(HyperliquidConfig())
    before = dict(venue.instruments)
    loaded = venue.load_instruments([META, SPOT_META])

    assert before == {}
    assert list(venue.instruments.values()) == list(loaded)
    assert set(venue.instruments) == {
        BTC,
        "LOOM-USD-PERP.HYPERLIQUID",
        "ETH-USD-PERP.HYPERLIQUID",
        PURR_SPOT,
        HYPE_SPOT,
    }


@pytest.mark.parametrize("answers", [[META], [META, b"null"], [b"{", SPOT_META], [META, SPOT_META, META]])
def test_answers_that_make_no_sense_leave_what_was_known(answers):
    venue = loaded_venue()
    before = dict(venue.instruments)

    with pytest.raises(FrameError):
        venue.load_instruments(answers)

    assert dict(venue.instruments) == before
    assert venue.stream_for(quotes(BTC)) == "market"
    assert venue.open_codec("market", 1).decode(BBO, NOW)


def test_a_codec_in_use_learns_what_is_newly_listed():
    venue = loaded_venue()
    codec = venue.open_codec("market", 1)
    venue.load_instruments([META.replace(b'"ETH"', b'"DOGE"'), SPOT_META])

    assert codec.decode(BBO.replace(b"BTC", b"DOGE"), NOW)
    assert b"DOGE" in codec.subscribe(quotes("DOGE-USD-PERP.HYPERLIQUID"))
    with pytest.raises(FrameError, match="unknown-instrument"):
        codec.decode(BBO.replace(b"BTC", b"ETH"), NOW)


@pytest.mark.parametrize(
    "feed",
    [
        quotes(BTC),
        quotes(PURR_SPOT),
        quotes(HYPE_SPOT),
        Feed(FeedKind.CONTEXT, VENUE, HYPE_SPOT),
        Feed(FeedKind.BARS, VENUE, BTC, "1h"),
        Feed(FeedKind.MIDS, VENUE),
    ],
    ids=str,
)
def test_every_feed_of_what_is_listed_is_on_the_market_stream(feed):
    assert loaded_venue().stream_for(feed) == "market"


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        (quotes("BTC-USD-PREP.HYPERLIQUID"), "did you mean BTC-USD-PERP.HYPERLIQUID?"),
        (quotes("btc-usd-perp.HYPERLIQUID"), "did you mean BTC-USD-PERP.HYPERLIQUID?"),
        (quotes("QQQQQQ.HYPERLIQUID"), "does not list QQQQQQ.HYPERLIQUID"),
        (quotes("LOOM-USD-PERP.HYPERLIQUID"), "LOOM-USD-PERP.HYPERLIQUID is delisted"),
        (quotes("LOOM-USD-PREP.HYPERLIQUID"), "does not list"),
        (quotes(None), "quotes: expected an instrument, found none"),
        (Feed(FeedKind.QUOTES, "OTHER", "BTC-USD-PERP.OTHER"), "is a feed of OTHER, not of HYPERLIQUID"),
        (Feed(FeedKind.BARS, VENUE, BTC, "1M"), "not of 1M"),
        (Feed(FeedKind.BARS, VENUE, BTC), "has bars of 1m, 3m"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_feed_that_would_end_the_socket_is_refused_in_words(feed, words):
    with pytest.raises(UnknownInstrument) as refused:
        loaded_venue().stream_for(feed)

    assert words in str(refused.value)


def test_a_delisted_instrument_is_not_proposed_in_place_of_another():
    with pytest.raises(UnknownInstrument) as refused:
        loaded_venue().stream_for(quotes("LOOM-USD-PREP.HYPERLIQUID"))

    assert "did you mean LOOM" not in str(refused.value)


@pytest.mark.parametrize("name", ["SOL-USD-PERP", "xyz:TSLA-USD-PERP", "PURR-USDC-SPOT", "@107-SPOT"])
def test_before_the_list_is_there_the_form_is_enough(name):
    venue = HyperliquidVenue(HyperliquidConfig())

    assert venue.stream_for(quotes(f"{name}.HYPERLIQUID")) == "market"


@pytest.mark.parametrize(
    "name", ["SOL.HYPERLIQUID", "SOL-USD-PERP.OTHER", "-USD-PERP.HYPERLIQUID", "SOL-USD-PERP"]
)
def test_before_the_list_is_there_the_form_is_asked_for(name):
    with pytest.raises(UnknownInstrument, match="expected an instrument such as"):
        HyperliquidVenue(HyperliquidConfig()).stream_for(quotes(name))


@pytest.mark.parametrize(
    ("kind", "fast", "expected"),
    [
        (FeedKind.BOOK, True, 5.0),
        (FeedKind.BOOK, False, pytest.approx(16.2)),
        (FeedKind.MIDS, True, 20.0),
        (FeedKind.CONTEXT, True, 10.0),
        (FeedKind.QUOTES, True, None),
        (FeedKind.TRADES, True, None),
        (FeedKind.BARS, True, None),
    ],
)
def test_silence_means_a_broken_feed_only_where_the_venue_speaks_by_the_clock(kind, fast, expected):
    venue = HyperliquidVenue(HyperliquidConfig(fast_books=fast))

    assert venue.max_silence(Feed(kind, VENUE, BTC)) == expected


# The account.

OTHER = "0x" + "ab" * 20


@pytest.fixture
def secret(monkeypatch):
    """A reference to a private key."""
    monkeypatch.setenv("LIVETRIO_TEST_KEY", KEY)
    return Secret("env:LIVETRIO_TEST_KEY")


def signature_of(venue):
    venue.load_instruments([META, SPOT_META])
    (request,) = venue.trading.sign(
        [Submit(make_order(client_order_id="0x6c74" + "0" * 28))], now=NOW, expires=None
    )
    return json.loads(request.http.body)["signature"]


def test_without_a_key_it_trades_nothing():
    assert HyperliquidVenue(HyperliquidConfig()).trading is None


def test_with_a_key_there_is_a_stream_for_the_account_and_nobody_elses_news_on_it(secret):
    venue = HyperliquidVenue(HyperliquidConfig(key=secret, headers={"X": "y"}))
    market, account = venue.streams

    assert market.subscriptions == ()
    assert (account.name, account.url, account.headers) == ("account", market.url, {"X": "y"})
    assert venue.trading.stream == account.name
    assert [json.loads(each) for each in account.subscriptions] == [
        {"method": "subscribe", "subscription": {"type": kind, "user": ADDRESS}}
        for kind in ("orderUpdates", "userFills", "userEvents", "userFundings")
    ]


@pytest.mark.parametrize(
    ("given", "traded"),
    [
        ({}, ADDRESS),
        ({"account": OTHER}, OTHER),
        ({"vault": OTHER}, OTHER),
        ({"account": "0x" + "CD" * 20, "vault": OTHER}, OTHER),
    ],
)
def test_what_is_traded_is_the_vault_or_else_the_account_or_else_the_keys_own(given, traded, secret):
    venue = HyperliquidVenue(HyperliquidConfig(key=secret, **given))

    assert venue.trading.account_id == f"HYPERLIQUID-{traded}"
    assert {json.loads(each)["subscription"]["user"] for each in venue.streams[1].subscriptions} == {traded}


def test_the_engine_gives_the_key_of_its_local_exchange_and_the_settings_go_before_it(secret):
    local = HyperliquidConfig(network="local")
    given = HyperliquidVenue(local, base_url="http://127.0.0.1:4000", key=KEY)
    own = HyperliquidVenue(
        HyperliquidConfig(network="local", key=secret), base_url="http://127.0.0.1:4000", key="11" * 32
    )

    assert given.trading.account_id == own.trading.account_id == f"HYPERLIQUID-{ADDRESS}"


def test_a_key_that_is_none_is_refused_and_not_shown():
    with pytest.raises(UsageError) as refused:
        HyperliquidVenue(HyperliquidConfig(), key="hunter2-hunter2")

    assert "hunter2" not in str(refused.value)


def test_what_is_signed_for_one_network_is_worth_nothing_on_another(secret):
    mainnet = signature_of(HyperliquidVenue(HyperliquidConfig(key=secret)))
    testnet = signature_of(HyperliquidVenue(HyperliquidConfig(key=secret, network="testnet")))
    local = signature_of(
        HyperliquidVenue(HyperliquidConfig(key=secret, network="local"), base_url="http://a")
    )
    proxy = signature_of(HyperliquidVenue(HyperliquidConfig(key=secret, base_url="http://a")))
    by_url = HyperliquidConfig(key=secret, base_url="https://api.hyperliquid-testnet.xyz")

    assert mainnet == proxy
    assert mainnet != testnet == local
    assert signature_of(HyperliquidVenue(by_url)) == testnet


def test_each_stream_has_a_codec_of_its_own(secret):
    venue = HyperliquidVenue(HyperliquidConfig(key=secret))

    assert isinstance(venue.open_codec("account", 1), AccountCodec)
    assert not isinstance(venue.open_codec("market", 1), AccountCodec)
    assert not isinstance(HyperliquidVenue(HyperliquidConfig()).open_codec("account", 1), AccountCodec)
