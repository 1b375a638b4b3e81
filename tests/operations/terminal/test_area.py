"""The area below the log, judged by a terminal in memory."""

from hypothesis import given, settings
from hypothesis import strategies as st
from terminal_views import Terminal

from livetrio.operations.terminal.area import Area


def test_the_area_is_below_the_log_and_the_cursor_above_it():
    area, terminal = Area(), Terminal(40, 10)
    terminal.feed(b"a line of the log\r\n")
    terminal.feed(area.show(["one", "two"]))

    assert terminal.shown[:5] == ["a line of the log", "", "one", "two", ""]
    assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (1, 0)


def test_only_the_lines_that_differ_are_written():
    area, terminal = Area(), Terminal(40, 10)
    terminal.feed(area.show(["one", "two", "three", "four"]))
    change = area.show(["one", "TWO", "three", "4"])
    terminal.feed(change)

    assert terminal.shown[1:5] == ["one", "TWO", "three", "4"]
    assert b"one" not in change
    assert b"three" not in change
    assert area.show(["one", "TWO", "three", "4"]) == b""
    assert terminal.screen.cursor.y == 0


def test_at_the_foot_of_the_terminal_it_scrolls_and_nothing_of_the_log_is_lost():
    area, terminal = Area(), Terminal(40, 6)
    for number in range(20):
        terminal.feed(area.forget() + b"line %d\r\n" % number)
        terminal.feed(area.show(["one", f"two {number}", "three"]))

    assert [each for each in terminal.all if each.startswith("line")] == [f"line {at}" for at in range(20)]
    assert terminal.shown[-3:] == ["one", "two 19", "three"]
    assert terminal.text.count("three") == 1


def test_half_a_line_keeps_its_place_above_the_area():
    area, terminal = Area(), Terminal(40, 8)
    terminal.feed(b"loading")
    terminal.feed(area.show(["one"]))
    terminal.feed(area.forget() + b" ... done\r\n")
    terminal.feed(area.show(["one"]))

    assert terminal.shown[:3] == ["loading ... done", "", "one"]


def test_what_is_forgotten_is_gone_and_comes_again_whole():
    area, terminal = Area(), Terminal(40, 8)
    assert area.forget() == b""
    terminal.feed(area.show(["one"]))
    terminal.feed(area.forget())
    assert terminal.text.strip() == ""
    assert not area.is_shown
    terminal.feed(area.show(["one"]))
    terminal.feed(area.show([]))

    assert terminal.text.strip() == ""


def test_another_size_of_the_terminal_leaves_no_ruins():
    area, terminal = Area(), Terminal(60, 12)
    terminal.feed(b"log\r\n" + area.show(["x" * 59] * 4))
    terminal.screen.resize(12, 30)
    terminal.feed(area.show(["y" * 29] * 2, whole=True))

    assert [each for each in terminal.shown if each] == ["log", "y" * 29, "y" * 29]


lines = st.lists(st.text("abc", max_size=8), max_size=4)


@settings(max_examples=60)
@given(st.lists(st.one_of(lines, st.text("lmn", min_size=1, max_size=8)), max_size=30))
def test_whatever_comes_the_log_is_whole_and_the_last_picture_is_shown(steps):
    area, terminal, log, last = Area(), Terminal(20, 7), [], []
    for step in steps:
        if isinstance(step, str):
            terminal.feed(area.forget() + step.encode() + b"\r\n")
            log.append(step)
            last = []
        else:
            terminal.feed(area.show(step))
            last = step

    found = terminal.all
    assert found[: len(log)] == log
    assert found[len(log) + 1 : len(log) + 1 + len(last)] == last
    assert not any(found[len(log) + 1 + len(last) :])
