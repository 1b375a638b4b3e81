"""Throughput: messages a second from the frame on the wire to the strategy's handler, beside a bare loop.

The rate is of all messages over the time from the first one handled to the last. Engine and bare loop
take turns, so that both meet the same moods of the machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engine import Adder, faults_of, run_engine
from benchmarks.feeder import Settings
from benchmarks.processes import Feeder, check, work
from benchmarks.table import Row

KINDS = {"trades": ("trades", 180_000), "quotes": ("bbo", 150_000), "books": ("l2Book", 60_000)}
"""Our name, the venue's, and how many a second are to be reached."""


def measure(*, quick: bool) -> list[Row]:
    """All kinds, and quotes over TLS."""
    repetitions = 1 if quick else 3
    rows: list[Row] = []
    for name, (kind, target) in KINDS.items():
        pool = 50_000 if name == "books" else 250_000
        rounds = 1 if quick else 4 if name == "books" else 3
        with Feeder(Settings(kinds=(kind,), pool=pool, rounds=rounds)) as feeder:
            rows += _compare(name, kind, feeder, repetitions=repetitions, target=target)
    with tempfile.TemporaryDirectory() as folder:
        certificate, authority = _make_certificate(Path(folder))
        settings = Settings(kinds=("bbo",), pool=250_000, rounds=1, certificate=certificate)
        with Feeder(settings) as feeder:
            rows += _compare("quotes, TLS", "bbo", feeder, repetitions=1, authority=authority)
    return rows


def _compare(
    name: str,
    kind: str,
    feeder: Feeder,
    *,
    repetitions: int,
    target: float | None = None,
    authority: str | None = None,
) -> list[Row]:
    settings = {"url": feeder.url, "kinds": [kind], "expected": feeder.ready.count, "authority": authority}
    bare: list[float] = []
    engine: list[float] = []
    cpu: list[float] = []
    for _ in range(repetitions):
        found = work("bare", **settings)
        feeder.sums()
        bare.append(found["messages"] / found["seconds"])
        found = work("throughput", **settings)
        check(found, feeder.sums())
        engine.append(found["messages"] / found["seconds"])
        cpu.append(found["cpu_seconds"] / found["messages"] * 1e6)
    ratio = [mine / its for mine, its in zip(engine, bare, strict=True)]
    note = f"{feeder.ready.count:,} of {feeder.ready.frame_bytes:.0f} bytes, {repetitions} times"
    return [
        Row(name=name, unit="/s", values=engine, more_is_better=True, target=target, note=note),
        Row(name="  of the engine's CPU", unit="µs each", values=cpu),
        Row(name=f"  {name}, bare loop", unit="/s", values=bare, more_is_better=True),
        Row(name="  engine / bare loop", unit="", values=ratio, more_is_better=True),
    ]


def run(*, url: str, kinds: list[str], expected: int, authority: str | None = None) -> dict[str, Any]:
    """The worker's part: the whole engine with a strategy that adds up what it sees."""
    strategy = Adder(kinds, expected)
    engine = run_engine(url, strategy, authority=authority)
    return strategy.seen() | {"faults": faults_of(engine)}


def _make_certificate(folder: Path) -> tuple[str, str]:
    """Files with a certificate for the loopback address, and with the authority that made it."""
    import trustme  # of the development tools; here, so that all else goes without

    authority = trustme.CA()
    certificate, trusted = folder / "server.pem", folder / "authority.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(trusted))
    return str(certificate), str(trusted)
