"""Page reader: looks at the page and at the metrics of an engine until it has gone, in a process of its own.

``python -m benchmarks.page_reader PORT`` prints how often they came, as a line of JSON. It imports nothing of
the engine, so that it takes nothing of the machine while that is measured.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time

EVERY = 1.0
"""Seconds between two looks at the metrics."""

LIMIT = 60.0
"""Seconds for anything."""


def read(port: int) -> dict[str, int]:
    """Look at an engine's page and metrics until it has gone; how often they came."""
    began = time.monotonic()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            if time.monotonic() - began > LIMIT:
                raise
            time.sleep(0.02)
    seen = {"views": 0, "metrics": 0}
    scraper = threading.Thread(target=_scrape, args=(port, seen))
    scraper.start()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("GET", "/api/stream")
        for line in connection.getresponse():
            seen["views"] += line.startswith(b"data:")
    except (OSError, http.client.HTTPException):
        pass  # the engine has ended
    scraper.join()
    return seen


def _scrape(port: int, seen: dict[str, int]) -> None:
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
            connection.request("GET", "/metrics")
            seen["metrics"] += b"livetrio_" in connection.getresponse().read()
            connection.close()
            time.sleep(EVERY)
    except (OSError, http.client.HTTPException):
        return


if __name__ == "__main__":
    print(json.dumps(read(int(sys.argv[1]))))
