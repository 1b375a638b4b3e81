"""HyperliquidTrading: one account at Hyperliquid, for the execution engine.

It joins `batches` and `signing` (what leaves), `replies` (what is answered), `questions` (what can be asked)
and `budget` (how much of it).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from livetrio.model import (
    AccountReport,
    Fill,
    FundingPayment,
    Instrument,
    Order,
    OrderReport,
    SubmitOrder,
)
from livetrio.venues.base import HttpRequest
from livetrio.venues.hyperliquid import order_rules, questions, replies, wire
from livetrio.venues.hyperliquid.actions import Json
from livetrio.venues.hyperliquid.batches import ActionRequest, Batch, make_batches
from livetrio.venues.hyperliquid.budget import HyperliquidBudget
from livetrio.venues.hyperliquid.identity import ask_identity, ask_key_end
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.hyperliquid.nonces import Nonces
from livetrio.venues.hyperliquid.signers import make_signer
from livetrio.venues.hyperliquid.signing import sign_action
from livetrio.venues.trading import Command, CommandResult, Page, Question, SignedRequest

ACCOUNT_STREAM = "account"
"""The stream of the account's news, which carries its requests too."""

_POST = b'{"method":"post","id":%d,"request":{"type":"action","payload":%b}}'
"""What would be the body over HTTP, as the stream wants it."""


