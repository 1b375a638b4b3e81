"""Messages to a channel that is down, slow, or hangs. In virtual time."""

import trio
import trio.lowlevel
from alert_views import Reader, message
from structlog.testing import capture_logs

from livetrio.clock import Clock
from livetrio.operations.alerts.courier import CAPACITY, Courier


async def test_messages_arrive_in_order(autojump_clock, nursery):
    reader = Reader(delay=1)
    courier = await started(nursery, reader)
    for number in range(3):
        courier.put(message(number))
    await trio.sleep(4)

    assert reader.texts == ["message 0", "message 1", "message 2"]


async def test_a_channel_that_is_down_is_tried_again_ever_later_and_told_once(autojump_clock, nursery):
    reader = Reader(is_down=True)
    courier = await started(nursery, reader)
    began = trio.current_time()
    with capture_logs() as logs:
        courier.put(message())
        await trio.sleep(130)
        reader.is_down = False
        await trio.sleep(60)

    assert [round(each - began) for each in reader.attempts] == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert reader.texts == ["message 1"]
    assert [each["event"] for each in logs] == [
        "alerts do not reach their channel; it is tried again",
        "alerts reach their channel again",
    ]
    assert logs[0]["because"] == "it is down"


async def test_too_many_drop_the_oldest_and_say_how_many(autojump_clock, nursery):
    reader = Reader(is_down=True)
    courier = await started(nursery, reader)
    for number in range(CAPACITY + 3):
        courier.put(message(number))
    await trio.sleep(1.5)
    reader.is_down = False
    await trio.sleep(10)

    assert reader.texts[0] == "(3 earlier alerts did not get through; the log has all)\nmessage 3"
    assert reader.texts[1] == "message 4"
    assert len(reader.texts) == CAPACITY


async def test_one_that_is_never_taken_blocks_nobody_for_ever(autojump_clock, nursery):
    reader = Reader(is_down=True)
    courier = await started(nursery, reader)
    courier.put(message(1))
    await trio.sleep(6 * 3600 + 120)
    courier.put(message(2, at=6 * 3600 + 120))
    await trio.sleep(1)
    reader.is_down = False
    await trio.sleep(61)

    assert reader.texts == ["(1 earlier alert did not get through; the log has all)\nmessage 2"]


async def test_a_channel_that_hangs_is_left_after_a_while(autojump_clock, nursery):
    reader = Reader(delay=3600)
    courier = await started(nursery, reader)
    courier.put(message())
    await trio.sleep(30)
    reader.delay = 0
    await trio.sleep(30)

    assert reader.texts == ["message 1"]
    assert [round(each - reader.attempts[0]) for each in reader.attempts] == [0, 21, 43]


async def test_the_end_does_not_wait_for_the_next_attempt(autojump_clock, nursery):
    reader = Reader(is_down=True)
    courier = await started(nursery, reader)
    courier.put(message())
    await trio.sleep(70)  # the next attempt is a minute away
    reader.is_down = False
    with trio.fail_after(1):
        await courier.finish()

    assert reader.texts == ["message 1"]


async def test_who_has_nothing_to_say_has_finished(autojump_clock, nursery):
    courier = await started(nursery, Reader())
    with trio.fail_after(0.1):
        await courier.finish()


async def started(nursery, reader):
    courier = Courier("phone", reader, Clock.simulated())
    nursery.start_soon(courier.run)
    await trio.lowlevel.checkpoint()
    return courier
