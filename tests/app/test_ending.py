"""Which reason is told, and what is raised, when several things end a run."""

import pytest
import trio

from livetrio.app.ending import Ending
from livetrio.errors import LiveTradingError
from livetrio.model import ConnectionState, ShutdownEvent, ShutdownReason

SIGNAL = ShutdownEvent(reason=ShutdownReason.SIGNAL, timestamp=1, message="SIGINT")
ERROR = ShutdownEvent(reason=ShutdownReason.ERROR, timestamp=2, message="late")
UP = {"venue": ConnectionState.CONNECTED}
DOWN = {"venue": ConnectionState.FAILED}


def test_the_first_reason_and_the_states_of_then_are_kept():
    ending = Ending()

    assert ending.begin(SIGNAL, UP)
    assert not ending.begin(ERROR, DOWN)
    assert (ending.shutdown, ending.states) == (SIGNAL, UP)


def test_the_first_failure_is_raised():
    ending = Ending()
    first = LiveTradingError("first")
    ending.fail(first)
    ending.fail(LiveTradingError("second"))

    assert ending.has_failed(None)
    with pytest.raises(LiveTradingError) as raised:
        ending.raise_all(None)
    assert raised.value is first


def test_a_failure_and_a_bug_are_raised_together():
    ending = Ending()
    failure, bug = LiveTradingError("failure"), KeyError("bug")
    ending.fail(failure)

    with pytest.raises(BaseExceptionGroup) as raised:
        ending.raise_all(bug)
    assert raised.value.exceptions == (failure, bug)


async def test_to_be_cancelled_is_no_failure_and_to_end_well_raises_nothing():
    ending = Ending()
    with trio.CancelScope() as scope:
        scope.cancel()
        with pytest.raises(trio.Cancelled) as cancelled:
            await trio.sleep_forever()
        with pytest.raises(trio.Cancelled):
            ending.raise_all(cancelled.value)

    assert not ending.has_failed(cancelled.value)
    assert ending.has_failed(KeyError("bug"))
    assert not ending.has_failed(None)
    ending.raise_all(None)
