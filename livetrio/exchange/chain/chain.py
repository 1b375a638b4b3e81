"""Chain: actions become blocks, and a block becomes news and answers.

One block after the other, each at one instant:

1. clients' actions that send no GTC or IOC order (ALO, triggers, settings, transfers), as they came;
2. clients' cancels;
3. the market's quotes;
4. clients' actions with a GTC or IOC order, as they came;
5. the market's takers;
6. dead man's switches whose time has come;
7. funding that is due; marks; the trigger orders that they fire; liquidations, which move marks again.

That is the venue's order (§1.1, docs page *order-book*, 2026-08-22): who cancels or adds goes before him
who takes it. A client's cancel therefore goes before its own order of the same block.

Whether an action counts at all is decided when its block is made: the signer is an account, or may sign for
one; the nonce is new; it has not expired; the account's budget allows it. A nonce is used up also by an
action that is then refused (§5.10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from livetrio.exchange.chain import funding, liquidation
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.actions import AnyAction, NoopAction, UserSigned
from livetrio.exchange.chain.agents import resolve_actor, resolve_owner, resolve_signer
from livetrio.exchange.chain.budget import charge, charge_stale
from livetrio.exchange.chain.desk import Market
from livetrio.exchange.chain.events import Event
from livetrio.exchange.chain.execution import TAKES, Execution, is_cancel, size_of, stage_of
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.nonces import Nonces
from livetrio.exchange.chain.order import NewOrder, Order, Status
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.prices import fire_triggers, update_marks
from livetrio.exchange.chain.reserves import reserve
from livetrio.exchange.chain.trading import Refusal, fire_switch

MAX_CASCADE = 20
"""How often in a block marks may move because of what marks did."""

Answer = dict[str, Any]
"""A whole answer of ``/exchange``: ``{"status": …, "response": …}`` (§5.8)."""


class Submission(msgspec.Struct, frozen=True, eq=False):
    """A signed action on its way into a block."""

    action: AnyAction
    nonce: int
    signer: str
    """Who signed it, recovered."""
    vault: str | None
    expires_after: int | None
    done: Callable[[Answer], None]
    """Is handed the answer, some time after the block."""


class Block(msgspec.Struct, frozen=True, eq=False):
    """What happened at one instant."""

    time: int
    """ms."""
    height: int
    events: tuple[Event, ...]
    traded: frozenset[int]
    """The assets whose book or last price changed."""
    marked: frozenset[int]
    """The assets whose mark price changed."""
    answers: tuple[tuple[Callable[[Answer], None], Answer], ...]


class Chain:
    """Makes blocks. Also the desk that a market trades at."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        market: Market | None = None,
        limits: bool = True,
        schedule_cancel_volume: int = 0,
    ) -> None:
        """Begin with a ledger.

        Args:
          ledger: whose time is when the chain begins.
          market: who trades beside the clients.
          limits: whether accounts have a budget of actions.
          schedule_cancel_volume: what must have been traded before a switch is set, millionths of a USD.
        """
        self.ledger = ledger
        self.nonces = Nonces()
        self._market = market
        self._limits = limits
        self._execution = Execution(ledger, schedule_cancel_volume)
        self._queue: list[Submission] = []
        self._oracles: set[int] = set()

    # In and out.

    def submit(self, submission: Submission) -> None:
        """An action for the next block."""
        self._queue.append(submission)

    @property
    def has_work(self) -> bool:
        """Whether any action waits for a block."""
        return bool(self._queue)

    def next_due(self) -> int:
        """When a block is due though no action has come, ms."""
        due = funding.next_due(self.ledger)
        switch = self._next_switch() if self.ledger.armed else None
        if switch is not None and switch < due:
            due = switch
        market = None if self._market is None else self._market.next_due()
        return market if market is not None and market < due else due

    def start_market(self, time: int) -> Block:
        """Make the block in which the market puts its first quotes into the books."""
        self._begin(time)
        if self._market is not None:
            self._market.start(self)
        return self._finish([])

    def commit(self, time: int) -> Block:
        """Make the block of this instant, ms, which is later than that of the block before."""
        self._begin(time)
        stages: tuple[list[tuple[Submission, bool]], ...] = ([], [], [])
        answers: list[tuple[Callable[[Answer], None], Answer]] = []
        for submission in self._queue:
            is_known = resolve_signer(self.ledger, submission.signer, time) is not None
            fault = self._use_nonce(submission) if is_known else None
            if fault is None:
                stages[stage_of(submission.action)].append((submission, is_known))
            else:
                answers.append((submission.done, _refused(fault)))
        self._queue = []
        answers += [(each.done, self._do(each, known)) for stage in stages[:TAKES] for each, known in stage]
        if self._market is not None:
            self._market.quote(self)
        answers += [(each.done, self._do(each, known)) for each, known in stages[TAKES]]
        if self._market is not None:
            self._market.take(self)
        for account in self._due_switches():
            self.ledger.begin_tx()
            fire_switch(self.ledger, account)
        return self._finish(answers)

    def _begin(self, time: int) -> None:
        ledger = self.ledger
        ledger.time = time
        ledger.height += 1
        ledger.events = []
        ledger.traded = set()

    def _finish(self, answers: list[tuple[Callable[[Answer], None], Answer]]) -> Block:
        ledger = self.ledger
        before = len(ledger.events)
        funding.advance(ledger, ledger.time)
        has_paid = len(ledger.events) > before
        marked = self._follow_prices({each.asset for each in ledger.listing.perps} if has_paid else set())
        return Block(
            ledger.time,
            ledger.height,
            tuple(ledger.events),
            frozenset(ledger.traded),
            frozenset(marked),
            tuple(answers),
        )

    def _follow_prices(self, paid: set[int]) -> set[int]:
        """Set marks, and do what they demand, which may move them again; the assets whose mark changed.

        Looked at is also what was traded (who took has perhaps lost much at once), what has been ``paid``
        for, and what has begun to wait for a price that was there already.
        """
        ledger = self.ledger
        moved = update_marks(ledger, ledger.traded | self._oracles)
        self._oracles = set()
        marked = set(moved)
        moved |= ledger.traded | paid
        for _ in range(MAX_CASCADE):
            look = moved | ledger.awakened
            ledger.awakened = set()
            if not look:
                break
            fire_triggers(ledger, look)
            liquidation.check(ledger, look)
            moved = update_marks(ledger, ledger.traded)
            marked |= moved
        else:
            self._oracles = moved  # the next block goes on
        return marked

    # Actions.

    def _use_nonce(self, submission: Submission) -> str | None:
        return self.nonces.check_and_add(submission.signer, submission.nonce, self.ledger.time)

    def _do(self, submission: Submission, is_known: bool) -> Answer:
        """Do one action, or say why not.

        Nonces are used up in the order in which actions came; only of a signer who was nobody when the block
        began, such as an agent who is approved in it, it is done here.
        """
        ledger = self.ledger
        is_own = isinstance(submission.action, UserSigned)
        if is_own:
            owner = resolve_owner(ledger, submission.signer)
        else:
            owner = resolve_signer(ledger, submission.signer, ledger.time)
        if owner is None:
            if is_own:
                return _refused(f"Must deposit before performing actions. User: {submission.signer}")
            return _refused(f"User or API Wallet {submission.signer} does not exist.")
        fault = None if is_known else self._use_nonce(submission)
        if fault is not None:
            return _refused(fault)
        actor = resolve_actor(ledger, owner, submission.vault)
        if isinstance(actor, str):
            return _refused(actor)
        if submission.expires_after is not None and ledger.time > submission.expires_after:
            charge_stale(actor)
            return _refused("Action already expired")
        action = submission.action
        if self._limits and not isinstance(action, NoopAction):
            fault = charge(actor, ledger.time, size_of(action), is_cancel=is_cancel(action))
            if fault is not None:
                return _refused(fault)
        ledger.begin_tx()
        try:
            return {"status": "ok", "response": self._execution.do(actor, action)}
        except Refusal as refusal:
            return _refused(str(refusal))

    # Dead man's switches.

    def _next_switch(self) -> int | None:
        return min(
            (each.cancel_at for each in self.ledger.armed.values() if each.cancel_at is not None),
            default=None,
        )

    def _due_switches(self) -> list[Account]:
        return [
            each
            for each in self.ledger.armed.values()
            if each.cancel_at is not None and each.cancel_at <= self.ledger.time
        ]

    # The market's desk.

    def open_account(self, name: str) -> Account:
        """An account of the house; its address is made of the name."""
        account = self.ledger.account("0x" + hashlib.blake2b(name.encode(), digest_size=20).hexdigest())
        account.is_house = account.exists = True
        account.name = name
        return account

    def place(self, account: Account, new: NewOrder) -> Order | None:
        """Place an order of the house at once; what rests of it."""
        self.ledger.begin_tx()
        order = place(self.ledger, account, new).order
        return order if order.is_resting else None

    def cancel(self, order: Order) -> None:
        """Cancel an order of the house at once."""
        if order.is_resting:
            end(self.ledger, order, Status.CANCELED)

    def reduce(self, order: Order, sz: int) -> None:
        """Take so much off an order of the house, less than all of it; its place in the queue stays."""
        asset = order.instrument.asset
        self.ledger.books[asset].reduce(order, sz)
        self.ledger.traded.add(asset)
        reserve(order, -sz)
        order.orig_sz -= sz

    def set_oracle(self, asset: int, px: int) -> None:
        """Set the price of the world outside."""
        self.ledger.oracles[asset] = px
        self._oracles.add(asset)


def _refused(text: str) -> Answer:
    return {"status": "err", "response": text}
