"""The evidence that failures are more than chance: exact where it can be, by enumeration of small cases."""

from __future__ import annotations

import math
from itertools import product

import pytest

from aftergreen.verdict.bursts import MEAN_BURST, Orders
from aftergreen.verdict.evidence import ODDS, Evidence, _increment, no_evidence, weigh

LIMIT = 0.01


def chain(rate: float) -> tuple[float, float]:
    """How likely a failure is after a good request, and after a failure."""
    stay = 1 - 1 / MEAN_BURST
    return rate * (1 - stay) / (1 - rate), stay


def enumerated(failures: int, good: int, rate: float, *, before: bool, after: bool) -> float:
    """The same chance as the formula's, from every order of the requests; a state is true while it fails."""
    enter, stay = chain(rate)
    total = 0.0
    for order in product((False, True), repeat=failures + good):
        if sum(order) != failures or (order[-1] if order else before) is not after:
            continue
        likelihood, failing = 1.0, before
        for failed in order:
            chance = stay if failing else enter
            likelihood *= chance if failed else 1 - chance
            failing = failed
        total += likelihood
    return total


@pytest.mark.parametrize("per_minute", [3_600, 60_000, 600_000])
@pytest.mark.parametrize(("limit", "rate"), [(0.0001, 0.0005), (0.001, 0.0019)])
def test_more_traffic_is_not_less_evidence(per_minute: int, limit: float, rate: float) -> None:
    evidence = no_evidence(limit, 60, 0.001)
    for _ in range(60):
        evidence = weigh(evidence, per_minute / 4, rate * per_minute / 4)
    assert evidence.enough


@pytest.mark.parametrize("trials", range(8))
@pytest.mark.parametrize("rate", [LIMIT, 0.3])
@pytest.mark.parametrize(("before", "after"), list(product((False, True), repeat=2)))
def test_bursts_have_the_likelihood_of_all_their_orders(
    trials: int,
    rate: float,
    before: bool,  # noqa: FBT001  # a column
    after: bool,  # noqa: FBT001  # a column
) -> None:
    for failures in range(trials + 1):
        good = trials - failures
        formula = math.exp(Orders(failures, good).log_chances(rate)[before][after])
        assert formula == pytest.approx(enumerated(failures, good, rate, before=before, after=after))


@pytest.mark.parametrize("trials", [1, 4, 15, 60])
@pytest.mark.parametrize("true_rate", [0.0, 0.002, 0.0099, LIMIT])
def test_while_the_rate_is_at_or_below_the_limit_no_product_is_expected_to_grow(
    trials: int, true_rate: float
) -> None:
    for index in range(len(ODDS)):
        expected = sum(
            math.comb(trials, failures)
            * true_rate**failures
            * (1 - true_rate) ** (trials - failures)
            * _increment(trials, failures, LIMIT).independent[index]
            for failures in range(trials + 1)
        )
        assert expected <= 1 + 1e-9


@pytest.mark.parametrize("trials", [1, 4, 15, 60])
@pytest.mark.parametrize("history", [[], [(20, 0)], [(5, 5)], [(30, 4), (10, 0), (15, 7)]])
def test_nor_while_failures_come_in_bursts_at_the_limit(trials: int, history: list[tuple[int, int]]) -> None:
    before = seen(*history)
    expected = chances = 0.0
    for failures in range(trials + 1):
        rows = Orders(failures, trials - failures).log_chances(LIMIT)
        chance = sum(
            state * math.exp(log)
            for state, row in zip((1 - before.failing, before.failing), rows, strict=True)
            for log in row
        )
        chances += chance
        expected += chance * against_bursts(weigh(before, trials, failures))
    assert chances == pytest.approx(1.0)
    assert expected <= against_bursts(before) * (1 + 1e-9)


def against_bursts(evidence: Evidence) -> float:
    products = sum(evidence.steady) + sum(good + failing for good, failing in evidence.bursting)
    return products / (2 * len(ODDS)) + evidence.unstarted


def seen(*increments: tuple[float, float], limit: float = LIMIT, starts: int = 120) -> Evidence:
    evidence = no_evidence(limit, starts, 0.001)
    for trials, failures in increments:
        evidence = weigh(evidence, trials, failures)
    return evidence


def test_nothing_seen_is_no_evidence() -> None:
    assert seen().once_in == pytest.approx(1.0)
    assert seen(*[(0, 0)] * 50).once_in == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("good", "increment", "needed"),
    [
        (0, (5, 1), 5),
        (0, (5, 5), 5),
        (0, (15, 2), 4),
        (0, (75, 37), 2),
        (0, (10_000, 500), 3),
        # A fault that comes ten minutes late.
        (40, (15, 8), 4),
        (40, (75, 8), 6),
        # One long run of failures at little traffic may be one burst: the price of the guard.
        (10, (1, 1), 40),
    ],
)
def test_how_many_increments_are_enough_at_a_limit_of_one_percent(
    good: int, increment: tuple[int, int], needed: int
) -> None:
    calm = [(increment[0], 0)] * good
    assert (
        seen(*calm, *[increment] * (needed - 1)).once_in < 1000 <= seen(*calm, *[increment] * needed).once_in
    )


@pytest.mark.parametrize("increment", [(15, 0), (300, 2), (10_000, 90), (10_000, 100)])
def test_below_the_limit_nothing_is_ever_enough(increment: tuple[int, int]) -> None:
    assert seen(*[increment] * 120).once_in < 1


def test_bursts_have_to_be_refuted_as_well() -> None:
    burst = seen(*[(1, 0)] * 10, *[(1, 1)] * 8)
    alone = sum(burst.independent) / len(burst.independent) + burst.unstarted
    assert alone > 1000
    assert burst.once_in == pytest.approx(against_bursts(burst))
    assert burst.once_in < 1000


def test_fractions_are_kept_and_a_fall_is_carried_over() -> None:
    whole = seen((3, 1), (3, 1))
    assert seen((2.7, 0.6), (3.3, 1.4)).carried == pytest.approx(whole.carried)
    assert seen((2.5, 0.5)).carried == pytest.approx((0.5, 0.5))
    fallen = seen((4, 1), (-1, -1), (1, 1))
    assert fallen.carried == pytest.approx((0.0, 0.0))
    assert fallen.once_in == pytest.approx(seen((4, 1), (0, 0), (0, 0)).once_in)


@pytest.mark.parametrize("limit", [0.0, 1e-9, 0.5, 0.9, 1.0])
def test_any_limit_can_be_tested(limit: float) -> None:
    assert seen(*[(10, 0)] * 5, limit=limit).once_in <= 1.0
    assert math.isfinite(seen(*[(10, 10)] * 50, limit=limit).once_in)


def test_a_fault_that_is_over_is_forgotten() -> None:
    assert seen(*[(60, 30)] * 10).once_in > 1e6
    assert seen(*[(60, 30)] * 10, *[(60, 0)] * 90).once_in < 1000


def test_one_start_has_the_whole_weight() -> None:
    assert seen((10, 5), starts=1).unstarted == 0.0
