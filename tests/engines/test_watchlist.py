"""Watchlist: what is awaited, and when the next is due."""

from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.watchlist import Watch, Watchlist


def watch(name, asked=0):
    return Watch(name, "no answer", 0, asked)


async def test_what_is_due_is_taken_out_once_in_the_order_in_which_it_fell_due():
    watchlist = Watchlist()
    watchlist.add(watch("b"), 20)
    watchlist.add(watch("a"), 10)
    watchlist.add(watch("c"), 30)

    assert watchlist.next_due == 10
    assert [each.client_order_id for each in watchlist.take_due(20)] == ["a", "b"]
    assert watchlist.take_due(20) == []
    assert len(watchlist) == 1


async def test_only_what_is_due_earlier_than_all_before_wakes_whoever_waits():
    watchlist = Watchlist()
    first = watchlist.changed
    watchlist.add(watch("a"), 10)
    second = watchlist.changed
    watchlist.add(watch("b"), 11)

    assert first.is_set()
    assert watchlist.changed is second
    assert not second.is_set()


async def test_an_order_that_is_answered_before_the_next_leaves_wakes_nobody():
    watchlist = Watchlist()
    watchlist.add(watch("a"), 10)
    sleeping = watchlist.changed
    for name in "bcd":
        watchlist.remove("a")
        watchlist.add(watch(name), 11)

    assert not sleeping.is_set()
    assert watchlist.take_due(10) == []
    assert watchlist.next_due == 11


async def test_what_is_put_off_is_not_due_at_its_old_time():
    watchlist = Watchlist()
    watchlist.add(watch("a"), 10)
    watchlist.add(watch("a", asked=1), 50)

    assert watchlist.take_due(10) == []
    assert watchlist.get("a").asked == 1
    assert watchlist.next_due == 50


async def test_what_is_removed_is_awaited_no_more():
    watchlist = Watchlist()
    watchlist.add(watch("a"), 10)
    watchlist.remove("a")
    watchlist.remove("a")

    assert watchlist.next_due is None
    assert watchlist.get("a") is None
    assert watchlist.take_due(99) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9), st.booleans())))
async def test_it_is_a_table_of_due_times(steps):
    watchlist, table = Watchlist(), {}
    for name, due, is_removal in steps:
        if is_removal:
            watchlist.remove(name)
            table.pop(name, None)
        else:
            watchlist.add(watch(name), due)
            table[name] = due
        assert watchlist.next_due == min(table.values(), default=None)

    assert {each.client_order_id for each in watchlist.take_due(5)} == {
        n for n, due in table.items() if due <= 5
    }
