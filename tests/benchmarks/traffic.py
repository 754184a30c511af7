"""Requests and failures as they come: independent or in bursts, drawn anew for every interval."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

MEAN_BURST = 5.0
"""Consecutive requests that fail, on average, where failures come in bursts."""

INTERVAL = 15.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """A service that is asked ``per_minute`` times and fails at ``rate`` from ``since`` seconds on.

    Before that it fails at ``usual``. Requests arrive independently of each other.
    """

    per_minute: float
    rate: float
    clustered: bool
    since: float = 0.0
    usual: float = 0.0

    def intervals(self, drawn: random.Random) -> Iterator[tuple[int, int]]:
        """Trials and failures of one interval after another, without end."""
        mean, age, run = self.per_minute * INTERVAL / 60, 0.0, 0
        while True:
            rate = self.rate if age >= self.since else self.usual
            if age == self.since:
                # A long run of good requests does not outlast the beginning of a fault.
                run = 0
            if self.clustered:
                trials = _poisson(drawn, mean)
                failures, run = _in_bursts(drawn, trials, rate, run)
                yield trials, failures
            else:
                failures = _poisson(drawn, mean * rate)
                yield failures + _poisson(drawn, mean * (1.0 - rate)), failures
            age += INTERVAL


def _poisson(drawn: random.Random, mean: float) -> int:
    return bisect_left(_poisson_steps(mean), drawn.random()) if mean > 0 else 0


@lru_cache
def _poisson_steps(mean: float) -> tuple[float, ...]:
    """The distribution function; what lies past ten deviations is never drawn."""
    most = math.ceil(mean + 10 * math.sqrt(mean) + 20)
    return tuple(accumulate(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most)))


def _in_bursts(drawn: random.Random, trials: int, rate: float, run: int) -> tuple[int, int]:
    """Failures among the trials, and what is left of the run that they end in.

    Runs of failures and of good requests take turns, each of geometric length; ``run`` is positive in the
    middle of a run of failures, negative in one of good requests.
    """
    if rate <= 0:
        return 0, 0
    # Good runs are so long that failures are ``rate`` of all requests in the long run.
    bad_mean = max(MEAN_BURST, 1.0 / (1.0 - rate))
    good_mean = bad_mean * (1.0 - rate) / rate
    if run == 0:
        bad = drawn.random() < rate
        run = _geometric(drawn, bad_mean) if bad else -_geometric(drawn, good_mean)
    left, failures = trials, 0
    while left > 0:
        taken = min(left, abs(run))
        left -= taken
        if run > 0:
            failures += taken
            run -= taken
            run = run or -_geometric(drawn, good_mean)
        else:
            run += taken
            run = run or _geometric(drawn, bad_mean)
    return failures, run


def _geometric(drawn: random.Random, mean: float) -> int:
    """How many requests a run has, at least one."""
    if mean <= 1.0:
        return 1
    return 1 + int(math.log(1.0 - drawn.random()) / math.log1p(-1.0 / mean))
