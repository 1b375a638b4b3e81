"""The commands to a running engine: what it is doing, and what it shall do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from livetrio.app.complaints import FAILED, complain, explaining_errors

engine_argument = click.argument("engine", metavar="JOURNAL|CONFIG", type=click.Path(path_type=Path))

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, as the page's API has it.")


@click.command(short_help="Say how the running engine is.")
@engine_argument
@json_option
def status(engine: Path, as_json: bool) -> None:
    """Say how the engine is that writes JOURNAL, or runs CONFIG.

    Whether it trades and if not why, its connections, strategies and positions, and its last warnings.
    """
    with explaining_errors():
        from livetrio.app.running_words import render_status

        _show(engine, "/api/state", render_status, as_json)


@click.command(short_help="Show what the running engine holds.")
@engine_argument
@json_option
def positions(engine: Path, as_json: bool) -> None:
    """Show the positions of the engine that writes JOURNAL, or runs CONFIG, at their marks of now."""
    with explaining_errors():
        from livetrio.app.running_words import render_positions

        _show(engine, "/api/positions", render_positions, as_json)


@click.command(short_help="Show the running engine's tasks.")
@engine_argument
@json_option
def tree(engine: Path, as_json: bool) -> None:
    """Show every task of the engine that writes JOURNAL, or runs CONFIG.

    Each is below its owner, with where it waits.
    """
    with explaining_errors():
        from livetrio.app.running_words import render_tree

        _show(engine, "/api/tasks", render_tree, as_json)


@click.command(short_help="Let only what makes positions smaller leave.")
@engine_argument
@json_option
def pause(engine: Path, as_json: bool) -> None:
    """Let the running engine place only what makes positions smaller, until somebody resumes.

    Orders that work stay as they are. A pause outlives a restart.
    """
    _act(engine, "pause", as_json)


@click.command(short_help="End a pause, or a halt by hand.")
@engine_argument
@json_option
def resume(engine: Path, as_json: bool) -> None:
    """Let the running engine trade again: end a pause, or a halt by hand.

    It does not end a halt because of losses, entry locks, or what has closed a gate, and names them.
    """
    _act(engine, "resume", as_json)


@click.command("cancel-all", short_help="Cancel all orders, and go on.")
@engine_argument
@click.option("--instrument", metavar="ID", help="Only those of one instrument.")
@json_option
def cancel_all(engine: Path, instrument: str | None, as_json: bool) -> None:
    """Let the running engine cancel every order that works, whoever placed it. Strategies go on."""
    _act(engine, "cancel-all", as_json, {} if instrument is None else {"instrument": instrument})


@click.command(short_help="Cancel all orders, and close all positions.")
@engine_argument
@json_option
def flatten(engine: Path, as_json: bool) -> None:
    """Let the running engine halt, cancel every order, and close all positions, however long that takes.

    As `livetrio halt --flatten`, but it waits for the engine's answer.
    """
    _act(engine, "flatten", as_json)


@click.command(short_help="Stop the running engine, in order.")
@engine_argument
@json_option
def stop(engine: Path, as_json: bool) -> None:
    """Let the running engine stop: strategies clean up, its orders are canceled, it reports and exits."""
    _act(engine, "stop", as_json)


COMMANDS = (status, positions, tree, pause, resume, cancel_all, flatten, stop)


def _show(engine: Path, path: str, render: Callable[[Any], str], as_json: bool) -> None:
    from livetrio.app.running import ask, find_journal
    from livetrio.errors import NoAnswer

    answer = ask(find_journal(engine), path)
    if answer.status != 200:
        raise NoAnswer(f"the engine answered {answer.status}: {answer.body.get('error')}")
    click.echo(json.dumps(answer.body, ensure_ascii=False) if as_json else render(answer.body))


def _act(engine: Path, name: str, as_json: bool, query: dict[str, str] | None = None) -> None:
    with explaining_errors():
        from livetrio.app.running import ask, find_journal

        answer = ask(find_journal(engine), f"/api/{name}", method="POST", query=query)
        is_done = answer.status == 200
        if as_json:
            click.echo(json.dumps(answer.body, ensure_ascii=False))
        elif is_done:
            click.echo(answer.body["words"])
        else:
            complain(f"not done: {answer.body.get('words') or answer.body.get('error')}")
        if not is_done:
            sys.exit(FAILED)
