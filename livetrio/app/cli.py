"""The command line. Each command imports what it needs when it runs, so that ``--help`` is there at once.

What people and programs want to keep (the report, the address of the exchange) goes to the standard
output, everything else (logs, problems, tracebacks) to the standard error.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from livetrio.app.output import keep_output_alive
from livetrio.version import __version__

if TYPE_CHECKING:
    from livetrio.app.config import Config
    from livetrio.app.report import EngineReport
    from livetrio.exchange import ExchangeSettings, Recording
    from livetrio.exchange.settings import Regime

FAILED = 1
WRONG = 2

EPILOG = """\b
Exit codes:
  0  stopped clean
  1  failed
  2  the configuration or the command line is wrong; nothing was started
"""


def main() -> NoReturn:
    """Run the command line and exit."""
    keep_output_alive()
    livetrio(prog_name="livetrio")
    raise AssertionError("click exits the process")


@click.group(
    epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="livetrio", message="%(prog)s %(version)s")
def livetrio() -> None:
    """A live trading engine that knows what became of every order, or says that it does not know."""


# Options.


def _read_duration(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    from livetrio.durations import parse_duration

    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _read_speed(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise click.BadParameter(f"expected a number > 0, found {text!r}")
    return speed


def _read_accounts(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Decimal]:
    accounts = {}
    for text in texts:
        address, _equals, amount = text.partition("=")
        usdc = Decimal(amount) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", amount, re.ASCII) else None
        if re.fullmatch(r"0x[0-9a-fA-F]{40}", address) is None or usdc is None:
            raise click.BadParameter(f"expected 0x and 40 hexadecimal digits, =, and USDC, found {text!r}")
        accounts[address.lower()] = usdc
    return accounts


def _read_faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    from livetrio.exchange.faults.grammar import BadFault, parse_fault

    for text in texts:
        try:
            parse_fault(text)
        except BadFault as error:
            raise click.BadParameter(str(error)) from None
    return texts


_config_argument = click.argument("config", metavar="CONFIG", type=click.Path(path_type=Path))

_set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a setting, as engine.tick_interval_ms=500 or strategies.0.params.size=2. "
    "Goes before LIVETRIO__ENGINE__TICK_INTERVAL_MS=500 in the environment, which goes before CONFIG.",
)

_level_option = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Override logging.level."
)

_format_option = click.option(
    "--log-format", type=click.Choice(["console", "json"]), help="Override logging.format."
)


# Commands.


@livetrio.command(epilog=EPILOG, short_help="Run the strategies of CONFIG.")
@_config_argument
@_set_option
@click.option(
    "--duration", callback=_read_duration, metavar="TIME", help="Stop after 30s, 5m, 1h30m, … Default: never."
)
@_level_option
@_format_option
def run(
    config: Path,
    overrides: tuple[str, ...],
    duration: float | None,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Run the strategies of CONFIG until Ctrl+C, SIGTERM or --duration; then print a report."""
    with _explaining_errors():
        settings = _load(config, overrides)
    format = log_format or settings.logging.format
    with _explaining_errors(format):
        import trio

        from livetrio.app.logs import configure_logs
        from livetrio.app.run import run_config

        configure_logs(format, log_level or settings.logging.level)
        outcome = trio.run(partial(run_config, settings, duration=duration))
        if outcome.failure is not None:
            _tell_failure(outcome.failure, format)
        _print_report(outcome.report, format)
        if outcome.failure is not None:
            sys.exit(FAILED)


@livetrio.command(epilog=EPILOG, short_help="Say what is wrong with CONFIG.")
@_config_argument
@_set_option
def check(config: Path, overrides: tuple[str, ...]) -> None:
    """Say what is wrong with CONFIG, strategies and secrets included, and start nothing."""
    with _explaining_errors():
        settings = _load(config, overrides)
        counts = [
            _plural(len(settings.venues), "venue"),
            _plural(len(settings.engine.ws_endpoints), "endpoint"),
            _plural(len(settings.strategies), "strategy", "strategies"),
        ]
        click.echo(f"{config} is fine: {', '.join(counts)}")


