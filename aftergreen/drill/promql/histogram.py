"""Quantiles from the buckets of a classic histogram, as Prometheus 2.x computes them (promql/quantile.go)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from aftergreen.drill.promql.store import Labels
from aftergreen.drill.promql.vectors import Vector, put, without_name

Bucket = tuple[float, float]
"""Upper bound and cumulative count."""


def histogram_quantile(quantile: float, buckets: Vector) -> Vector:
    """The quantile of every histogram among the buckets; elements without a valid ``le`` are ignored."""
    histograms: defaultdict[Labels, dict[float, float]] = defaultdict(dict)
    for labels, count in buckets.items():
        bound = _bound(dict(labels).get("le", ""))
        if bound is not None:
            rest = tuple(pair for pair in without_name(labels) if pair[0] != "le")
            counts = histograms[rest]
            counts[bound] = counts.get(bound, 0.0) + count
    result: Vector = {}
    for labels, counts in histograms.items():
        put(result, labels, _quantile(quantile, _monotonic(sorted(counts.items()))))
    return result


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _monotonic(buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    """Counts that fall, as a scrape in the middle of an update leaves them, are lifted to the highest."""
    highest = -math.inf
    lifted = []
    for bound, count in buckets:
        highest = max(highest, count)
        lifted.append((bound, highest))
    return lifted


def _quantile(quantile: float, buckets: Sequence[Bucket]) -> float:
    """Interpolated within the bucket that holds the quantile; NaN where the histogram cannot tell."""
    if math.isnan(quantile):
        return math.nan
    if not 0 <= quantile <= 1:
        return math.copysign(math.inf, quantile)
    if not math.isinf(buckets[-1][0]) or len(buckets) < 2 or not buckets[-1][1]:  # noqa: PLR2004
        return math.nan
    rank = quantile * buckets[-1][1]
    index = next((i for i, (_, count) in enumerate(buckets[:-1]) if count >= rank), len(buckets) - 1)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    bound, count = buckets[index]
    if index == 0 and bound <= 0:
        return bound
    below_bound, below = buckets[index - 1] if index else (0.0, 0.0)
    return below_bound + (bound - below_bound) * _ratio(rank - below, count - below)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
