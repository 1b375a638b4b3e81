"""scripts/make-demo-recording, and what it has made."""

import gzip
import subprocess
import sys
from pathlib import Path

from livetrio.exchange import demo_recording

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/make-demo-recording"


def test_the_demo_recording_can_be_made_again_as_it_was_shipped(tmp_path):
    made = tmp_path / "demo.gz"
    subprocess.run([sys.executable, SCRIPT, made], check=True, capture_output=True, timeout=60)

    # Unpacked, for not every zlib packs alike.
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(demo_recording().read_bytes())
