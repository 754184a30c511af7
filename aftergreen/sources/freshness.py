"""How old the samples behind a reading are, and when that is too old."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from aftergreen.model import Kind, Reading
from aftergreen.sources.classify import Found
from aftergreen.units import format_duration

STALE_UNMEASURED = 300.0
"""Seconds: as long as Prometheus looks back for a sample; for signals whose interval is not known."""

STALE_SCRAPES = 2.0

TOLERANCE = 0.1
"""Of a scrape interval: it is measured by counting, and scrapes are not to the millisecond."""

SPANS = (300.0, 60.0, 10.0)
"""Seconds over which samples are counted. The shorter ones know series that are younger than the longest."""

COUNTED = 6.0
"""A shorter span is believed from so many samples on: one more or less is then at most a sixth."""

_JUDGED = frozenset({Kind.VALUE, Kind.ZERO, Kind.ABSENT, Kind.NO_TRAFFIC, Kind.NO_SERIES})


@dataclass(frozen=True, slots=True)
class Age:
    """How fresh a signal is: when its newest sample was taken, and what is wrong with that.

    ``gone`` holds where queries answer from samples of targets that have all disappeared since.
    """

    newest: float | None = None
    gone: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What one query of a signal gave, and what asking for the age of its selectors gave.

    ``alone`` marks a query that may answer without any sample (``… or vector(0)``).
    """

    answer: Found
    ages: tuple[Found, ...]
    alone: bool


def age(queries: Iterable[Query]) -> Age:
    """The newest sample behind each query, and of these the oldest: a ratio is as old as its older half.

    A query whose selectors find nothing says nothing: failures that never happened have no series. But if
    it answers all the same, it answers from a range in which its targets still were: Prometheus marks the
    series of a target that it cannot reach, and ``timestamp()`` no longer sees them.
    """
    newest: list[float] = []
    gone = False
    for query in queries:
        for found in query.ages:
            if found.failure and not found.refused:
                return Age(failure=found.failure)
        times = [value for found in query.ages for value in found.values if math.isfinite(value)]
        if times:
            newest.append(max(times))
        elif any(found.values for found in query.ages):
            return Age(failure="the backend gives NaN or an infinite number for it")
        asked = query.ages and not any(found.refused for found in query.ages)
        gone = gone or bool(asked and query.answer.values and not times and not query.alone)
    return Age(min(newest, default=None), gone=gone and not newest)


def judged(reading: Reading, found: Age, at: float, scrape: float | None) -> Reading:
    """The reading, or `stale` where the newest sample behind it is older than two scrape intervals.

    A reading whose age could not be asked is `blind`: an old number looks like any other.
    """
    if reading.kind not in _JUDGED:
        return replace(reading, newest=found.newest)
    if found.failure:
        return _unknown(reading, Kind.BLIND, f"the age of the samples could not be asked: {found.failure}")
    if found.gone:
        return _unknown(reading, Kind.STALE, "the targets behind it have gone: no sample of them is fresh")
    if found.newest is None:
        return reading
    allowed = STALE_UNMEASURED if scrape is None else (STALE_SCRAPES + TOLERANCE) * scrape
    if at - found.newest <= allowed:
        return replace(reading, newest=found.newest)
    text = f"the newest sample is {format_duration(at - found.newest)} old"
    every = f", and one is due every {format_duration(round(scrape, 1))}" if scrape else ""
    return replace(_unknown(reading, Kind.STALE, text + every), newest=found.newest)


def _unknown(reading: Reading, kind: Kind, detail: str) -> Reading:
    return replace(Reading.unknown(kind, detail), notes=reading.notes)


def interval(counts: Mapping[float, float]) -> float | None:
    """The scrape interval in seconds, from the samples that a selector's busiest series has in each span.

    As many samples as a span holds lie span / count apart. A series younger than a span has fewer than
    that, so the smallest estimate is right; shorter spans count only from `COUNTED` samples on, since the
    edges of a span may hide or show one. But however few they are, the intervals between those within a span
    fit into it. None where fewer than two samples are known.
    """
    estimates = [
        span / count for span, count in counts.items() if count >= (2.0 if span == max(SPANS) else COUNTED)
    ]
    bounds = [span / (count - 1) for span, count in counts.items() if count >= 2.0]  # noqa: PLR2004  # the ends of one
    return min(estimates + bounds, default=None)
