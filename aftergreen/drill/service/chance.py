"""The chance in the simulation: Poisson counts, wandering gauges, and latencies with a tail."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import NamedTuple

BUCKETS = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, math.inf)
"""Upper bounds of the latency histogram, in seconds."""

_BY_COUNTING = 30.0
"""From this mean on the normal approximation is closer than a screen can show."""


class Bucket(NamedTuple):
    """The share of all requests that end in a bucket, and their mean latency in seconds."""

    share: float
    mean: float


def poisson(rng: Random, mean: float) -> int:
    """How many events happen where ``mean`` are expected; for small means by inversion."""
    if mean >= _BY_COUNTING:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, chance, left = 0, math.exp(-mean), rng.random()
    while left > chance and count < 10 * _BY_COUNTING:
        left -= chance
        count += 1
        chance *= mean / count
    return count


def clustered(rng: Random, mean: float, size: float) -> int:
    """Events of which ``size`` happen together on average, where ``mean`` are expected.

    A compound Poisson count whose clusters are geometric: its variance is ``2 * size - 1`` times its mean.
    """
    clusters = poisson(rng, mean / size)
    if size <= 1:
        return clusters
    # By inversion; a cluster has at least one event.
    none = math.log(1 - 1 / size)
    return sum(1 + int(math.log(1 - rng.random()) / none) for _ in range(clusters))


def wander(rng: Random, value: float, pull: float, step: float) -> float:
    """One step of a walk that is pulled back to zero: the slow noise of gauges and traffic."""
    return value * (1 - pull) + rng.gauss(0.0, step)


@lru_cache(maxsize=4096)
def latency_buckets(mean: float, tail: float) -> tuple[Bucket, ...]:
    """How a lognormal latency with this mean spreads over `BUCKETS`; ``tail`` is the sigma of its logarithm.

    The mean within a bucket follows from the partial expectation of the lognormal distribution,
    E[X; X < b] = E[X] · Φ((ln b − μ)/σ − σ).
    """
    middle = math.log(mean) - tail * tail / 2
    edges = [-math.inf, *((math.log(bound) - middle) / tail for bound in BUCKETS)]
    buckets = []
    for low, high in pairwise(edges):
        share = _below(high) - _below(low)
        total = mean * (_below(high - tail) - _below(low - tail))
        buckets.append(Bucket(share, total / share) if share > 1e-9 else Bucket(0.0, 0.0))  # noqa: PLR2004
    return tuple(buckets)


def _below(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2))
