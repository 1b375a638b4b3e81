"""Paths of problems: written as in TOML, and sorted as people count."""

from __future__ import annotations

from livetrio.app.paths import render_path, sort_problems
from livetrio.errors import Problem


def test_paths_are_written_as_in_toml_and_sorted_by_number():
    path = ("a", 10, "b c", 'd"e\n', "é", "f-_" * 30, "g h" * 30)
    problems = [
        Problem("a[10]", ""),
        Problem("a[9]", "z"),
        Problem("a[9]", "b"),
        Problem("a", ""),
        Problem("a", ""),
    ]

    assert render_path(path) == f'''a[10]."b c"."d\\"e\\n"."é".{"f-_" * 30}."{("g h" * 30)[:57]}..."'''
    assert [f"{each.path} {each.message}".strip() for each in sort_problems(problems)] == [
        "a",
        "a[9] b",
        "a[9] z",
        "a[10]",
    ]
