"""Tests of scripts/, .ci/run and the package that is built: what a stranger's first two commands do."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SCRIPTS = [
    ROOT / "scripts" / name
    for name in ("setup", "check", "test", "demo", "docs", "lock", "worlds", "mutants")
] + [ROOT / ".ci/run"]

LIMIT = 60  # seconds for anything started here


def run(*command: object, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def write_script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_can_be_run_and_stop_at_the_first_error(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert "\nset -euo pipefail\n" in script.read_text()
    assert run("bash", "-n", script).returncode == 0


# The lock.


@pytest.mark.parametrize("name", ["requirements.lock", "docs/requirements.lock"])
def test_a_lock_names_no_index_and_has_a_hash_for_everything(name: str) -> None:
    lock = (ROOT / name).read_text()

    assert "://" not in lock
    assert "--index" not in lock
    requirements = re.findall(r"^[a-z0-9].*(?:\n    .*)*", lock, re.MULTILINE)
    assert len(requirements) > 30
    assert all(re.match(r"[\w.-]+==\S+", each) and "--hash=sha256:" in each for each in requirements)


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; more than one where they depend on the Python."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("extra, name", [("dev", "requirements.lock"), ("docs", "docs/requirements.lock")])
def test_a_lock_has_all_that_the_project_asks_for(extra: str, name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][extra] + (project["dependencies"] if extra == "dev" else [])

    assert {re.split(r"[><=\[; ]", each)[0] for each in wanted} <= locked(name).keys()


def test_what_both_locks_have_is_the_same_in_both() -> None:
    tools, guides = locked("requirements.lock"), locked("docs/requirements.lock")

    assert {each: guides[each] for each in tools.keys() & guides} == {
        each: tools[each] for each in tools.keys() & guides
    }


# Set-up, in words when it cannot be.


def test_setup_says_that_a_python_is_too_old(tmp_path: Path) -> None:
    old = write_script(tmp_path / "python", '[ "$1" = --version ] && echo Python 3.9.2 || exit 1')

    outcome = run(ROOT / "scripts/setup", PYTHON=str(old))

    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr == f"PYTHON={old} is no CPython from 3.11 to 3.14: Python 3.9.2\n"


def test_setup_says_that_a_python_is_not_there() -> None:
    outcome = run(ROOT / "scripts/setup", PYTHON="/nowhere/python3")

    assert outcome.returncode == 1
    assert "PYTHON=/nowhere/python3 is no CPython from 3.11 to 3.14" in outcome.stderr


def test_setup_says_what_to_install_where_no_python_will_do(tmp_path: Path) -> None:
    for name in ("bash", "dirname", "head", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    write_script(tmp_path / "python3", '[ "$1" = --version ] && echo Python 3.9.2 || exit 1')

    outcome = run(ROOT / "scripts/setup", PATH=str(tmp_path), PYTHON="")

    assert outcome.returncode == 1
    assert "python3 is: Python 3.9.2" in outcome.stderr
    assert "apt-get install python3 python3-venv" in outcome.stderr


def test_setup_says_what_to_install_where_venv_is_missing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    write_script(tmp_path / "bin/uv", "exit 127")
    python = write_script(
        tmp_path / "bin/a python",
        f'if [ "$1" = -m ]; then exit 1; elif [ "$1" = -c ] && [ $# = 2 ]; then\n'
        f'echo "$0"; echo 3.11.2; else exec {sys.executable} "$@"; fi',
    )

    outcome = run(tmp_path / "scripts/setup", PATH=f"{tmp_path}/bin:{os.environ['PATH']}", PYTHON=str(python))

    assert outcome.returncode == 1
    assert "apt-get install python3-venv" in outcome.stderr
    assert not (tmp_path / ".venv-3.11/.setup-stamp").exists()


def test_setup_takes_what_the_lock_says_and_nothing_that_is_newer(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    write_script(tmp_path / "bin/uv", f'echo "$@" >>"{tmp_path}/commands"')

    outcome = run(tmp_path / "scripts/setup", PATH=f"{tmp_path}/bin:{os.environ['PATH']}")

    installs = [each for each in (tmp_path / "commands").read_text().splitlines() if "install" in each]
    assert outcome.returncode == 0, outcome.stderr
    assert len(installs) == 2
    assert "--require-hashes --no-deps -r requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]


# The demo. Its set-up is that of the tests, so that none is made.


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    if not (Path(sys.prefix) / "bin/livetrio").exists():
        pytest.skip("livetrio's command is not installed beside this Python")
    shutil.copy(ROOT / "scripts/demo", write_script(tmp_path / "scripts/demo", ""))
    write_script(tmp_path / "scripts/setup", f"echo '{sys.prefix}'")
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns("*.journal*"))
    return tmp_path / "scripts/demo"


def test_the_demo_takes_arguments_and_a_later_duration_counts(demo: Path) -> None:
    outcome = run(demo, "--duration", "1500ms", "--set", "engine.tick_interval_ms=50", "--log-level", "error")

    assert outcome.returncode == 0, outcome.stderr
    assert "Ended because: the 1.5 s are over" in outcome.stdout
    ticks = re.search(r"system\.tick +(\d+) ", outcome.stdout)
    assert ticks is not None, outcome.stdout
    assert 2 < int(ticks[1]) <= 33  # a busy machine misses some; the demo's own interval would have made one


def test_the_demo_can_be_started_from_anywhere(demo: Path, tmp_path: Path) -> None:
    outcome = run(demo, "--duration", "300ms", cwd=Path("/"))

    assert outcome.returncode == 0, outcome.stderr


def test_the_demo_hands_on_the_exit_code_of_a_wrong_setting(demo: Path) -> None:
    outcome = run(demo, "--set", "engine.tick_interval_ms=abc")

    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert outcome.stderr == (
        "configs/demo.toml: 1 problem\n"
        "  engine.tick_interval_ms: expected a whole number of milliseconds ≥ 1, "
        'found the text "abc" (set by --set engine.tick_interval_ms)\n'
    )


def test_ctrl_c_ends_the_demo_with_the_report(demo: Path) -> None:
    process = subprocess.Popen(
        [demo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "engine runs" in line:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    output, _ = process.communicate(timeout=LIMIT)

    assert process.returncode == 0
    assert "Ended because: signal SIGINT" in output


# Continuous integration: which Pythons.


@pytest.fixture
def ci(tmp_path: Path) -> Path:
    """.ci/run with four Pythons to find, one of them a shim that only complains."""
    shutil.copy(ROOT / ".ci/run", write_script(tmp_path / ".ci/run", ""))
    write_script(
        tmp_path / "scripts/test",
        'echo "$PYTHON" >>tested; echo "====== 3 passed in 0.01s ======"; test ! -e broken',
    )
    write_script(tmp_path / "scripts/docs", 'echo "docs $PYTHON" >>more')
    write_script(tmp_path / "scripts/worlds", 'echo "worlds $PYTHON" >>more; test ! -e violated')
    write_script(tmp_path / "scripts/mutants", 'echo "mutants $PYTHON" >>more')
    for name in ("bash", "dirname", "mktemp", "rm", "tee", "grep", "tail"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    for minor, patch, folder in (
        (11, 2, "bin"),
        (12, 1, "pyenv/versions/3.12.1/bin"),
        (13, 0, "pyenv/versions/3.13.0/bin"),
    ):
        write_script(
            tmp_path / folder / f"python3.{minor}",
            f'if [ "$1" = --version ]; then echo Python 3.{minor}.{patch}; '
            f'elif [ "$3" = {minor} ]; then echo "$0"; else exit 1; fi',
        )
    write_script(tmp_path / "bin/python3.13", 'echo "pyenv: python3.13: command not found" >&2; exit 127')
    write_script(tmp_path / "bin/python3", "exit 1")
    return tmp_path


def run_ci(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "bash", folder / ".ci/run"],
        env={"PATH": f"{folder}/bin", "HOME": str(folder), "PYENV_ROOT": f"{folder}/pyenv"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def test_ci_tests_with_the_oldest_and_the_newest_python_that_works(ci: Path) -> None:
    outcome = run_ci(ci)

    assert outcome.returncode == 0, outcome.stderr
    assert (ci / "tested").read_text().splitlines() == [
        f"{ci}/bin/python3.11",
        f"{ci}/pyenv/versions/3.13.0/bin/python3.13",
    ]
    assert re.search(
        "=== Summary ===\n"
        "Python 3.11.2: passed\n====== 3 passed in 0.01s ======\n"
        "Python 3.13.0: passed\n====== 3 passed in 0.01s ======\n"
        "the guides: passed in [01] s\n300 worlds: passed in [01] s\n"
        "bugs that worlds must show: passed in [01] s\n$",
        outcome.stdout,
    )
    newest = f"{ci}/pyenv/versions/3.13.0/bin/python3.13"
    assert (ci / "more").read_text().splitlines() == [
        f"docs {newest}",
        f"worlds {newest}",
        f"mutants {newest}",
    ]


def test_ci_fails_where_a_world_does_not_hold_and_goes_on(ci: Path) -> None:
    (ci / "violated").touch()

    outcome = run_ci(ci)

    assert outcome.returncode == 1
    assert "300 worlds: FAILED in " in outcome.stdout
    assert "bugs that worlds must show: passed in " in outcome.stdout


def test_ci_tests_once_where_there_is_one_python(ci: Path) -> None:
    shutil.rmtree(ci / "pyenv")

    outcome = run_ci(ci)

    assert outcome.returncode == 0, outcome.stderr
    assert (ci / "tested").read_text().splitlines() == [f"{ci}/bin/python3.11"]


def test_ci_fails_where_a_test_fails_and_tests_on(ci: Path) -> None:
    (ci / "broken").touch()

    outcome = run_ci(ci)

    assert outcome.returncode == 1
    assert len((ci / "tested").read_text().splitlines()) == 2
    assert "Python 3.11.2: FAILED\n" in outcome.stdout


def test_ci_says_what_to_install_where_no_python_will_do(ci: Path) -> None:
    shutil.rmtree(ci / "pyenv")
    (ci / "bin/python3.11").unlink()

    outcome = run_ci(ci)

    assert outcome.returncode == 1
    assert "apt-get install python3 python3-venv" in outcome.stderr


# The package.


def test_the_wheel_holds_the_package_and_its_types(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")

    outcome = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)

    assert outcome.returncode == 0, outcome.stderr
    (wheel,) = tmp_path.glob("livetrio-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"livetrio/py.typed", "livetrio/exchange/server.py"} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"livetrio"}
