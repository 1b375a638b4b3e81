"""Client order ids: never twice, and whose they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.client_ids import MAX_COUNT, ClientOrderIds, is_ours, strategy_of, strategy_tag
from livetrio.errors import UsageError

JOURNAL = b"\x01\x02\x03"


def test_an_id_is_sixteen_bytes_whose_parts_can_be_read():
    made = ClientOrderIds(JOURNAL, 5).next("mm")

    assert made == f"0x6c74010203{strategy_tag('mm')}0000050000010000"
    assert len(made) == 34


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "a", "b"])), max_size=60))
def test_no_id_is_made_twice_whatever_the_runs_and_strategies(wanted):
    runs = {run: ClientOrderIds(JOURNAL, run) for run in (1, 2, 3)}
    made = [runs[run].next(strategy) for run, strategy in wanted]

    assert len(set(made)) == len(made)


def test_it_tells_whose_an_order_is():
    ids = ClientOrderIds(JOURNAL, 1)

    assert strategy_of(ids.next("mm"), ["trend", "mm"]) == "mm"
    assert strategy_of(ids.next("gone"), ["trend", "mm"]) is None
    assert strategy_of(ids.next(None), ["trend", "mm"]) is None


def test_it_tells_our_own_orders_from_those_of_another_journal_and_from_others():
    ids, others = ClientOrderIds(JOURNAL, 1), ClientOrderIds(b"\xff\x02\x03", 1)
    theirs = others.next("mm")

    assert ids.is_of_this_journal(ids.next("mm"))
    assert not ids.is_of_this_journal(theirs)
    assert is_ours(theirs)
    assert not is_ours("0xa1f0cddc17303d07f3fd128d5b35071d")
    assert not is_ours(None)


@pytest.mark.parametrize("journal, run", [(b"12", 1), (JOURNAL, 0), (JOURNAL, MAX_COUNT + 1)])
def test_nonsense_is_refused(journal, run):
    with pytest.raises(UsageError, match="expected 3 bytes and a run from 1 on"):
        ClientOrderIds(journal, run)


def test_a_run_that_has_used_up_its_ids_says_so():
    ids = ClientOrderIds(JOURNAL, 1)
    ids._count = MAX_COUNT

    with pytest.raises(UsageError, match="at most 16777215 orders; restart"):
        ids.next("mm")
