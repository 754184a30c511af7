"""How far samples lie from their median, without minding a few that lie far out."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

ROBUST_DEVIATION = 1.4826
"""A standard deviation in median absolute deviations, where samples are normal (F. R. Hampel, 1974)."""


def spread_of(values: Sequence[float]) -> float:
    """The median absolute deviation from the median."""
    middle = median(values)
    return median(abs(value - middle) for value in values)


def robust_deviation(values: Sequence[float]) -> float:
    """What the standard deviation would be without the few that lie far out."""
    return ROBUST_DEVIATION * spread_of(values)
