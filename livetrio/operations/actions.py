"""What a person may ask of a running engine: pause, resume, halt, cancel all, flatten, stop.

Each is a plain call that returns at once, and says in words what it has begun, or why it makes no sense now;
how it goes is then to be seen in a view. Who asked is in the log, and in the reason that strategies and
reports are given.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from livetrio.engines.trading_state import TradingState
from livetrio.model import nearest
from livetrio.operations.look import name_lock
from livetrio.operations.watched import Watched, WatchedDesk

log = structlog.get_logger()

ENDED = ("stopped", "failed")


@attrs.frozen
class Outcome:
    """What came of it."""

    done: bool
    """Whether it was begun; else nothing was changed."""
    words: str
    """For the person who asked."""


def pause(engine: Watched, who: str) -> Outcome:
    """Let only what makes positions smaller leave, after a restart, too, until somebody resumes."""
    desk, refusal = _find_desk(engine, "pause")
    if desk is None:
        return Outcome(False, refusal)
    if engine.life == "stopping":
        return Outcome(False, "the engine stops: only what makes positions smaller may leave already")
    if desk.risk.state is TradingState.HALTED:
        return Outcome(False, f"trading is halted, which is more than a pause lets leave: {desk.risk.reason}")
    if desk.pause.reason is not None:
        return Outcome(False, f"trading is paused already: {desk.pause.reason}")
    _note("pause", who)
    desk.pause.begin(f"paused by {who}")
    orders = _count(len(desk.tracker.working()), "order")
    return Outcome(
        True,
        f"paused: only what makes positions smaller may leave, until somebody resumes; {orders} that work "
        "now stay as they are",
    )


def resume(engine: Watched, who: str) -> Outcome:
    """End a pause and a halt by hand; what else keeps orders in is named, and stays."""
    desk, refusal = _find_desk(engine, "resume")
    if desk is None:
        return Outcome(False, refusal)
    if engine.life == "stopping":
        return Outcome(False, "the engine stops, which nothing ends")
    breach = desk.kill_switch.breach
    if breach is not None:
        return Outcome(
            False,
            f"trading was halted because of what was lost, and a hand does not end that: {breach}; stop the "
            "engine, and start it with --forgive",
        )
    was_halted = desk.risk.state is TradingState.HALTED
    if not was_halted and desk.pause.reason is None:
        return Outcome(False, f"there is no pause and no halt to end{_name_rest(desk, '; but ')}")
    was_flattening = desk.kill_switch.is_flattening
    _note("resume", who)
    desk.pause.end()
    desk.kill_switch.resume()
    what = "the halt is over" if was_halted else "the pause is over"
    closing = "; positions are not being closed any more" if was_flattening else ""
    return Outcome(True, f"resumed: {what}{closing}{_name_rest(desk, '; what stays: ')}")


def halt(engine: Watched, who: str) -> Outcome:
    """The kill switch: nothing leaves any more, and all that works is canceled, whoever placed it."""
    desk, refusal = _find_desk(engine, "halt")
    if desk is None:
        return Outcome(False, refusal)
    _note("halt", who)
    canceling = _name_canceling(desk)
    desk.halt(f"by {who}")
    return Outcome(True, f"halted: nothing leaves any more; {canceling}")


def flatten(engine: Watched, who: str) -> Outcome:
    """The kill switch, and the way out of all positions, however long it takes."""
    desk, refusal = _find_desk(engine, "flatten")
    if desk is None:
        return Outcome(False, refusal)
    _note("flatten", who)
    canceling = _name_canceling(desk)
    held = len(engine.cache.get_all_positions())
    desk.halt(f"by {who}", flatten=True)
    closing = f"{_count(held, 'position')} closed until nothing is held" if held else "there is no position"
    return Outcome(True, f"halted: {canceling}; {closing}")


def cancel_all(engine: Watched, who: str, instrument: str | None = None) -> Outcome:
    """Cancel every order that works, whoever placed it, or those of one instrument; trading goes on."""
    desk, refusal = _find_desk(engine, "cancel")
    if desk is None:
        return Outcome(False, refusal)
    if instrument is not None and engine.cache.get_instrument(instrument) is None:
        close = nearest(instrument, [each.instrument_id for each in engine.cache.get_all_instruments()])
        hint = f"; did you mean {close}?" if close else ""
        return Outcome(False, f"no instrument {instrument} is listed{hint}")
    working = [
        each.order for each in desk.tracker.working() if instrument in (None, each.order.instrument_id)
    ]
    of = "" if instrument is None else f" of {instrument}"
    if not working:
        return Outcome(False, f"no order{of} works, there is nothing to cancel")
    _note("cancel all", who, instrument=instrument)
    mine = [each for each in working if desk.execution.client_of(each.instrument_id) is not None]
    for order in mine:
        desk.execution.cancel_order(order.client_order_id)
    left = len(working) - len(mine)
    rest = f"; {_count(left, 'order')} of venues that this engine does not trade" if left else ""
    again = "" if desk.risk.state is TradingState.HALTED else "; strategies may place new ones"
    return Outcome(True, f"{_count(len(mine), 'order')}{of} asked to be canceled{rest}{again}")


def stop(engine: Watched, who: str) -> Outcome:
    """Stop the engine in order: strategies clean up, our orders are canceled, and it reports and exits."""
    if engine.life in (*ENDED, "stopping"):
        return Outcome(
            False,
            "the engine stops already" if engine.life == "stopping" else f"the engine has {engine.life}",
        )
    _note("stop", who)
    engine.stop(f"by {who}")
    return Outcome(True, "the engine stops: strategies clean up, and our orders are canceled")


Action = Callable[[Watched, str], Outcome]

ACTIONS: dict[str, Action] = {
    "pause": pause,
    "resume": resume,
    "halt": halt,
    "cancel-all": cancel_all,
    "flatten": flatten,
    "stop": stop,
}
"""By the names that they have in paths and commands."""


def _find_desk(engine: Watched, what: str) -> tuple[WatchedDesk | None, str]:
    """What takes care of orders, or why there is none to be asked."""
    if engine.desk is None:
        return None, f"there is nothing to {what}: this engine takes no orders"
    if engine.life in ENDED:
        return None, f"there is nothing to {what}: the engine has {engine.life}"
    return engine.desk, ""


def _name_canceling(desk: WatchedDesk) -> str:
    orders = [each.order for each in desk.tracker.working()]
    if not orders:
        return "no order works"
    others = sum(each.strategy is None for each in orders)
    by_others = f" ({others} of them placed by others)" if others else ""
    return f"{_count(len(orders), 'order')} being canceled{by_others}"


def _name_rest(desk: WatchedDesk, lead: str) -> str:
    """What keeps orders in that no hand ends: closed gates, and entry locks."""
    gates = [
        f"the gate of {each.venue.name} is closed ({'; '.join(why.words for why in reasons.values())})"
        for each in desk.accounts
        if (reasons := each.link.gate.reasons)
    ]
    locks = [f"entries are locked ({name_lock(each)})" for each in desk.risk.locks()]
    return lead + "; ".join(gates + locks) if gates or locks else ""


def _note(what: str, who: str, **more: object) -> None:
    log.warning("asked by hand", what=what, who=who, **more)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
