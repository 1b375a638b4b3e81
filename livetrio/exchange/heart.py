"""Heart: what makes time pass at the exchange: blocks, the feeds' own rhythms, and answers that take a while.

One task, which sleeps until something is due and is woken when an action comes. Blocks are made on a grid,
but only those in which something happens: a quiet exchange sleeps. Within a beat the order is: the block,
its news, the answers that are due by then, the feeds that have a rhythm of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import trio

from livetrio.clock import Clock
from livetrio.exchange.api.feeds import Feeds
from livetrio.exchange.api.records import Records
from livetrio.exchange.chain.chain import Answer, Block, Chain

_NANOSECONDS_PER_MS = 1_000_000


class Heart:
    """Beats for one exchange."""

    def __init__(
        self,
        chain: Chain,
        records: Records,
        feeds: Feeds,
        clock: Clock,
        *,
        block_interval: float,
        commit_delay: float,
        replies_first: bool,
    ) -> None:
        self._chain = chain
        self._records = records
        self._feeds = feeds
        self._clock = clock
        self._interval = max(1, round(block_interval * 1000))
        self._delay = round(commit_delay * 1000)
        self._replies_first = replies_first
        self._answers: deque[tuple[int, Callable[[Answer], None], Answer]] = deque()
        """Those of blocks that were made, with the ms at which they leave."""
        self._began = self.now
        self._last_block = self._began
        self._has_news = trio.Event()
        self._work_since: int | None = None
        """When the first action came that waits for a block, ms."""
        self.watch: Callable[[int], int | None] | None = None
        """Called in every beat with the time; says when it wants the next, ms. Not set: nobody watches."""

    @property
    def now(self) -> int:
        """ms."""
        return self._clock.now() // _NANOSECONDS_PER_MS

    def wake(self) -> None:
        """Something has come that may want a beat earlier than was planned."""
        if self._work_since is None and self._chain.has_work:
            self._work_since = self.now
        self._has_news.set()

    async def beat(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled."""
        task_status.started()
        watched: int | None = None
        while True:
            due = self._next_due(watched)
            with trio.move_on_at(self._clock.trio_time(due * _NANOSECONDS_PER_MS)):
                await self._has_news.wait()  # lets others run, even if it is time already
            if self._has_news.is_set():
                self._has_news = trio.Event()
            watched = self.advance()

    def advance(self) -> int | None:
        """Do what is due by now; when the watcher wants to look again."""
        now = self.now
        if self._block_due() <= now:
            grid = self._began + (now - self._began) // self._interval * self._interval
            self._work_since = None
            self._last_block = grid
            self._publish(self._chain.commit(grid))
        self._answer(now)
        due = self._feeds.next_due()
        if due is not None and due <= now:
            self._chain.ledger.time = now  # what is sent is as of now, though nothing has happened
            self._feeds.advance(now)
        return None if self.watch is None else self.watch(now)

    def begin(self, *, warm_up: float = 0.0) -> None:
        """Make the block in which the market begins, and those of so many seconds before now."""
        now = self.now
        time = now - round(warm_up * 1000) // self._interval * self._interval
        self._publish(self._chain.start_market(time))
        while True:
            due = self._chain.next_due()
            time = max(time + self._interval, time - (time - due) // self._interval * self._interval)
            if time >= now:
                break
            self._publish(self._chain.commit(time))
        self._began = self._last_block = now
        self.wake()

    def _publish(self, block: Block) -> None:
        self._records.note(block)
        if self._replies_first:
            for done, answer in block.answers:
                done(answer)
            self._feeds.publish(block)
        else:
            self._feeds.publish(block)
            leaves = block.time + self._delay
            self._answers.extend((leaves, done, answer) for done, answer in block.answers)

    def _answer(self, now: int) -> None:
        answers = self._answers
        while answers and answers[0][0] <= now:
            _, done, answer = answers.popleft()
            done(answer)

    def _block_due(self) -> int:
        """The instant of the next block: on the grid, and after the last."""
        due = self._chain.next_due() if self._work_since is None else self._work_since
        wanted = max(due, self._last_block + 1)
        return self._began + -(-(wanted - self._began) // self._interval) * self._interval

    def _next_due(self, watched: int | None) -> int:
        due = self._block_due()
        if self._answers:
            due = min(due, self._answers[0][0])
        for other in (self._feeds.next_due(), watched):
            if other is not None and other < due:
                due = other
        return due
