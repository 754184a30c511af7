"""The usual shapes of rules, for comparison, on counted windows: when each of them would roll back.

A sample is a window of a minute that lies wholly after the deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aftergreen.drill.debriefing import others
from aftergreen.drill.debriefing.others import Sample, Shape
from tests.benchmarks.scores import LITERAL

Window = tuple[float, int, int]
"""Seconds since the deployment, trials and failures of the last minute."""

LIMIT = 0.01
FEWEST_REQUESTS = 50


def _judged(shape: Shape, fewest: int = 1) -> Callable[[Sequence[Window]], float | None]:
    """The shape over windows; those of fewer trials pass."""

    def rule(windows: Sequence[Window]) -> float | None:
        samples: list[Sample] = [
            (age, trials >= fewest and failures > LIMIT * trials) for age, trials, failures in windows
        ]
        return shape(samples)

    return rule


one_bad_sample = _judged(others.one_bad_sample)
five_bad_minutes = _judged(others.five_bad_minutes)
two_minutes = _judged(others.two_minutes)
two_minutes_of_enough = _judged(others.two_minutes, FEWEST_REQUESTS)
"""The same, and minutes of fewer than fifty requests pass."""

RIVALS: dict[str, Callable[[Sequence[Window]], float | None]] = {
    "one bad sample": one_bad_sample,
    "five bad minutes": five_bad_minutes,
    LITERAL: two_minutes,
    "for 2m, at least 50 requests": two_minutes_of_enough,
}
