"""Text as a terminal shows it."""

from hypothesis import given
from hypothesis import strategies as st

from livetrio.operations.terminal.cells import cut, escape, pad, width_of, wrap


def test_wide_characters_take_two_columns_and_accents_none():
    assert width_of("abc") == 3
    assert width_of("日本") == 4
    assert width_of("e\u0301") == 1


def test_what_is_cut_says_so_and_a_wide_character_is_not_halved():
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 4) == "abc…"
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 4) == "日…"
    assert cut("abc", 0) == ""


def test_control_characters_and_those_that_turn_the_text_around_are_written_as_escapes():
    assert escape("a\x1b[2Jb\n\u202e\u200b") == "a\\x1b[2Jb\\n\\u202e\\u200b"


def test_lines_are_broken_between_words_and_the_last_one_is_cut():
    assert wrap("one two three four", 8, 2) == ["one two", "three f…"]
    assert wrap("one two", 7, 3) == ["one two"]
    assert wrap("abcdefgh", 3, 9) == ["abc", "def", "gh"]
    assert wrap("日本", 1, 3) == ["日", "本"]  # too narrow for it: there is no better way


@given(st.text(), st.integers(0, 40))
def test_whatever_the_text_what_is_cut_fits(text, width):
    shown = cut(escape(text), width)

    assert width_of(shown) <= width
    assert shown.isprintable()


@given(st.text(), st.integers(2, 40), st.integers(1, 5))
def test_whatever_the_text_its_lines_fit(text, width, most):
    lines = wrap(escape(text), width, most)

    assert len(lines) <= most
    assert all(width_of(line) <= width for line in lines)


def test_to_the_right_and_to_the_left():
    assert pad("日", 4, left=True) == "日  "
    assert pad("日", 4, left=False) == "  日"
