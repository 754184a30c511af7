"""Where times and values lie in a chart: a fixed axis across, steps up it that stay while samples come."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from aftergreen.units import format_duration
from aftergreen.verdict.snapshot import Axis
from aftergreen.verdict.state import Baseline, Trace

BAND = 3.0
"""Half the height of the band, in robust standard deviations."""

MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

STEPS = (1.0, 2.0, 5.0, 10.0)
"""What a step of the range of values may be, times a power of ten."""

HEADROOM = 0.08
"""Share of what is drawn that stays free above it, and below it unless that is zero."""

REACH = 4.0
"""How often the distance from usual to limit a chart spans: one wild sample must not flatten the rest."""

FROM_ZERO = 0.3
"""The chart begins at zero where the lowest value lies below this share of the highest."""

AHEAD = 0.1
"""The share of a shortened axis that lies ahead of now."""

_LARGEST = 1e300
_WHOLE_MINUTES = 300.0
"""Seconds from which a label of the axis drops its seconds."""


def latest(axis: Axis, reach: float, now: float) -> Axis:
    """The share ``reach`` of an axis, 1 the whole of it, that ends a little after ``now``."""
    if reach >= 1.0:
        return axis
    length = (axis.end - axis.start) * reach
    end = min(axis.end, max(now + AHEAD * length, axis.start + length))
    return Axis(end - length, axis.deployed_at, end)


@dataclass(frozen=True, slots=True)
class Times:
    """The axis laid over ``width`` cells, of which the deployment has one for itself.

    Samples before it lie left of that cell and samples since then right of it, so that the mark hides
    none and no cell mixes the two.
    """

    axis: Axis
    width: int

    @property
    def deploy(self) -> int:
        """The cell of the deployment; left of all cells where the axis begins after it."""
        axis = self.axis
        if axis.deployed_at < axis.start:
            return -1
        span = axis.end - axis.start
        share = (axis.deployed_at - axis.start) / span if span > 0 else 0.0
        return min(self.width - 1, max(0, round(share * (self.width - 1))))

    def place(self, at: float) -> float | None:
        """How many cells from the left ``at`` lies; None beyond the axis."""
        axis, deploy = self.axis, self.deploy
        if not axis.start <= at <= axis.end:
            return None
        if at < axis.deployed_at:
            return deploy * (at - axis.start) / (axis.deployed_at - axis.start)
        since = max(axis.start, axis.deployed_at)
        after = axis.end - since
        share = (at - since) / after if after > 0 else 0.0
        return deploy + 1 + (self.width - deploy - 1) * share

    def cell(self, at: float) -> int | None:
        """The cell of ``at``; None beyond the axis."""
        place = self.place(at)
        return None if place is None else min(self.width - 1, int(place))

    def labels(self, now: float, rolled_back: float | None = None, *, over: bool = False) -> str:
        """``−7m  deploy  now  +15m``, each at its place; one that would touch a nobler one is left out.

        Where the watch is ``over`` there is no now; ``rolled_back`` is when a rollback began.
        """
        deploy, present = self.deploy, self.cell(now)
        wanted = [(deploy - 2, "deploy")] if deploy >= 0 else []
        back = None if rolled_back is None else self.cell(rolled_back)
        if back is not None:
            wanted.append((back - 1, "back"))
        if present is not None and now > self.axis.deployed_at:
            wanted.append((present - 1, "end" if over else "now"))
        end = _offset(self.axis.end - self.axis.deployed_at)
        wanted += [(self.width - len(end), end), (0, _offset(self.axis.start - self.axis.deployed_at))]
        row = " " * self.width
        for wish, text in wanted:
            at = max(0, min(wish, self.width - len(text)))
            if len(text) <= self.width and not row[max(0, at - 1) : at + len(text) + 1].strip():
                row = row[:at] + text + row[at + len(text) :]
        return row


@dataclass(frozen=True, slots=True)
class Values:
    """The range of values of a chart, ``low`` at its foot and ``high`` at its top."""

    low: float
    high: float

    def row(self, value: float, height: int) -> int:
        """The row of a value, 0 at the top; a value beyond the range has the outermost one."""
        return height - 1 - min(height - 1, max(0, math.floor(self.share(value) * height)))

    def share(self, value: float) -> float:
        """Where a value lies in the range, 0 at its foot and 1 at its top."""
        return (self.held(value) / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def held(self, value: float) -> float:
        """The value, or the end of the range that it lies beyond."""
        return min(max(value, self.low), self.high)


def band(baseline: Baseline) -> tuple[float, float]:
    """What is usual: the median, three robust standard deviations to either side."""
    reach = BAND * MAD_TO_DEVIATION * baseline.spread
    return baseline.median - reach, baseline.median + reach


@lru_cache(64)
def values_of(trace: Trace, baseline: Baseline | None, limit: float | None) -> Values:
    """The range for all that is drawn, in steps, so that it stays while samples come in.

    It never spans more than ``REACH`` times the way from what is usual to the limit: what lies beyond is
    drawn at the edge.
    """
    lines = [*(band(baseline) if baseline is not None else ()), *(() if limit is None else (limit,))]
    fixed = list(_tame(lines))
    seen = list(_tame(value for run in trace.runs for bucket in run for value in (bucket.low, bucket.high)))
    if not fixed and not seen:
        return Values(0.0, 1.0)
    low, high = min(fixed + seen), max(fixed + seen)
    if fixed and (span := max(fixed) - min(fixed)) > 0:
        low = max(low, min(fixed) - REACH * span)
        high = min(high, max(fixed) + REACH * span)
    return _stepped(low, high, negative=min(seen, default=0.0) < 0 or (limit or 0.0) < 0)


def _tame(values: Iterable[float]) -> Iterable[float]:
    return (min(max(value, -_LARGEST), _LARGEST) for value in values if math.isfinite(value))


def _stepped(low: float, high: float, *, negative: bool) -> Values:
    if not negative and low <= FROM_ZERO * high:
        low = 0.0
    # A line that never moved still needs room on both sides.
    span = high - low if high - low > abs(high) * 1e-9 else (abs(high) or 1.0) / 2
    step = _step(span / 5)
    top = math.ceil((high + HEADROOM * span) / step) * step
    foot = low if low == 0.0 else math.floor((low - HEADROOM * span) / step) * step
    foot = foot if negative else max(0.0, foot)
    return Values(foot, top) if top > foot else Values(foot, foot + step)


def _step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** max(-300, math.floor(math.log10(max(least, 1e-300))))
    return next((step * power for step in STEPS if step * power >= least), STEPS[-1] * power)


def _offset(seconds: float) -> str:
    """A time relative to the deployment, no more exact than its place: ``−7m``, ``+15m``, ``+1m30s``."""
    length = abs(seconds)
    if length >= _WHOLE_MINUTES:
        length -= length % 60
    return f"{'−' if seconds < 0 else '+'}{format_duration(float(round(length)))}"
