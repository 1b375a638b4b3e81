"""Many plans on worker processes: results in order, no worker's end is lost, and none outlives the run."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
import runner_work as work

from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken, WorkFailed, run_plans


def plans(count):
    return [Plan(seed, 60) for seed in range(count)]


def test_results_come_in_the_order_of_the_plans_whoever_ends_first(tmp_path):
    heard = []
    name_seed = partial(work.name_seed, heard=tmp_path / "heard")
    results = run_plans(plans(6), partial(work.make, name_seed), jobs=2, on_done=heard.append)

    assert results == [f"seed {seed}" for seed in range(6)]
    assert sorted(heard) == results
    assert heard[0] != "seed 0"


def test_workers_are_other_processes_that_go_on_from_plan_to_plan_and_end_with_the_run():
    processes = set(run_plans(plans(8), partial(work.make, work.tell_process), jobs=2))

    assert len(processes) <= 2
    assert os.getpid() not in processes
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("how", "sentence", "where"),
    [
        ("is killed", "the process that ran it was ended by SIGKILL", ""),
        ("exits", "the process that ran it ended by itself, with exit code 7", ""),
        ("raises", "it raised ValueError: a slip of mine", "in misbehave"),
        ("crashes", "the process that ran it was ended by SIGSEGV", "in misbehave"),
        ("hangs", "it had not ended after 2 s of real time", "in misbehave"),
    ],
)
def test_a_worker_that_fails_is_a_failure_of_its_plan_and_the_others_go_on(how, sentence, where):
    results = run_plans(plans(4), partial(work.misbehaving, 1, how), jobs=2, patience=2)

    assert [results[0], *results[2:]] == [0, 2, 3]
    broken = results[1]
    assert isinstance(broken, Broken)
    assert (broken.plan.seed, broken.sentence) == (1, sentence)
    assert where in broken.trace


def test_every_worker_may_die_and_every_plan_still_has_a_result():
    results = run_plans(plans(3), partial(work.make, partial(work.misbehave, seed=0, how="exits")), jobs=1)

    assert [isinstance(each, Broken) for each in results] == [True, False, False]


def test_temporary_folders_of_workers_are_gone_afterwards_even_of_those_that_died():
    before = set(Path(tempfile.gettempdir()).iterdir())
    [folder, broken] = run_plans(plans(2), partial(work.make, work.leave_folder), jobs=1)

    assert isinstance(broken, Broken)
    assert not Path(folder).exists()
    assert not Path(folder).parent.exists()
    assert Path(folder).parent not in before


def test_work_that_cannot_be_made_ends_the_run_with_its_traceback():
    with pytest.raises(WorkFailed, match="LookupError: nothing to work with"):
        run_plans(plans(3), work.cannot_be_made, jobs=2)

    assert multiprocessing.active_children() == []


def test_an_error_of_whoever_listens_ends_all_workers():
    def refuse(_):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        run_plans(plans(3), partial(work.make, work.tell_process), jobs=2, on_done=refuse)

    assert multiprocessing.active_children() == []


def test_no_plans_need_no_workers():
    assert run_plans([], work.cannot_be_made, jobs=2) == []


@pytest.mark.parametrize("after", [0.05, 0.15, 0.4, 1.5])
def test_ctrl_c_for_all_of_them_ends_them_all_at_once_and_only_the_run_hears_of_it(tmp_path, after):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """\
            import multiprocessing, sys
            from functools import partial
            import runner_work as work
            from livetrio.simulation.plan import Plan
            from livetrio.simulation.runner import run_plans

            if __name__ == "__main__":
                try:
                    print("begun", flush=True)
                    run_plans([Plan(n, 1) for n in range(9)], partial(work.make, work.wait_long), jobs=2)
                except KeyboardInterrupt:
                    print("interrupted", multiprocessing.active_children())
            """
        )
    )
    process = subprocess.Popen(
        [sys.executable, program],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(after)  # the workers are starting, or have started; neither may matter
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()

    assert (out, err, process.returncode) == ("interrupted []\n", "", 0)
    assert time.monotonic() - begun < 5
