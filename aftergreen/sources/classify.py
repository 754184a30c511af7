"""From answers to readings: classify first, compare never."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from aftergreen.model import Kind, Reading, Reduce, Signal
from aftergreen.promql import worst_of

Labels = Mapping[str, str]

INFINITE = "the query gave an infinite number"

IMMENSE = 1e24
"""What is beyond it is no measure of anything, but a number that something broke."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one query gave at one instant: the values of its series, or why there are none.

    ``labels`` are those of the series, in the same order. ``refused`` tells a query that the backend will
    not evaluate from a failure on the way.
    """

    values: tuple[float, ...] = ()
    labels: tuple[Labels, ...] = ()
    failure: str = ""
    refused: bool = False
    partial: str = ""
    notes: tuple[str, ...] = ()


NOTHING = Found()
"""The answer of a query that finds no series."""


def classified(signal: Signal, found: Mapping[str, Found], absence: str = "") -> Reading:
    """The reading of a signal from what its queries gave, by their role; its age is judged elsewhere.

    ``absence`` says why a number that no series stands behind is not known to mean zero; empty where it is.
    """
    needed = [answer for role, answer in found.items() if role != "count"]
    reading = _unclear(needed)
    if reading is None and "query" in found:
        unfounded = Reading.unknown(Kind.ABSENT, absence) if absence else None
        reading = unfounded or _value(signal, found["query"], found.get("count"))
    elif reading is None:
        reading = _ratio(signal, found["numerator"], found["denominator"], absence)
    remarks = tuple(dict.fromkeys(note for answer in found.values() for note in answer.notes))
    return replace(reading, notes=(*reading.notes, *remarks))


def counted(signal: Signal, found: Mapping[str, Found]) -> tuple[float, float] | None:
    """Trials and failures of an event ratio; None where either is not known whole."""
    if _unclear(found.values()) is not None:
        return None
    trials = _one(signal, found["denominator"].values)
    # What never failed has no series of failures.
    failures = _one(signal, found["numerator"].values) if found["numerator"].values else 0.0
    if trials is None or failures is None or not (math.isfinite(trials) and math.isfinite(failures)):
        return None
    return trials, failures


def _unclear(answers: Iterable[Found]) -> Reading | None:
    """Blind before partial: what one half lacks does not matter where the other could not be asked."""
    for answer in answers:
        if answer.failure:
            return Reading.unknown(Kind.BLIND, answer.failure)
    for answer in answers:
        if any(math.isfinite(value) and abs(value) > IMMENSE for value in answer.values):
            return Reading.unknown(Kind.BLIND, "the query gave a number beyond all measure")
    for answer in answers:
        if answer.partial:
            return Reading.unknown(Kind.PARTIAL, answer.partial)
    return None


def _value(signal: Signal, found: Found, counted: Found | None) -> Reading:
    if not found.values:
        return Reading.unknown(Kind.NO_SERIES, "the query finds no series")
    number = _one(signal, found.values)
    if number is None:
        return _ambiguous(found)
    if math.isnan(number):
        return Reading.unknown(Kind.NO_TRAFFIC, "the query gives NaN")
    if math.isinf(number):
        return Reading.unknown(Kind.BLIND, INFINITE)
    if counted is None:
        return Reading.of(number)
    failure = counted.failure or counted.partial
    if failure:
        return replace(Reading.of(number), notes=(f"how many observations it has is unknown: {failure}",))
    counts = [count for count in counted.values if math.isfinite(count)]
    return Reading.of(number, math.fsum(counts) if counts else None)


def _ratio(signal: Signal, numerator: Found, denominator: Found, absence: str) -> Reading:
    """A ratio, whose two queries are asked separately: what never failed has no series of failures."""
    if absence:
        numerator = NOTHING
    if not denominator.values:
        return Reading.unknown(Kind.NO_SERIES, "the denominator finds no series")
    if signal.reduce is Reduce.WORST:
        return _worst_ratio(signal, numerator, denominator, absence)
    below = _one(signal, denominator.values)
    if below is None:
        return _ambiguous(denominator)
    if not numerator.values:
        return _divided(signal, None, below, absence)
    above = _one(signal, numerator.values)
    return _ambiguous(numerator) if above is None else _divided(signal, above, below)


def _worst_ratio(signal: Signal, numerator: Found, denominator: Found, absence: str) -> Reading:
    """The worst of the ratios of series with the same labels, as PromQL divides vectors."""
    above = _by_labels(numerator)
    below = _by_labels(denominator)
    # A series of failures that pairs with nothing would be passed over in silence.
    paired = above.keys() <= below.keys()
    unique = len(above) == len(numerator.values) and len(below) == len(denominator.values)
    if not (paired and unique):
        text = "the series of numerator and denominator do not pair: group both by the same labels"
        return Reading.unknown(Kind.AMBIGUOUS, text)
    divided = [
        _divided(signal, above.get(labels), under, absence)
        for labels, under in below.items()
        if labels in above or signal.events
    ]
    compared = [reading for reading in divided if reading.value is not None]
    blind = [reading for reading in divided if reading.kind is Kind.BLIND]
    if blind or not compared:
        fallback = Reading.unknown(Kind.NO_SERIES, "the numerator finds no series")
        return (blind or divided or [fallback])[0]
    sign = -1.0 if worst_of(signal) == "min" else 1.0
    return max(compared, key=lambda r: (sign * (r.value or 0.0), r.count or 0.0))


def _divided(signal: Signal, above: float | None, below: float, absence: str = "") -> Reading:
    """The reading of one numerator, which may be absent, over one denominator."""
    if below == 0 or math.isnan(below):
        return Reading.unknown(Kind.NO_TRAFFIC, "the denominator is 0" if below == 0 else "it gives NaN")
    if math.isinf(below) or (above is not None and math.isinf(above)):
        return Reading.unknown(Kind.BLIND, INFINITE)
    if above is None:
        if signal.events and below > 0:
            if absence:
                return Reading.unknown(Kind.ABSENT, absence)
            return Reading(Kind.ZERO, 0.0, below, 0.0)
        return Reading.unknown(Kind.NO_SERIES, "the numerator finds no series")
    if math.isnan(above):
        return Reading.unknown(Kind.NO_TRAFFIC, "the numerator is NaN")
    quotient = above / below
    if not math.isfinite(quotient):
        return Reading.unknown(Kind.BLIND, INFINITE)
    return Reading.of(quotient, below, failures=above) if signal.events else Reading.of(quotient)


def _one(signal: Signal, values: tuple[float, ...]) -> float | None:
    """The one number of an answer as PromQL would reduce it; None where several mean nothing."""
    if signal.reduce is None:
        return values[0] if len(values) == 1 else None
    if signal.reduce is Reduce.SUM:
        # Not fsum, which refuses to add opposite infinities.
        return sum(values)
    numbers = [value for value in values if not math.isnan(value)]
    choose = min if worst_of(signal) == "min" else max
    return choose(numbers, default=math.nan)


def _ambiguous(found: Found) -> Reading:
    return Reading.unknown(Kind.AMBIGUOUS, f"{len(found.values)} series where one is wanted")


def _by_labels(found: Found) -> dict[frozenset[tuple[str, str]], float]:
    """Values by labels; a division in PromQL does not look at the metric's name."""
    pairs = zip(found.labels, found.values, strict=True)
    return {frozenset((k, v) for k, v in labels.items() if k != "__name__"): value for labels, value in pairs}
