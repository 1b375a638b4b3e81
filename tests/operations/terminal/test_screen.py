"""The terminal, a real one: what it takes, and what becomes of what it does not take."""

import os
import pty
import termios
import threading
import tty

import pytest
import trio
import trio.testing
from terminal_views import Terminal, view

from livetrio.operations.terminal import screen as screen_module
from livetrio.operations.terminal.live import LiveView
from livetrio.operations.terminal.render import Style
from livetrio.operations.terminal.screen import Screen

LINES = 2000
"""More than a terminal takes at once."""


class Pair:
    """A pseudo-terminal: ours to look at, and the screen that writes to it."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        os.set_blocking(self.ours, False)
        self.screen = Screen.open(self.theirs)
        self.terminal = Terminal(80, 24)

    def read(self):
        """Take all that was written so far."""
        data = b""
        while True:
            try:
                some = os.read(self.ours, 65_536)
            except (BlockingIOError, OSError):
                break
            if not some:
                break
            data += some
        self.terminal.feed(data)
        return data

    def stop(self):
        """What Ctrl+S does; and then lines of the log come."""
        termios.tcflow(self.theirs, termios.TCOOFF)
        for number in range(LINES):
            self.screen.write(b"line %d\r\n" % number)

    def go_on(self):
        """What Ctrl+Q does."""
        termios.tcflow(self.theirs, termios.TCOON)


@pytest.fixture
def pair():
    pair = Pair()
    yield pair
    if pair.ours is not None:
        os.close(pair.ours)
    os.close(pair.theirs)


def test_what_is_no_terminal_is_refused():
    reader, writer = os.pipe()
    with pytest.raises(OSError, match="ioctl"):
        Screen.open(writer)
    os.close(reader)
    os.close(writer)


def test_the_shells_own_terminal_goes_on_waiting(pair):
    assert os.get_blocking(pair.theirs)
    assert not os.get_blocking(pair.screen._descriptor)


def test_log_and_area_each_in_their_place(pair):
    pair.screen.write(b"one\r\n")
    assert pair.screen.show(["area"])
    pair.screen.write(b"two\r\n")
    assert pair.screen.disturbed.is_set()
    pair.screen.show(["area"])
    pair.read()

    assert pair.terminal.shown[:4] == ["one", "two", "", "area"]
    assert pair.screen.size() == (80, 24)  # it says 0 × 0


def test_at_the_end_the_area_is_gone_and_the_log_is_not(pair):
    pair.screen.write(b"one\r\n")
    pair.screen.show(["area"])
    pair.screen.close()
    pair.screen.write(b"two\r\n")
    pair.read()

    assert pair.terminal.text.split() == ["one"]


def test_a_terminal_that_does_not_read_gets_no_pictures_and_the_whole_log_later(pair):
    pair.stop()

    assert not pair.screen.show(["a picture"])
    pair.go_on()
    while not pair.screen.show(["a picture"]):
        pair.read()
    pair.read()
    lines = [each for each in pair.terminal.all if each.startswith("line")]
    assert lines == [f"line {at}" for at in range(LINES)]
    assert pair.terminal.text.count("a picture") == 1


def test_beyond_the_limit_lines_are_counted_and_that_is_told(pair, monkeypatch):
    monkeypatch.setattr(screen_module, "MAX_WAITING", 1000)
    pair.stop()
    lost = pair.screen.lost
    pair.go_on()
    while not pair.screen.show(["a picture"]):
        pair.read()
    pair.read()

    assert lost > LINES / 2
    assert pair.screen.lost == 0
    assert f"{lost} lines of the log were lost: the terminal did not read them" in pair.terminal.text
    assert pair.terminal.text.count("line ") == LINES - lost


def test_a_terminal_that_was_closed_takes_everything_silently(pair):
    os.close(pair.ours)
    pair.ours = None
    pair.screen.write(b"one\r\n")

    assert pair.screen.is_gone
    assert not pair.screen.show(["area"])
    pair.screen.write(b"two\r\n")
    pair.screen.close()


def test_at_the_end_the_terminal_is_waited_for(pair):
    pair.stop()
    thread = threading.Thread(target=pair.screen.close)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    pair.go_on()
    while thread.is_alive():
        pair.read()
        thread.join(0.001)
    pair.read()

    assert [each for each in pair.terminal.all if each] == [f"line {at}" for at in range(LINES)]


async def test_what_waits_is_written_as_soon_as_the_terminal_reads(pair):
    pair.stop()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pair.screen.drain)
        await trio.testing.wait_all_tasks_blocked()
        assert pair.screen.is_behind
        pair.go_on()
        with trio.fail_after(5):
            while pair.screen.is_behind:
                pair.read()
                await trio.sleep(0.001)
        pair.screen.write(b"more\r\n")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    pair.read()

    assert [each for each in pair.terminal.all if each][-2:] == [f"line {LINES - 1}", "more"]


def test_a_thread_may_write_too(pair):
    pair.screen.show(["area"])
    thread = threading.Thread(target=pair.screen.write, args=(b"from a thread\r\n",))
    thread.start()
    thread.join()
    pair.read()

    assert pair.terminal.shown[0] == "from a thread"
    assert not pair.screen.disturbed.is_set()  # the next picture comes by itself


# The task that paints.

STYLE = Style(colours=False, old_after=10)


async def paint(pair, seconds, look, between=lambda: None):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(LiveView(pair.screen, look, STYLE).run)
        await trio.sleep(seconds)
        between()
        await trio.sleep(0.2)
        pair.read()
        shown = pair.terminal.shown
        nursery.cancel_scope.cancel()
    pair.read()
    return shown


async def test_the_picture_follows_the_engine_and_is_gone_at_the_end(pair):
    looked = []

    def look():
        looked.append(trio.current_time())
        return view(life=f"life {len(looked)}")

    shown = await paint(pair, 1.2, look)

    assert f"life {len(looked)}" in shown[2]
    assert 3 <= len(looked) <= 4
    assert pair.terminal.text.strip() == ""


async def test_after_a_line_of_the_log_the_picture_is_there_again_before_the_next_is_due(pair):
    shown = await paint(pair, 0.1, view, lambda: pair.screen.write(b"a line\r\n"))

    assert shown[0] == "a line"
    assert shown[3].startswith("livetrio 9.9")


async def test_a_terminal_that_does_not_read_holds_up_nothing(pair):
    pair.stop()
    looked = []
    often = trio.Event()

    def look():
        looked.append(trio.current_time())
        if len(looked) == 3:
            often.set()
        return view()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(LiveView(pair.screen, look, STYLE).run)
            await often.wait()
            nursery.cancel_scope.cancel()

    assert pair.screen.is_behind


async def test_a_terminal_that_is_closed_ends_the_painting_and_not_the_engine(pair):
    looked = []

    def look():
        looked.append(1)
        if len(looked) == 2:
            os.close(pair.ours)
            pair.ours = None
        return view(life=f"life {len(looked)}")

    with trio.move_on_after(1.7) as scope:
        await LiveView(pair.screen, look, STYLE).run()

    assert scope.cancelled_caught
    assert len(looked) == 2
