"""AccountService: one account at one venue, with all the tasks that keep its orders true.

link       sends what is to be sent
patrol     asks about what is not answered
dead man   lets the venue cancel everything if the engine is unwell (if asked for)
recovery   in each session of the account's stream: reads, compares, opens the gate
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from livetrio.clock import Clock
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.known_fills import KnownFills
from livetrio.errors import JournalFailed
from livetrio.model import ConnectionEvent, ConnectionState
from livetrio.supervision.asker import Asker
from livetrio.supervision.dead_man import DeadMan
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.http import HttpClient
from livetrio.supervision.journal_keeper import JournalKeeper
from livetrio.supervision.order_link import OrderLink, Send
from livetrio.supervision.patrol import Patrol
from livetrio.supervision.recovery import Recovery
from livetrio.venues.base import StreamAddress
from livetrio.venues.trading import AccountStreamReady, Trading, TradingVenue


class AccountService:
    """Joins them. `run` is its life; `serve` that of each session of its stream."""

    def __init__(
        self,
        venue: TradingVenue,
        trading: Trading,
        stream: StreamAddress,
        *,
        execution: ExecutionEngine,
        keeper: JournalKeeper,
        clock: Clock,
        http: HttpClient,
        known: KnownFills,
        last_fill: int | None,
        last_funding: int | None,
        health: Callable[[], str | None],
        refuse: Callable[[str], None],
        on_journal_failure: Callable[[JournalFailed], None],
    ) -> None:
        config = execution.config
        self.venue = venue
        self.trading = trading
        self.link = OrderLink(
            venue,
            trading,
            tracker=execution.tracker,
            journal=keeper,
            config=config,
            clock=clock,
            http=http,
            headers=stream.headers,
            on_journal_failure=on_journal_failure,
        )
        retry = config.retry_interval_ms / 1000
        self.asker = asker = Asker(http, trading.budget, clock, headers=stream.headers, retry_base=retry)
        fills = FillReader(trading, asker, execution.tracker)
        self.patrol = Patrol(
            self.link,
            asker,
            fills,
            execution.tracker,
            clock,
            retry_interval=retry,
            submit_timeout=config.submit_timeout_ms / 1000,
        )
        self.recovery = Recovery(
            execution,
            self.link,
            asker,
            fills,
            self.patrol,
            clock,
            known,
            last_fill=last_fill,
            last_funding=last_funding,
            refuse=refuse,
        )
        self.dead_man: DeadMan | None = None
        if config.dead_man_ms is not None:
            self.dead_man = DeadMan(
                self.link, clock, patience_ms=config.dead_man_ms, health=lambda: self._health(health)
            )
        self._execution = execution
        execution.add_client(venue.name, self.link)

    def _health(self, engine: Callable[[], str | None]) -> str | None:
        # A venue that opens in steps, and takes what can only rest, is well.
        return engine() or self.link.gate.reason(self.link.clock.now(), post_only=True)

    async def run(self) -> None:
        """Send, ask, and keep the dead man's switch, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.link.run, name=f"orders {self.venue.name}")
            nursery.start_soon(self.patrol.run, name=f"patrol {self.venue.name}")
            if self.dead_man is not None:
                nursery.start_soon(self.dead_man.run, name=f"dead man {self.venue.name}")

    async def serve(self, send: Send) -> None:
        """A session of the account's stream is up: use it, until cancelled or of no use."""
        self.link.connect(send)
        await self.recovery.run()

    def take(self, event: object) -> bool:
        """What came by the stream; False for what nobody here knows."""
        if type(event) is AccountStreamReady:
            self.recovery.ready.set()
            return True
        return self.link.take(event) or self._execution.process(event)

    def take_state(self, event: ConnectionEvent) -> None:
        """The stream came up or went down; called before anybody else can learn of it."""
        if event.state is ConnectionState.DISCONNECTED:
            self.link.disconnect(event.reason or "it was closed here")
            self.recovery.ready = trio.Event()
