"""Functions over the samples of a range, as Prometheus 2.x computes them (promql/functions.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

from aftergreen.drill.promql.vectors import Matrix, Window

RangeFunction = Callable[[Matrix, Window], float | None]
"""The value of one series over the range; None where it has too few samples to have one."""

_THRESHOLD = 1.1
"""A range that begins within 1.1 sample intervals of the first sample is extrapolated to its beginning."""


def _increase(matrix: Matrix, window: Window) -> float | None:
    return _extrapolated(matrix, window, counter=True)


def _delta(matrix: Matrix, window: Window) -> float | None:
    return _extrapolated(matrix, window, counter=False)


def _rate(matrix: Matrix, window: Window) -> float | None:
    increase = _extrapolated(matrix, window, counter=True)
    return None if increase is None else increase / ((matrix.last - matrix.first) / 1000)


def _extrapolated(matrix: Matrix, window: Window, *, counter: bool) -> float | None:
    """The change over the range, extrapolated to its ends: ``extrapolatedRate`` of Prometheus 2.x."""
    times, values = window.times, window.values
    if len(times) < 2:  # noqa: PLR2004  # no change without two samples
        return None
    change = values[-1] - values[0]
    if counter:
        change += sum(before for before, after in pairwise(values) if after < before)
    sampled = (times[-1] - times[0]) / 1000
    between = sampled / (len(times) - 1)
    to_start = (times[0] - matrix.first) / 1000
    to_end = (matrix.last - times[-1]) / 1000
    if counter and change > 0 and values[0] >= 0:
        # A counter is never extrapolated to before it was zero.
        to_start = min(to_start, sampled * (values[0] / change))
    covered = sampled + sum(gap if gap < between * _THRESHOLD else between / 2 for gap in (to_start, to_end))
    return change * (covered / sampled)


def _count(_: Matrix, window: Window) -> float:
    return float(len(window.values))


def _sum(_: Matrix, window: Window) -> float:
    return math.fsum(window.values)


def _avg(_: Matrix, window: Window) -> float:
    return math.fsum(window.values) / len(window.values)


def _max(_: Matrix, window: Window) -> float:
    return max(window.values)


def _min(_: Matrix, window: Window) -> float:
    return min(window.values)


def _last(_: Matrix, window: Window) -> float:
    return window.values[-1]


RANGE_FUNCTIONS: Mapping[str, RangeFunction] = {
    "rate": _rate,
    "increase": _increase,
    "delta": _delta,
    "count_over_time": _count,
    "sum_over_time": _sum,
    "avg_over_time": _avg,
    "max_over_time": _max,
    "min_over_time": _min,
    "last_over_time": _last,
}
