"""Whether failures are more than chance at the limit: a test that may be looked at after every poll.

For each increment of requests its likelihood under several worse failure rates is divided by its likelihood
at the limit. The product of such ratios is, while the true rate is at or below the limit, a nonnegative
supermartingale that starts at one, and so is every mixture of such products with weights that sum to one: the
chance that it *ever* reaches 1/α is at most α, however often one looks (J. Ville, Étude critique de la notion
de collectif, 1939; as a sequential test H. Robbins, Statistical methods related to the law of the iterated
logarithm, 1970). The mixture runs over the worse rates and over start times, so that a fault that comes late
is not drowned in the good data before it.

Failures that come in bursts are not independent trials. A second mixture tests them against the chain of
`aftergreen.verdict.bursts` whose long-run rate is the limit. Nobody sees whether a burst goes on from one
increment into the next: how likely that is, is filtered along (L. E. Baum and T. Petrie, Statistical
inference for probabilistic functions of finite state Markov chains, 1966). Evidence refutes both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from aftergreen.verdict.bursts import Orders, Rows, log_choose

FROM_THE_START = 0.5
"""Weight of the processes that start at the deployment; all later instants share the rest."""

ODDS = (1.6, 2.5, 4.0, 6.5, 10.0, 18.0, 35.0, 100.0, 900.0, 1e5)
"""The worse rates, as multiples of the odds of the limit; the last one finds an outage soonest."""

MOST = 1e12
"""More evidence is not counted, so that a fault that is over is forgotten in time."""

MOST_TRIALS = 1000
"""An increment of more trials counts as so many with the same share of failures: weaker evidence."""

LIMITS = (1e-6, 0.999)
"""Rates that can be tested; a limit beyond them is tested as the nearest one."""

_LARGEST_LOG = 200.0
"""No single increment counts for more; a product ends at `MOST` long before."""

Pair = tuple[float, float]
"""A number for each state that the chain may be in: good, failing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the requests since the deployment say against a limit.

    ``alpha`` is how often chance alone may ever pass for evidence at the limit. ``independent`` holds the
    running product of each worse rate against independent failures at the limit; ``steady`` and ``bursting``
    those of independent failures and of bursts at each worse rate against bursts at the limit, the latter by
    the state that the chain may be in. ``failing`` is how likely a burst at the limit is under way.
    ``starts`` is how many instants share the weight of late starts, ``unstarted`` the weight that is left.
    ``carried`` are trials and counted failures that are not whole ones yet: fractions, or what a later count
    took back.
    """

    limit: float
    starts: int
    alpha: float
    failing: float
    independent: tuple[float, ...] = (0.0,) * len(ODDS)
    steady: tuple[float, ...] = (0.0,) * len(ODDS)
    bursting: tuple[Pair, ...] = ((0.0, 0.0),) * len(ODDS)
    unstarted: float = 1.0
    carried: Pair = (0.0, 0.0)

    @property
    def once_in(self) -> float:
        """A run this bad comes in one of so many releases, or fewer, whose true rate is at the limit."""
        independent = sum(self.independent) / len(ODDS) + self.unstarted
        in_bursts = sum(self.steady) + sum(good + failing for good, failing in self.bursting)
        return min(independent, in_bursts / (2 * len(ODDS)) + self.unstarted)

    @property
    def enough(self) -> bool:
        """Whether chance is refuted."""
        return self.once_in * self.alpha >= 1.0


def no_evidence(limit: float, starts: int, alpha: float) -> Evidence:
    """Before the first request; ``limit`` is a failure rate, ``starts`` the number of instants to come."""
    lowest, highest = LIMITS
    limit = min(max(limit, lowest), highest)
    return Evidence(limit, max(1, starts), alpha, limit)


def weigh(evidence: Evidence, trials: float, failures: float) -> Evidence:
    """The evidence after one more increment of the counts since the deployment.

    Counts from a metrics backend are estimates: fractions are carried until they make a whole request, and so
    is a fall until it is made up for.
    """
    known_trials = evidence.carried[0] + trials
    whole = max(0, math.floor(known_trials + 1e-6))
    # By Jensen's inequality the expected share of failures is weaker evidence than any draw of requests.
    counted = min(whole, MOST_TRIALS)
    known_failures = evidence.carried[1] + failures * (counted / whole if whole else 1.0)
    failed = min(counted, max(0, math.floor(known_failures + 1e-6)))
    increment = _increment(counted, failed, evidence.limit)
    weight = _weight(evidence)
    before = (1.0 - evidence.failing, evidence.failing)
    after = _moved(before, increment.at_limit)
    chance = sum(after)
    return replace(
        evidence,
        failing=after[1] / chance,
        independent=_grown(evidence.independent, increment.independent, weight, 1.0),
        steady=_grown(evidence.steady, increment.steady, weight, chance),
        bursting=tuple(
            _moved((good + weight * before[0], failing + weight * before[1]), rows, chance)
            for (good, failing), rows in zip(evidence.bursting, increment.bursting, strict=True)
        ),
        unstarted=evidence.unstarted - weight,
        carried=(known_trials - whole, known_failures - failed),
    )


def _grown(
    products: tuple[float, ...], ratios: tuple[float, ...], weight: float, chance: float
) -> tuple[float, ...]:
    return tuple(min((p + weight) * r / chance, MOST) for p, r in zip(products, ratios, strict=True))


def _moved(before: Pair, rows: Rows, chance: float = 1.0) -> Pair:
    """The states after an increment, from those before it and how likely each way is."""
    (good_good, good_bad), (bad_good, bad_bad) = rows
    good, bad = before
    return (
        min((good * good_good + bad * bad_good) / chance, MOST),
        min((good * good_bad + bad * bad_bad) / chance, MOST),
    )


def _weight(evidence: Evidence) -> float:
    """The weight of the processes that start with this increment."""
    if evidence.starts == 1 or evidence.unstarted == 1.0:
        return min(evidence.unstarted, FROM_THE_START if evidence.starts > 1 else 1.0)
    return min(evidence.unstarted, (1.0 - FROM_THE_START) / (evidence.starts - 1))


@dataclass(frozen=True, slots=True)
class _Increment:
    """How likely an increment is, each number up to a factor that all but the first share.

    ``independent`` are ratios against independent failures at the limit. ``steady`` is the likelihood of
    independent failures at each worse rate, ``bursting`` that of bursts, ``at_limit`` that of bursts at the
    limit, by the states before and after.
    """

    independent: tuple[float, ...]
    steady: tuple[float, ...]
    bursting: tuple[Rows, ...]
    at_limit: Rows


@lru_cache(maxsize=8192)
def _increment(trials: int, failures: int, limit: float) -> _Increment:
    good = trials - failures
    odds = [ratio * limit / (1.0 - limit) for ratio in ODDS]
    worse = [o / (1.0 + o) for o in odds]
    at_limit = _log_independent(failures, good, limit)
    independent = [_log_independent(failures, good, rate) for rate in worse]
    ways = log_choose(trials, failures)
    orders = Orders(failures, good)
    bursts = orders.log_chances(limit)
    # What is divided by each other may be smaller than the smallest number there is.
    shift = max(max(row) for row in bursts)
    return _Increment(
        independent=tuple(_exp(log - at_limit) for log in independent),
        steady=tuple(_exp(ways + log - shift) for log in independent),
        bursting=tuple(_shifted(orders.log_chances(rate), shift) for rate in worse),
        at_limit=_shifted(bursts, shift),
    )


def _log_independent(failures: int, good: int, rate: float) -> float:
    """The logarithm of the likelihood of one order of such failures, each of them independent."""
    return failures * math.log(rate) + good * math.log1p(-rate)


def _shifted(rows: Rows, shift: float) -> Rows:
    (a, b), (c, d) = rows
    return (_exp(a - shift), _exp(b - shift)), (_exp(c - shift), _exp(d - shift))


def _exp(logarithm: float) -> float:
    return math.exp(min(logarithm, _LARGEST_LOG))
