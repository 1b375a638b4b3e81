"""MessageBus: topics with any number of readers, and endpoints with one receiver each.

`publish` is a plain call that puts the event into the channel of every subscription whose pattern fits
and returns; it never waits and never runs a reader's code. Readers wake in their own tasks. So a slow
reader delays nobody, an error in one is nobody else's, and no reader sees another's event half done.

Handlers given to `subscribe` are readers, too: `run_handlers`, which the engine keeps running, calls
them one event at a time, each subscription in a task of its own.

Endpoints are the other way to talk: `request` and `send` call the one registered function, at once and
in the caller's stack, so a question has its answer (or its error) when the call returns.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar, overload

import attrs
import trio

from livetrio.errors import (
    EndpointAlreadyRegistered,
    EndpointNotFound,
    HandlerError,
    SlowConsumerError,
    UsageError,
)
from livetrio.model.identifiers import nearest
from livetrio.subscription import DEFAULT_CAPACITY, Overflow, Subscription
from livetrio.topics import RAW_PREFIX, TICK, Topic, is_lossy, topic_of

T = TypeVar("T")

Handler = Callable[[Any], Awaitable[object] | object]
"""Called with each event; awaited if it is an ``async def``."""

ErrorCallback = Callable[[str, Any, Exception], None]
"""Told pattern, event and error of a handler that raised."""

MAX_WILDCARDS = 1000
"""Different wildcard patterns at once. Each costs a comparison when a new topic is first used."""

MAX_IDLE_ROUTES = 10_000
"""Topics remembered although nobody subscribes to them; past that, those are forgotten and built anew."""


class Timing(Protocol):
    """Whoever measures how long functions hold the loop."""

    def timed(self, owner: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function, with its time taken; ``owner``: on whose behalf it is called."""
        ...


class _Route:
    """Where the events of one topic go: built when it is first used, again when subscriptions change."""

    __slots__ = ("offers", "published")

    def __init__(self) -> None:
        self.offers: tuple[Callable[[object], None], ...] = ()
        self.published = 0


@attrs.frozen(kw_only=True)
class TopicStatistics:
    """What was published on a topic."""

    topic: str
    published: int
    readers: int
    """Subscriptions now."""
    dropped: int
    """Events that some reader was too slow for, summed over the readers."""


