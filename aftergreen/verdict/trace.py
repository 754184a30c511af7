"""The samples of a chart, as a bounded number of buckets on a fixed time axis."""

from __future__ import annotations

import math
from dataclasses import replace

from aftergreen.model import Reading
from aftergreen.verdict.state import Bucket, Trace

COLUMNS = 256
"""About two dot columns for every cell of the widest chart; more could not be seen."""


def empty_trace(span: float, interval: float) -> Trace:
    """A trace for an axis of ``span`` seconds; a bucket is never narrower than one interval."""
    return Trace(width=max(interval, span / COLUMNS))


def extend(trace: Trace, at: float, reading: Reading | None) -> Trace:
    """The trace with one more sample; a sample that is not a finite number ends the run."""
    value = reading.value if reading is not None and reading.compared else None
    if value is None or not math.isfinite(value):
        return trace if not trace.runs or not trace.runs[-1] else replace(trace, runs=(*trace.runs, ()))
    runs = trace.runs or ((),)
    return replace(trace, runs=(*runs[:-1], _with(runs[-1], trace.width, at, value)))


def _with(run: tuple[Bucket, ...], width: float, at: float, value: float) -> tuple[Bucket, ...]:
    # Half an interval of tolerance is not needed: `at` lies on the grid and `width` is at least one step.
    if run and at - run[-1].at < width * (1 - 1e-9):
        last = run[-1]
        merged = Bucket(last.at, min(last.low, value), max(last.high, value), value)
        return (*run[:-1], merged)
    return (*run, Bucket(at, value, value, value))
