"""Every error of livetrio, in one tree; the classes say whose fault it was.

    LiveTradingError
    ├── ConfigError                 yours: the configuration or the command line is wrong (exit 2)
    ├── UsageError                  yours: the API was called in a way that cannot work
    │   ├── AlreadyRunning          run() while it runs
    │   ├── NotRunning              a call that needs the running engine
    │   ├── UnknownInstrument       no venue of this engine has that instrument
    │   ├── OrderNotFound           an order that is not there, or was over long ago
    │   ├── EndpointNotFound        request() or send() to a name nobody registered
    │   └── EndpointAlreadyRegistered
    ├── SlowConsumerError           yours: a subscription that may not lose events was not read in time
    ├── StrategyFailed              yours: a strategy raised; its own error is the __cause__
    ├── HandlerError                yours: a handler given to subscribe() raised
    ├── SimulationFailed            yours or ours: in a simulated world something did not hold
    ├── ConnectionFailed            theirs or the network's: no session came about
    │   ├── ConnectTimeout          … within the deadline
    │   ├── TlsError                … because the certificate or the handshake is wrong
    │   └── HandshakeRefused        … because the server answered the upgrade with another status
    ├── ConnectionLost              the network's: a session that was up has ended
    │   ├── HeartbeatLost           … silent for two heartbeat intervals
    │   ├── FeedsSilent             … every stream on it fell silent though the socket answers
    │   └── WebSocketError          theirs: they broke the protocol, or sent only garbage
    ├── MaxReconnectAttempts        a connection that was given up
    ├── AllConnectionsFailed        … and it was the last one
    ├── AccountInUse                yours: another engine on this machine trades the account
    ├── AccountRefused              yours: key, account and journal do not belong together, or have no money
    ├── HttpError                   theirs or the network's: a request without a usable answer
    ├── NoAnswer                    an engine runs, and does not answer a command
    ├── AlertNotSent                theirs or the network's: a channel did not take a message for people
    ├── JournalError                the journal cannot be used; its file is left as it is
    │   ├── JournalInUse            yours: another engine writes it
    │   ├── JournalForeign          yours: the file is none of livetrio's journals
    │   ├── JournalNewer            yours: a later version of livetrio wrote it
    │   ├── JournalCorrupt          the disk's: it is damaged in the middle
    │   └── JournalFailed           the disk's: it cannot be opened or written
    └── FrameError                  theirs: one message that makes no sense; it is dropped and counted

What is expected and has a name (a price refused, a feed gone stale) is a value on the bus, not an
exception.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs


class LiveTradingError(Exception):
    """The root of the tree: ``except LiveTradingError`` catches whatever livetrio itself raises."""


@attrs.frozen
class Problem:
    """One thing that is wrong in a configuration."""

    path: str
    """Where: ``engine.tick_interval_ms``, ``strategies[0].params.size``."""
    message: str
    """What was expected, what was found, and what to do."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(LiveTradingError):
    """The configuration is wrong; ``problems`` holds every fault that was found, not only the first."""

    def __init__(self, problems: Sequence[Problem], source: str = "configuration") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        head = f"{source}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


class UsageError(LiveTradingError):
    """The API was called in a way that cannot work."""


class AlreadyRunning(UsageError):
    """``run()`` was called on an engine that runs already."""


class NotRunning(UsageError):
    """The call needs an engine that runs."""


class UnknownInstrument(UsageError):
    """The instrument is in no venue's list; the message names the nearest that is."""


class OrderNotFound(UsageError):
    """There is no such order, or it was over so long ago that it is remembered no more."""


class EndpointNotFound(UsageError):
    """Nobody registered the endpoint that ``request()`` or ``send()`` named."""


class EndpointAlreadyRegistered(UsageError):
    """Each endpoint has one receiver, and this one has its own already."""


class SlowConsumerError(LiveTradingError):
    """A subscription that may not lose events was full, so it was closed; what it held was delivered."""


class StrategyFailed(LiveTradingError):
    """A strategy raised; the error itself is the ``__cause__``."""


class HandlerError(LiveTradingError):
    """A handler given to ``MessageBus.subscribe`` raised; the error itself is the ``__cause__``."""


class SimulationFailed(LiveTradingError):
    """In a simulated world something did not hold; the text says what, when, and how to see it again."""


class ConnectionFailed(LiveTradingError):
    """No session came about: refused, not resolved, or not answered."""


class ConnectTimeout(ConnectionFailed):
    """Dialing, TLS and the upgrade together took longer than ``connect_timeout_ms``."""


class TlsError(ConnectionFailed):
    """The certificate does not verify, or the TLS handshake failed. It is never skipped."""


class HandshakeRefused(ConnectionFailed):
    """The server answered the WebSocket upgrade with a status other than 101."""

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        """Seconds that the server asked us to stay away, from its ``Retry-After``."""


class ConnectionLost(LiveTradingError):
    """A session that was up has ended: closed, reset, or found dead."""


class HeartbeatLost(ConnectionLost):
    """Nothing at all arrived for two heartbeat intervals."""


class FeedsSilent(ConnectionLost):
    """The socket answers, but every stream on it that should speak regularly has fallen silent."""


class WebSocketError(ConnectionLost):
    """The far side broke RFC 6455, or sent nothing but frames that make no sense."""


class MaxReconnectAttempts(LiveTradingError):
    """A connection was given up after ``max_reconnect_attempts`` attempts in a row."""


class AllConnectionsFailed(LiveTradingError):
    """Every connection of the engine was given up."""


class AccountInUse(LiveTradingError):
    """Another engine on this machine trades the account; the message names its process."""


class AccountRefused(LiveTradingError):
    """The account cannot be traded: its key, its journal or its money is not what it should be."""


class NoAnswer(LiveTradingError):
    """An engine runs on this machine, and does not answer a command."""


class HttpError(LiveTradingError):
    """An HTTP request got no usable answer. For a request that acts, the outcome is unknown."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The status, or ``None`` where no answer came at all."""


class AlertNotSent(LiveTradingError):
    """A channel did not take a message that somebody was to read; the text says why, without secrets."""


class JournalError(LiveTradingError):
    """The journal cannot be used. The message names the file, what was found, and what to do."""


class JournalInUse(JournalError):
    """Another process writes this journal; the message has its process id."""


class JournalForeign(JournalError):
    """The file is there and is no journal, or there is none to be read."""


class JournalNewer(JournalError):
    """A later version of livetrio wrote the journal, in a form that this one does not know."""


class JournalCorrupt(JournalError):
    """The journal is damaged elsewhere than at its tail, so that what it says cannot be trusted."""


class JournalFailed(JournalError):
    """The journal cannot be opened or written: the disk is full or failing, or it is not allowed.

    No order leaves without its record, so none leaves until a commit succeeds.
    """


class FrameError(LiveTradingError):
    """One message of a venue makes no sense. It is dropped, counted and named once per kind."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        """The fault's short name: ``bad-json``, ``bad-utf8``, ``wrong-types``, ``unknown-channel``, …"""
        self.detail = detail
