"""The command `alert`: who is told of what, and whether it reaches them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livetrio.app.complaints import FAILED, explaining_errors
from livetrio.app.options import config_argument, set_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livetrio.app.config import Config


@click.command(short_help="Say who is told of what, and try whether it reaches them.")
@config_argument
@set_option
@click.option("--test", "is_test", is_flag=True, help="Send a test message to each channel.")
def alert(config: Path, overrides: tuple[str, ...], is_test: bool) -> None:
    """Say what the engine of CONFIG tells of, and whom.

    With --test a message goes to each channel now, and what came of it is told; the exit code is 1 if one did
    not take it. That it was taken does not say that somebody reads it: look there.
    """
    with explaining_errors():
        from livetrio.app.load import load_config

        settings = load_config(config, overrides=overrides)
        if not is_test:
            for line in _list_alerts(settings):
                click.echo(line)
            return
        results = _try(settings)
        if not results:
            click.echo(f"{config} has no channels; alerts are in the log alone")
        for name, because in results.items():
            click.echo(f"{name}: {'sent' if because is None else f'not sent: {because}'}")
        if any(because is not None for because in results.values()):
            sys.exit(FAILED)


def _list_alerts(settings: Config) -> Iterator[str]:
    from livetrio.app.tables import table
    from livetrio.durations import format_duration
    from livetrio.operations.alerts.config import DURATIONS
    from livetrio.operations.alerts.rules import RULES

    operations = settings.operations
    if not operations.alerts:
        yield "nobody is told of anything: there are no [[operations.alerts]]"
        return
    rows = []
    for each in operations.alerts:
        names = operations.channels if each.to is None else each.to
        when = f"after {format_duration(each.longer_than)}" if each.rule in DURATIONS else ""
        when = f"from {each.amount:f} on" if each.amount is not None else when
        level = each.level or RULES[each.rule].level
        rows.append((each.rule, level, when, ", ".join(dict.fromkeys(("log", *names)))))
    yield from table(("rule", "level", "when", "to"), rows, left=4)


def _try(settings: Config) -> dict[str, str | None]:
    import time

    import trio

    from livetrio.app.wiring import network_dial
    from livetrio.operations.alerts.channels import open_channels
    from livetrio.operations.alerts.trial import make_trial, try_channels

    async def try_all() -> dict[str, str | None]:
        channels = open_channels(settings.operations.channels, network_dial(settings.engine))
        return await try_channels(channels, make_trial(settings.name, time.time_ns()))

    return trio.run(try_all)
