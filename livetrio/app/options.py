"""Options: those that several commands take."""

from __future__ import annotations

from pathlib import Path

import click

config_argument = click.argument("config", metavar="CONFIG", type=click.Path(path_type=Path))

set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a setting, as engine.tick_interval_ms=500 or strategies.0.params.size=2. "
    "Goes before LIVETRIO__ENGINE__TICK_INTERVAL_MS=500 in the environment, which goes before CONFIG.",
)

level_option = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="How much to log, whatever a configuration says.",
)

format_option = click.option(
    "--log-format", type=click.Choice(["console", "json"]), help="How to log, whatever a configuration says."
)
