"""Guard: who may look at the page's API, and who may act by it.

Other sites in the operator's browser may do neither. A page of theirs can send requests here, and even read
the answers after it has let its own name resolve to this machine (DNS rebinding); so what says in its headers
that another site has made it is refused, and so is whatever was not asked of an address. (Through a tunnel
the port is another; that is all right.) There are no cookies: to act takes the token in a header, which no
other site can know.
"""

from __future__ import annotations

import hmac
import re
from ipaddress import ip_address

from livetrio.operations.config import is_loopback
from livetrio.operations.http.asked import Asked, Refusal

_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
"""Name or address, and a port."""


class Guard:
    """Of one address."""

    def __init__(self, host: str, token: str | None) -> None:
        """Take the host that is served on, and what has to be shown to act; None: nobody may."""
        self._host = host
        self._token = token

    def let_look(self, asked: Asked) -> None:
        """Raises `Refusal` unless somebody may look who asks so."""
        host = asked.headers.get("host", "")
        if not self._is_here(host):
            raise Refusal(403, f"asked of {host[:80]!r}, which is no address that is served here")
        origin = asked.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refusal(403, f"another site has asked: {origin[:80]!r}")
        site = asked.headers.get("sec-fetch-site", "none")
        # The page itself may be linked to; it shows nothing to whoever has made the link.
        if site not in ("none", "same-origin") and (asked.method, asked.path) != ("GET", "/"):
            raise Refusal(403, "another site has asked")

    def let_act(self, asked: Asked) -> None:
        """Raises `Refusal` unless somebody may act who asks so, and may look."""
        if self._token is None:
            raise Refusal(
                403, "nobody may act by HTTP here: operations.token is not set, so there is nothing to show"
            )
        scheme, _, shown = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown:
            raise Refusal(
                401, "to act, show the token: Authorization: Bearer TOKEN", ("www-authenticate", "Bearer")
            )
        if not hmac.compare_digest(shown.strip().encode(), self._token.encode()):
            raise Refusal(401, "this is not the token", ("www-authenticate", "Bearer"))

    def _is_here(self, host: str) -> bool:
        parts = _HOST.fullmatch(host)
        if parts is None:
            return False
        name = parts[1]
        if name == "localhost":
            return True
        try:
            address = ip_address(name.strip("[]"))
        except ValueError:
            return False
        if address.is_loopback or is_loopback(self._host):
            return address.is_loopback
        served = ip_address(self._host)
        return served.is_unspecified or address == served
