"""The command line. Each command imports what it needs when it runs, so that ``--help`` is there at once.

What people and programs want to keep (the report, the address of the exchange) goes to the standard
output, everything else (logs, problems, tracebacks) to the standard error.
"""

from __future__ import annotations

import gc
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from livetrio.app.alert_command import alert
from livetrio.app.complaints import FAILED, LEFT, explaining_errors, tell_failure
from livetrio.app.doctor_command import doctor
from livetrio.app.exchange_command import exchange
from livetrio.app.journal_commands import fills, orders
from livetrio.app.options import config_argument, format_option, level_option, set_option
from livetrio.app.order_commands import halt, reconcile
from livetrio.app.output import keep_output_alive
from livetrio.app.running_commands import COMMANDS
from livetrio.app.simulate_command import simulate
from livetrio.version import __version__

if TYPE_CHECKING:
    from livetrio.app.config import Config
    from livetrio.app.load import CheckRecording
    from livetrio.app.report import EngineReport
    from livetrio.app.run import RunOutcome

EPILOG = """\b
Exit codes:
  0  stopped clean, and no order of ours is open or unknown
  1  failed
  2  the configuration or the command line is wrong; nothing was started
  3  stopped, but orders are left open or unknown; the report names them
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
    """A live trading engine that knows, or says that it does not know."""


# Options.


def _read_duration(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    from livetrio.durations import parse_duration

    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


# Commands.


@livetrio.command(epilog=EPILOG, short_help="Run the strategies of CONFIG.")
@config_argument
@set_option
@click.option(
    "--duration", callback=_read_duration, metavar="TIME", help="Stop after 30s, 5m, 1h30m, … Default: never."
)
@click.option(
    "--forgive",
    is_flag=True,
    help="End halts and entry locks of earlier runs, and let drawdowns count from now.",
)
@click.option(
    "--live/--no-live",
    default=True,
    show_default=True,
    help="Show what it does below the log, where that goes to a terminal and is not JSON.",
)
@level_option
@format_option
def run(
    config: Path,
    overrides: tuple[str, ...],
    duration: float | None,
    forgive: bool,
    live: bool,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Run the strategies of CONFIG until Ctrl+C, SIGTERM or --duration; then print a report."""
    gc.set_threshold(100_000)  # what is imported stays: to look through it again and again takes 60 ms
    with explaining_errors():
        settings = _load(config, overrides)
    format = log_format or settings.logging.format
    with explaining_errors(format):
        import trio

        from livetrio.app.held_signals import HeldSignals
        from livetrio.app.live_screen import live_screen
        from livetrio.app.logs import configure_logs
        from livetrio.app.run import run_config
        from livetrio.operations.recent import RecentLines

        recent = RecentLines()
        configure_logs(format, log_level or settings.logging.level, listener=recent.take)
        held = HeldSignals()
        work = partial(run_config, settings, duration=duration, forgive=forgive, warnings=recent)
        with live_screen(wanted=live and format != "json") as screen:
            outcome = trio.run(partial(work, screen=screen, prepare=held.hold))
        if outcome.failure is not None:
            tell_failure(outcome.failure, format)
        _print_report(outcome.report, format)
        code = _exit_code(outcome)
        held.release(code)
        sys.exit(code)


@livetrio.command(epilog=EPILOG, short_help="Say what is wrong with CONFIG.")
@config_argument
@set_option
def check(config: Path, overrides: tuple[str, ...]) -> None:
    """Say what is wrong with CONFIG; strategies, secrets and the recording included; start nothing."""
    with explaining_errors():
        from livetrio.app.progress import progress
        from livetrio.app.recording import read_recording

        with progress("reading the recording"):
            settings = _load(config, overrides, read_recording)
        counts = [
            _plural(len(settings.venues), "venue"),
            _plural(len(settings.engine.ws_endpoints), "endpoint"),
            _plural(len(settings.strategies), "strategy", "strategies"),
        ]
        click.echo(f"{config} is fine: {', '.join(counts)}")


for command in (doctor, exchange, simulate, orders, fills, reconcile, halt, alert, *COMMANDS):
    command.epilog = command.epilog or EPILOG
    livetrio.add_command(command)


# What the commands share.


def _load(path: Path, overrides: tuple[str, ...], check_recording: CheckRecording | None = None) -> Config:
    from livetrio.app.load import load_config
    from livetrio.strategy.loader import check_strategy

    return load_config(
        path, overrides=overrides, check_strategy=check_strategy, check_recording=check_recording
    )


def _exit_code(outcome: RunOutcome) -> int:
    if outcome.failure is not None:
        return FAILED
    trading = outcome.report.trading
    return LEFT if trading is not None and trading.left else 0


def _print_report(report: EngineReport, format: str) -> None:
    from livetrio.app.logs import render_json
    from livetrio.app.report import render_report, report_to_dict
    from livetrio.secrets import mask

    if format == "json":
        from livetrio.clock import format_instant

        line = {"timestamp": format_instant(report.stopped), "level": "info", "event": "report"}
        text = render_json(None, "info", line | report_to_dict(report))
    else:
        text = render_report(report)
    click.echo(mask(text))


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
