"""The page's own files. There are no others: nothing on it comes from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from livetrio.operations.http.asked import Refusal, Reply

FOLDER = Path(__file__).parent / "static"

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def find_file(path: str) -> Reply:
    """The file at a path below ``/static/``, or the page itself; raises `Refusal` where there is none."""
    name = "index.html" if path == "/" else path.removeprefix("/static/")
    if name not in _names():
        raise Refusal(404, f"there is no {path[:80]}")
    # Those of others have their version in their names.
    keep = (("cache-control", "max-age=604800, immutable"),) if name.startswith("vendor/") else ()
    file = FOLDER / name
    return Reply(status=200, body=file.read_bytes(), content_type=KINDS[file.suffix], headers=keep)


@cache
def _names() -> frozenset[str]:
    """All of them: what is asked for is looked up, and never joined to a path."""
    return frozenset(
        each.relative_to(FOLDER).as_posix()
        for each in FOLDER.rglob("*")
        if each.is_file() and each.suffix in KINDS
    )
