"""examine: whether a configuration could be run here and now."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import attrs
import trio

from livetrio.app.account_lock import lock_folder
from livetrio.app.config import Config
from livetrio.app.doctor.account import check_account, pace_of
from livetrio.app.doctor.check import FAILED, OK, WARNING, Check
from livetrio.app.doctor.disk import check_journal
from livetrio.app.doctor.machine import check_machine
from livetrio.app.doctor.network import PATIENCE, advise, check_answers, check_name, check_stream, check_way
from livetrio.app.local_exchange import start_local_exchange
from livetrio.app.wiring import account_headers, network_dial, policy_of, upstream_of
from livetrio.clock import Clock
from livetrio.errors import FrameError, HttpError
from livetrio.supervision.asker import Asker
from livetrio.supervision.dial import Address, Dial, parse_url
from livetrio.supervision.http import HttpClient
from livetrio.supervision.nursery import ServiceNursery, open_service_nursery
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.upstream import VenueUpstream
from livetrio.venues.registry import VENUES
from livetrio.venues.trading import TradingVenue

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Environment variables that other programs follow."""

Tell = Callable[[Check], object]
"""Called with each check as it is done."""


async def examine(
    config: Config, tell: Tell, *, dial: Dial | None = None, clock: Clock | None = None
) -> None:
    """Look at all of it, one after the other.

    Args:
      dial: the network; by default the real one, whose names are looked up first.
      clock: ours; by default the system's.

    Raises:
      ConfigError: the local exchange cannot be started.
    """
    tell(check_machine())
    count = len(config.venues), len(config.engine.ws_endpoints), len(config.strategies)
    tell(Check("config", OK, "venues {}, endpoints {}, strategies {}".format(*count)))
    if config.venues:
        for check in check_journal(config.journal_path, config.journal.sync):
            tell(check)
    doctor = _Doctor(config, tell, dial or network_dial(config.engine), clock or Clock.live(), dial is None)
    async with HttpClient(doctor.dial) as http, open_service_nursery() as services:
        for name in config.venues:
            await doctor.examine_venue(await _open_venue(name, config, services), http)
    for endpoint in config.engine.ws_endpoints:
        if await doctor.examine_way(parse_url(endpoint.address)[0]):
            name = endpoint.address.partition("://")[2]
            tell(await check_stream(name, upstream_of(endpoint), doctor.dial, doctor.policy))


async def _open_venue(name: str, config: Config, services: ServiceNursery) -> TradingVenue:
    """As a run opens it, but for the journal, which stays where it is."""
    factory = VENUES[name].load()
    settings: Any = config.venues[name]
    if not settings.wants_local_exchange:
        return factory.make(settings)
    base_url, key = await start_local_exchange(config, services)
    return factory.make(settings, base_url=base_url, key=key)


@attrs.frozen
class _Doctor:
    config: Config
    _tell: Tell
    dial: Dial
    clock: Clock
    has_names: bool

    @property
    def policy(self) -> ConnectionPolicy:
        """How a run keeps up its connections."""
        return policy_of(self.config.engine)

    async def examine_venue(self, venue: TradingVenue, http: HttpClient) -> None:
        """The way there, what it answers, and the account."""

        def tell(check: Check) -> None:
            self._tell(attrs.evolve(check, name=f"{venue.name.lower()} {check.name}"))

        urls = [each.url for each in venue.instrument_requests()] + [each.url for each in venue.streams]
        for address in dict.fromkeys(parse_url(each)[0] for each in urls):
            if not await self.examine_way(address, tell):
                return
        expire = self.config.execution.expire_ms / 1000
        answers = await check_answers(venue, http, self.clock, expire)
        for check in answers:
            tell(check)
        if any(each.name == "latency" and each.verdict is FAILED for each in answers):
            return
        for stream in venue.streams:
            upstream = VenueUpstream(venue, stream, http=None)
            tell(await check_stream(stream.name, upstream, self.dial, self.policy))
        tell(await _check_instruments(venue, http))
        if venue.trading is None:
            tell(Check("account", WARNING, "there is no key, so no orders can be placed"))
            return
        asker = Asker(http, venue.trading.budget, self.clock, headers=account_headers(venue, venue.trading))
        locks = lock_folder(os.environ)
        for check in await check_account(
            venue, venue.trading, asker, self.clock, pace_of(self.config), locks
        ):
            tell(check)

    async def examine_way(self, address: Address, tell: Tell | None = None) -> bool:
        """Whether an address can be reached."""
        tell = tell or self._tell
        checks: list[Check] = []
        if self.has_names:
            checks.append(await check_name(address))
        if all(each.verdict is not FAILED for each in checks):
            checks += await check_way(address, self.dial, self.clock)
        proxy = next((each for each in PROXIES if os.environ.get(each)), None)
        for check in checks:
            if check.verdict is FAILED and proxy is not None:
                check = attrs.evolve(check, advice=f"{check.advice} ({proxy} is set; livetrio uses no proxy)")
            tell(check)
        return all(each.verdict is not FAILED for each in checks)


async def _check_instruments(venue: TradingVenue, http: HttpClient) -> Check:
    with trio.move_on_after(PATIENCE):
        try:
            await VenueUpstream(venue, venue.streams[0], http=http).prepare()
            return Check("instruments", OK, f"{len(venue.instruments):,} are listed")
        except (HttpError, FrameError) as error:
            return Check("instruments", FAILED, str(error), advise(error))
    return Check("instruments", FAILED, f"no answer in {PATIENCE:g} s", "see the venue's status page")
