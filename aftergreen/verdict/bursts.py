"""Failures that come in bursts: a chain of two states, seen only through how many failed.

A failing request is followed by another with the chance that gives bursts of `MEAN_BURST` failures, whatever
the long-run rate. In how many orders so many failures can come with so many bursts is K. R. Gabriel's
distribution (The distribution of the number of successes in a sequence of dependent trials, Biometrika 1959).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Rows = tuple[tuple[float, float], tuple[float, float]]
"""By the state before, good or failing: a number for each state afterwards."""

MEAN_BURST = 5.0
"""Failures of one burst, on average."""

_NEVER = float("-inf")


def log_choose(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


class Orders:
    """The orders in which so many failures and good requests can come, by the bursts they make."""

    def __init__(self, failures: int, good: int) -> None:
        self._failures = failures
        self._good = good
        self._ways = (tuple(_after_good(failures, good)), tuple(_after_failure(failures, good)))

    def log_chances(self, rate: float) -> Rows:
        """The logarithms of the chances of so many failures, at this long-run rate, by both end states."""
        # Rates near one need longer bursts: a chain cannot leave failure more often than it enters it.
        stay = max(1.0 - 1.0 / MEAN_BURST, 2.0 - 1.0 / rate + 1e-9)
        enter = rate * (1.0 - stay) / (1.0 - rate)
        begin, go_on = math.log(enter), math.log(stay)
        end, stay_good = math.log1p(-stay), math.log1p(-enter)

        def chance(ways: Iterable[tuple[int, int, bool, float]], *, failing: bool) -> float:
            return log_sum(
                [
                    orders
                    + begun * begin
                    + (self._failures - begun) * go_on
                    + ended * end
                    + (self._good - ended) * stay_good
                    for begun, ended, ends_failing, orders in ways
                    if ends_failing is failing
                ]
            )

        good, bad = self._ways
        return (
            (chance(good, failing=False), chance(good, failing=True)),
            (chance(bad, failing=False), chance(bad, failing=True)),
        )


def _after_good(failures: int, good: int) -> Iterable[tuple[int, int, bool, float]]:
    """Bursts that begin, bursts that end, whether one is under way at the end, and in how many orders."""
    if failures == 0:
        yield 0, 0, False, 0.0
    for begun in range(1, failures + 1):
        for ended in (begun - 1, begun):
            if ended <= good:
                ways = log_choose(failures - 1, begun - 1) + log_choose(good, ended)
                yield begun, ended, ended < begun, ways


def _after_failure(failures: int, good: int) -> Iterable[tuple[int, int, bool, float]]:
    if good == 0:
        yield 0, 0, True, 0.0
    for ended in range(1, good + 1):
        for begun in (ended - 1, ended):
            if begun <= failures:
                ways = log_choose(failures, begun) + log_choose(good - 1, ended - 1)
                yield begun, ended, begun == ended, ways


def log_sum(terms: Sequence[float]) -> float:
    """The logarithm of a sum of numbers that are given by theirs."""
    largest = max(terms, default=_NEVER)
    if largest == _NEVER:
        return _NEVER
    return largest + math.log(math.fsum(math.exp(term - largest) for term in terms))