@livetrio.command(epilog=EPILOG, short_help="A whole exchange on this machine.")
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
    help="How the market behaves; none: nobody trades but clients.",
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
    callback=_read_accounts,
    metavar="ADDRESS=USDC",
    multiple=True,
    help="Fund this account of yours, too.",
)
@click.option(
    "--fault",
    "faults",
    callback=_read_faults,
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
    help="Let the market follow a recording, gzip if its name ends in .gz, from the first subscription on.",
)
@click.option(
    "--speed",
    callback=_read_speed,
    metavar="N",
    default="1",
    show_default=True,
    help="N times as fast as recorded.",
)
@click.option(
    "--loop/--no-loop", default=False, show_default=True, help="Begin the recording again at its end."
)
@_level_option
@_format_option
def exchange(
    host: str,
    port: int,
    seed: int,
    regime: Regime,
    accounts: int,
    funded: dict[str, Decimal],
    faults: tuple[str, ...],
    list_faults: bool,
    limits: bool,
    replay: Path | None,
    speed: float,
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
    with _explaining_errors(format):
        import trio

        from livetrio.app.logs import configure_logs
        from livetrio.exchange import BadRecording, ExchangeSettings, Recording

        configure_logs(format, log_level or "info")
        try:
            recording = None if replay is None else Recording.read(replay)
        except BadRecording as error:
            _complain(str(error), format)
            sys.exit(WRONG)
        settings = ExchangeSettings(
            seed=seed, regime=regime, accounts=accounts, funded=funded, faults=faults, limits=limits
        )
        try:
            trio.run(_serve, settings, recording, host, port, speed, loop)
        except BaseExceptionGroup as group:
            cause = _lone_leaf(group)
            if not isinstance(cause, OSError):
                raise
            _complain(f"failed: cannot listen at {host}, port {port}: {cause}", format)
            sys.exit(FAILED)


async def _serve(
    settings: ExchangeSettings, recording: Recording | None, host: str, port: int, speed: float, loop: bool
) -> None:
    import signal

    import trio

    from livetrio.app.run import freeze_garbage_collector
    from livetrio.clock import Clock
    from livetrio.exchange import LocalExchange

    local = LocalExchange(settings, clock=Clock.live(), recording=recording, speed=speed, loop=loop)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            click.echo(await nursery.start(local.serve, host, port))
            freeze_garbage_collector()
            for key in local.keys:
                click.echo(f"account {key.address} key {key.secret_hex} usdc {settings.balance}")
            for address, usdc in settings.funded.items():
                click.echo(f"account {address} usdc {usdc}")
            await signals.__anext__()
            nursery.cancel_scope.cancel()


# What the commands share.


def _load(path: Path, overrides: tuple[str, ...]) -> Config:
    from livetrio.app.load import load_config
    from livetrio.strategy.loader import check_strategy

    return load_config(path, overrides=overrides, check_strategy=check_strategy)


@contextmanager
def _explaining_errors(format: str = "console") -> Iterator[None]:
    """Turn an error into words and the exit code; a bug into its traceback, without secrets."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:
        from livetrio.errors import ConfigError, LiveTradingError

        lone = _lone_leaf(error)
        if isinstance(lone, ConfigError):
            _complain(str(lone), format)
            sys.exit(WRONG)
        if isinstance(lone, LiveTradingError):
            _tell_failure(lone, format)
        else:
            _complain(
                "failed: a bug; please report it with its traceback",
                format,
                trace="".join(traceback.format_exception(error)).rstrip(),
            )
        sys.exit(FAILED)


def _lone_leaf(error: BaseException) -> BaseException:
    """The one error in a group of groups, or the error itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _tell_failure(failure: BaseException, format: str) -> None:
    """Say why the engine failed: the strategy's own traceback, if it was one, and then a line in words."""
    from livetrio.errors import HandlerError, StrategyFailed

    cause = failure.__cause__
    is_authors = isinstance(failure, StrategyFailed | HandlerError) and cause is not None
    trace = format_strategy_error(cause) if is_authors and cause is not None else None
    _complain(f"failed: {' '.join(str(failure).split())}", format, trace=trace)


def format_strategy_error(error: BaseException) -> str:
    """The traceback of what a strategy raised, beginning in the strategy's own file."""
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace or error.__traceback__)
    return "".join(lines).rstrip()


def _is_machinery(file: str) -> bool:
    """Whether a frame's file belongs to livetrio, or to what stands between it and a strategy."""
    import outcome
    import trio

    import livetrio as package

    folders = [os.path.dirname(str(each.__file__)) for each in (package, trio, outcome)]
    return any(file.startswith(folder + os.sep) for folder in folders)


def _print_report(report: EngineReport, format: str) -> None:
    from livetrio.app.logs import render_json
    from livetrio.app.report import render_report, report_to_dict
    from livetrio.app.secrets import mask

    if format == "json":
        from livetrio.clock import format_instant

        line = {"timestamp": format_instant(report.stopped), "level": "info", "event": "report"}
        text = render_json(None, "info", line | report_to_dict(report))
    else:
        text = render_report(report)
    click.echo(mask(text))


def _complain(text: str, format: str = "console", *, trace: str | None = None) -> None:
    """Print a traceback, if there is one, and then the words to the standard error, without secrets.

    Where logs are JSON, this is a line of JSON as well.
    """
    from livetrio.app.secrets import mask

    if format == "json":
        import time

        from livetrio.app.logs import render_json
        from livetrio.clock import format_instant

        line = {"timestamp": format_instant(time.time_ns()), "level": "error", "event": text}
        text = render_json(None, "error", line if trace is None else line | {"exception": trace})
    elif trace is not None:
        text = f"{trace}\n{text}"
    click.echo(mask(text), err=True)


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