class HyperliquidTrading:
    """A `livetrio.venues.trading.Trading`."""

    stream = ACCOUNT_STREAM
    needs_limit_for_market = True

    def __init__(
        self,
        *,
        base_url: str,
        account: str,
        vault: str | None,
        secret: str,
        is_mainnet: bool,
        listing: Listing,
    ) -> None:
        """Trade with one account.

        Args:
          account: its address.
          vault: of a vault or sub-account for which the account acts; then what is traded is that one's.
          secret: the private key of the account, or of an agent that it has approved.
          is_mainnet: what is signed for one network is worth nothing on the other.

        Raises:
          UsageError: the secret is no private key.
        """
        self._signer = make_signer(secret)
        self._account = account.lower()
        self._vault = None if vault is None else vault.lower()
        self.user = self._vault or self._account
        """The address whose orders, money and positions these are: what is asked and listened for."""
        self.account_id = f"{wire.VENUE}-{self.user}"
        self.budget = HyperliquidBudget()
        self._exchange_url = base_url + wire.EXCHANGE_PATH
        self._info_url = base_url + wire.INFO_PATH
        self._is_mainnet = is_mainnet
        self._listing = listing
        self._nonces = Nonces()
        self._last_request_id = 0

    @property
    def signer_address(self) -> str:
        """The address of the key: the account's own, or an agent's."""
        return self._signer.address

    @property
    def last_nonce(self) -> int:
        """The highest nonce used."""
        return self._nonces.last

    @last_nonce.setter
    def last_nonce(self, nonce: int) -> None:
        self._nonces.last = nonce

    # Commands.

    def refusal(self, command: SubmitOrder, instrument: Instrument) -> str | None:
        """Why the venue would not take such an order, or None."""
        return order_rules.refusal(command, instrument)

    def sign(self, commands: Sequence[Command], *, now: int, expires: int | None) -> Sequence[SignedRequest]:
        """Requests for the commands: cancellations first, then modifications, then new orders.

        Raises:
          UnknownInstrument: an order is of an instrument that is not listed.
        """
        batches = make_batches(commands, self._listing, most=self.budget.entries_at_once())
        return [self._sign(batch, now, expires) for batch in batches]

    def _sign(self, batch: Batch, now: int, expires: int | None) -> ActionRequest:
        expires_after = (
            expires // wire.NANOSECONDS_PER_MILLISECOND
            if expires is not None and batch.lane.may_expire
            else None
        )
        nonce, body = self._signed_body(batch.action, now, expires_after)
        self._last_request_id += 1
        return ActionRequest(
            request_id=self._last_request_id,
            nonce=nonce,
            commands=batch.commands,
            entries=batch.entries,
            frame=_POST % (self._last_request_id, body),
            http=HttpRequest(url=self._exchange_url, body=body),
            expires=None if expires_after is None else expires_after * wire.NANOSECONDS_PER_MILLISECOND,
        )

    def _signed_body(self, action: Json, now: int, expires_after: int | None) -> tuple[int, bytes]:
        """The nonce, and what is posted."""
        nonce = self._nonces.next(now)
        signature = sign_action(
            self._signer,
            action,
            nonce,
            vault=self._vault,
            expires_after=expires_after,
            is_mainnet=self._is_mainnet,
        )
        payload = {"action": action, "nonce": nonce, "signature": signature.to_wire()}
        if self._vault is not None:
            payload["vaultAddress"] = self._vault
        if expires_after is not None:
            payload["expiresAfter"] = expires_after
        return nonce, msgspec.json.encode(payload)

    def read_reply(self, request: SignedRequest, body: bytes) -> Sequence[CommandResult]:
        """What the answer says of each command.

        Raises:
          FrameError: it makes no sense, so nothing is known.
        """
        self.budget.take_answer(request)
        entries = request.entries if isinstance(request, ActionRequest) else (1,) * len(request.commands)
        results = replies.read_reply(request.commands, entries, body)
        for result in results:
            if result.reason is not None:
                self.budget.learn_from_refusal(result.reason)
        return results

    # Questions.

    def ask_open_orders(self) -> Question[Sequence[OrderReport]]:
        """All orders that rest there, anybody's of the account."""
        return questions.ask_open_orders(self._info_url, self.user, self._listing)

    def ask_order(self, order: Order, revision: int) -> Question[OrderReport | None]:
        """One of our orders, as one revision of it stands; None: the venue knows of no such order."""
        return questions.ask_order(self._info_url, self.user, self._listing, order, revision)

    def ask_recent_orders(self) -> Question[Sequence[OrderReport]]:
        """The latest orders of the account (up to 2000), each as it stood last."""
        return questions.ask_recent_orders(self._info_url, self.user, self._listing)

    def ask_fills(self, since: int) -> Question[Page[Fill]]:
        """Fills from an instant on (UTC nanoseconds)."""
        return questions.ask_fills(self._info_url, self.user, self._listing, since)

    def ask_fundings(self, since: int) -> Question[Page[FundingPayment]]:
        """Funding payments from an instant on (UTC nanoseconds)."""
        return questions.ask_fundings(self._info_url, self.user, self._listing, since)

    def ask_account(self) -> Question[AccountReport]:
        """Money and positions."""
        return questions.ask_account(self._info_url, self.user, self._listing)

    def ask_identity(self) -> Question[str | None]:
        """Whether key and account belong together and there is money: what is wrong, or None."""
        return ask_identity(self._info_url, self._account, self._signer.address, self._vault)

    def ask_proof(self, now: int) -> Question[str | None]:
        """Why the venue does not take what the key signs, or None. A ``noop`` uses up its nonce, and is all
        that it does (exchange-endpoint, 2026-08-22)."""
        _, body = self._signed_body({"type": "noop"}, now, None)
        request = HttpRequest(url=self._exchange_url, body=body)
        return Question(requests=(request,), weight=1, read=lambda answers, _: replies.read_proof(answers[0]))

    def ask_key_end(self) -> Question[int | None]:
        """Until when the key may act for the account, UTC nanoseconds; None: no end is known."""
        return ask_key_end(self._info_url, self._account, self._signer.address)

    def ask_time(self) -> Question[int]:
        """The venue's clock, UTC nanoseconds."""
        return questions.ask_time(self._info_url)

    def ask_usage(self) -> Question[None]:
        """How many actions the account has had, and may have; to read the answer is to tell the budget."""
        question = questions.ask_usage(self._info_url, self.user)

        def read(answers: Sequence[bytes], ts_init: int) -> None:
            usage = question.read(answers, ts_init)
            self.budget.learn(usage.used, usage.cap)

        return Question(requests=question.requests, weight=question.weight, read=read)
