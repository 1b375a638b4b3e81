"""Seeds as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.app.simulate_options import read_seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("0..4", [0, 1, 2, 3, 4]),
        ("3..3", [3]),
        ("1,5,9..12", [1, 5, 9, 10, 11, 12]),
        (" 2 , 1 ", [2, 1]),
        ("1..3,2..4", [1, 2, 3, 4]),
        ("9223372036854775807", [2**63 - 1]),
    ],
)
def test_seeds_are_numbers_and_spans_with_both_ends(text, seeds):
    assert read_seeds(text) == seeds


@given(st.text(alphabet="0123456789., -x", max_size=8))
def test_any_text_is_seeds_or_gets_one_sentence(text):
    seeds, sentence = [], ""
    try:
        seeds = read_seeds(text)
    except ValueError as error:
        sentence = str(error)

    assert bool(seeds) != sentence.startswith("expected ")
    assert "\n" not in sentence
    assert len(seeds) == len(set(seeds))