class MessageBus:
    """Topics and endpoints of one engine. Make it before or inside `trio.run`; it owns no tasks."""

    def __init__(self, *, on_handler_error: ErrorCallback | None = None) -> None:
        self._routes: dict[str, _Route] = {}
        self._subscriptions: dict[Subscription[Any], None] = {}
        self._exact: dict[str, dict[Subscription[Any], None]] = {}
        self._prefixes: dict[str, dict[Subscription[Any], None]] = {}
        self._endpoints: dict[str, Callable[[Any], Any]] = {}
        self._handlers: dict[Subscription[Any], Handler] = {}
        self._dropped: Counter[str] = Counter()
        self._handlers_nursery: trio.Nursery | None = None
        self._handlers_running = 0
        self._handlers_done = trio.Event()
        self.timing: Timing | None = None
        """Who measures, if anybody does. To be set first: strategies and connections look at their start."""
        self.on_handler_error = on_handler_error
        """If set, told of every error in a handler, and the handler gets the next event all the same.
        If None, the error leaves `run_handlers`, and so stops the engine in order."""

    # Topics.

    def publish(self, topic: str, event: object) -> None:
        """Put the event into the channel of every subscription to the topic. Never waits."""
        route = self._routes.get(topic) or self._add_route(topic)
        route.published += 1
        for offer in route.offers:
            offer(event)

    def publish_batch(self, topic: str, events: Iterable[object]) -> None:
        """`publish` each of the events, in order."""
        for event in events:
            self.publish(topic, event)

    @overload
    def subscribe(
        self, pattern: Topic[T], /, *, capacity: int = ..., overflow: Overflow = ...
    ) -> Subscription[T]: ...
    @overload
    def subscribe(
        self, pattern: str, /, *patterns: str, capacity: int = ..., overflow: Overflow = ...
    ) -> Subscription[Any]: ...
    @overload
    def subscribe(
        self, pattern: str, handler: Handler, /, *, capacity: int = ..., overflow: Overflow = ...
    ) -> Subscription[Any]: ...
    def subscribe(
        self,
        pattern: str,
        /,
        *others: str | Handler,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> Subscription[Any]:
        """Begin to receive what is published on the topics that fit.

        With patterns only, returns a `Subscription` to iterate over. With a handler, the handler is
        called with each event while `run_handlers` runs; the same handler may be subscribed twice and is
        then called twice. One subscription gets an event once, even if two of its patterns fit.

        Args:
          pattern: a topic, or a prefix and ``*``.
          others: further patterns, or one handler.
          capacity: events the subscription holds before `overflow` applies.
          overflow: what happens to market data then. Other events are never lost (`SlowConsumerError`).
        """
        patterns = [pattern, *(other for other in others if isinstance(other, str))]
        handlers = [other for other in others if not isinstance(other, str)]
        if len(handlers) > 1:
            raise UsageError("subscribe() takes patterns and at most one handler")
        subscription: Subscription[Any] = Subscription(
            capacity=capacity, overflow=overflow, on_close=self._remove, on_drop=self._count_drop
        )
        self._subscriptions[subscription] = None
        try:
            for each in patterns:
                self.add_pattern(subscription, each)
        except UsageError:
            subscription.close()
            raise
        if handlers:
            self._handlers[subscription] = handlers[0]
            self._start_handler(subscription, handlers[0])
        return subscription

    def add_pattern(self, subscription: Subscription[Any], pattern: str) -> None:
        """Let a subscription of this bus receive the topics of one more pattern.

        One that has ended stays so; its reader is told when it reads.
        """
        if "*" in pattern[:-1]:
            raise UsageError(f"a pattern has its * at the end only, found {pattern!r}")
        if pattern in subscription.patterns or subscription.is_closed:
            return
        table, key = self._place(pattern)
        if table is self._prefixes and key not in table and len(table) >= MAX_WILDCARDS:
            raise UsageError(f"there are {MAX_WILDCARDS} wildcard patterns already; close some first")
        subscription.patterns += (str(pattern),)
        table.setdefault(key, {})[subscription] = None
        self._rebuild(pattern)

    def remove_pattern(self, subscription: Subscription[Any], pattern: str) -> None:
        """Let a subscription no longer receive the topics of this pattern; what it holds stays."""
        if pattern in subscription.patterns:
            subscription.patterns = tuple(each for each in subscription.patterns if each != pattern)
            if not subscription.is_closed:
                self._forget(subscription, pattern)

    @overload
    def unsubscribe(self, subscription: Subscription[Any], /) -> None: ...
    @overload
    def unsubscribe(self, pattern: str, handler: Handler, /) -> None: ...
    def unsubscribe(self, what: Subscription[Any] | str, handler: Handler | None = None, /) -> None:
        """End a subscription, named by itself or (the latest such) by its pattern and handler."""
        if isinstance(what, Subscription):
            what.close()
            return
        for subscription in reversed(list(self._handlers)):
            if what in subscription.patterns and self._handlers[subscription] == handler:
                subscription.close()
                return

    def unsubscribe_all(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def _count_drop(self, topic: str | None, event: object) -> None:
        self._dropped[topic or topic_of(event) or type(event).__name__] += 1

    def _remove(self, subscription: Subscription[Any]) -> None:
        del self._subscriptions[subscription]
        self._handlers.pop(subscription, None)
        for pattern in subscription.patterns:
            self._forget(subscription, pattern)

    def _place(self, pattern: str) -> tuple[dict[str, dict[Subscription[Any], None]], str]:
        """The table that holds the pattern's subscriptions, and the key there."""
        return (self._prefixes, pattern[:-1]) if pattern.endswith("*") else (self._exact, str(pattern))

    def _forget(self, subscription: Subscription[Any], pattern: str) -> None:
        table, key = self._place(pattern)
        del table[key][subscription]
        if not table[key]:
            del table[key]
        self._rebuild(pattern)

    def _rebuild(self, pattern: str) -> None:
        """Build again the routes that a pattern touches."""
        table, key = self._place(pattern)
        if table is self._exact:
            if key in self._routes:
                self._routes[key].offers = self._offers(key)
            return
        for topic, route in self._routes.items():
            if topic.startswith(key):
                route.offers = self._offers(topic)

    def _add_route(self, topic: str) -> _Route:
        if len(self._routes) >= MAX_IDLE_ROUTES:
            self._routes = {name: route for name, route in self._routes.items() if route.offers}
        route = self._routes[str(topic)] = _Route()
        route.offers = self._offers(topic)
        return route

    def _offers(self, topic: str) -> tuple[Callable[[object], None], ...]:
        readers = dict(self._exact.get(topic, {}))
        for prefix, subscriptions in self._prefixes.items():
            if topic.startswith(prefix):
                readers.update(subscriptions)
        return tuple(_offer_for(topic, subscription) for subscription in readers)

    # Handlers.

    async def run_handlers(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Call the handlers given to `subscribe` as events arrive, until cancelled.

        Raises:
          HandlerError: a handler raised and `on_handler_error` is not set.
        """
        async with trio.open_nursery() as nursery:
            self._handlers_nursery = nursery
            try:
                for subscription, handler in self._handlers.items():
                    self._start_handler(subscription, handler)
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._handlers_nursery = None

    def _start_handler(self, subscription: Subscription[Any], handler: Handler) -> None:
        if self._handlers_nursery is not None:
            if not self._handlers_running:
                self._handlers_done = trio.Event()
            self._handlers_running += 1
            self._handlers_nursery.start_soon(self._run_handler, subscription, handler)

    async def _run_handler(self, subscription: Subscription[Any], handler: Handler) -> None:
        pattern = subscription.patterns[0]
        timed: Handler | None = None
        try:
            async for event in subscription:
                if timed is None and self.timing is not None:
                    timed = self.timing.timed(f"handler of {pattern}", handler)
                try:
                    result = (timed or handler)(event)
                    if inspect.isawaitable(result):
                        await result
                except Exception as error:
                    if self.on_handler_error is None:
                        name = getattr(handler, "__qualname__", repr(handler))
                        raise HandlerError(f"the handler {name} of {pattern!r} raised {error!r}") from error
                    self.on_handler_error(pattern, event, error)
        except SlowConsumerError as error:
            if self.on_handler_error is None:
                raise
            self.on_handler_error(pattern, None, error)
        finally:
            self._handlers_running -= 1
            if not self._handlers_running:
                self._handlers_done.set()

    async def finish_handlers(self) -> None:
        """Let the handlers have what was published so far and nothing after, and wait until they have.

        Ends their subscriptions, for the caller is about to end `run_handlers`. Sets no limit of its own.
        """
        for subscription in list(self._handlers):
            subscription.finish()
        while self._handlers_running:
            await self._handlers_done.wait()

    # Endpoints.

    def register(self, endpoint: str, handler: Callable[[Any], Any]) -> None:
        """Make ``handler`` the one receiver of an endpoint.

        Raises:
          EndpointAlreadyRegistered: it has one already; `deregister` that first.
        """
        if endpoint in self._endpoints:
            raise EndpointAlreadyRegistered(f"the endpoint {endpoint!r} has a receiver already")
        self._endpoints[endpoint] = handler

    def deregister(self, endpoint: str) -> None:
        """Take the receiver of an endpoint away; no error if there is none."""
        self._endpoints.pop(endpoint, None)

    def request(self, endpoint: str, payload: Any = None) -> Any:
        """Call the endpoint's receiver and return its answer; what it raises, the caller gets.

        A receiver that is an ``async def`` answers with something to await.

        Raises:
          EndpointNotFound: nobody registered it.
        """
        try:
            handler = self._endpoints[endpoint]
        except KeyError:
            close = nearest(endpoint, self._endpoints)
            hint = f"; did you mean {close!r}?" if close else ""
            raise EndpointNotFound(f"no endpoint {endpoint!r} is registered{hint}") from None
        return handler(payload)

    def send(self, endpoint: str, command: Any) -> None:
        """Hand a command to the endpoint's receiver; what it returns is of no interest."""
        self.request(endpoint, command)

    # What went through.

    def statistics(self) -> list[TopicStatistics]:
        """Counts per topic, by name."""
        return [
            TopicStatistics(
                topic=topic,
                published=route.published,
                readers=len(route.offers),
                dropped=self._dropped[topic],
            )
            for topic, route in sorted(self._routes.items())
        ]

    @property
    def subscriptions(self) -> tuple[Subscription[Any], ...]:
        """Those that are open, oldest first."""
        return tuple(self._subscriptions)

    def __repr__(self) -> str:
        return (
            f"<MessageBus {len(self._routes)} topics, {len(self._subscriptions)} subscriptions, "
            f"{len(self._endpoints)} endpoints>"
        )


def _offer_for(topic: str, subscription: Subscription[Any]) -> Callable[[object], None]:
    if topic == TICK:
        return subscription.offer_tick
    if not is_lossy(topic) or subscription.overflow is Overflow.CLOSE:
        return subscription.offer_certain
    if subscription.overflow is Overflow.LATEST:
        return functools.partial(subscription.offer_latest, topic)
    if topic.startswith(RAW_PREFIX):
        return functools.partial(subscription.offer_named, topic)
    return subscription.offer
