"""Limits: what the clients of one IP address may still do, over all their connections (§1.2).

Rates are counted over a sliding minute: what was taken counts for the 60 s after it, so no 60 s ever hold
more than the limit, and a client that has used it up waits until its own oldest requests are a minute old.
How the venue counts is not known. What is refused does not count.

Where the page is silent, texts are from a client's list of what the live server sent (nktkas/hyperliquid
issue 78, 2025-11-10): beyond the messages of a minute the venue says so on the error channel, and the
connection lives. That such a message is then not acted on is ours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

TOO_MANY_MESSAGES = "Cannot send more than {} messages per minute."
TOO_MANY_SUBSCRIPTIONS = "Cannot subscribe to more than {} channels."
TOO_MANY_USERS = "Cannot track more than {} total users."
TOO_MANY_POSTS = "too many pending post requests id={}"

MINUTE = 60.0
"""Seconds."""

SLOT = 0.125
"""What is taken within so many seconds is remembered as one, which bounds the memory: it counts so much
longer than a minute at the most. A power of two, so that nothing is rounded."""


@attrs.frozen(kw_only=True)
class Caps:
    """How much one IP address may do. The defaults are the venue's."""

    rest_weight: int = 1200
    """Each minute; `weights` has what each request weighs."""
    connections: int = 10
    """WebSockets at one time."""
    new_connections: int = 30
    """Each minute."""
    subscriptions: int = 1000
    users: int = 14
    """Different ones in subscriptions. The docs say 10; the live server refuses the 15th, and calls that
    more than 15."""
    messages: int = 2000
    """From clients to the server, each minute."""
    pending_posts: int = 100


VENUE_CAPS = Caps()


class Limits:
    """What one IP address has used.

    Whoever holds it takes before acting, and gives back what lasts: a connection that ends gives back its
    subscriptions and its posts, too.
    """

    def __init__(self, now: Callable[[], float], caps: Caps | None = VENUE_CAPS) -> None:
        """Begin with nothing used.

        Args:
          now: the clock, in seconds; it never goes back.
          caps: None: nothing is limited.
        """
        self._caps = caps
        self._rest = _Minute(now)
        self._new_connections = _Minute(now)
        self._messages = _Minute(now)
        self._connections = 0
        self._subscriptions = 0
        self._users: dict[str, int] = {}
        """How many subscriptions each has, in lower case."""
        self._pending_posts = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open and nothing counts any more, so that this may be forgotten."""
        minutes = (self._rest, self._new_connections, self._messages)
        return self._connections == 0 and all(each.used() == 0 for each in minutes)

    # REST.

    def take_rest(self, weight: int) -> bool:
        """A request that weighs so much; False: answer 429."""
        return self._caps is None or self._rest.take(weight, self._caps.rest_weight)

    def charge(self, extra: int) -> None:
        """A request that was let through has turned out to weigh more: it counts, even beyond the limit."""
        if self._caps is not None:
            self._rest.add(extra)

    # WebSockets.

    def connect(self) -> bool:
        """A new connection; False: refuse it."""
        if self._caps is not None:
            if self._connections >= self._caps.connections:
                return False
            if not self._new_connections.take(1, self._caps.new_connections):
                return False
        self._connections += 1
        return True

    def disconnect(self) -> None:
        """A connection that was let in has ended."""
        self._connections -= 1

    def take_message(self) -> bool:
        """A message from a client; False: ignore it, and send `messages_text` on the error channel."""
        return self._caps is None or self._messages.take(1, self._caps.messages)

    @property
    def messages_text(self) -> str:
        """What is said to a client that sends too many messages."""
        return TOO_MANY_MESSAGES.format((self._caps or VENUE_CAPS).messages)

    def subscribe(self, user: str | None) -> str | None:
        """A new subscription, to an account's news if there is a user; or the text for the error channel."""
        user = None if user is None else user.lower()
        if self._caps is not None:
            if self._subscriptions >= self._caps.subscriptions:
                return TOO_MANY_SUBSCRIPTIONS.format(self._caps.subscriptions)
            if user is not None and user not in self._users and len(self._users) >= self._caps.users:
                return TOO_MANY_USERS.format(self._caps.users + 1)
        self._subscriptions += 1
        if user is not None:
            self._users[user] = self._users.get(user, 0) + 1
        return None

    def unsubscribe(self, user: str | None) -> None:
        """A subscription that was let through has ended."""
        self._subscriptions -= 1
        if user is not None:
            user = user.lower()
            self._users[user] -= 1
            if self._users[user] == 0:
                del self._users[user]

    def begin_post(self, post_id: int) -> str | None:
        """A post request; or the text for the error channel."""
        if self._caps is not None and self._pending_posts >= self._caps.pending_posts:
            return TOO_MANY_POSTS.format(post_id)
        self._pending_posts += 1
        return None

    def end_post(self) -> None:
        """A post request that was let through has been answered, or nobody waits for it any more."""
        self._pending_posts -= 1


class _Minute:
    """What was taken in the last minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._slots: deque[tuple[int, int]] = deque()
        """(Number of the slot, what was taken in it), the oldest first; no more than one for each slot."""
        self._used = 0

    def used(self) -> int:
        """How much counts now."""
        over = self._now() - MINUTE
        slots = self._slots
        while slots and (slots[0][0] + 1) * SLOT <= over:
            self._used -= slots.popleft()[1]
        return self._used

    def take(self, count: int, cap: int) -> bool:
        """Count it, if the cap allows."""
        if self.used() + count > cap:
            return False
        self.add(count)
        return True

    def add(self, count: int) -> None:
        """Count it in any case."""
        slot = int(self._now() / SLOT)
        if self._slots and self._slots[-1][0] == slot:
            count_before = self._slots.pop()[1]
            self._slots.append((slot, count_before + count))
        else:
            self._slots.append((slot, count))
        self._used += count
