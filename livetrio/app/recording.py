"""Recording: what the local exchange is to replay, read and found playable before anything starts."""

from __future__ import annotations

from pathlib import Path

from livetrio.exchange import Recording
from livetrio.exchange.market.recorded_listing import listing_of


def read_recording(path: Path) -> Recording:
    """Read a recording of which something can be played.

    Raises:
      BadRecording: it cannot be read, a line makes no sense, or nothing in it can be traded.
    """
    recording = Recording.read(path)
    listing_of(recording)
    return recording
