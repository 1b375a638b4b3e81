"""A cloid names one revision of one order of ours, and others' cloids are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.client_ids import MARKER as ENGINE_MARKER
from livetrio.engines.client_ids import ClientOrderIds
from livetrio.venues.hyperliquid.ids import MARKER, MAX_REVISION, from_wire, to_wire

OURS = ClientOrderIds(b"\x01\x02\x03", 7)

hex_digits = st.text("0123456789abcdef", min_size=28, max_size=28)


def test_the_marker_is_the_engines_own():
    assert MARKER == ENGINE_MARKER


@given(st.text(max_size=10) | st.none(), st.integers(0, MAX_REVISION))
def test_what_went_out_comes_back_as_it_was(strategy, revision):
    client_order_id = OURS.next(strategy)

    cloid = to_wire(client_order_id, revision)

    assert len(cloid) == 34
    assert from_wire(cloid) == (client_order_id, revision)
    assert from_wire(cloid.upper().replace("X", "x")) == (client_order_id, revision)


@given(hex_digits, st.integers(0, MAX_REVISION), st.integers(0, MAX_REVISION))
def test_two_revisions_never_share_a_cloid(digits, one, other):
    client_order_id = MARKER + digits[:-4] + "0000"

    assert (to_wire(client_order_id, one) == to_wire(client_order_id, other)) == (one == other)


def test_a_revision_is_the_cloids_last_four_digits():
    client_order_id = "0x6c74" + "ab" * 12 + "0000"

    assert to_wire(client_order_id, 0) == client_order_id
    assert to_wire(client_order_id, 300) == "0x6c74" + "ab" * 12 + "012c"


@pytest.mark.parametrize("cloid", ["0xa1f0cddc17303d07f3fd128d5b35071d", "0x6C74", "0x6c74", "", "nonsense"])
def test_others_ids_are_kept_as_they_are(cloid):
    assert from_wire(cloid) == (cloid, 0)


def test_an_order_of_others_is_named_by_its_own_cloid():
    cloid = "0xa1f0cddc17303d07f3fd128d5b35071d"

    assert to_wire(cloid, 0) == cloid


@pytest.mark.parametrize("name", ["", "O-123", "0x6c74", "0x" + "AB" * 16, "0x" + "ab" * 17])
def test_an_id_that_the_venue_could_not_take_is_refused(name):
    with pytest.raises(ValueError, match="expected 0x and 32 lower-case hex digits as client order id"):
        to_wire(name, 0)


@pytest.mark.parametrize("revision", [-1, MAX_REVISION + 1])
def test_there_are_only_so_many_revisions(revision):
    with pytest.raises(ValueError, match=f"expected a revision from 0 to {MAX_REVISION}, found {revision}"):
        to_wire("0x6c74" + "00" * 14, revision)
