"""A chart between its numbers: the greatest and the least at its left, the limit at its right edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aftergreen.units import format_limit
from widgets.chart import LABELLED, Drawing, chart, lines_of
from widgets.rows import Row, Span
from widgets.scale import values_of

WIDEST = 9
"""Cells beyond which a number takes more from the chart than it tells."""


@dataclass(frozen=True, slots=True)
class Gutters:
    """Cells to the left and to the right of the charts that stand below each other, without their blanks."""

    left: int
    right: int

    @property
    def width(self) -> int:
        """What both of them take from a chart."""
        return self.left + 1 + (self.right + 1 if self.right else 0)


def gutters_of(drawings: Iterable[Drawing], *, limits: bool = True) -> Gutters:
    """Gutters that are wide enough for every drawing; without ``limits`` their names stand in the charts."""
    known = list(drawings)
    ends = [len(end) for drawing in known for end in ends_of(drawing)]
    right = [len(drawing.label) for drawing in known if limits]
    return Gutters(min(WIDEST, max(ends, default=0)), min(WIDEST, max(right, default=0)))


def ends_of(drawing: Drawing) -> tuple[str, str]:
    """The greatest and the least value of a drawing on its axis, ``>6 %`` where some lie beyond."""
    values = values_of(drawing.trace, drawing.baseline, drawing.limit)
    buckets = [bucket for run in drawing.trace.runs for bucket in run]
    over = ">" if any(bucket.high > values.high for bucket in buckets) else ""
    under = "<" if any(bucket.low < values.low for bucket in buckets) else ""
    high, low = _number(values.high, drawing.unit), _number(values.low, drawing.unit)
    return f"{over}{high}", f"{under}{low}"


def axed(drawing: Drawing, now: float, width: int, height: int) -> tuple[Row, ...]:
    """A chart by itself, its numbers at its left, its times below it where it is high enough."""
    gutters = gutters_of((drawing,), limits=False)
    drawn = chart(drawing, now, width - gutters.width, height)
    # Where there is no room for both, the numbers stand in the panel anyway.
    plotted = height - 1 if height >= LABELLED else height
    return ruled(drawing, drawn, plotted, gutters) or chart(drawing, now, width, height)


def between(drawing: Drawing, now: float, width: int, height: int, gutters: Gutters) -> tuple[Row, ...]:
    """The chart and its numbers in ``width`` by ``height`` cells; it names no times."""
    inner = replace(drawing, label="") if gutters.right else drawing
    drawn = chart(inner, now, width - gutters.width, height, labelled=False)
    return ruled(drawing, drawn, height, gutters)


def ruled(drawing: Drawing, drawn: tuple[Row, ...], height: int, gutters: Gutters) -> tuple[Row, ...]:
    """What was drawn, with the numbers of the drawing beside its first ``height`` rows."""
    if not drawn:
        return ()
    high, low = ends_of(drawing)
    numbers = {height - 1: low, 0: high}
    values = values_of(drawing.trace, drawing.baseline, drawing.limit)
    limit = None if drawing.limit is None else values.row(drawing.limit, height)
    line = lines_of(drawing.mode).limit
    rows = []
    for y, spans in enumerate(drawn):
        number = Span(f"{numbers.get(y, '')[:WIDEST].rjust(gutters.left)} ", "dim")
        name = f"{line}{drawing.label[:WIDEST]}" if y == limit and drawing.label else ""
        edge = (Span(name.ljust(gutters.right + 1), "limit"),) if gutters.right else ()
        rows.append((number, *spans, *edge))
    return tuple(rows)


def _number(value: float, unit: str) -> str:
    return "0" if value == 0 else format_limit(value, unit)
