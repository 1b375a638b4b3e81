"""The command ``livetrio doctor``."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livetrio.app.complaints import FAILED, explaining_errors
from livetrio.app.options import config_argument, set_option

if TYPE_CHECKING:
    from livetrio.app.doctor.check import Check

EPILOG = """\b
Exit codes:
  0  nothing has failed; there may be warnings
  1  something has failed
  2  the configuration or the command line is wrong
"""


@click.command(short_help="Say whether CONFIG could be run here and now.", epilog=EPILOG)
@config_argument
@set_option
@click.option("--json", "as_json", is_flag=True, help="As one object of JSON.")
def doctor(config: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Look at all that CONFIG needs, and say what is wrong and what to do about it.

    Strategies and settings, Python, the journal's disk; the way to each venue, its latency, its clock, its
    WebSockets; whether key, account and money belong together. No order is placed, and nothing is changed.
    """
    with explaining_errors():
        import trio

        from livetrio.app.doctor.check import all_well
        from livetrio.app.doctor.doctor import examine
        from livetrio.app.load import load_config
        from livetrio.app.logs import configure_logs
        from livetrio.app.recording import read_recording
        from livetrio.secrets import mask
        from livetrio.strategy.loader import check_strategy

        settings = load_config(
            config, overrides=overrides, check_strategy=check_strategy, check_recording=read_recording
        )
        configure_logs(level="error")
        checks: list[Check] = []

        def tell(check: Check) -> None:
            checks.append(check)
            if not as_json:
                click.echo(mask(check.render()))

        trio.run(partial(examine, settings, tell))
        is_well = all_well(checks)
        if as_json:
            found = {"ok": is_well, "checks": [each.to_dict() for each in checks]}
            click.echo(mask(json.dumps(found, ensure_ascii=False)))
        if not is_well:
            sys.exit(FAILED)
