"""Messages as frames, read back by wsproto."""

import pytest
from wsproto.frame_protocol import FrameProtocol, Opcode

from livetrio.supervision.text_frame import text_frame


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 65_535, 65_536, 100_001])
def test_a_server_reads_what_was_sent(size):
    message = bytes(97 + number % 26 for number in range(size))
    server = FrameProtocol(client=False, extensions=[])
    server.receive_bytes(text_frame(message))
    frames = list(server.received_frames())

    assert "".join(frame.payload for frame in frames) == message.decode()
    assert frames[0].opcode is Opcode.TEXT
    assert frames[-1].message_finished


def test_no_two_frames_have_the_same_mask():
    assert len({text_frame(b"ping")[2:6] for _ in range(100)}) > 90
