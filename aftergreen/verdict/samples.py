"""The raw samples behind readings: a scrape that is read four times is one scrape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from aftergreen.model import Reading
from aftergreen.verdict.trend import Samples

EVENTS_PER_SECOND = {"/s": 1.0, "/min": 1.0 / 60}
"""Units that say how many events come in a time, and how many in a second one of it is."""

JITTER = 0.1
"""Seconds by which a scrape may come early or late without being another length of time."""

ROUNDING = 0.002
"""Seconds: times of samples are written to the millisecond."""


def distinct(readings: Iterable[tuple[float, Reading]]) -> Samples:
    """Time and value of every raw sample behind the compared readings, once each.

    ``readings`` are (instant, reading), ascending. A reading whose sample is the one before adds nothing.
    """
    found: list[tuple[float, float]] = []
    for at, reading in readings:
        if reading.compared and reading.value is not None:
            found = added(found, at, reading)
    return tuple(found)


def added(samples: Sequence[tuple[float, float]], at: float, reading: Reading) -> list[tuple[float, float]]:
    """The samples, and the one behind this compared reading where it is another."""
    taken = reading.taken(at)
    if reading.value is None or (samples and taken <= samples[-1][0] + ROUNDING):
        return list(samples)
    return [*samples, (taken, reading.value)]


def spacing(samples: Samples, interval: float) -> float:
    """Seconds between two samples as it is usual among these, and never less than one step of the grid."""
    if len(samples) < 2:  # noqa: PLR2004  # one sample has no neighbour
        return interval
    return max(interval, median(later - earlier for (earlier, _), (later, _) in pairwise(samples)))
