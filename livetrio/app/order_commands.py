"""The commands about orders: what a start would do about them, and the kill switch."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from livetrio.app.complaints import FAILED, explaining_errors
from livetrio.app.options import config_argument, set_option


@click.command(short_help="Say what a start would do about what it finds at the venues.")
@config_argument
@set_option
@click.option("--plan", is_flag=True, required=True, help="Say it, and do nothing. (The start does it.)")
def reconcile(config: Path, overrides: tuple[str, ...], plan: bool) -> None:
    """Compare the journal with the venues, and say what the next start would do about each difference.

    A venue that is asked too much refuses to answer for a while; that is waited for, for two minutes.
    """
    with explaining_errors():
        import trio

        from livetrio.app.load import load_config
        from livetrio.app.progress import progress
        from livetrio.app.reconcile import make_plans, render_plan
        from livetrio.secrets import mask

        settings = load_config(config, overrides=overrides)
        with progress("comparing the journal with the venues"):
            plans = trio.run(make_plans, settings, lambda words: click.echo(mask(words), err=True))
        for each in plans:
            click.echo(mask(render_plan(each)))
        if any(each.wrong is not None for each in plans):
            sys.exit(FAILED)


@click.command(short_help="The kill switch of the running engine.")
@click.argument("journal", metavar="JOURNAL|CONFIG", type=click.Path(path_type=Path))
@click.option("--flatten", is_flag=True, help="Close all positions, too.")
def halt(journal: Path, flatten: bool) -> None:
    """Let the engine that writes JOURNAL, or runs CONFIG, cancel all orders and place none any more.

    It goes on without trading, and so do its next runs, until `livetrio resume`, or one is told to --forgive.
    It is told by a signal, which reaches an engine that answers nobody, too.
    """
    with explaining_errors():
        from livetrio.app.running import find_journal
        from livetrio.errors import NotRunning
        from livetrio.journal.lock import holder_of

        journal = find_journal(journal)
        pid = holder_of(journal)
        if pid is None:
            raise NotRunning(f"no engine writes {journal}")
        os.kill(pid, signal.SIGUSR2 if flatten else signal.SIGUSR1)
        click.echo(f"told process {pid} to halt{' and flatten' if flatten else ''}; its log says how it goes")
