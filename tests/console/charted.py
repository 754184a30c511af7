"""Charts for tests: samples since a deployment, beside a usual value and a limit."""

from __future__ import annotations

from collections.abc import Sequence

from aftergreen.verdict.snapshot import Axis
from aftergreen.verdict.state import Baseline, Bucket, Trace
from widgets.chart import Drawing

DEPLOYED = 10_000.0
AXIS = Axis(DEPLOYED - 450, DEPLOYED, DEPLOYED + 900)
USUAL = Baseline(median=0.175, spread=0.004, samples=120, expected=120)
LIMIT = 0.2625

Run = Sequence[tuple[float, float]]


def trace(*runs: Run) -> Trace:
    """Runs of samples, as seconds since the deployment and value."""
    return Trace(5.0, tuple(tuple(Bucket(DEPLOYED + at, v, v, v) for at, v in run) for run in runs))


def steady(start: float, end: float, value: float = 0.175) -> Run:
    return [(at, value) for at in range(int(start), int(end), 5)]


def drawing(*runs: Run, mode: str = "braille", upward: bool = True, shaded: bool = False) -> Drawing:
    return Drawing(trace(*runs), AXIS, USUAL, LIMIT, "262 ms", upward, mode, shaded)
