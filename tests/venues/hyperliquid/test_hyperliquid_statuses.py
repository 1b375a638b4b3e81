"""The venue's words for how an order stands: known ones, new ones, and ones that nobody can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.model import OrderStatus
from livetrio.venues.hyperliquid.statuses import STATUSES, reason_of, status_of


@pytest.mark.parametrize("word", STATUSES)
def test_every_known_word_means_what_its_end_says_if_it_ends_like_that(word):
    if word.endswith("Rejected") or word == "rejected":
        assert status_of(word) is OrderStatus.REJECTED
    elif word.endswith(("Canceled", "Cancel")) or word == "canceled":
        assert status_of(word) is OrderStatus.CANCELED
    else:
        assert word in ("open", "triggered", "filled")


def test_an_ioc_that_found_nobody_is_rejected_though_its_word_has_cancel_in_it():
    assert status_of("iocCancelRejected") is OrderStatus.REJECTED


def test_the_dead_mans_switch_cancels_though_its_word_lacks_two_letters():
    assert status_of("scheduledCancel") is OrderStatus.CANCELED


@given(st.text(max_size=20))
def test_a_new_word_is_told_by_its_end(beginning):
    assert status_of(beginning + "Rejected") is OrderStatus.REJECTED
    assert status_of(beginning + "Canceled") is OrderStatus.CANCELED
    assert status_of(beginning + "Cancel") is OrderStatus.CANCELED


@pytest.mark.parametrize("word", ["", "Open", "expired", "canceledByWhim", "RejectedNot"])
def test_what_cannot_be_told_is_not_guessed(word):
    assert status_of(word) is None


def test_a_word_is_a_reason_where_the_status_says_less():
    assert reason_of("marginCanceled") == "marginCanceled"
    assert reason_of("badAloPxRejected") == "badAloPxRejected"
    assert [reason_of(each) for each in ("open", "triggered", "filled", "canceled")] == [None] * 4
