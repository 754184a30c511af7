"""The chart that is the release: a fixed time axis that fills from left to right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aftergreen.units import format_clock
from aftergreen.verdict.snapshot import Axis
from aftergreen.verdict.state import Baseline, Trace
from widgets.plot import Run, draw
from widgets.rows import Row, Span

BAND = 3.0
"""Half the height of the band, in robust standard deviations."""

MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

HEADROOM = 1.15

BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything one chart shows: ``label`` names the limit, ``mode`` is braille, block or ascii."""

    trace: Trace
    axis: Axis
    baseline: Baseline | None = None
    limit: float | None = None
    label: str = ""
    upward: bool = True
    mode: str = "braille"


def chart(drawing: Drawing, now: float, width: int, height: int) -> tuple[Row, ...]:
    """The chart in ``width`` by ``height`` cells, its last row the labels of the time axis."""
    if width < 8 or height < 2:  # noqa: PLR2004  # below this nothing could be told apart
        return ()
    plot_height = height - 1
    low, high = scale(drawing)
    runs = [tuple((bucket.at, bucket.last) for bucket in run) for run in drawing.trace.runs if run]
    x_range = (drawing.axis.start, drawing.axis.end)
    rows = draw((width, plot_height), x_range, (low, high), _thinned(runs, x_range, width), drawing.mode)
    deploy = column(drawing.axis, drawing.axis.deployed_at, width)
    band = _band_rows(drawing, low, high, plot_height)
    limit = _row_of(drawing.limit, low, high, plot_height)
    drawn = [
        _plot_row(text, _Line(y, deploy, y in band, y == limit, drawing.label, limit, drawing.upward))
        for y, text in enumerate(rows)
    ]
    return (*drawn, labels(drawing.axis, now, width))


def scale(drawing: Drawing) -> tuple[float, float]:
    """The range of values, from zero where that is near, in steps so that it does not move at each sample."""
    values = [value for run in drawing.trace.runs for b in run for value in (b.low, b.high)]
    edges = list(values)
    if drawing.limit is not None:
        edges.append(drawing.limit)
    if drawing.baseline is not None:
        reach = _reach(drawing.baseline)
        edges += [drawing.baseline.median - reach, drawing.baseline.median + reach]
    finite = [edge for edge in edges if math.isfinite(edge)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if low >= 0 and low < high * 0.6:
        low = 0.0
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span)) / 2
    top = math.ceil((low + span * HEADROOM) / step) * step
    bottom = low if low == 0.0 else math.floor((low - span * (HEADROOM - 1)) / step) * step
    return bottom, top


def column(axis: Axis, at: float, width: int) -> int:
    """The cell of a time on an axis of ``width`` cells."""
    share = (at - axis.start) / (axis.end - axis.start)
    return min(width - 1, max(0, round(share * (width - 1))))


def labels(axis: Axis, now: float, width: int) -> Row:
    """``−7m  deploy  now  +15m`` at their places; one that would touch another is left out."""
    deploy = column(axis, axis.deployed_at, width)
    start, end = _offset(axis.start - axis.deployed_at), _offset(axis.end - axis.deployed_at)
    cells = [" "] * width
    wanted = [(deploy - 3, "deploy"), (0, start), (width - len(end), end)]
    if axis.deployed_at < now < axis.end:
        wanted.append((column(axis, now, width) - 1, "now"))
    for at, text in wanted:
        place = max(0, min(at, width - len(text)))
        around = cells[max(0, place - 1) : place + len(text) + 1]
        if all(cell == " " for cell in around):
            cells[place : place + len(text)] = text
    return (Span("".join(cells), "dim"),)


