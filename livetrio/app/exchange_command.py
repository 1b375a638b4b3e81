"""The command ``livetrio exchange``."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livetrio.app.complaints import explaining_errors
from livetrio.app.options import format_option, level_option

if TYPE_CHECKING:
    from livetrio.errors import Problem
    from livetrio.exchange import ExchangeSettings, Recording
    from livetrio.exchange.settings import Regime


_SOURCE = "livetrio exchange"
"""Whose problems these are."""


@click.command(short_help="A whole exchange on this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The TCP port to listen at; 0: any that is free.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Of the accounts, the market and the faults: the same seed, the same exchange.",
)
@click.option(
    "--regime",
    type=click.Choice(["calm", "trend", "crash", "none"]),
    default="calm",
    show_default=True,
    help="How the market behaves, without --replay; none: nobody trades but clients.",
)
@click.option(
    "--accounts",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="How many funded accounts are made up.",
)
@click.option(
    "--account",
    "funded",
    metavar="ADDRESS=USDC",
    multiple=True,
    help="Fund this account of yours, too.",
)
@click.option(
    "--fault",
    "faults",
    metavar="FAULT",
    multiple=True,
    help="Let something go wrong, as 'drop-connection every 30s' or 'ack-lost 5%'; --faults lists all.",
)
@click.option("--faults", "list_faults", is_flag=True, help="List the faults and how they are written.")
@click.option(
    "--limits/--no-limits",
    default=True,
    show_default=True,
    help="Keep the venue's limits on requests, connections, subscriptions, and actions of an account.",
)
@click.option(
    "--replay",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Let the market follow a recording, packed by gzip or not, from when a client first looks at it.",
)
@click.option(
    "--speed",
    metavar="N",
    default="1",
    show_default=True,
    help="With --replay: N times as fast as recorded.",
)
@click.option(
    "--loop/--no-loop",
    default=False,
    show_default=True,
    help="With --replay: begin the recording again at its end.",
)
@level_option
@format_option
def exchange(
    host: str,
    port: int,
    seed: int,
    regime: Regime,
    accounts: int,
    funded: tuple[str, ...],
    faults: tuple[str, ...],
    list_faults: bool,
    limits: bool,
    replay: Path | None,
    speed: str,
    loop: bool,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Run a whole exchange on this machine, in Hyperliquid's protocol, until Ctrl+C or SIGTERM.

    It matches orders, knows accounts, and has a market that lives. The first line on the standard output is
    the base URL; after it come a few funded accounts with their keys, which anybody can make up again from
    the seed. POST /control changes things while it runs.
    """
    format = log_format or "console"
    if list_faults:
        from livetrio.exchange.faults.describe import describe_faults

        click.echo(describe_faults())
        return
    with explaining_errors(format):
        import trio

        from livetrio.app.logs import configure_logs
        from livetrio.exchange import ExchangeSettings

        configure_logs(format, log_level or "info")
        options = _Options()
        options.check_market(click.get_current_context(), replay)
        settings = ExchangeSettings(
            seed=seed,
            regime=regime,
            accounts=accounts,
            funded=options.read_accounts(funded),
            faults=options.read_faults(faults),
            limits=limits,
        )
        recording = options.read_recording(replay)
        times = options.read_speed(speed)
        options.finish()
        trio.run(_serve, settings, recording, host, port, times, loop)


class _Options:
    """Reads the options that click does not know, and keeps what is wrong with them, to tell it at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def finish(self) -> None:
        """Raise ConfigError if anything was wrong."""
        if self._problems:
            from livetrio.errors import ConfigError

            raise ConfigError(sorted(self._problems, key=lambda each: each.path), _SOURCE)

    def check_market(self, context: click.Context, replay: Path | None) -> None:
        """Refuse what was said about a market other than the one there is."""
        for option in ("speed", "loop") if replay is None else ("regime",):
            if context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT:
                wanted = (
                    "--replay FILE beside it"
                    if replay is None
                    else "no --replay, which is a market of its own"
                )
                self._refuse(f"--{option}", f"expected {wanted}")

    def read_accounts(self, texts: tuple[str, ...]) -> dict[str, Decimal]:
        """USDC by address."""
        accounts: dict[str, Decimal] = {}
        for text in texts:
            address, _, amount = text.partition("=")
            address = address.lower()
            if re.fullmatch(r"0x[0-9a-f]{40}=[0-9]{1,12}(\.[0-9]{1,6})?", text.lower(), re.ASCII) is None:
                self._refuse(
                    "--account",
                    "expected 0x and 40 hexadecimal digits, =, and USDC with up to 6 decimals (0x…=2500.5), "
                    f"found {text!r}",
                )
            elif address in accounts:
                self._refuse("--account", f"expected each address once, but {address} is there already")
            else:
                accounts[address] = Decimal(amount)
        return accounts

    def read_faults(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """The faults as they were written."""
        from livetrio.exchange.faults.grammar import BadFault, parse_fault

        for text in texts:
            try:
                parse_fault(text)
            except BadFault as error:
                self._refuse("--fault", str(error))
        return texts

    def read_recording(self, path: Path | None) -> Recording | None:
        """What is in the file, if there is one."""
        from livetrio.app.progress import progress
        from livetrio.app.recording import read_recording
        from livetrio.exchange import BadRecording

        try:
            with progress("reading the recording"):
                return None if path is None else read_recording(path)
        except BadRecording as error:
            self._refuse("--replay", str(error))
            return None

    def read_speed(self, text: str) -> float:
        """A finite number above 0."""
        try:
            speed = float(text)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self._refuse("--speed", f"expected a number > 0, found {text!r}")
        return speed

    def _refuse(self, option: str, message: str) -> None:
        from livetrio.errors import Problem

        self._problems.append(Problem(option, message))


async def _serve(
    settings: ExchangeSettings, recording: Recording | None, host: str, port: int, speed: float, loop: bool
) -> None:
    import signal

    import trio

    from livetrio.app.run import freeze_garbage_collector
    from livetrio.clock import Clock
    from livetrio.errors import ConfigError, Problem
    from livetrio.exchange import LocalExchange

    local = LocalExchange(settings, clock=Clock.live(), recording=recording, speed=speed, loop=loop)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            try:
                base_url = await nursery.start(local.serve, host, port)
            except OSError as error:
                what = f"cannot listen at {host}, port {port}: {error.strerror}"
                raise ConfigError([Problem("", what)], _SOURCE) from error
            click.echo(base_url)
            freeze_garbage_collector()
            for key in local.keys:
                click.echo(f"account {key.address} key {key.secret_hex} usdc {settings.balance}")
            for address, usdc in settings.funded.items():
                click.echo(f"account {address} usdc {usdc}")
            await signals.__anext__()
            nursery.cancel_scope.cancel()
