"""Work for workers: functions that other processes can import."""

import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

from livetrio.simulation.plan import Plan


def make(work):
    return work


def name_seed(plan: Plan, heard: Path):
    """That of 0 waits until a third one has begun, which is when the second was heard of."""
    if plan.seed > 1:
        heard.touch()
    deadline = time.monotonic() + 30
    while plan.seed == 0 and not heard.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return f"seed {plan.seed}"


def tell_process(plan: Plan):
    return os.getpid()


def misbehave(plan: Plan, seed: int, how: str):
    if plan.seed != seed:
        return plan.seed
    match how:
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exits":
            os._exit(7)
        case "raises":
            raise ValueError("a slip of mine")
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hangs":
            while True:
                pass
    raise AssertionError(how)


def misbehaving(seed: int, how: str):
    return partial(misbehave, seed=seed, how=how)


def cannot_be_made():
    raise LookupError("nothing to work with")


def wait_long(plan: Plan):
    time.sleep(60)


def leave_folder(plan: Plan):
    folder = tempfile.mkdtemp()
    if plan.seed == 1:
        os._exit(1)
    return folder
