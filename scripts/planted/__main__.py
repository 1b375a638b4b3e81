"""The command: plants one bug after the other, and says which world has shown it."""

from __future__ import annotations

import multiprocessing
import sys
from functools import partial

import click

from planted.bugs import BUGS
from planted.hunt import hunt


@click.command()
@click.option("--seeds", default=300, show_default=True, help="How many worlds may be tried for each bug.")
@click.option("--seconds", default=300.0, show_default=True, help="Virtual time of each world.")
@click.option("--only", multiple=True, type=click.Choice(sorted(BUGS)), help="This bug; may be repeated.")
@click.option("--all", "everything", is_flag=True, help="Also those that few worlds show.")
@click.option("--jobs", default=multiprocessing.cpu_count(), show_default="the cores", help="At once.")
def main(seeds: int, seconds: float, only: tuple[str, ...], everything: bool, jobs: int) -> None:
    """Plant known bugs in the engine, one at a time, and run worlds until one of them shows it.

    Exit code 1: a bug has not been shown.
    """
    names = list(only) or [name for name, bug in BUGS.items() if everything or not bug.is_hard]
    missed = 0
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, maxtasksperchild=1) as pool:
        for verdict in pool.imap_unordered(partial(hunt, seeds=seeds, seconds=seconds), names):
            missed += verdict.seed is None
            found = "NOT FOUND" if verdict.seed is None else f"seed {verdict.seed}"
            click.echo(f"{found:>10}  {verdict.seconds:6.1f} s  {verdict.name:32} {verdict.words}")
    click.echo(f"{len(names) - missed} of {len(names)} bugs were found within {seeds} worlds.")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
