"""LocalExchange: a whole venue on this machine, in Hyperliquid's protocol.

One port, as the venue has it (protocol page §1.1): ``POST /info``, ``POST /exchange`` and, upgraded to a
WebSocket, ``GET /ws``; and one path that the venue has not, ``POST /control``, for whoever runs it. Nothing
in here knows about sockets or wall clocks: `LocalExchange.serve_stream` takes any stream, and time is trio's,
so the same code serves people over TCP and tests in memory in virtual time.

    serve_stream ─► Routes ─► ask ─► info                         (one call)
         │             └────► act ─► Gate ─► Chain ◄── Heart ──► Records, Feeds
         └─► Session ─► ask, act, Feeds ─► Outbox

A client costs itself and nobody else: what it sends is answered, or ends its own connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import trio

from livetrio.clock import Clock
from livetrio.exchange.api.feeds import Feeds
from livetrio.exchange.api.info import answer_info
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.session import Session
from livetrio.exchange.api.signed import Gate
from livetrio.exchange.chain.actions import OrderAction
from livetrio.exchange.chain.chain import Chain
from livetrio.exchange.chain.desk import Market
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.order import Status
from livetrio.exchange.chain.trading import cancel_all
from livetrio.exchange.chain.transfers import deposit, deposit_spot
from livetrio.exchange.chain.units import USD_DECIMALS, parse_units
from livetrio.exchange.edge.http import Hangup, Response, plain, serve_http
from livetrio.exchange.edge.line import Line
from livetrio.exchange.edge.outbox import Outbox
from livetrio.exchange.edge.routes import Routes
from livetrio.exchange.edge.streams import peer_address
from livetrio.exchange.edge.websocket import serve_websocket
from livetrio.exchange.faults import control
from livetrio.exchange.heart import Heart
from livetrio.exchange.keys import Key, make_key
from livetrio.exchange.limits import VENUE_CAPS, Limits
from livetrio.exchange.market.flow import LivingMarket
from livetrio.exchange.market.recorded_listing import listing_of
from livetrio.exchange.market.recording import Recording
from livetrio.exchange.market.replay import ReplayMarket
from livetrio.exchange.mischief import Done, Mischief
from livetrio.exchange.settings import ExchangeSettings

MAX_CONNECTIONS = 1000
"""Of all clients together, at once; those above it are closed unread. Of one address the venue has fewer."""

WARM_UP = 60.0
"""Seconds that a living market has lived when the first client can come, so that there is a tape to read."""

_WARM_UP_MS = round(WARM_UP * 1000)
_NANOSECONDS_PER_MS = 1_000_000


class LocalExchange:
    """A venue. Make it inside `trio.run`, and let `run` or `serve` run while clients are served."""

    def __init__(
        self,
        settings: ExchangeSettings | None = None,
        *,
        clock: Clock,
        recording: Recording | None = None,
        speed: float = 1.0,
        loop: bool = False,
    ) -> None:
        """Take what to be.

        Args:
          settings: how it behaves.
          clock: for the time of everything that happens.
          recording: lets its market be the recorded one, from the first subscription to it or the first
            order on, and lists what the recording knows; without it the market is the living one of the
            settings.
          speed: seconds of recorded time in a second.
          loop: whether the recording begins again at its end.
        """
        self.settings = settings = settings or ExchangeSettings()
        self._clock = clock
        self._recorded: ReplayMarket | None = None
        market: Market
        if recording is None:
            listing = default_listing(settings.instruments)
            market = LivingMarket(settings.seed, settings.regime, pace=settings.pace)
        else:
            listing = listing_of(recording)
            market = self._recorded = ReplayMarket(recording, speed, loop=loop)
        self.ledger = Ledger(
            listing, seed=settings.seed, time=clock.now() // _NANOSECONDS_PER_MS - _WARM_UP_MS
        )
        self.keys: Sequence[Key] = tuple(make_key(settings.seed, each) for each in range(settings.accounts))
        """Of the funded accounts. Everybody who knows the seed knows them."""
        self._open_accounts()
        self.records = Records(self.ledger, now=lambda: self._heart.now)
        self.chain = Chain(
            self.ledger,
            market=market,
            limits=settings.limits,
            schedule_cancel_volume=_usd(settings.schedule_cancel_volume),
        )
        self.feeds = Feeds(self.ledger, self.records, now=lambda: self._heart.now)
        self._heart = Heart(
            self.chain,
            self.records,
            self.feeds,
            clock,
            block_interval=settings.block_interval,
            commit_delay=settings.commit_delay,
            replies_first=settings.replies_first,
        )
        self.feeds.wake = self._heart.wake
        self._gate = Gate(self.ledger)
        self.mischief = Mischief(settings.seed, wipe=self._cancel_everything, wake=self._heart.wake)
        self._heart.watch = self.mischief.watch
        self.mischief.add(settings.faults)
        self._awaits_audience = False
        """Whether a recording is still to begin."""
        self._limits: dict[str, Limits] = {}
        self.connections = 0
        """How many clients are connected now."""

    def _open_accounts(self) -> None:
        usdc = self.ledger.listing.usdc
        for key in self.keys:
            account = self.ledger.account(key.address)
            deposit(self.ledger, account, _usd(self.settings.balance))
            deposit_spot(self.ledger, account, usdc, int(self.settings.balance * 10**usdc.wei_decimals))
        for address, amount in self.settings.funded.items():
            deposit(self.ledger, self.ledger.account(address), _usd(amount))

    # Running.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let time pass, until cancelled. Started when the market has begun, or waits to be watched."""
        if self._recorded is None:
            self._heart.begin(warm_up=WARM_UP)
        else:
            self.records.seed_trades(self._recorded.history(self.ledger.listing, self._heart.now))
            self.feeds.note_subscriber = self._begin_replay
            self._awaits_audience = True
        await self._heart.beat(task_status=task_status)

    def _begin_replay(self) -> None:
        """Somebody looks or trades: from now on the recording is played. Its first book is there at once."""
        self.feeds.note_subscriber = lambda: None
        self._awaits_audience = False
        self._heart.begin()

    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run, listen and serve until cancelled; then every connection is closed at once.

        Started with the base URL, ``http://127.0.0.1:PORT``.

        Raises:
          OSError: the port cannot be had.
        """
        listeners = await trio.open_tcp_listeners(port, host=host)
        if port == 0:  # a name with two addresses would get two ports
            for listener in listeners[1:]:
                await listener.aclose()
            del listeners[1:]
        name, number = listeners[0].socket.getsockname()[:2]
        base_url = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        async with trio.open_nursery() as nursery:
            await nursery.start(self.run)
            await nursery.start(trio.serve_listeners, self.serve_stream, listeners)
            task_status.started(base_url)

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Serve one client over any stream until either side ends it; then close the stream."""
        self.connections += 1
        try:
            if self.connections <= MAX_CONNECTIONS:
                await self._serve_client(stream)
        except* trio.BrokenResourceError:
            pass  # it costs itself
        finally:
            self.connections -= 1
            await trio.aclose_forcefully(stream)

    async def _serve_client(self, stream: trio.abc.Stream) -> None:
        address = peer_address(stream)
        limits = self._limits_of(address)
        line = Line()
        routes = Routes(self, limits, line, may_control=_is_local(address))
        upgrade = None
        try:
            with line.life:
                upgrade = await serve_http(stream, routes.answer)
        finally:
            self.mischief.forget(line)
        if upgrade is None:
            await line.leave(stream)
            return
        try:
            await serve_websocket(stream, upgrade, lambda outbox: _Guarded(self, outbox, limits))
        finally:
            limits.disconnect()

    def _limits_of(self, address: str) -> Limits:
        found = self._limits.get(address)
        if found is None:
            for idle in [name for name, each in self._limits.items() if each.is_idle]:
                del self._limits[idle]
            caps = VENUE_CAPS if self.settings.limits else None
            found = self._limits[address] = Limits(trio.current_time, caps)
        return found

    # What clients ask and do.

    def ask(self, payload: Any, done: Done) -> None:
        """Answer an info request; raises `CannotAnswer`."""
        kind = str(payload.get("type")) if isinstance(payload, dict) else ""
        passed = self.mischief.check_info(kind, done)
        if passed is not None:
            passed(answer_info(payload, self.ledger, self.records))

    def act(self, payload: Any, done: Done) -> None:
        """Hand a signed action to the chain; raises `CannotRead`."""
        passed = self.mischief.check_action(payload, done)
        if passed is None:
            return
        done = passed
        submission = self._gate.read(payload, done)
        if isinstance(submission, str):
            done({"status": "err", "response": submission})
        else:
            if self._awaits_audience and isinstance(submission.action, OrderAction):
                self._begin_replay()
            self.chain.submit(submission)
            self._heart.wake()

    def control(self, payload: Any) -> tuple[int, Any]:
        """Answer whoever runs the exchange."""
        answer = control.handle(payload, self.mischief.injector, self)
        self._heart.wake()
        return answer

    def let_in(self, line: Line) -> Hangup | None:
        """A client of the venue is here: None, or how its connection ends, for a fault that is on."""
        return self.mischief.let_in(line)

    def refuse_upgrade(self) -> Response | None:
        """What a WebSocket is refused with, for a fault that is on."""
        injector = self.mischief.injector
        refusal = None if injector.is_quiet else injector.on_upgrade()
        if refusal is None:
            return None
        wait = ("retry-after", str(refusal.retry_after))
        return plain(refusal.status, HTTPStatus(refusal.status).phrase, wait)

    # What whoever runs it may change.

    def fund(self, user: str, usdc: str) -> str | None:
        """Deposit perpetual money for an address; None, or why not."""
        try:
            amount = parse_units(usdc, USD_DECIMALS)
        except ValueError:
            return f"expected USDC with at most {USD_DECIMALS} decimals, found {usdc!r}"
        deposit(self.ledger, self.ledger.account(user), amount)
        return None

    def set_oracle(self, coin: str, px: str) -> str | None:
        """Set the price of the world outside; None, or why not."""
        perp = self.ledger.listing.by_coin.get(coin)
        if perp is None or not perp.is_perp:
            names = ", ".join(each.coin for each in self.ledger.listing.perps)
            return f"expected one of {names}, found {coin!r}"
        try:
            price = parse_units(px, perp.px_decimals)
        except ValueError:
            price = 0
        if not price:
            return f"expected a price of at most {perp.px_decimals} decimals, found {px!r}"
        self.chain.set_oracle(perp.asset, price)
        return None

    def state(self) -> dict[str, Any]:
        """Counts of what there is."""
        clients = [each for each in self.ledger.accounts.values() if each.exists and not each.is_house]
        return {
            "time": self._heart.now,
            "blocks": self.ledger.height,
            "connections": self.connections,
            "accounts": len(clients),
            "openOrders": sum(len(each.orders) for each in clients),
            "restarting": self.mischief.injector.is_away,
            "faults": [str(fault) for _, fault in self.mischief.injector.active],
        }

    def _cancel_everything(self) -> None:
        for account in list(self.ledger.accounts.values()):
            if not account.is_house:
                cancel_all(self.ledger, account, Status.CANCELED)


class _Guarded:
    """The session of a client whose messages pass by the faults that are on."""

    def __init__(self, exchange: LocalExchange, outbox: Outbox, limits: Limits) -> None:
        self._mischief = exchange.mischief
        self._outbox = outbox
        guarded = self._mischief.guard(outbox)
        session = Session(guarded, exchange.feeds, exchange.ledger, exchange.ask, exchange.act, limits)
        self._session = session
        self.receive = session.receive

    def closed(self) -> None:
        """The client has gone."""
        self._mischief.forget(self._outbox)
        self._session.closed()


def _usd(amount: Decimal) -> int:
    return int(amount * 10**USD_DECIMALS)


def _is_local(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "memory"
