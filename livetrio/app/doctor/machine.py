"""Machine: Python, and the packages that livetrio is made of."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from livetrio.app.doctor.check import FAILED, OK, WARNING, Check
from livetrio.version import __version__

TESTED = (3, 11), (3, 14)


def check_machine() -> Check:
    """Versions, and whether they are such as livetrio is tested with."""
    found = f"livetrio {__version__}, {platform.python_implementation()} {platform.python_version()}"
    if sys.implementation.name != "cpython" or not TESTED[0] <= sys.version_info[:2] <= TESTED[1]:
        return Check("python", WARNING, found, "it is tested with CPython 3.11 to 3.14")
    try:
        names = _requirements()
        packages = {name: version(name) for name in names}
    except PackageNotFoundError as error:
        return Check("python", FAILED, f"{found}: {error.name} is not installed", "install livetrio again")
    listed = ", ".join(f"{name} {number}" for name, number in sorted(packages.items()))
    return Check("python", OK, f"{found}, {listed}")


def _requirements() -> list[str]:
    """The packages that it needs everywhere."""
    return [
        re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0]
        for each in requires("livetrio") or ()
        if ";" not in each
    ]
