"""The tree of tasks: what runs in the process, whose each is, and where it waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import trio

MAX_TASKS = 2000
"""More are not told."""

PACKAGE = "livetrio"


@attrs.frozen(kw_only=True)
class TaskView:
    """A task."""

    name: str
    owner: str | None
    """The task that ends after it and hears its error; None: the first of all."""
    depth: int
    """How many tasks stand above it."""
    waits: str | None
    """Where: the innermost place in the engine's or a strategy's code, not in trio's."""


def list_tasks() -> list[TaskView]:
    """All of them, each after its owner; to be called inside of `trio.run`."""
    root = trio.lowlevel.current_root_task()
    views: list[TaskView] = []
    left: list[tuple[trio.lowlevel.Task, str | None, int]] = [] if root is None else [(root, None, 0)]
    while left and len(views) < MAX_TASKS:
        task, owner, depth = left.pop()
        name = _name(task)
        views.append(TaskView(name=name, owner=owner, depth=depth, waits=_find_place(task.coro)))
        children = [each for nursery in task.child_nurseries for each in nursery.child_tasks]
        children.sort(key=_name, reverse=True)
        left.extend((each, name, depth + 1) for each in children)
    return views


def _name(task: trio.lowlevel.Task) -> str:
    """Functions by their own name alone."""
    if task is trio.lowlevel.current_root_task():
        return "trio"
    return task.name.rpartition(".")[2] if " " not in task.name else task.name


def _find_place(coro: Any) -> str | None:
    found = None
    for frame in _frames(coro):
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in ("trio", "trio_websocket", "contextlib"):
            found = f"{module.removeprefix(f'{PACKAGE}.')}:{frame.f_lineno} {frame.f_code.co_name}"
    return found


def _frames(coro: Any) -> Iterator[Any]:
    """From the outermost on."""
    while coro is not None:
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "ag_frame", None)
        if frame is None:
            return
        yield frame
        coro = getattr(coro, "cr_await", None) or getattr(coro, "ag_await", None)
