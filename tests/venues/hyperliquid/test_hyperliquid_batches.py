"""Commands are put together where they cost less so, and kept apart where one would hold up the other."""

from hypothesis import given
from hypothesis import strategies as st
from order_samples import LISTING, make_foreign_order, make_order
from test_hyperliquid_actions import modify

from livetrio.venues.hyperliquid.batches import MAX_ENTRIES, Lane, make_batches
from livetrio.venues.trading import Cancel, ScheduleCancel, Submit

SORTS = {
    Lane.CANCEL_BY_CLOID: lambda: Cancel(make_order()),
    Lane.CANCEL: lambda: Cancel(make_foreign_order()),
    Lane.SCHEDULE_CANCEL: lambda: ScheduleCancel(None),
    Lane.MODIFY_POST_ONLY: lambda: modify(make_order(post_only=True)),
    Lane.MODIFY: lambda: modify(make_order()),
    Lane.SUBMIT_POST_ONLY: lambda: Submit(make_order(post_only=True)),
    Lane.SUBMIT: lambda: Submit(make_order()),
}


def content_of(batch):
    action = batch.action
    return next((action[key] for key in ("orders", "modifies", "cancels") if key in action), [action])


def test_what_cancels_leaves_first_and_what_may_only_rest_goes_by_itself():
    commands = [make() for make in reversed(SORTS.values())]
    batches = list(make_batches(commands, LISTING))

    assert [each.lane for each in batches] == list(SORTS)
    assert [each.action["type"] for each in batches] == [
        "cancelByCloid", "cancel", "scheduleCancel", "batchModify", "batchModify", "order", "order",
    ]  # fmt: skip
    assert [each.lane.may_expire for each in batches] == [False] * 3 + [True] * 4


@given(st.lists(st.sampled_from(list(Lane)), max_size=150))
def test_every_command_is_in_one_batch_in_the_order_in_which_it_came(lanes):
    commands = [SORTS[lane]() for lane in lanes]
    batches = list(make_batches(commands, LISTING))

    for lane in Lane:
        expected = [each for each, its in zip(commands, lanes, strict=True) if its is lane]
        assert [each for batch in batches if batch.lane is lane for each in batch.commands] == expected
    assert [each.lane for each in batches] == sorted(each.lane for each in batches)


@given(st.lists(st.booleans(), min_size=1, max_size=150))
def test_a_batch_is_as_long_as_costs_nothing_and_tears_no_command_apart(modified):
    commands = [Cancel(make_order(pending_revision=1 if each else None)) for each in modified]
    batches = list(make_batches(commands, LISTING))

    for batch in batches:
        assert batch.entries == tuple(2 if each.order.pending_revision else 1 for each in batch.commands)
        assert len(content_of(batch)) == sum(batch.entries) <= MAX_ENTRIES
    assert all(sum(each.entries) >= MAX_ENTRIES - 1 for each in batches[:-1])


def test_39_orders_are_one_action_and_the_40th_begins_another():
    batches = list(make_batches([Submit(make_order()) for _ in range(40)], LISTING))

    assert [len(content_of(each)) for each in batches] == [39, 1]


def test_nothing_makes_no_action():
    assert list(make_batches([], LISTING)) == []
