"""The scorecard counts rightly, and a promise that is broken is said."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from tests.benchmarks.promises import broken
from tests.benchmarks.rivals import five_bad_minutes, one_bad_sample, two_minutes, two_minutes_of_enough
from tests.benchmarks.scorecard import row
from tests.benchmarks.scores import FAST, OURS, Cell, Score
from tests.benchmarks.traffic import Traffic

MINUTES = [(60.0 + 15 * n, 60, 0) for n in range(100)]


def score(rate: float, share: float, delay: float, *, shape: str = OURS, clustered: bool = False) -> Score:
    cell = Cell(Traffic(60, rate, clustered), 1000)
    return Score(cell, shape, (delay,) * round(1000 * share))


def test_percentiles_are_over_all_watches() -> None:
    cell = Cell(Traffic(60, 0.1, clustered=False), 10)
    found = Score(cell, OURS, (10.0, 20.0, 30.0, 40.0, 50.0, 60.0))
    assert (found.share, found.middle, found.slow) == (0.6, 50.0, None)
    assert "60.00 %, 0:50 / –" in row([found])


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        (True, score(0.002, 0.001, 300)),
        (False, score(0.002, 0.002, 300)),
        (False, score(0.01, 0.002, 300)),
        (True, score(0.01, 0.5, 300, clustered=True)),
        (False, score(0.002, 0.006, 300, clustered=True)),
        (True, score(0.1, 1.0, 195)),
        (False, score(0.1, 1.0, 210)),
        (False, score(0.1, 0.4, 100)),
        (True, score(0.5, 1.0, 120, shape=FAST)),
        (False, score(0.5, 1.0, 135, shape=FAST)),
        (True, score(0.5, 1.0, 1350, shape=FAST, clustered=True)),
    ],
)
def test_a_broken_promise_is_said(given: Score, *, kept: bool) -> None:
    assert (not list(broken([given]))) is kept


@pytest.mark.parametrize("clustered", [False, True])
def test_traffic_has_the_rates_it_was_given(*, clustered: bool) -> None:
    drawn = random.Random(5)
    intervals = list(islice(Traffic(600, 0.1, clustered).intervals(drawn), 4000))
    trials, failures = (sum(column) for column in zip(*intervals, strict=True))
    assert trials == pytest.approx(150 * 4000, rel=0.01)
    assert failures == pytest.approx(0.1 * trials, rel=0.05)


def test_a_late_fault_is_late() -> None:
    drawn = random.Random(5)
    intervals = list(islice(Traffic(600, 1.0, clustered=False, since=600.0).intervals(drawn), 80))
    assert sum(failed for _, failed in intervals[:40]) == 0
    assert all(failed == trials for trials, failed in intervals[40:])


def test_the_usual_shapes_do_what_their_names_say() -> None:
    bad = [(age, 60, 6 if 300 <= age < 600 else 0) for age, _, _ in MINUTES]
    assert one_bad_sample(bad) == 300.0
    assert two_minutes(bad) == 420.0
    assert five_bad_minutes(bad) == 540.0
    assert two_minutes_of_enough([(age, 20, 10) for age, _, _ in bad]) is None
    assert [shape(MINUTES) for shape in (one_bad_sample, two_minutes, five_bad_minutes)] == [None] * 3
