"""The course of a signal: whether it climbs steadily, and when it reaches a capacity.

The slope is the median of the slopes of all pairs of samples (H. Theil, A rank-invariant method of linear and
polynomial regression analysis, 1950), its bounds are those of P. K. Sen (Estimates of the regression
coefficient based on Kendall's tau, 1968). A single outlier moves neither. A slope alone does not tell a climb
from a step that has settled or from a warm-up that levels off: a steady climb has to rise in both halves of
the look-back, and hardly less in the second than in the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from aftergreen.verdict.spread import robust_deviation

Samples = Sequence[tuple[float, float]]
"""Times in seconds and values, ascending in time."""

FEWEST = 8
"""Samples without which nothing is said about a course."""

MOST = 48
"""More samples are thinned out evenly: pairs grow with their square, and the slope hardly gets better."""

CONFIDENCE = 1.96
"""Standard normal deviations of the bounds: 95 %."""

HALF_OF_RISE = 0.3
"""The share of the whole rise that each half must have; of a straight line it is one half."""

SLOWING = 0.7
"""The share of the first half's pace that the second must keep; what levels off falls below it."""

NOISES = 8.0
"""Robust deviations of the noise that a rise must exceed; noise of samples that share data looks smaller."""

ENOUGH = 12
"""Samples from which on noise is known well enough; of fewer it comes out too small by chance."""

FEW_POWER = 3.0
"""How much steeper a climb has to be with fewer: by (`ENOUGH` / samples) to this power.

Measured on noise alone: with it, of 6,000 watches of 15 minutes at one sample a minute at most 5 climb.
"""

SETTLED_SHARE = 0.2
"""The share of the look-back, at either end, whose median is where a rise begins and ends."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The course over a look-back of ``span`` seconds.

    ``slope`` lies between ``slowest`` and ``fastest``, in the signal's unit per second; ``level`` is where
    the line ends, ``rise`` by how much the end lies above the beginning. ``steady`` says that it is a climb:
    more than noise, in both halves, and not levelling off.
    """

    slope: float
    slowest: float
    fastest: float
    level: float
    rise: float
    span: float
    steady: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Seconds until a capacity is reached, and between which it lies; ``latest`` may be infinite."""

    seconds: float
    earliest: float
    latest: float


def trend_of(samples: Samples, overlap: float) -> Trend | None:
    """The course of the samples; None where they are too few.

    ``overlap`` is how many neighbouring samples share data: window / interval, at least 1. So many samples
    are worth one, and the bounds are as much wider.
    """
    samples = _thinned(samples)
    if len(samples) < FEWEST:
        return None
    slopes = _slopes(samples)
    slope = median(slopes)
    slowest, fastest = _bounds(slopes, len(samples), overlap)
    start, end = samples[0][0], samples[-1][0]
    middle = median(at for at, _ in samples)
    level = median(value - slope * (at - middle) for at, value in samples) + slope * (end - middle)
    rise = _ends(samples)
    half = (end - start) / 2
    first, second = (
        median(_slopes(part)) * half
        for part in (
            [s for s in samples if s[0] <= start + half],
            [s for s in samples if s[0] >= start + half],
        )
    )
    noise = robust_deviation([value - slope * (at - end) - level for at, value in samples])
    few = max(1.0, ENOUGH / len(samples)) ** FEW_POWER
    steady = (
        slowest > 0
        and rise > NOISES * max(1.0, overlap) ** 0.25 * few * noise
        and min(first, second) >= HALF_OF_RISE * rise
        and second >= SLOWING * first
    )
    return Trend(slope, slowest, fastest, level, rise, end - start, steady)


def left_until(trend: Trend, capacity: float) -> Left | None:
    """When a steady climb reaches the capacity; None where there is none."""
    missing = capacity - trend.level
    if missing <= 0:
        return Left(0.0, 0.0, 0.0)
    if not trend.steady:
        return None
    latest = missing / trend.slowest if trend.slowest > 0 else math.inf
    return Left(missing / trend.slope, missing / trend.fastest, latest)


def _thinned(samples: Samples) -> Samples:
    """At most `MOST` samples, the newest among them, evenly spaced."""
    every = math.ceil(len(samples) / MOST)
    return samples[(len(samples) - 1) % every :: every] if every > 1 else samples


def _slopes(samples: Samples) -> list[float]:
    return sorted(
        (later - earlier) / (after - before)
        for index, (before, earlier) in enumerate(samples)
        for after, later in samples[index + 1 :]
    )


def _bounds(slopes: Sequence[float], count: int, overlap: float) -> tuple[float, float]:
    """Sen's bounds by Kendall's variance, which grows with the number of samples that share data."""
    variance = count * (count - 1) * (2 * count + 5) / 18 * max(1.0, overlap)
    width = CONFIDENCE * math.sqrt(variance)
    lower = math.floor((len(slopes) - width) / 2)
    upper = math.ceil((len(slopes) + width) / 2)
    if lower < 0:
        return -math.inf, math.inf
    return slopes[lower], slopes[min(upper, len(slopes) - 1)]


def _ends(samples: Samples) -> float:
    """The rise from the first part of the look-back to its last, by their medians."""
    part = max(2, round(len(samples) * SETTLED_SHARE))
    return median(value for _, value in samples[-part:]) - median(value for _, value in samples[:part])
