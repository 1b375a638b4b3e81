"""Local exchange: the one that a venue of ``network = "local"`` connects to, started for the run."""

from __future__ import annotations

import secrets

import structlog

from livetrio.app.config import Config, ExchangeConfig
from livetrio.app.recording import read_recording
from livetrio.clock import Clock
from livetrio.errors import ConfigError, Problem
from livetrio.exchange import BadRecording, ExchangeSettings, LocalExchange
from livetrio.supervision.nursery import ServiceNursery

log: structlog.stdlib.BoundLogger = structlog.get_logger("livetrio")


async def start_local_exchange(config: Config, services: ServiceNursery) -> tuple[str, str]:
    """Start it on a loopback port, as the configuration says; returns its base URL and an account's key.

    Raises:
      ConfigError: its recording cannot be played, or its port cannot be had.
    """
    exchange = _make_exchange(config)
    port = config.exchange.port
    try:
        base_url: str = await services.start(exchange.serve, "127.0.0.1", port, name="local exchange")
    except OSError as error:
        message = f"expected a port that is free, found {port}: {error.strerror}"
        raise _wrong(config, "port", message) from error
    log.info(
        "local exchange",
        address=base_url,
        seed=exchange.settings.seed,
        account=exchange.keys[0].address,
        usdc=exchange.settings.balance,
    )
    return base_url, exchange.keys[0].secret_hex


def _make_exchange(config: Config) -> LocalExchange:
    wanted = config.exchange
    try:
        recording = None if wanted.replay is None else read_recording(config.base / wanted.replay)
    except BadRecording as error:
        raise _wrong(config, "replay", str(error)) from error
    settings = ExchangeSettings(
        seed=_seed_of(wanted), regime=wanted.regime, faults=wanted.faults, limits=wanted.limits, accounts=1
    )
    return LocalExchange(
        settings, clock=Clock.live(), recording=recording, speed=wanted.speed, loop=wanted.loop
    )


def _seed_of(wanted: ExchangeConfig) -> int:
    return secrets.randbits(32) if wanted.seed is None else wanted.seed


def _wrong(config: Config, field: str, message: str) -> ConfigError:
    problems = [Problem(f"exchange.{field}", message)]
    return ConfigError(problems) if config.source is None else ConfigError(problems, str(config.source))
