"""The command ``livetrio simulate``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livetrio.app.complaints import FAILED, explaining_errors
from livetrio.app.options import config_argument, level_option, set_option

if TYPE_CHECKING:
    from livetrio.simulation.worlds import RunWorld


def _list_faults(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from livetrio.simulation.describe import describe_world_faults

        click.echo(describe_world_faults())
        context.exit()


EPILOG = """\b
Exit codes:
  0  everything held in all worlds
  1  something did not hold or a strategy raised, or it was interrupted
  2  the configuration or the command line is wrong; no world was run
"""


@click.command(short_help="Run CONFIG's strategies in faulty worlds of virtual time.", epilog=EPILOG)
@config_argument
@set_option
@click.option(
    "--seeds",
    default="0..19",
    show_default=True,
    metavar="SEEDS",
    help="Which worlds: 7, or 0..200 with both ends, or 1,5,9..12. The same seed, the same world; "
    "that of seed 0 has no faults.",
)
@click.option("--hours", type=float, help="How long each world lasts, in virtual time.")
@click.option("--seconds", type=float, help="The same in seconds. Default: 600.")
@click.option(
    "--faults",
    default="all",
    show_default=True,
    metavar="none|all|NAME,NAME",
    help="Which faults there may be; --list-faults lists them. Each world has some of them.",
)
@click.option(
    "--plan",
    "plan_files",
    metavar="FILE",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Run the world that is written down there, rather than worlds drawn from seeds.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="How many worlds at once. Default: as many as there are cores.",
)
@click.option(
    "--shrink/--no-shrink",
    default=True,
    show_default=True,
    help="Look for smaller worlds that fail in the same way.",
)
@click.option(
    "--save",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the plans of smaller worlds are written. Default: here.",
)
@click.option(
    "--trace",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Of a single world: write down all that happens in it.",
)
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="List the faults and how they are written.",
)
@level_option
def simulate(
    config: Path,
    overrides: tuple[str, ...],
    seeds: str,
    hours: float | None,
    seconds: float | None,
    faults: str,
    plan_files: tuple[Path, ...],
    jobs: int | None,
    shrink: bool,
    save: Path,
    trace: Path | None,
    log_level: str | None,
) -> None:
    """Run the strategies of CONFIG against the local exchange in simulated worlds, in virtual time.

    In each world other things go wrong: the network, the exchange, the process and its machine, the
    strategies, the operator. What must always hold is checked all the time. Exits with 1 if anything did not
    hold, and says what, when, after which events, and how to see it again.

    Venues, keys and the journal of CONFIG are not touched: each world has its own. What is said there of the
    local exchange is not used; the plan of a world says that.
    """
    with explaining_errors():
        from livetrio.app.simulate import Again, Simulation
        from livetrio.app.simulate_options import SimulateOptions
        from livetrio.simulation.campaign import Campaign
        from livetrio.simulation.worlds import ConfigSource, Worlds
        from livetrio.strategy.loader import check_strategy

        options = SimulateOptions(click.get_current_context())
        options.check_together()
        horizon = options.read_horizon(hours, seconds)
        kinds = options.read_kinds(faults)
        files = options.read_plans(plan_files)
        plans = list(files) if plan_files else options.draw_plans(seeds, horizon, kinds)
        options.check_trace(trace, len(plans))
        options.finish()
        source = ConfigSource(config, overrides)
        source.load(check_strategy)
        worlds = Worlds(source, run_world=_world(), trace=trace, log_level=log_level)

        drawn = ("--seconds", f"{horizon:.3f}".rstrip("0").rstrip("."), "--faults", faults)
        again = Again(config, overrides, drawn, files)
        campaign = Campaign(worlds, plans, jobs=jobs or _cores())
        if not Simulation(campaign, again, save=save if shrink else None).run():
            sys.exit(FAILED)


def _world() -> RunWorld:
    from livetrio.simulation.world import run_world

    return run_world


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
