"""Answers to info requests: POST /info, and info posts over the socket (§4).

What does not exist here is told to be nothing (`absences`). What the exchange has no facts for is refused as
the venue refuses what its schema does not know, HTTP 422: ``vaultDetails`` of a vault, ``tokenDetails``,
``alignedQuoteTokenInfo``, ``preTransferCheck``, ``legalCheck``, ``isVip``, ``usdcRouting``, deployments and
their auctions (``perpDeployAuctionStatus``, ``spotDeployState``, ``spotPairDeployAuctionStatus``), borrowing
and lending (``borrowLend…``, ``allBorrowLendReserveStates``, ``userBorrowLendInterest``),
``outcomeTemplates``, validators, and the gossip of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from livetrio.exchange.api.absences import ABSENCES, AbsentRequest
from livetrio.exchange.api.account_answers import ACCOUNT_ANSWERS
from livetrio.exchange.api.market_answers import MARKET_ANSWERS, Answerer
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.requests import SCHEMA_ERROR, CannotAnswer, PublicRequest
from livetrio.exchange.api.trading_answers import TRADING_ANSWERS
from livetrio.exchange.api.user_requests import UserRequest
from livetrio.exchange.chain.ledger import Ledger

__all__ = ["SCHEMA_ERROR", "CannotAnswer", "InfoRequest", "answer_info", "read_info_request"]

InfoRequest = PublicRequest | UserRequest | AbsentRequest


def read_info_request(payload: Any) -> InfoRequest:
    """Read the decoded body of an info request.

    Raises:
      CannotAnswer: it is none, or none that this exchange can answer.
    """
    try:
        request: InfoRequest = msgspec.convert(payload, InfoRequest)
    except (msgspec.ValidationError, RecursionError, UnicodeError):
        raise CannotAnswer(SCHEMA_ERROR) from None
    return request


def answer_info(payload: Any, ledger: Ledger, records: Records) -> Any:
    """The answer to the decoded body of an info request, ready to be encoded; or the trouble that the venue
    has with it, as `Unavailable`. Nothing is changed by it.

    Raises:
      CannotAnswer: it is no info request, or none that this exchange can answer.
    """
    request = read_info_request(payload)
    kind = type(request)
    return ABSENCES[kind] if kind in ABSENCES else _ANSWERS[kind](request, ledger, records)


_ANSWERS: Mapping[type, Answerer] = {**MARKET_ANSWERS, **TRADING_ANSWERS, **ACCOUNT_ANSWERS}
