"""Wallet: the money of one account: what the venue said last, and what has moved since.

A report tells how things were at its time, and may be here before or after the fills of that time. So what
moves is kept with its time for a while, and counts on top of the report only if it is later.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import attrs

from livetrio.engines.holding import ZERO
from livetrio.model import Account, AccountReport, Balance

KEPT_MOVES = 1_000
"""Far more than happens between a report's time and its arrival."""


@attrs.frozen
class Move:
    """Money that came or went."""

    ts: int
    currency: str | None
    """None: margin money."""
    amount: Decimal


class Wallet:
    """One account's money. Until the venue has reported it, there is no account to tell of."""

    def __init__(self) -> None:
        self.report: AccountReport | None = None
        self.balance = ZERO
        """Margin money, without open positions' profit."""
        self.balances: dict[str, Balance] = {}
        """Spot, by currency."""
        self.unrealized = ZERO
        """Open positions' profit, as the engine tells it."""
        self._moves: deque[Move] = deque(maxlen=KEPT_MOVES)

    def move(self, ts: int, amount: Decimal, currency: str | None = None) -> None:
        """Money comes, or goes: margin money, or what is held of a currency.

        Args:
          ts: when it did, by the venue's clock. What the last report must have known of counts for nothing.
          amount: below zero if it goes.
          currency: of spot.
        """
        if amount:
            move = Move(ts, currency, amount)
            self._moves.append(move)
            if self.report is not None and ts > self.report.ts_event:
                self._count(move)

    def take_report(self, report: AccountReport, reported: Decimal, unrealized: Decimal) -> None:
        """Begin again with what the venue says.

        Args:
          report: not older than the last one.
          reported: the open positions' profit that is in its equity.
          unrealized: their profit now.
        """
        self.report = report
        self.balance = report.equity - reported
        self.balances = dict(report.balances)
        self.unrealized = unrealized
        for move in self._moves:
            if move.ts > report.ts_event:
                self._count(move)

    def _count(self, move: Move) -> None:
        if move.currency is None:
            self.balance += move.amount
        else:
            had = self.balances.get(move.currency, Balance(total=ZERO))
            self.balances[move.currency] = Balance(total=had.total + move.amount, locked=had.locked)

    def account(self, now: int) -> Account | None:
        """The account as it is, or None where it was never reported.

        Args:
          now: UTC nanoseconds; of what has happened now.
        """
        report = self.report
        if report is None:
            return None
        return Account(
            account_id=report.account_id,
            currency=report.currency,
            balance=self.balance,
            available=report.available,
            unrealized_pnl=self.unrealized,
            margin_used=report.margin_used,
            balances=dict(self.balances),
            ts_event=max(now, report.ts_event),
        )
