"""What things are worth: paths that hang on the seed and the time alone."""

import math
from random import Random
from statistics import pstdev

import pytest

from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.market.climates import CLIMATES
from livetrio.exchange.market.references import AHEAD, MAX_STEPS, STEP_MS, References
from livetrio.exchange.market.tide import Tide
from livetrio.exchange.market.wander import STEP, Wander

INSTRUMENTS = default_listing().instruments
BEGAN = 1_767_225_600_000


def references(seed=1, regime="calm"):
    return References(seed, CLIMATES[regime], INSTRUMENTS, BEGAN)


def values(found):
    return [(price.value, price.ahead, price.outside) for price in found.prices.values()]


def test_prices_begin_at_the_listings():
    for price in references().prices.values():
        assert math.isclose(price.value, price.instrument.reference, rel_tol=1e-3)


@pytest.mark.parametrize("regime", ["calm", "trend", "crash"])
def test_how_often_it_is_looked_at_does_not_matter(regime):
    often, seldom = references(regime=regime), references(regime=regime)
    for time in range(0, 59_991, 70):
        often.advance(BEGAN + time)
    seldom.advance(BEGAN + 59_990)

    assert values(often) == values(seldom)


def test_what_comes_is_known_in_advance():
    found = references(regime="trend")
    known, came = [], []
    for step in range(100):
        found.advance(BEGAN + step * STEP_MS)
        known.append([price.ahead for price in found.prices.values()])
        came.append([price.value for price in found.prices.values()])

    for said, was in zip(known, came[AHEAD:], strict=False):
        assert all(math.isclose(one, two, rel_tol=1e-4) for one, two in zip(said, was, strict=True))
    assert known[0] != came[0]


def test_perpetual_and_pair_of_one_thing_are_worth_the_same_but_for_a_basis():
    found = references(regime="crash")
    hype, pair = found.prices[3], found.prices[10_107]
    for minute in range(60):
        found.advance(BEGAN + minute * 60_000)
        one = hype.outside / hype.instrument.reference
        two = pair.outside / pair.instrument.reference

        assert math.isclose(one, two)
        assert math.isclose(pair.value, pair.outside, rel_tol=0.003)


def test_a_long_pause_costs_no_more_than_an_hour():
    found = references()
    found.advance(BEGAN + 10**9)
    walked = found._steps
    before = values(found)
    found.advance(BEGAN + 10**9 + STEP_MS)

    assert walked == MAX_STEPS
    assert values(found) != before


def test_a_wander_stays_about_as_far_from_home_as_it_should():
    wander = Wander(Random("wander"), volatility=1.0, reversion=50.0)
    levels = [wander.step() for _ in range(40_000)]

    assert 3.5 < pstdev(levels) < 6.5  # volatility × √(reversion / 2) = 5


def test_a_wander_with_a_home_that_moves_goes_further():
    ranges = []
    for home_volatility in (0.0, 1.0):
        wander = Wander(Random("w"), volatility=1.0, reversion=5.0, home_volatility=home_volatility)
        levels = [wander.step() for _ in range(10_000)]
        ranges.append(max(levels) - min(levels))

    assert ranges[1] > 2 * ranges[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_falls_come_deep_and_fast_and_half_of_it_comes_back(seed):
    tide = Tide(str(seed), CLIMATES["crash"])
    levels, stresses = [], []
    for _ in range(round(3600 / STEP)):
        tide.step()
        levels.append(tide.level)
        stresses.append(tide.stress)
    minute = round(60 / STEP)
    fastest = max(one - two for one, two in zip(levels, levels[minute:], strict=False))

    assert 0.02 < fastest < 0.09
    assert max(stresses) > 0.9
    assert stresses[0] == 0.0
    assert 0 < sum(stress > 0.5 for stress in stresses) < len(stresses) / 3
    assert min(levels) > -0.25


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trend_turns_before_it_has_led_too_far(seed):
    tide = Tide(str(seed), CLIMATES["trend"])
    levels = []
    for _ in range(round(24 * 3600 / STEP)):
        tide.step()
        levels.append(tide.level)

    assert max(levels) - min(levels) > 0.02
    assert all(-0.2 < level < 0.2 for level in levels)
    assert tide.stress == 0.0
