"""The tree of errors."""

import inspect
import re

import pytest

from livetrio import errors
from livetrio.errors import ConfigError, FrameError, HandshakeRefused, HttpError, LiveTradingError, Problem

CLASSES = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, LiveTradingError)
]


def test_the_drawing_shows_the_tree_that_there_is():
    drawn = {}
    path = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"^([ │├└─]+)([A-Z]\w+)(?:\s|$)", line)
        if found:
            depth = (len(found[1]) - 4) // 4
            del path[depth:]
            drawn[found[2]] = path[-1] if path else "Exception"
            path.append(found[2])

    assert drawn == {each.__name__: each.__base__.__name__ for each in CLASSES}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_says_what_it_means(kind):
    assert kind.__doc__


def test_a_config_error_lists_every_problem():
    error = ConfigError([Problem("engine.x", "wrong"), Problem("", "missing")], source="a.toml")

    assert str(error) == "a.toml: 2 problems\n  engine.x: wrong\n  missing"
    assert [str(problem) for problem in error.problems] == ["engine.x: wrong", "missing"]
    assert error.source == "a.toml"


def test_one_problem_is_not_two():
    assert str(ConfigError([Problem("a", "b")])) == "configuration: 1 problem\n  a: b"


def test_a_refused_handshake_has_its_status():
    error = HandshakeRefused("no", status=429, retry_after=2.5)

    assert (str(error), error.status, error.retry_after) == ("no", 429, 2.5)
    assert HandshakeRefused("no", status=503).retry_after is None


def test_an_http_error_without_an_answer_has_no_status():
    assert HttpError("no answer").status is None
    assert HttpError("refused", status=500).status == 500


def test_a_frame_error_has_its_kind():
    error = FrameError("bad-json", "found '{'")

    assert (error.kind, error.detail, str(error)) == ("bad-json", "found '{'", "bad-json: found '{'")
