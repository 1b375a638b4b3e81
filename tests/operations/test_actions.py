"""What a person may ask for: what it does at the exchange, and what is said where it makes no sense."""

from decimal import Decimal

import trio
from structlog.testing import capture_logs
from watched_world import BTC, ETH, Hands, rest_two, until, watch

from livetrio.engines.losses import BEST
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.trading_state import TradingState
from livetrio.model import OrderStatus
from livetrio.operations.actions import ACTIONS, cancel_all, flatten, halt, pause, resume, stop
from livetrio.testing import run_strategy

ME = "the test"


def best(run):
    """What drawdown is counted from, as the journal has it."""
    run.desk.keeper.commit()
    return run.desk.keeper.journal.load().states.get(BEST)


async def test_a_pause_lets_only_what_reduces_leave_until_somebody_resumes(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        engine = watch(run)
        await hands.buy()
        resting, _ = await rest_two(hands)
        with capture_logs() as lines:
            paused = pause(engine, ME)
        refused = hands.rest("0.8")
        closing = hands.sell()
        await hands.ctx.wait_closed(closing)
        stayed = resting.is_open
        again = pause(engine, ME)
        resumed = resume(engine, ME)
        taken = hands.rest("0.8")
        await until(lambda: taken.is_open)
        nothing = resume(engine, ME)

    assert paused.done
    assert "2 orders that work" in paused.words
    assert {"what": "pause", "who": ME}.items() <= lines[0].items()
    assert refused.status is OrderStatus.DENIED
    assert refused.reason.startswith("only what makes positions smaller may leave: paused by the test")
    assert closing.status is OrderStatus.FILLED
    assert stayed
    assert (again.done, again.words) == (False, "trading is paused already: paused by the test")
    assert (resumed.done, resumed.words) == (True, "resumed: the pause is over")
    assert (nothing.done, nothing.words) == (False, "there is no pause and no halt to end")


async def test_a_pause_outlives_a_restart_and_ends_by_resuming_or_by_forgiving(autojump_clock, tmp_path):
    journal = tmp_path / "a.journal"
    async with run_strategy(Hands(), journal=journal) as run:
        pause(watch(run), ME)
    hands = Hands()
    async with run_strategy(hands, journal=journal) as run:
        second = run.desk.risk.state
        refused = hands.rest()
        resume(watch(run), ME)
    async with run_strategy(Hands(), journal=journal) as run:
        third = run.desk.risk.state
        pause(watch(run), ME)
    async with run_strategy(Hands(), journal=journal, forgive=True) as run:
        fourth = run.desk.risk.state
    async with run_strategy(Hands(), journal=journal) as run:
        fifth = run.desk.risk.state

    assert second is TradingState.REDUCING
    assert "paused by the test" in refused.reason
    assert third is fourth is fifth is TradingState.ACTIVE


async def test_a_halt_by_hand_cancels_all_and_ends_by_resuming_for_the_next_run_too(autojump_clock, tmp_path):
    journal = tmp_path / "a.journal"
    hands = Hands()
    async with run_strategy(hands, journal=journal) as run:
        engine = watch(run)
        orders = await rest_two(hands)
        halted = halt(engine, ME)
        refused = pause(engine, ME)
        await until(lambda: all(each.is_closed for each in orders))
        left = dict(run.account.orders)
        resumed = resume(engine, ME)
        taken = hands.rest()
        await until(lambda: taken.is_open)
    async with run_strategy(Hands(), journal=journal) as run:
        after = run.desk.risk.state

    assert halted.words == "halted: nothing leaves any more; 2 orders being canceled"
    assert (refused.done, "by the test" in refused.words) == (False, True)
    assert [each.status for each in orders] == [OrderStatus.CANCELED] * 2
    assert left == {}
    assert resumed.words == "resumed: the halt is over"
    assert after is TradingState.ACTIVE


async def test_a_hand_does_not_end_a_halt_because_of_losses(autojump_clock):
    hands = Hands()
    async with run_strategy(hands, risk=RiskConfig(max_daily_loss=Decimal("0.01"))) as run:
        engine = watch(run)
        await hands.buy()
        await until(lambda: run.desk.risk.state is TradingState.HALTED)
        refused = resume(engine, ME)
        halt(engine, ME)
        still = resume(engine, ME)
        state = run.desk.risk.state

    assert not refused.done
    assert "because of what was lost" in refused.words
    assert "--forgive" in refused.words
    assert not still.done
    assert state is TradingState.HALTED


async def test_resuming_says_what_it_cannot_end(autojump_clock):
    async with run_strategy(Hands()) as run:
        engine = watch(run)
        pause(engine, ME)
        run.site.reset()
        await trio.sleep(0.1)
        resumed = resume(engine, ME)
        nothing = resume(engine, ME)

    assert resumed.done
    assert "what stays: the gate of HYPERLIQUID is closed (" in resumed.words
    assert "; but the gate of HYPERLIQUID is closed (" in nothing.words


async def test_a_drawdown_goes_on_counting_over_a_pause(autojump_clock):
    """Else whoever pauses and resumes at each loss has no limit."""
    hands = Hands()
    async with run_strategy(hands, risk=RiskConfig(max_drawdown=Decimal(1000))) as run:
        engine = watch(run)
        await hands.buy()
        await trio.sleep(2)
        before = best(run)
        pause(engine, ME)
        resume(engine, ME)
        after = best(run)

    assert before
    assert before == after


async def test_orders_of_one_instrument_are_canceled_and_the_others_stay(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        engine = watch(run)
        btc, eth = await rest_two(hands)
        unknown = cancel_all(engine, ME, "ETH-USD-PERP.HYPERLIQUIT")
        one = cancel_all(engine, ME, ETH)
        await until(lambda: eth.is_closed)
        stayed = btc.is_open
        none = cancel_all(engine, ME, ETH)
        rest = cancel_all(engine, ME)
        await until(lambda: btc.is_closed)

    assert (unknown.done, unknown.words) == (
        False,
        f"no instrument ETH-USD-PERP.HYPERLIQUIT is listed; did you mean {ETH}?",
    )
    assert one.words == f"1 order of {ETH} asked to be canceled; strategies may place new ones"
    assert stayed
    assert (none.done, none.words) == (False, f"no order of {ETH} works, there is nothing to cancel")
    assert rest.words == "1 order asked to be canceled; strategies may place new ones"


async def test_to_flatten_leaves_no_order_and_no_position(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        await hands.buy()
        await rest_two(hands)
        outcome = flatten(watch(run), ME)
        await until(lambda: not run.desk.kill_switch.is_flattening)
        held = [each.szi for each in run.account.positions.values() if each.szi]
        orders = dict(run.account.orders)

    assert outcome.words == "halted: 2 orders being canceled; 1 position closed until nothing is held"
    assert held == []
    assert orders == {}


async def test_to_stop_ends_the_engine_in_order_and_nothing_can_be_asked_of_it_afterwards(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        engine = watch(run)
        await rest_two(hands)
        outcome = stop(engine, ME)
        twice = stop(engine, ME)
        too_late = [pause(engine, ME).done, resume(engine, ME).done]
        await run.engine.wait_stopped()
        after = {name: act(engine, ME) for name, act in ACTIONS.items()}

    assert outcome.done
    assert twice.words == "the engine stops already"
    assert too_late == [False, False]
    assert run.engine.report().reason == "by the test"
    assert dict(run.account.orders) == {}
    assert not any(each.done for each in after.values())
    assert after["halt"].words == "there is nothing to halt: the engine has stopped"
    assert after["stop"].words == "the engine has stopped"


async def test_an_engine_without_an_account_says_that_it_takes_no_orders(autojump_clock):
    async def look_on(ctx):
        await trio.sleep_forever()

    async with run_strategy(look_on, orders=False) as run:
        engine = watch(run)
        outcomes = [
            ACTIONS[name](engine, ME) for name in ("pause", "resume", "halt", "cancel-all", "flatten")
        ]

    assert not any(each.done for each in outcomes)
    assert all(each.words.endswith("this engine takes no orders") for each in outcomes)
    assert BTC not in outcomes[0].words
