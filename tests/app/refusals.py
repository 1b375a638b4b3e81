"""What settings say about a value that they refuse, for the tests in this folder."""

from __future__ import annotations

from typing import Any

import pytest

from livetrio.errors import ConfigError


def refusal(kind: type[Any], **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        kind(**settings)
    assert caught.value.source in (kind.__name__, "strategies")
    (problem,) = caught.value.problems
    return str(problem)
