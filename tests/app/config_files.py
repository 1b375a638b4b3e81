"""Configurations in files, loaded or refused, for the tests in this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from livetrio.app.config import Config
from livetrio.app.load import load_config
from livetrio.errors import ConfigError
from livetrio.strategy.loader import check_strategy

ENDPOINTS = "engine.ws_endpoints"

UNKNOWN = (
    "unknown key; known here: engine, venues, strategies, logging, exchange, execution, risk, journal, "
    "cache, operations"
)

STRATEGY = """\
import attrs

from livetrio import Strategy
from livetrio.model import InstrumentId


@attrs.define
class Spread(Strategy):
    instrument: InstrumentId
    size: int = 1


async def momentum(ctx, period: int = 20):
    pass
"""


def load(file: Path, text: str | bytes = "", *overrides: str, **environ: str) -> Config:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(file, overrides=overrides, environ=environ, check_strategy=check_strategy)


def mistakes(file: Path, text: str | bytes = "", *overrides: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file, text, *overrides, **environ)
    lines = str(caught.value).splitlines()
    problems = caught.value.problems
    assert lines[0] == f"{file}: {len(problems)} problem{'' if len(problems) == 1 else 's'}"
    return [line.removeprefix("  ").replace(str(file.parent), "DIR") for line in lines[1:]]
