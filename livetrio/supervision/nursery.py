"""Services: tasks that outlive the ones that use them.

A plain nursery ends all its tasks at once. But a strategy that is told to stop may still want its
connection for a moment, to cancel an order; so connections must end after strategies, whoever asked for
the end and from wherever. `open_service_nursery` gives that order: its tasks are shielded from
cancellation until the body of the block has been left, and cancelled then.

    async with open_service_nursery() as services:
        await services.start(connection.run)
        async with trio.open_nursery() as strategies:     # ends first, cancelled or not
            ...

If a service fails, the body is cancelled, the other services live until it has left, and the error
comes out of the block. (The idea is tricycle's service nursery; trio issues 147 and 1521.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio


class ServiceNursery:
    """Starts services. Made by `open_service_nursery`."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._scopes: set[trio.CancelScope] = set()
        self._leaving = False

    def start_soon(self, task: Callable[..., Awaitable[object]], *args: Any, name: str | None = None) -> None:
        """Run a service until the block has been left."""
        self._nursery.start_soon(self._shielded, task, *args, name=name or _name_of(task))

    async def start(self, task: Callable[..., Awaitable[object]], *args: Any, name: str | None = None) -> Any:
        """Run a service, and wait until it calls ``task_status.started``."""
        return await self._nursery.start(self._shielded_start, task, *args, name=name or _name_of(task))

    async def _shielded(self, task: Callable[..., Awaitable[object]], *args: Any) -> None:
        with trio.CancelScope(shield=not self._leaving) as scope:
            self._scopes.add(scope)
            try:
                await task(*args)
            finally:
                self._scopes.discard(scope)

    async def _shielded_start(
        self,
        task: Callable[..., Awaitable[object]],
        *args: Any,
        task_status: trio.TaskStatus[Any],
    ) -> None:
        status = _ShieldWhenStarted(task_status)
        with trio.CancelScope() as scope:
            status.scope = scope
            status.owner = self
            try:
                await task(*args, task_status=status)
            finally:
                self._scopes.discard(scope)

    def shield(self, scope: trio.CancelScope) -> None:
        """Let a scope inside one of this nursery's tasks outlive the body of the block."""
        self._scopes.add(scope)
        scope.shield = not self._leaving

    def leave(self) -> None:
        """The body has been left: services may be cancelled now, and are."""
        self._leaving = True
        for scope in self._scopes:
            scope.shield = False
        self._nursery.cancel_scope.cancel()


class _ShieldWhenStarted:
    """Passes ``started`` on; until then the starter may still cancel the service, afterwards not."""

    scope: trio.CancelScope
    owner: ServiceNursery

    def __init__(self, inner: trio.TaskStatus[Any]) -> None:
        self._inner = inner

    def started(self, value: Any = None) -> None:
        # The starter was cancelled already: then it goes on waiting for this task, but for its end.
        is_given_up = trio.current_effective_deadline() == float("-inf")
        self._inner.started(value)
        if not is_given_up:
            self.owner.shield(self.scope)


@asynccontextmanager
async def open_service_nursery() -> AsyncIterator[ServiceNursery]:
    """A nursery whose tasks are cancelled only after the body of the block has been left."""
    async with trio.open_nursery() as nursery:
        services = ServiceNursery(nursery)
        try:
            yield services
        finally:
            services.leave()


def lone_leaf(error: BaseException) -> BaseException:
    """The one error in a group of groups, or the group where there are several; what is no group itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def is_cancellation(error: BaseException) -> bool:
    """Whether it is a cancellation, or a group of nothing else: a nursery makes one of its tasks'."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[1] is None
    return isinstance(error, trio.Cancelled)


def _name_of(task: Callable[..., Awaitable[object]]) -> str:
    return getattr(task, "__qualname__", repr(task))
