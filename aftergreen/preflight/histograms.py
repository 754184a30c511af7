"""What the buckets of a histogram let a limit on its quantile see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from aftergreen.model import Condition, Plan, SignalKey
from aftergreen.units import format_limit

FAR = 2.5
"""Times a bound is the one below it from which a quantile in between is hardly more than a guess."""


def unseen_limits(plan: Plan, buckets: Mapping[SignalKey, tuple[float, ...]]) -> Iterator[str]:
    """Limits that no quantile can exceed, or that lie where it is guessed; each with its cure.

    ``buckets`` are the finite bounds behind a signal, ascending. Prometheus interpolates between the bounds
    of a bucket, and gives the largest finite one for everything above it.
    """
    for signal in plan.signals:
        bounds = buckets.get(signal.key, ())
        # Other units are computed from the histogram's own, nobody knows how.
        if not bounds or signal.unit != "s":
            continue
        for rule in signal.rules:
            if rule.condition is not Condition.ABOVE:
                continue
            limit = format_limit(rule.limit, signal.unit)
            if rule.limit >= bounds[-1]:
                largest = format_limit(bounds[-1], signal.unit)
                why = f"for the largest bucket of its histogram is {largest}"
                cure = "set a lower limit, or add a bucket above it"
                yield f"{signal.label}: nothing is ever above {limit}, {why}: {cure}"
            for below, above in pairwise(bounds):
                if below < rule.limit < above and above > FAR * below > 0:
                    between = f"{format_limit(below, signal.unit)} and {format_limit(above, signal.unit)}"
                    yield (
                        f"{signal.label}: {limit} lies between the buckets of {between}, where a quantile is "
                        "guessed: add a bucket near it"
                    )
