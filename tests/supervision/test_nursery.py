"""Services outlive the ones that use them."""

from __future__ import annotations

import functools

import pytest
import trio

from livetrio.supervision.nursery import lone_leaf, open_service_nursery
from livetrio.testing import within


class Log:
    def __init__(self):
        self.lines = []

    async def service(self, name, *, goodbye=0.0, task_status=trio.TASK_STATUS_IGNORED):
        task_status.started(name)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(goodbye)
            self.lines.append(name)


@within(60)
@pytest.mark.parametrize("how", ["start", "start_soon"])
async def test_services_are_cancelled_after_the_body_has_left(autojump_clock, how):
    log = Log()

    async with open_service_nursery() as services:
        if how == "start":
            assert await services.start(log.service, "service") == "service"
        else:
            services.start_soon(log.service, "service")
        await trio.sleep(5)
        log.lines.append("body")

    assert log.lines == ["body", "service"]
    assert trio.current_time() == 5


@within(60)
@pytest.mark.parametrize("how", ["start", "start_soon"])
async def test_a_cancel_from_outside_reaches_services_last(autojump_clock, how):
    log = Log()

    with trio.move_on_after(5):
        async with open_service_nursery() as services:
            if how == "start":
                await services.start(log.service, "service")
            else:
                services.start_soon(log.service, "service")
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(3, shield=True):
                    await trio.sleep(2)
                    log.lines.append("body")

    assert log.lines == ["body", "service"]
    assert trio.current_time() == 7


@within(60)
async def test_before_it_has_started_a_service_can_be_cancelled(autojump_clock):
    log = Log()

    async def slow(*, task_status):
        try:
            await trio.sleep_forever()
        finally:
            log.lines.append("given up")

    async with open_service_nursery() as services:
        with trio.move_on_after(5):
            await services.start(slow)
        await trio.sleep(1)
        log.lines.append("body")

    assert log.lines == ["given up", "body"]


@within(60)
async def test_a_service_that_starts_when_its_starter_was_cancelled_is_given_up(autojump_clock):
    """It calls started() before it could have noticed; shielded then, both would wait for ever."""
    log = Log()

    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_service_nursery() as services:
            await services.start(log.service, "service")

    assert scope.cancelled_caught
    assert log.lines == ["service"]


@within(60)
async def test_a_service_that_fails_cancels_the_body_and_the_others_end_after_it(autojump_clock):
    log = Log()

    async def fail():
        await trio.sleep(3)
        raise KeyError("bug")

    with pytest.RaisesGroup(KeyError):
        async with open_service_nursery() as services:
            services.start_soon(log.service, "other")
            services.start_soon(fail)
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(3, shield=True):
                    await trio.sleep(2)
                log.lines.append("body")

    assert log.lines == ["body", "other"]


@within(60)
async def test_an_error_of_the_body_comes_out_after_the_services_have_ended(autojump_clock):
    log = Log()

    with pytest.RaisesGroup(ValueError):
        async with open_service_nursery() as services:
            services.start_soon(functools.partial(log.service, "service", goodbye=2))
            await trio.sleep(1)
            raise ValueError

    assert log.lines == ["service"]
    assert trio.current_time() == 3


@within(60)
async def test_a_service_that_ends_by_itself_is_forgotten(autojump_clock):
    async with open_service_nursery() as services:
        services.start_soon(trio.sleep, 1)
        await services.start(started_and_done)
        await trio.sleep(2)

        assert services._scopes == set()


async def started_and_done(*, task_status):
    task_status.started()


@within(60)
async def test_a_service_begun_while_leaving_is_cancelled_at_once(autojump_clock):
    log = Log()

    async def leave_one_more():
        try:
            await trio.sleep_forever()
        finally:
            services.start_soon(trio.sleep_forever)
            log.lines.append("one more")

    async with open_service_nursery() as services:
        services.start_soon(leave_one_more)
        await trio.sleep(1)

    assert log.lines == ["one more"]
    assert trio.current_time() == 1


@within(60)
async def test_tasks_have_names(autojump_clock):
    names = []

    async def look():
        names.append(trio.lowlevel.current_task().name)

    class Callable:
        async def __call__(self):
            names.append(trio.lowlevel.current_task().name)

        def __repr__(self):
            return "<callable>"

    async with open_service_nursery() as services:
        services.start_soon(look, name="connection x")
        await trio.sleep(1)
        services.start_soon(look)
        await trio.sleep(1)
        services.start_soon(Callable())
        await trio.sleep(1)

    assert names[0] == "connection x"
    assert names[1].endswith("look")
    assert names[2] == "<callable>"


def test_the_lone_leaf_of_a_group_is_what_went_wrong():
    error = KeyError("bug")
    pair = ExceptionGroup("two", [error, ValueError()])

    assert lone_leaf(ExceptionGroup("a", [ExceptionGroup("b", [error])])) is error
    assert lone_leaf(ExceptionGroup("a", [pair])) is pair
