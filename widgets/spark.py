"""Small charts: one row on the axis of the large ones, for lists and for the small screen."""

from __future__ import annotations

import math

from aftergreen.verdict.state import Bucket
from aftergreen.words.bars import LEVELS
from widgets.chart import Drawing, joined, lines_of
from widgets.plot import draw
from widgets.rows import Row, Span
from widgets.scale import Times, Values, values_of

SMALLEST = 4
"""Cells below which there is no room on both sides of the deployment."""


def spark(drawing: Drawing, width: int) -> Row:
    """One row of ``width`` cells: samples with the deployment marked, those past the limit in their look."""
    if width < SMALLEST:
        return ()
    times = Times(drawing.axis, width)
    values = values_of(drawing.trace, drawing.baseline, drawing.limit)
    worst = _worst(drawing, times)
    levels = LEVELS.get(drawing.mode)
    text = _line(drawing, times, values) if levels is None else _bars(worst, levels, values, width)
    spans = []
    for x, character in enumerate(text):
        if x == times.deploy:
            spans.append(Span(lines_of(drawing.mode).deploy, "deploy"))
        elif x in worst:
            before = "before" if x < times.deploy else "after"
            spans.append(Span(character, "bad" if drawing.beyond(worst[x]) else before))
        else:
            # A line drawn from one sample to the next, with none in between.
            spans.append(Span(character, "before" if x < times.deploy else "after"))
    return joined(spans)


def _worst(drawing: Drawing, times: Times) -> dict[int, float]:
    """The extreme of each cell towards its limit."""
    worst: dict[int, float] = {}
    for run in drawing.trace.runs:
        for bucket in run:
            x, value = times.cell(bucket.at), bucket.high if drawing.upward else bucket.low
            if x is not None and math.isfinite(value):
                worst[x] = (
                    max(worst.get(x, value), value) if drawing.upward else min(worst.get(x, value), value)
                )
    return worst


def _line(drawing: Drawing, times: Times, values: Values) -> str:
    def point(bucket: Bucket) -> tuple[float, float]:
        place = times.place(bucket.at)
        return (math.nan if place is None else place), values.held(bucket.last)

    runs = [[point(bucket) for bucket in run] for run in drawing.trace.runs]
    size, x_range = (times.width, 1), (0.0, float(times.width))
    return draw(size, x_range, (values.low, values.high), runs, drawing.mode)[0]


def _bars(worst: dict[int, float], levels: str, values: Values, width: int) -> str:
    return "".join(
        levels[min(len(levels) - 1, int(values.share(worst[x]) * len(levels)))] if x in worst else " "
        for x in range(width)
    )