def spark(drawing: Drawing, width: int) -> Row:
    """One row of a small chart on the same axis, the deployment marked."""
    if width < 4:  # noqa: PLR2004  # a mark and something on either side of it
        return ()
    low, high = scale(drawing)
    deploy = column(drawing.axis, drawing.axis.deployed_at, width)
    highest: list[float | None] = [None] * width
    for run in drawing.trace.runs:
        for bucket in run:
            x = column(drawing.axis, bucket.at, width)
            if x == deploy:
                x += 1 if bucket.at > drawing.axis.deployed_at else -1
            if 0 <= x < width:
                seen = highest[x]
                highest[x] = bucket.last if seen is None else max(seen, bucket.last)
    symbols = " .-=*#" if drawing.mode == "ascii" else BLOCKS
    spans: list[Span] = []
    for x, value in enumerate(highest):
        if x == deploy:
            spans.append(Span("│", "deploy"))
        elif value is None:
            spans.append(Span(" "))
        else:
            share = 0.0 if high <= low else (value - low) / (high - low)
            index = 1 + min(len(symbols) - 2, max(0, int(share * (len(symbols) - 1))))
            spans.append(Span(symbols[index], _sample_look(drawing, value, before=x < deploy)))
    return _joined(spans)


def _sample_look(drawing: Drawing, value: float, *, before: bool) -> str:
    if before:
        return "before"
    beyond = drawing.limit is not None and (
        value > drawing.limit if drawing.upward else value < drawing.limit
    )
    return "bad" if beyond else "after"


@dataclass(frozen=True, slots=True)
class _Line:
    """What lies behind and beside the samples on one row of a plot."""

    y: int
    deploy: int
    band: bool
    limit: bool
    label: str
    limit_row: int | None
    upward: bool

    @property
    def beyond(self) -> bool:
        """Whether the whole row lies on the bad side of the limit."""
        if self.limit_row is None:
            return False
        return self.y < self.limit_row if self.upward else self.y > self.limit_row


def _plot_row(text: str, line: _Line) -> Row:
    width = len(text)
    spans = []
    label_from = width - len(line.label) if line.limit else width
    for x, character in enumerate(text):
        drawn = character not in (" ", "\u2800")
        if x >= label_from:
            spans.append(Span(line.label[x - label_from], "limit", line.band))
        elif drawn:
            after = "bad" if line.beyond else "after"
            spans.append(Span(character, "before" if x < line.deploy else after, line.band))
        elif x == line.deploy:
            spans.append(Span("│", "deploy", line.band))
        elif line.limit:
            spans.append(Span("╌", "limit", line.band))
        else:
            spans.append(Span(" ", "text", line.band))
    return _joined(spans)


def _joined(spans: Iterable[Span]) -> Row:
    """Neighbours of one look become one span."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and (last.look, last.band, last.bold) == (span.look, span.band, span.bold):
            joined[-1] = Span(last.text + span.text, span.look, span.band, span.bold)
        else:
            joined.append(span)
    return tuple(joined)


def _thinned(runs: Iterable[Run], x_range: tuple[float, float], width: int) -> list[Run]:
    """At most the extremes of each dot column: more cannot be seen, and plotext draws every point."""
    dots = width * 2
    span = (x_range[1] - x_range[0]) or 1.0
    thinned: list[Run] = []
    for run in runs:
        kept: dict[int, tuple[float, float]] = {}
        for x, y in run:
            kept[int((x - x_range[0]) / span * dots)] = (x, y)
        thinned.append(tuple(kept.values()))
    return thinned


def _reach(baseline: Baseline) -> float:
    return BAND * MAD_TO_DEVIATION * baseline.spread


def _band_rows(drawing: Drawing, low: float, high: float, height: int) -> range:
    if drawing.baseline is None:
        return range(0)
    reach = _reach(drawing.baseline)
    top = _row_of(drawing.baseline.median + reach, low, high, height)
    bottom = _row_of(drawing.baseline.median - reach, low, high, height)
    if top is None or bottom is None:
        return range(0)
    return range(top, bottom + 1)


def _row_of(value: float | None, low: float, high: float, height: int) -> int | None:
    if value is None or not math.isfinite(value) or high <= low:
        return None
    share = (value - low) / (high - low)
    return min(height - 1, max(0, round((1 - share) * (height - 1))))


def _offset(seconds: float) -> str:
    sign = "−" if seconds < 0 else "+"
    minutes, rest = divmod(round(abs(seconds)), 60)
    if minutes and (not rest or minutes >= 5):  # noqa: PLR2004  # seconds no longer matter
        return f"{sign}{minutes}m"
    return f"{sign}{format_clock(abs(seconds))}" if minutes else f"{sign}{rest}s"
