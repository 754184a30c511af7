"""Numbers, times, readings and baselines, as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from aftergreen.model import Ground, Indicator, Kind, Reading, Signal
from aftergreen.units import format_duration, format_limit, format_value
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import (
    Baseline,
    SignalState,
)

SYMBOLS: Mapping[Mark, str] = {
    Mark.OK: "✓",
    Mark.WARN: "!",
    Mark.BAD: "✗",
    Mark.UNKNOWN: "?",
    Mark.PENDING: "·",
    Mark.WAIVED: "–",
}


_TITLES = {
    Indicator.ERROR_RATE: ("Error rate", "errors"),
    Indicator.LATENCY: ("Latency", "latency"),
    Indicator.SATURATION: ("Saturation", "saturation"),
    Indicator.DEPENDENCY: ("Dependencies", "deps"),
    Indicator.BUSINESS: ("Business", "business"),
}


def indicator_title(indicator: Indicator) -> str:
    """The indicator's name as a heading."""
    return _TITLES[indicator][0]


def indicator_short(indicator: Indicator) -> str:
    """The indicator's name in the decision walk."""
    return _TITLES[indicator][1]


def local_time(at: float, offset: float = 0.0, zone: tzinfo | None = None) -> str:
    """A backend time in the reader's own zone: ``14:08:22 CET``."""
    # Cut off, a time just before the full second would read a second early.
    return f"{datetime.fromtimestamp(round(at + offset), UTC).astimezone(zone):%H:%M:%S %Z}"


def local_clock(at: float, offset: float = 0.0, zone: tzinfo | None = None) -> str:
    """As `local_time` without the zone, where that is said beside it: ``14:08:22``."""
    return f"{datetime.fromtimestamp(round(at + offset), UTC).astimezone(zone):%H:%M:%S}"


def local_day(at: float, zone: tzinfo | None = None) -> str:
    """A time in the reader's own zone with its day, to the minute: ``2026-03-01 14:08 CET``."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%Y-%m-%d %H:%M %Z}"


ROUNDING = 1e-9
"""The share of a median below which a spread is none."""

FEW, NOTED = 100, 0.05
"""Events below which a fraction is told, and from which fraction on."""


def count(number: float) -> str:
    """A number of events; `increase()` extrapolates, so it may carry a fraction that nobody counted.

    Of few the fraction is told: 7.50 % of 100 are 7.5, and nobody believes a share beside ``8 of 100``.
    """
    return f"{number:,.1f}" if number < FEW and abs(number - round(number)) >= NOTED else f"{number:,.0f}"


def share(fraction: float) -> str:
    """A relative change as the configuration writes it: ``50 %``."""
    return format_limit(fraction, "%")


def reading(read: Reading | None, unit: str) -> str:
    """The newest reading: a value, or the word for why there is none."""
    if read is None:
        return "…"
    if read.kind is Kind.DOWN:
        return "down"
    if read.value is None or not read.compared:
        return read.kind.value
    return format_value(read.value, unit)


def last_known(signal: SignalState) -> str:
    """How old the value is that was last known of a signal: ``48s ago``; empty where none ever was."""
    if signal.at is None or signal.known_at is None:
        return ""
    return f"{format_duration(signal.at - signal.known_at)} ago"


def measured(snapshot: Snapshot, signal: Signal) -> str:
    """What a signal reads at the newest instant, with that instant: ``4.58 % at 14:08:22 CET``."""
    newest = snapshot.signals[signal.key].reading
    return f"{reading(newest, signal.unit)} at {local_time(snapshot.at, snapshot.context.offset)}"


def seen(read: Reading | None) -> str:
    """How much stands behind a reading: ``62 of 1,244``, or nothing."""
    if read is None or read.count is None:
        return ""
    if read.failures is not None or read.kind is Kind.ZERO:
        return f"{count(read.failures or 0.0)} of {count(read.count)}"
    return f"n {count(read.count)}"


def baseline(summary: Baseline | None, unit: str) -> str:
    """Median and spread of the time before: ``0.10 % ±0.03``."""
    if summary is None:
        return "unknown"
    # What sums of the same numbers in another order differ by is no spread.
    none = summary.spread < ROUNDING * abs(summary.median)
    middle, spread = format_value(summary.median, unit), format_value(0.0 if none else summary.spread, unit)
    suffix = middle.lstrip("0123456789.,−")
    if suffix and spread.endswith(suffix):
        spread = spread.removesuffix(suffix).rstrip()
    return f"{middle} ±{spread}"


def companions(signal: SignalState) -> str:
    """The baselines that were not committed, and how the value of now stands to each of them."""
    now = signal.reading.value if signal.reading is not None and signal.reading.compared else None
    return " · ".join(_companion(other, now, signal.signal.unit) for other in signal.companions)


def _companion(other: Baseline, now: float | None, unit: str) -> str:
    told = f"{other.source.value} {baseline(other, unit)}"
    if other.unfit:
        return f"{told}, not fit: {other.unfit}"
    if now is None or other.median == 0 or not math.isfinite(now):
        return told
    change = now / other.median - 1.0
    return f"{told}, now {'+' if change >= 0 else '−'}{abs(change):.0%}".replace("%", " %")


def median(summary: Baseline | None, unit: str) -> str:
    """What the signal was before: the median alone, or a dash where nothing is known."""
    return "–" if summary is None else format_value(summary.median, unit)


def look_back(signal: SignalState) -> tuple[str, str]:
    """The look-back where the window holds too little, and what it holds: ``5m`` and ``3 of 104, 2.9 %``."""
    wider = signal.look_back
    if wider is None or wider.seconds <= signal.signal.window or wider.trials <= 0:
        return "", ""
    rate = format_value(wider.failures / wider.trials, "%")
    return format_duration(wider.seconds), f"{count(wider.failures)} of {count(wider.trials)}, {rate}"


_ABSENCES: Mapping[Ground, str] = {
    Ground.SEEN: "such series were there for this version",
    Ground.LABEL: "other series of its metric carry the label that it picks by",
    Ground.METADATA: "the backend's metadata name its metric for these targets",
}


def absence(signal: Signal, ground: Ground) -> str:
    """Why a number that no series stands behind is zero."""
    return f"no series means zero: {_ABSENCES.get(ground) or signal.absent_is_zero}"
