"""What holds for every course."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from aftergreen.verdict.trend import left_until, trend_of

values = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=8, max_size=60)
slopes = st.floats(0.001, 10.0)


@given(values, st.floats(1.0, 8.0))
def test_the_slope_lies_within_its_bounds(course: list[float], overlap: float) -> None:
    trend = trend_of([(15.0 * n, value) for n, value in enumerate(course)], overlap)
    assert trend is not None
    assert trend.slowest <= trend.slope <= trend.fastest


@given(values, st.integers(-10_000_000, 10_000_000))
def test_a_shift_of_all_times_changes_nothing(course: list[float], shift: int) -> None:
    here = trend_of([(15.0 * n, value) for n, value in enumerate(course)], 1.0)
    there = trend_of([(15.0 * n + shift, value) for n, value in enumerate(course)], 1.0)
    assert here is not None
    assert there is not None
    assert here.steady is there.steady
    assert math.isclose(here.slope, there.slope, rel_tol=1e-9, abs_tol=1e-9)


@given(values)
def test_what_climbs_does_not_climb_upside_down(course: list[float]) -> None:
    samples = [(15.0 * n, value) for n, value in enumerate(course)]
    up, down = trend_of(samples, 1.0), trend_of([(at, -value) for at, value in samples], 1.0)
    assert up is not None
    assert down is not None
    assert not (up.steady and down.steady)


@given(slopes, st.floats(1.0, 1e4))
def test_the_nearer_the_capacity_the_less_is_left(slope: float, missing: float) -> None:
    trend = trend_of([(15.0 * n, slope * 15.0 * n) for n in range(20)], 1.0)
    assert trend is not None
    far, near = left_until(trend, trend.level + 2 * missing), left_until(trend, trend.level + missing)
    assert far is not None
    assert near is not None
    assert near.seconds < far.seconds
    assert math.isclose(near.seconds, missing / slope, rel_tol=1e-6)
