"""Control: what whoever runs the exchange may ask of it, on ``POST /control``. Pure; nothing is raised.

    {"type":"faults"}                                    what is at work, and what there is
    {"type":"fault","fault":"drop-connection every 30s"} {"id":1,"fault":"drop-connection every 30s"}
    {"type":"heal"} or {"type":"heal","id":1}            ends all faults, or one
    {"type":"state"}                                     how the exchange is
    {"type":"fund","user":"0x…","usdc":"1000"}           a deposit
    {"type":"oracle","coin":"BTC","px":"60000"}          sets an oracle price

No fault concerns it: what shuts everybody else out is healed here. A wrong request is answered with 422 and
``{"error": sentence}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from livetrio.exchange.faults.catalogue import FAULTS
from livetrio.exchange.faults.grammar import BadFault, parse_fault
from livetrio.exchange.faults.injector import Injector
from livetrio.model.identifiers import nearest

MAX_FAULTS = 100
"""At work at a time."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,12})?", re.ASCII)
_MAX_TEXT = 100


class Controls(Protocol):
    """What can be changed from outside. Texts say why it cannot; None: it is done."""

    def fund(self, user: str, usdc: str) -> str | None:
        """Deposit so much for a lower-case address."""
        ...

    def set_oracle(self, coin: str, px: str) -> str | None:
        """Set an oracle price."""
        ...

    def state(self) -> dict[str, Any]:
        """How the exchange is, for people to read; JSON."""
        ...


class _Wrong(Exception):
    """A request makes no sense; the text is one sentence."""


def handle(payload: Any, injector: Injector, controls: Controls) -> tuple[int, dict[str, Any]]:
    """Answer a request: a status, and JSON."""
    try:
        if not isinstance(payload, dict):
            raise _Wrong(f"expected an object with a type, found {_shown(payload)}")
        kind = payload.get("type")
        if not isinstance(kind, str) or kind not in _HANDLERS:
            close = nearest(kind, _HANDLERS) if isinstance(kind, str) else None
            hint = f"; did you mean {close}?" if close else ""
            raise _Wrong(f"expected type to be one of {', '.join(_HANDLERS)}, found {_shown(kind)}{hint}")
        known, answer = _HANDLERS[kind]
        for key in payload:
            if key != "type" and key not in known:
                expected = " and ".join(known) or "nothing"
                raise _Wrong(f"expected {expected} beside the type {kind}, found {_shown(key)}")
        return 200, answer(payload, injector, controls)
    except (_Wrong, BadFault) as error:
        return 422, {"error": str(error)}


def _faults(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    return {
        "faults": [{"id": number, "fault": str(fault)} for number, fault in injector.active],
        "catalogue": [
            {"name": kind.name, "sentence": kind.sentence, "acts": kind.place.value}
            for kind in FAULTS.values()
        ],
    }


def _fault(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    line = payload.get("fault")
    if not isinstance(line, str):
        raise _Wrong(f"expected a fault such as 'drop-connection every 30s', found {_shown(line)}")
    fault = parse_fault(line)
    if len(injector.active) >= MAX_FAULTS:
        raise _Wrong(f"expected no more than {MAX_FAULTS} faults at a time, found one more; heal some")
    return {"id": injector.add(fault), "fault": str(fault)}


def _heal(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    if "id" not in payload:
        healed = [number for number, _ in injector.active]
        injector.remove()
        return {"healed": healed}
    number = payload["id"]
    if type(number) is not int or not injector.remove(number):
        raise _Wrong(f"expected the number of a fault that is at work as id, found {_shown(number)}")
    return {"healed": [number]}


def _state(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    return controls.state()


def _fund(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    user = payload.get("user")
    if not isinstance(user, str) or _ADDRESS.fullmatch(user) is None:
        raise _Wrong(f"expected an address of 0x and 40 hex digits as user, found {_shown(user)}")
    user, usdc = user.lower(), _number(payload, "usdc")
    _demand(controls.fund(user, usdc))
    return {"user": user, "usdc": usdc}


def _oracle(payload: dict[str, Any], injector: Injector, controls: Controls) -> dict[str, Any]:
    coin, px = _word(payload, "coin"), _number(payload, "px")
    _demand(controls.set_oracle(coin, px))
    return {"coin": coin, "px": px}


_Handler = Callable[[dict[str, Any], Injector, Controls], dict[str, Any]]

_HANDLERS: dict[str, tuple[tuple[str, ...], _Handler]] = {
    "faults": ((), _faults),
    "fault": (("fault",), _fault),
    "heal": (("id",), _heal),
    "state": ((), _state),
    "fund": (("user", "usdc"), _fund),
    "oracle": (("coin", "px"), _oracle),
}
"""By type: the keys beside it, and who answers."""


def _word(payload: dict[str, Any], key: str) -> str:
    value = payload.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise _Wrong(f"expected a text as {key}, found {_shown(value)}")
    return value


def _number(payload: dict[str, Any], key: str) -> str:
    """A number above 0, plainly written; JSON's own numbers will do."""
    value = payload.get(key)
    text = value if isinstance(value, str) else ""
    if isinstance(value, int | float) and abs(value) < 10**15:
        text = str(value)
    if _NUMBER.fullmatch(text) is None or float(text) == 0:
        raise _Wrong(f"expected a number above 0 as {key}, such as '1000.5', found {_shown(value)}")
    return text


def _demand(error: str | None) -> None:
    if error is not None:
        raise _Wrong(error)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if abs(value) >= 10**_MAX_TEXT:
            return "a very large number"
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
