"""Whether failures are more than chance at the limit: a test that may be looked at after every poll.

For each increment of requests its likelihood under several worse failure rates is divided by its likelihood
at the limit. The product of such ratios is, while the true rate is at or below the limit, a nonnegative
supermartingale that starts at one, and so is every mixture of such products with weights that sum to one: the
chance that it *ever* reaches 1/α is at most α, however often one looks (J. Ville, Étude critique de la notion
de collectif, 1939; as a sequential test H. Robbins, Statistical methods related to the law of the iterated
logarithm, 1970). The mixture runs over the worse rates and over start times, so that a fault that comes late
is not drowned in the good data before it.

Failures that come in bursts are not independent trials. A second mixture tests them against a Markov chain
whose long-run failure rate is the limit and whose bursts have `BURST` failures on average; how many failures
it lets one expect is K. R. Gabriel's distribution (The distribution of the number of successes in a sequence
of dependent trials, Biometrika 1959). Only what refutes both is evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

BURST = 5.0
"""Failures of one burst, on average, that the guard allows for."""

GUARD_SHARE = 5.0
"""How much more often than α bursts at the limit may pass the guard: 0.5 % where α is 0.1 %."""

FROM_THE_START = 0.5
"""Weight of the processes that start at the deployment; all later instants share the rest."""

ODDS = (1.6, 2.5, 4.0, 6.5, 10.0, 18.0, 35.0, 100.0, 900.0)
"""The worse rates, as multiples of the odds of the limit."""

MOST = 1e12
"""More evidence is not counted, so that a fault that is over is forgotten in time."""

MOST_TRIALS = 1000
"""An increment of more trials counts as so many with the same share of failures: weaker evidence."""

LIMITS = (1e-6, 0.999)
"""Rates that can be tested; a limit beyond them is tested as the nearest one."""

_LOG_FACTORIAL = tuple(math.lgamma(n + 1) for n in range(MOST_TRIALS + 2))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the requests since the deployment say against a limit.

    ``alpha`` is how often chance alone may ever pass for evidence at the limit. ``independent`` and
    ``clustered`` hold the running product of each worse rate; ``starts`` is how many instants share the
    weight of late starts, ``unstarted`` the weight that is left. ``carried`` are trials and failures that are
    not whole ones yet: fractions, or what a later count took back. ``failing`` says that the newest increment
    held failures, which a burst may continue.
    """

    limit: float
    starts: int
    alpha: float
    independent: tuple[float, ...] = (0.0,) * len(ODDS)
    clustered: tuple[float, ...] = (0.0,) * (2 * len(ODDS))
    unstarted: float = 1.0
    carried: tuple[float, float] = (0.0, 0.0)
    failing: bool = False

    @property
    def once_in(self) -> float:
        """A run this bad comes in one of so many releases, or fewer, whose true rate is at the limit."""
        independent = sum(self.independent) / len(self.independent) + self.unstarted
        clustered = sum(self.clustered) / len(self.clustered) + self.unstarted
        return min(independent, GUARD_SHARE * clustered)

    @property
    def enough(self) -> bool:
        """Whether chance is refuted."""
        return self.once_in * self.alpha >= 1.0


def no_evidence(limit: float, starts: int, alpha: float) -> Evidence:
    """Before the first request; ``limit`` is a failure rate, ``starts`` the number of instants to come."""
    lowest, highest = LIMITS
    return Evidence(min(max(limit, lowest), highest), max(1, starts), alpha)


def weigh(evidence: Evidence, trials: float, failures: float) -> Evidence:
    """The evidence after one more increment of the counts since the deployment.

    Counts from a metrics backend are estimates: fractions are carried until they make a whole request, and so
    is a fall until it is made up for.
    """
    known_trials, known_failures = evidence.carried[0] + trials, evidence.carried[1] + failures
    whole = max(0, math.floor(known_trials + 1e-6))
    failed = min(whole, max(0, math.floor(known_failures + 1e-6)))
    independent, clustered = _ratios(*_bounded(whole, failed), evidence.limit, evidence.failing)
    weight = _weight(evidence)
    return replace(
        evidence,
        independent=_grown(evidence.independent, independent, weight),
        clustered=_grown(evidence.clustered, clustered, weight),
        unstarted=evidence.unstarted - weight,
        carried=(known_trials - whole, known_failures - failed),
        failing=failed > 0 if whole else evidence.failing,
    )


def _grown(products: tuple[float, ...], ratios: tuple[float, ...], weight: float) -> tuple[float, ...]:
    return tuple(min((p + weight) * ratio, MOST) for p, ratio in zip(products, ratios, strict=True))


