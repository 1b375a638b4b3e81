"""Schedule: makes a run of trio the same each time. The only one here that knows trio's private names.

What trio leaves to chance, and what libraries and strategies draw by themselves, comes from the seed while
the block runs: the order of tasks that are ready at one moment, `os.urandom` (masking keys, ids), and the
module `random`. The garbage collector stands still, for finalizers run when memory says so, and threads are
refused, for they run when the machine says so.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any, NoReturn

import trio_websocket
from trio._core import _run as trio_run

_NAMES = ("_ALLOW_DETERMINISTIC_SCHEDULING", "_r")


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Let `trio.run` in this block be the same for the same seed; all is as before afterwards.

    Raises:
      RuntimeError: this version of trio has no such switch.
    """
    missing = [name for name in _NAMES if not hasattr(trio_run, name)]
    if missing:
        raise RuntimeError(
            f"this version of trio cannot be made deterministic: it has no {', '.join(missing)}"
        )
    urandom = Random(f"{seed}/urandom").randbytes
    with ExitStack() as stack:
        put = stack.enter_context
        put(_replaced(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True))
        put(_replaced(trio_run, "_r", Random(f"{seed}/schedule")))
        put(_replaced(os, "urandom", urandom))
        put(_replaced(random, "_urandom", urandom))  # what `secrets` and `SystemRandom` use
        put(_replaced(trio_websocket.WebSocketConnection, "CONNECTION_ID", itertools.count()))
        put(_replaced(threading.Thread, "start", _refuse_thread))
        put(_global_random(seed))
        put(_collector_off())
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _global_random(seed: int) -> Iterator[None]:
    before = random.getstate()
    random.seed(f"{seed}/random")
    try:
        yield
    finally:
        random.setstate(before)


@contextmanager
def _collector_off() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        gc.collect()


def _refuse_thread(thread: threading.Thread) -> NoReturn:
    raise RuntimeError(f"no threads in a simulation: {thread.name} was to be started; it has no virtual time")
