"""Signed: a request that acts, from what a client sent to what the chain is given.

Who signed is found out here, by computing the signer of what was understood (`chain.actions`): an address
that nobody knows means that the client signed something else (§5.7, §6.8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from livetrio.exchange.chain.actions import U64, Address, AnyAction
from livetrio.exchange.chain.agents import resolve_signer
from livetrio.exchange.chain.chain import Answer, Submission
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.signing import BadSignature, Signature, recover_one
from livetrio.exchange.typed_data import USER_SIGNED, Network


class CannotRead(Exception):
    """A body is no signed request: 422 (§1.5)."""


class SignedRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body of POST /exchange, and the payload of an action posted over a WebSocket (§5.1)."""

    action: AnyAction
    nonce: U64
    signature: Signature
    vault_address: Address | None = None
    expires_after: U64 | None = None


class Gate:
    """Reads signed requests for one exchange."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._network = Network.TESTNET
        """Which network's signature the last client had: the next one most probably has it, too."""

    def read(self, payload: Any, done: Callable[[Answer], None]) -> Submission | str:
        """Understand a request and find its signer; a text if it is refused before any block.

        Args:
          payload: decoded JSON.
          done: goes into the submission.

        Raises:
          CannotRead: it does not fit the schema.
        """
        try:
            request: SignedRequest = msgspec.convert(payload, SignedRequest)
        except (msgspec.ValidationError, RecursionError) as error:
            raise CannotRead(str(error)) from None
        kind = request.action.__struct_config__.tag
        if kind in USER_SIGNED:
            inner = getattr(request.action, "nonce", None) or getattr(request.action, "time", None)
            if inner != request.nonce:
                return f"Invalid nonce: {request.nonce} is not that of the action"  # the text is ours
            if request.expires_after is not None:
                return "expiresAfter is not for actions that users sign themselves"  # ours, too
        try:
            signer = self._find_signer(request)
        except BadSignature as error:
            return str(error)
        # A user's own signature does not say for whom it is: it is for the user.
        vault = None if kind in USER_SIGNED else request.vault_address
        return Submission(request.action, request.nonce, signer, vault, request.expires_after, done)

    def _find_signer(self, request: SignedRequest) -> str:
        """The signer that is known, of the two that may be; or else of the network the client uses."""
        signer = self._recover(request, self._network)
        if resolve_signer(self._ledger, signer, self._ledger.time) is None:
            other = Network.MAINNET if self._network is Network.TESTNET else Network.TESTNET
            candidate = self._recover(request, other)
            if resolve_signer(self._ledger, candidate, self._ledger.time) is not None:
                self._network = other
                return candidate
        return signer

    def _recover(self, request: SignedRequest, network: Network) -> str:
        r, s, v = request.signature.numbers()
        return recover_one(
            request.action,
            nonce=request.nonce,
            vault=request.vault_address,
            expires_after=request.expires_after,
            r=r,
            s=s,
            v=v,
            network=network,
        )