def _weight(evidence: Evidence) -> float:
    """The weight of the processes that start with this increment."""
    if evidence.starts == 1 or evidence.unstarted == 1.0:
        return min(evidence.unstarted, FROM_THE_START if evidence.starts > 1 else 1.0)
    return min(evidence.unstarted, (1.0 - FROM_THE_START) / (evidence.starts - 1))


def _bounded(trials: int, failures: int) -> tuple[int, int]:
    """By Jensen's inequality the expected share of failures is weaker evidence than any draw of requests."""
    if trials <= MOST_TRIALS:
        return trials, failures
    return MOST_TRIALS, failures * MOST_TRIALS // trials


@lru_cache(maxsize=8192)
def _ratios(
    trials: int,
    failures: int,
    limit: float,
    failing: bool,  # noqa: FBT001  # a key of the cache
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """How much likelier each worse rate makes the increment than the limit: independent, and in bursts."""
    good = trials - failures
    odds = [ratio * limit / (1.0 - limit) for ratio in ODDS]
    worse = [o / (1.0 + o) for o in odds]
    at_limit = _log_independent(failures, good, limit)
    independent = [_log_independent(failures, good, rate) for rate in worse]
    ways = _log_choose(trials, failures)
    runs = _Runs(failures, good)
    # Where a burst may go on nobody knows whether it does: the likelier of the two has to be refuted.
    before = (False, True) if failing else (False,)
    in_bursts = max(runs.log_likelihood(limit, after_failure=after) for after in before)
    bursting = [_log_mean([runs.log_likelihood(rate, after_failure=a) for a in before]) for rate in worse]
    return (
        tuple(_exp(log - at_limit) for log in independent),
        (
            *(_exp(ways + log - in_bursts) for log in independent),
            *(_exp(log - in_bursts) for log in bursting),
        ),
    )


def _log_independent(failures: int, good: int, rate: float) -> float:
    """The logarithm of the likelihood of one order of such failures, each of them independent."""
    return failures * math.log(rate) + good * math.log1p(-rate)


def _log_choose(n: int, k: int) -> float:
    return _LOG_FACTORIAL[n] - _LOG_FACTORIAL[k] - _LOG_FACTORIAL[n - k]


class _Runs:
    """In how many ways failures and good requests can be ordered, by their runs.

    For each of the two states before the first request: the number of runs of failures that begin, the number
    of runs that end, and the logarithm of the number of orders that have so many.
    """

    def __init__(self, failures: int, good: int) -> None:
        self._failures = failures
        self._good = good
        self._orders = (_orders_after_good(failures, good), _orders_after_failure(failures, good))

    def log_likelihood(self, rate: float, *, after_failure: bool) -> float:
        """Under a chain with this long-run rate and bursts of `BURST`; Gabriel's distribution."""
        # Rates near one need longer bursts: a chain cannot leave failure more often than it enters it.
        stay = max(1.0 - 1.0 / BURST, 2.0 - 1.0 / rate + 1e-9)
        enter = rate * (1.0 - stay) / (1.0 - rate)
        begin, go_on = math.log(enter), math.log(stay)
        end, stay_good = math.log1p(-stay), math.log1p(-enter)
        return _log_sum(
            [
                ways
                + begun * begin
                + (self._failures - begun) * go_on
                + ended * end
                + (self._good - ended) * stay_good
                for begun, ended, ways in self._orders[after_failure]
            ]
        )


def _orders_after_good(failures: int, good: int) -> list[tuple[int, int, float]]:
    if failures == 0:
        return [(0, 0, 0.0)]
    return [
        (begun, ended, _log_choose(failures - 1, begun - 1) + _log_choose(good, ended))
        for begun in range(1, failures + 1)
        for ended in (begun - 1, begun)
        if ended <= good
    ]


def _orders_after_failure(failures: int, good: int) -> list[tuple[int, int, float]]:
    if good == 0:
        return [(0, 0, 0.0)]
    return [
        (begun, ended, _log_choose(failures, begun) + _log_choose(good - 1, ended - 1))
        for ended in range(1, good + 1)
        for begun in (ended - 1, ended)
        if begun <= failures
    ]


def _log_sum(terms: Sequence[float]) -> float:
    """The logarithm of a sum of numbers that are given by theirs."""
    largest = max(terms)
    return largest + math.log(math.fsum(math.exp(term - largest) for term in terms))


def _log_mean(terms: Sequence[float]) -> float:
    return _log_sum(terms) - math.log(len(terms))


def _exp(logarithm: float) -> float:
    """The number of such a logarithm, at most `MOST`: a product never grows beyond it."""
    return MOST if logarithm > math.log(MOST) else math.exp(logarithm)
