"""Which courses are a climb, and how long until something runs out."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from aftergreen.verdict.trend import FEWEST, Trend, left_until, trend_of

INTERVAL, LOOK_BACK, WATCH = 15.0, 300.0, 900.0
DRAWN = random.Random()
Course = Callable[[float], float]


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    DRAWN.seed(20)


def noise(deviation: float) -> float:
    return DRAWN.gauss(0.0, deviation)


def flat() -> Course:
    return lambda _: 100 + noise(1.0)


def connections() -> Course:
    return lambda _: float(sum(DRAWN.random() < 0.1 for _ in range(400)))


def mean_reverting() -> Course:
    keep, now = math.exp(-INTERVAL / 30), noise(1.0)

    def course(_: float) -> float:
        nonlocal now
        now = keep * now + noise(math.sqrt(1 - keep**2))
        return now

    return course


def step(at: float) -> Course:
    return lambda age: 100 + (10 if age >= at else 0) + noise(0.5)


def warm_up(constant: float) -> Course:
    return lambda age: 100 + 10 * (1 - math.exp(-age / constant)) + noise(0.5)


def cooling() -> Course:
    return lambda age: 100 + 30 * math.exp(-age / 60) + noise(0.5)


def climb(by: float, since: float = 0.0) -> Course:
    return lambda age: 100 + by * max(0.0, age - since) / LOOK_BACK + noise(1.0)


def windowed(course: Course) -> Course:
    """As a query over four intervals sees it."""
    raw: list[float] = []

    def seen(age: float) -> float:
        raw.append(course(age))
        newest = raw[-4:]
        return sum(newest) / len(newest)

    return seen


def found(course: Course, overlap: float) -> float | None:
    """The age at which a watch of 15 minutes calls it a climb."""
    samples: list[tuple[float, float]] = []
    for number in range(4, round(WATCH / INTERVAL) + 1):
        age = number * INTERVAL
        samples = [s for s in samples if s[0] >= age - LOOK_BACK] + [(age, course(age))]
        if age - samples[0][0] < LOOK_BACK:
            continue
        trend = trend_of(samples, overlap)
        if trend is not None and trend.steady:
            return age
    return None


def share(make: Callable[[], Course], overlap: float, watches: int = 60) -> float:
    return sum(found(make(), overlap) is not None for _ in range(watches)) / watches


@pytest.mark.parametrize(
    "make",
    [flat, connections, mean_reverting, cooling]
    + [lambda at=at: step(at) for at in (90.0, 180.0, 240.0, 300.0, 420.0)]
    + [lambda constant=constant: warm_up(constant) for constant in (20.0, 40.0, 50.0)],
)
def test_what_is_flat_or_settles_is_no_climb(make: Callable[[], Course]) -> None:
    assert share(make, 1.0) <= 0.02
    assert share(lambda: windowed(make()), 4.0) <= 0.04


@pytest.mark.parametrize("since", [0.0, 240.0])
def test_a_steady_climb_is_found_within_one_and_a_half_look_backs(since: float) -> None:
    for make, overlap in ((climb, 1.0), (lambda by, at: windowed(climb(by, at)), 4.0)):
        ages = [found(make(10.0, since), overlap) for _ in range(40)]
        soon = [age for age in ages if age is not None and age - max(60.0, since) <= 1.5 * LOOK_BACK]
        assert len(soon) >= 0.9 * len(ages)


def line(slope: float, count: int = 21) -> list[tuple[float, float]]:
    return [(INTERVAL * n, 40 + slope * INTERVAL * n) for n in range(count)]


def test_a_straight_line_is_known_exactly() -> None:
    trend = trend_of(line(0.1), 1.0)
    assert trend is not None
    assert trend.steady
    assert (trend.slope, trend.slowest, trend.fastest) == pytest.approx((0.1, 0.1, 0.1))
    assert trend.level == pytest.approx(70.0)
    left = left_until(trend, 100.0)
    assert left is not None
    assert (left.seconds, left.earliest, left.latest) == pytest.approx((300.0, 300.0, 300.0))


def test_noise_widens_the_time_that_is_left() -> None:
    trend = trend_of([(at, value + noise(1.0)) for at, value in line(0.1)], 1.0)
    assert trend is not None
    left = left_until(trend, 100.0)
    assert left is not None
    assert left.earliest < left.seconds < left.latest
    assert 200 < left.seconds < 420


def test_samples_that_share_data_are_worth_less() -> None:
    samples = [(at, value + noise(2.0)) for at, value in line(0.1)]
    alone, shared = trend_of(samples, 1.0), trend_of(samples, 4.0)
    assert alone is not None
    assert shared is not None
    assert shared.slowest <= alone.slowest <= alone.slope == shared.slope <= alone.fastest <= shared.fastest


def test_an_outlier_moves_nothing() -> None:
    samples = line(0.1)
    samples[10] = (samples[10][0], 1e9)
    trend = trend_of(samples, 1.0)
    assert trend is not None
    assert trend.slope == pytest.approx(0.1)


def test_too_few_samples_say_nothing() -> None:
    assert trend_of(line(0.1, FEWEST - 1), 1.0) is None
    assert trend_of(line(0.1, FEWEST), 1.0) is not None


def test_what_is_full_is_full_and_what_is_level_never_will_be() -> None:
    level = trend_of(line(0.0), 1.0)
    assert level is not None
    assert left_until(level, 100.0) is None
    full = left_until(level, 40.0)
    assert full is not None
    assert full.seconds == 0.0


def test_a_falling_signal_reaches_no_capacity() -> None:
    falling = trend_of(line(-0.1), 1.0)
    assert isinstance(falling, Trend)
    assert left_until(falling, 100.0) is None


def test_eight_hours_of_samples_cost_no_more_than_an_hour() -> None:
    trend = trend_of(line(0.1, 2000), 1.0)
    assert trend is not None
    assert trend.level == pytest.approx(40 + 0.1 * INTERVAL * 1999)


def test_of_few_samples_noise_has_to_be_exceeded_by_more() -> None:
    """Eight samples make their own noise look small: of 8,000 draws of noise alone a dozen would climb."""
    found = [trend_of([(60.0 * n, 41.0 + noise(3.0)) for n in range(FEWEST)], 1.0) for _ in range(8000)]
    assert sum(trend is not None and trend.steady for trend in found) <= 4
    line = trend_of([(60.0 * n, 41.0 + 3.0 * n + noise(0.1)) for n in range(FEWEST)], 1.0)
    assert line is not None
    assert line.steady
