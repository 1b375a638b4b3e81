"""AccountLock: a second engine on an account is refused, and told who has it; a dead one has nothing."""

import os
import signal
import subprocess
import sys

import pytest

from livetrio.app.account_lock import account_locks, lock_folder
from livetrio.errors import AccountInUse
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

PROGRAM = """
import sys, pathlib
from livetrio.app.account_lock import account_locks
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue
venue = HyperliquidVenue(HyperliquidConfig(network="testnet"), key="11" * 32)
with account_locks([venue], pathlib.Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def venue(network="testnet", key="11" * 32):
    return HyperliquidVenue(HyperliquidConfig(network=network), key=key)


def test_a_second_engine_is_refused_until_the_first_is_gone(tmp_path):
    folder = tmp_path / "locks"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout.readline() == b"mine\n"
        with pytest.raises(AccountInUse, match=f"is traded by process {first.pid}; two engines"):
            with account_locks([venue()], folder):
                pass
        with account_locks([venue("mainnet"), venue(key="22" * 32)], folder):
            pass  # another network, another account
        first.send_signal(signal.SIGKILL)
    with account_locks([venue()], folder):
        pass


def test_who_only_looks_on_locks_nothing(tmp_path):
    with account_locks([venue(key=None)], tmp_path / "locks"):
        assert not (tmp_path / "locks").exists()


def test_the_locks_lie_with_what_is_the_users_own():
    assert str(lock_folder({"XDG_RUNTIME_DIR": "/run/user/5"})) == f"/run/user/5/livetrio-{os.getuid()}"
    assert lock_folder({}).name == f"livetrio-{os.getuid()}"
