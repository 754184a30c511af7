"""The timeline of a rehearsal: lanes of moments, and charts between them, on one axis of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aftergreen.drill.debriefing.timeline import Lane, Moment
from aftergreen.units import format_clock
from aftergreen.verdict.snapshot import Axis
from widgets.axes import Gutters, between, ruled
from widgets.chart import Drawing, chart
from widgets.rows import Row, Span
from widgets.scale import Times

NAME = 8
"""Cells of the names of lanes; the numbers of a chart stand below them."""

LIMIT = 8
"""Cells at the right of a chart for its limit."""

CHART = 5
"""Rows of a chart."""

NARROWEST = NAME + LIMIT + 24
"""Cells below which no timeline tells anything."""


@dataclass(frozen=True, slots=True)
class Titled:
    """A chart and what it shows."""

    title: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class _Signs:
    """How moments and the line of a lane are drawn."""

    begins: str
    harms: str
    line: str


_UNICODE, _ASCII = _Signs("▲", "▼", "─"), _Signs("^", "v", "-")


def timeline_rows(
    lanes: Sequence[Lane], charts: Sequence[Titled], axis: Axis, width: int, mode: str = "braille"
) -> tuple[Row, ...]:
    """The first lane, the charts below it, then the other lanes; nothing where there is no room."""
    if width < NARROWEST or not lanes:
        return ()
    times = Times(axis, width - NAME - LIMIT)
    truth, *others = lanes
    rows = [*_lane(truth, times, width, mode)]
    for number, titled in enumerate(charts):
        rows += _chart(titled, axis, width, last=number == len(charts) - 1)
    for lane in others:
        rows += _lane(lane, times, width, mode)
    return tuple(rows)


def _chart(titled: Titled, axis: Axis, width: int, *, last: bool) -> Iterator[Row]:
    """The chart below its title; the last one names the times below itself."""
    drawing = replace(titled.drawing, axis=axis)
    gutters = Gutters(NAME - 1, LIMIT - 1)
    yield (Span(" " * NAME), Span(titled.title, "dim"))
    if not last:
        yield from between(drawing, axis.end, width, CHART, gutters)
        return
    inner = replace(drawing, label="")
    drawn = chart(inner, axis.end, width - gutters.width, CHART + 1)
    yield from ruled(drawing, drawn, CHART, gutters)


def _lane(lane: Lane, times: Times, width: int, mode: str) -> Iterator[Row]:
    """The lane's line with its moments on it; those that meet others stand below."""
    signs = _ASCII if mode == "ascii" else _UNICODE
    room = width - NAME
    lines = [_Line(room, signs.line)]
    for moment in lane.moments:
        _place(moment, times, signs, lines)
    for number, line in enumerate(lines):
        name = "" if number else lane.name
        yield (Span(name.ljust(NAME), "dim"), *line.closed())


class _Line:
    """One row of a lane, filled from the left; ``drawn`` is what stands between its moments."""

    def __init__(self, width: int, drawn: str) -> None:
        self.width = width
        self._drawn = drawn
        self._spans: list[Span] = []
        self._end = 0

    def takes(self, start: int, text: str) -> bool:
        """Whether the text has room there, with a blank before it."""
        return start >= self._end + bool(self._end) and start + len(text) <= self.width

    def write(self, start: int, text: str, look: str) -> None:
        """Put the text there."""
        self._spans += [self._filling(start - self._end), Span(text, look)]
        self._end = start + len(text)

    def closed(self) -> Row:
        """The row up to its end."""
        return (*self._spans, self._filling(self.width - self._end))

    def _filling(self, cells: int) -> Span:
        # A dash between two words would belong to neither.
        drawn = f" {self._drawn * (cells - 2)} " if cells > 2 else " " * max(0, cells)  # noqa: PLR2004
        return Span(drawn, "dim")


def _place(moment: Moment, times: Times, signs: _Signs, lines: list[_Line]) -> None:
    """Put the moment on the first line on which its words are free, right of its sign or left of it."""
    cell = times.cell(times.axis.deployed_at + moment.at)
    sign, look = (signs.harms, "bad") if moment.bad else (signs.begins, "text")
    told, x = f"{format_clock(moment.at)} {moment.text}", times.width - 1 if cell is None else cell
    wanted = ((x, f"{sign} {told}"), (x - len(told) - 1, f"{told} {sign}"))
    for line in lines:
        for start, text in wanted:
            if line.takes(start, text):
                line.write(start, text, look)
                return
    below = _Line(lines[0].width, " ")
    start, text = next((one for one in wanted if below.takes(*one)), (0, wanted[0][1][: below.width]))
    below.write(start, text, look)
    lines.append(below)
