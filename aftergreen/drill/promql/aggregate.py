"""Aggregations of a vector by labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from aftergreen.drill.promql.store import Labels
from aftergreen.drill.promql.vectors import Vector


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[[Sequence[float]], float]:
    """NaN counts only where there is nothing else."""

    def aggregate(values: Sequence[float]) -> float:
        numbers = [value for value in values if not math.isnan(value)]
        return choose(numbers) if numbers else math.nan

    return aggregate


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


AGGREGATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": _average,
    "max": _extreme(max),
    "min": _extreme(min),
    "count": lambda values: float(len(values)),
}


def aggregated(op: str, vector: Vector, group: Callable[[Labels], Labels]) -> Vector:
    """One element for each group of labels."""
    groups: defaultdict[Labels, list[float]] = defaultdict(list)
    for labels, value in vector.items():
        groups[group(labels)].append(value)
    return {labels: float(AGGREGATIONS[op](values)) for labels, values in groups.items()}
