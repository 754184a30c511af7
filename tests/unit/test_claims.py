"""What a release that passes claims: its failures and trials bear it out, or it is unproven."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.model import Condition, Kind, Reading, Rule, Then, Timing
from aftergreen.verdict.claims import TRIALS_PER_LIMIT, at_most, within_chance
from aftergreen.verdict.state import ReleaseState
from tests.scenario import Scenario, above, below, errors, plan, signals, what_is_missing, with_rule

ERRORS = "error-rate/HTTP 5xx"


def poisson_tail(failures: int, mean: float) -> float:
    """How likely so few failures, or fewer, are."""
    return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(failures + 1))


@pytest.mark.parametrize("failures", [0, 1, 2, 5, 20, 60])
def test_the_bound_on_what_was_seen_holds_with_confidence_of_95_percent(failures: int) -> None:
    assert poisson_tail(failures, at_most(failures)) == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize(
    ("failures", "trials", "within"),
    [
        (1, 20, True),
        (2, 24, True),
        (1, 300, True),
        (73, 975, False),
        (9, 100, False),
        (5, 5, False),
        (0, 0, True),
    ],
)
def test_what_chance_gives_is_told_from_what_it_does_not(failures: int, trials: int, *, within: bool) -> None:
    assert within_chance(failures, trials, 0.01, 0.001) is within
    # The bound is never below what the chance is.
    exact = sum(
        math.comb(trials, k) * 0.01**k * 0.99 ** (trials - k) for k in range(failures, min(trials, 300) + 1)
    )
    assert within or exact < 0.001


def test_without_failures_the_bound_is_the_rule_of_three() -> None:
    assert at_most(0.0) == TRIALS_PER_LIMIT == 3.0


@pytest.mark.parametrize(
    ("failed", "of", "missing"),
    [
        (0, 20, ()),
        (0, 15, ("HTTP 5xx: 225 clean requests, a claim of at most 1 % takes 300",)),
        (0.1, 60, ()),
        (0.4, 60, ("HTTP 5xx: 6 of 900 requests failed, a claim of at most 1 % takes 1,184",)),
        (0.75, 60, ("HTTP 5xx: 11.2 of 900 requests failed, which is not at most 1 %",)),
    ],
)
def test_what_was_counted_over_a_quarter_of_an_hour_bears_the_claim_out_or_not(
    failed: float, of: float, missing: tuple[str, ...]
) -> None:
    # The windows look well: the rule itself is never over its limit.
    looks_well = {ERRORS: Reading(Kind.VALUE, 0.001, of, failed)}
    release = Scenario().feed(900, looks_well)
    assert what_is_missing(release.state) == missing
    wanted = ReleaseState.UNPROVEN if missing else ReleaseState.FINISHED
    assert release.stands() is wanted


def test_a_bad_release_whose_fuse_keeps_going_out_is_never_finished() -> None:
    drawn = random.Random(5)
    for _ in range(40):
        release = Scenario()
        minute: list[int] = []
        while not release.stands().ended and not release.state.rules[0].breached:
            minute = [*minute, sum(drawn.random() < 0.05 for _ in range(5))][-4:]
            release.instant({ERRORS: errors(sum(minute) / 20, 20.0)})
        assert release.stands() is not ReleaseState.FINISHED


def test_failures_that_come_late_refute_a_claim_that_all_of_the_watch_would_bear_out() -> None:
    usual, late = {ERRORS: errors(0.0, 60.0)}, {ERRORS: errors(0.2, 60.0)}
    long = replace(plan(), timing=Timing(duration=7200.0))
    release = Scenario(long).feed(7080, usual).feed(105, late).feed(15, usual)
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state) == (
        "HTTP 5xx: 21 of 7,200 requests failed, of late more than chance gives at most 1 %",
    )


@pytest.mark.parametrize(
    ("rule", "claimed"),
    [
        (below(0.99), "a claim of at least 99 % takes 300"),
        (Rule(Condition.ABOVE_BASELINE, 0.5, 120.0, Then.ROLLBACK, by_at_least=0.001), "takes 1,500"),
        (above(0.01), "a claim of at most 1 % takes 300"),
    ],
    ids=["below", "above_baseline", "above"],
)
def test_every_rule_about_a_ratio_of_events_takes_its_trials(rule: Rule, claimed: str) -> None:
    few = 15.0
    failed = few if rule.condition is Condition.BELOW else 0.0
    scarce = {ERRORS: Reading(Kind.VALUE, failed / few, few, failed)}
    release = Scenario(with_rule(ERRORS, rule)).feed(900, scarce)
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state)[0].endswith(claimed)


def test_a_service_that_is_up_in_all_of_its_requests_bears_a_lower_limit_out() -> None:
    well = {ERRORS: Reading(Kind.VALUE, 1.0, 60.0, 60.0)}
    assert Scenario(with_rule(ERRORS, below(0.99))).feed(900, well).stands() is ReleaseState.FINISHED


def test_a_baseline_of_few_requests_is_not_fit_for_a_relative_rule_about_them() -> None:
    rule = Rule(Condition.ABOVE_BASELINE, 0.5, 120.0, Then.ROLLBACK, by_at_least=0.001)
    before = {ERRORS: Reading(Kind.VALUE, 0.001, 10.0, 0.01)}
    release = Scenario(with_rule(ERRORS, rule), before=before)
    baseline = release.state.signals[signals()[0].key].baseline
    assert baseline is not None
    assert "requests are too few to compare with" in baseline.unfit


def test_the_guide_tells_what_a_claim_takes() -> None:
    guide = " ".join((Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8").split())
    none, two, ten = (f"{at_most(failures) / 0.01:,.0f}" for failures in (0.0, 2.0, 10.0))
    assert f"{none} requests without a failure, {two} with two, {ten} with ten" in guide
