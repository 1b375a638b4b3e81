"""A chain that trades when told to, with feeds and clients that note what they get."""

from __future__ import annotations

import json

from livetrio.exchange.api.feeds import Feeds
from livetrio.exchange.api.info import answer_info
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.session import Session
from livetrio.exchange.chain.chain import Block
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.order import NewOrder, Status, Tif
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.prices import update_marks
from livetrio.exchange.chain.units import parse_units
from livetrio.exchange.limits import Limits

START = 1_767_225_600_000
"""2026-01-01, ms: a moment at which no clock of the feeds beats but that of the seconds."""

BLOCK = 70
"""ms from one to the next."""

ALICE = "0x" + "a1" * 20
BOB = "0x" + "b0" * 20
NOBODY = "0x" + "00" * 19 + "99"


class Outbox:
    """Notes what a client gets."""

    def __init__(self):
        self.frames = []
        """As handed over: framed, or the plain message."""
        self.texts = []
        self.kills = []

    def send(self, message):
        self.frames.append(message)
        self.texts.append(message.decode())

    def send_frame(self, frame):
        self.frames.append(frame)
        header = {126: 4, 127: 10}.get(frame[1], 2)
        self.texts.append(frame[header:].decode())

    def kill(self, after):
        self.kills.append(after)

    def take_texts(self):
        texts, self.texts = self.texts, []
        return texts

    def take(self):
        """The messages since the last time."""
        return [json.loads(text) for text in self.take_texts()]

    def take_data(self, channel):
        return [each["data"] for each in self.take() if each["channel"] == channel]

    def channels(self):
        return [each["channel"] for each in self.take()]


class Market:
    """Four perpetuals and two pairs; Alice and Bob have a million USDC and of every token a million."""

    def __init__(self, **options):
        self.now = START
        self.ledger = Ledger(default_listing(), time=START)
        self.records = Records(self.ledger)
        self.wakes = []
        self.feeds = Feeds(
            self.ledger,
            self.records,
            now=lambda: self.now,
            wake=lambda: self.wakes.append(self.now),
            **options,
        )
        self.alice, self.bob = self.open_account(ALICE), self.open_account(BOB)

    def open_account(self, address):
        account = self.ledger.account(address)
        account.exists = True
        account.cash = 10**12
        account.balances = {each.index: 10 ** (6 + each.wei_decimals) for each in self.ledger.listing.tokens}
        return account

    def place(self, account, side, px, sz, coin="BTC", tif=Tif.GTC, **more):
        instrument = self.ledger.listing.by_coin[coin]
        self.ledger.begin_tx()
        new = NewOrder(
            instrument=instrument,
            is_buy=side == "buy",
            px=parse_units(str(px), instrument.px_decimals),
            sz=parse_units(str(sz), instrument.sz_decimals),
            tif=tif,
            **more,
        )
        return place(self.ledger, account, new).order

    def cancel(self, order, status=Status.CANCELED):
        end(self.ledger, order, status)

    def trade(self, px=91_000, sz=0.01, coin="BTC"):
        """Alice buys what Bob sells."""
        self.place(self.bob, "sell", px, sz, coin)
        self.place(self.alice, "buy", px, sz, coin)

    def tell(self, *events):
        """Something happened that is not trading."""
        self.ledger.events.extend(events)

    def block(self, wait=BLOCK):
        """Make a block of what was done since the last; all clocks are kept."""
        ledger = self.ledger
        marked = update_marks(ledger, ledger.traded)
        block = Block(
            ledger.time, ledger.height, tuple(ledger.events), frozenset(ledger.traded), frozenset(marked), ()
        )
        ledger.events, ledger.traded = [], set()
        self.records.note(block)
        self.feeds.publish(block)
        self.wait(wait)
        ledger.time = self.now
        ledger.height += 1
        return block

    def wait(self, milliseconds):
        """Let time pass, with all beats that are due in it."""
        until = self.now + milliseconds
        while (due := self.feeds.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.feeds.advance(self.now)
        self.now = until


class Connection:
    """A client with a session."""

    def __init__(self, market, act=None, limits=None):
        self.outbox = Outbox()
        self.acted = []
        self.limits = limits or Limits(lambda: market.now / 1000)
        self.session = Session(
            self.outbox,
            market.feeds,
            market.ledger,
            lambda payload, done: done(answer_info(payload, market.ledger, market.records)),
            act or (lambda payload, done: self.acted.append((payload, done))),
            self.limits,
        )

    def say(self, message):
        """Send a message; what comes at once."""
        if isinstance(message, dict):
            message = json.dumps(message)
        if isinstance(message, str):
            message = message.encode()
        self.session.receive(message)
        return self.outbox.take()

    def subscribe(self, **subscription):
        return self.say({"method": "subscribe", "subscription": subscription})

    def unsubscribe(self, **subscription):
        return self.say({"method": "unsubscribe", "subscription": subscription})

    def post(self, payload, kind="info", post_id=1):
        return self.say({"method": "post", "id": post_id, "request": {"type": kind, "payload": payload}})
