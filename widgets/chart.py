"""The chart that is the release: a fixed time axis that fills from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aftergreen.verdict.snapshot import Axis
from aftergreen.verdict.state import Baseline, Bucket, Trace
from widgets.plot import draw
from widgets.rows import Row, Span, row
from widgets.scale import Times, Values, band, values_of

SMALLEST = (8, 1)
"""Cells below which nothing could be told apart."""

LABELLED = 3
"""Rows from which the lowest one carries the labels of the axis."""

UNTOUCHED = frozenset(" \u2800")
"""What plotext leaves where it draws nothing."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything one chart shows.

    ``label`` names the limit; ``upward`` says on which side of it values are bad. ``mode`` is braille,
    block or ascii. ``shaded`` draws the band with characters, where backgrounds have no colours. ``unit`` is
    that of the values. ``rolled_back`` is when a rollback began, ``over`` whether the watch is.
    """

    trace: Trace
    axis: Axis
    baseline: Baseline | None = None
    limit: float | None = None
    label: str = ""
    upward: bool = True
    mode: str = "braille"
    shaded: bool = False
    unit: str = ""
    rolled_back: float | None = None
    over: bool = False

    def beyond(self, value: float) -> bool:
        """Whether a value lies on the bad side of the limit."""
        if self.limit is None:
            return False
        return value > self.limit if self.upward else value < self.limit


@dataclass(frozen=True, slots=True)
class Lines:
    """The characters of a chart's lines in a drawing mode."""

    deploy: str
    back: str
    limit: str
    median: str
    shade: str


UNICODE = Lines("│", "┊", "╌", "┈", "·")
ASCII = Lines("|", "!", "-", ".", ":")


def lines_of(mode: str) -> Lines:
    """The characters of the lines in a drawing mode."""
    return ASCII if mode == "ascii" else UNICODE


def chart(drawing: Drawing, now: float, width: int, height: int, *, labelled: bool = True) -> tuple[Row, ...]:
    """The chart in ``width`` by ``height`` cells; ``labelled`` and high enough it names its times."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return ()
    times = Times(drawing.axis, width)
    values = values_of(drawing.trace, drawing.baseline, drawing.limit)
    labelled = labelled and height >= LABELLED
    plot_height = height - 1 if labelled else height
    canvas = _Canvas(drawing, times, values, plot_height, times.cell(now) or 0)
    if not labelled:
        return canvas.rows()
    return (*canvas.rows(), times_row(drawing, now, width))


def times_row(drawing: Drawing, now: float, width: int) -> Row:
    """The times of a drawing's axis: where it begins, the deployment, a rollback, now, its end."""
    labels = Times(drawing.axis, width).labels(now, drawing.rolled_back, over=drawing.over)
    return row(Span(labels.replace("−", "-") if drawing.mode == "ascii" else labels, "dim"))


@dataclass(frozen=True, slots=True)
class _Canvas:
    """One chart laid out: what stands in each of its cells, and how it looks."""

    drawing: Drawing
    times: Times
    values: Values
    height: int
    now: int

    def rows(self) -> tuple[Row, ...]:
        drawing, width, deploy = self.drawing, self.times.width, self.times.deploy
        picture = draw(
            (width, self.height),
            (0.0, float(width)),
            (self.values.low, self.values.high),
            [list(self._points(run)) for run in drawing.trace.runs],
            drawing.mode,
        )
        limit = None if drawing.limit is None else self.values.row(drawing.limit, self.height)
        usual, median = self._band()
        beyond = self._beyond()
        back = None if drawing.rolled_back is None else self.times.cell(drawing.rolled_back)
        label_row = self._label_row(picture, limit)
        rows = []
        for y, text in enumerate(picture):
            spans = []
            for x, character in enumerate(text):
                if x == deploy:
                    spans.append(Span(self._lines.deploy, "deploy", y in usual))
                elif character not in UNTOUCHED:
                    bad = _is_past(y, limit, upward=drawing.upward) or (y == limit and x in beyond)
                    look = "bad" if bad else "before" if x < deploy else "after"
                    spans.append(Span(character, look, y in usual))
                elif x == back:
                    spans.append(Span(self._lines.back, "deploy", y in usual))
                elif y == limit:
                    spans.append(Span(self._lines.limit, "limit", y in usual))
                else:
                    spans.append(self._ground(y, usual, ahead=y == median and x > self.now))
            if y == label_row:
                spans[width - len(drawing.label) :] = [Span(drawing.label, "limit", y in usual)]
            rows.append(joined(spans))
        return tuple(rows)

    @property
    def _lines(self) -> Lines:
        return lines_of(self.drawing.mode)

    def _points(self, run: Iterable[Bucket]) -> Iterable[tuple[float, float]]:
        for bucket in run:
            place = self.times.place(bucket.at)
            if place is not None:
                for value in dict.fromkeys((bucket.low, bucket.high, bucket.last)):
                    yield place, self.values.held(value)

    def _beyond(self) -> frozenset[int | None]:
        """The columns that hold a sample on the bad side of the limit."""
        return frozenset(
            self.times.cell(bucket.at)
            for run in self.drawing.trace.runs
            for bucket in run
            if self.drawing.beyond(bucket.high if self.drawing.upward else bucket.low)
        )

    def _band(self) -> tuple[range, int | None]:
        """The rows of the band, at least one, and that of the median."""
        baseline = self.drawing.baseline
        if baseline is None:
            return range(0), None
        low, high = band(baseline)
        top, foot = self.values.row(high, self.height), self.values.row(low, self.height)
        return range(top, foot + 1), self.values.row(baseline.median, self.height)

    def _ground(self, y: int, usual: range, *, ahead: bool) -> Span:
        """A cell without a sample: the band, and ahead of now its middle, so that a gap stays a gap."""
        if ahead:
            return Span(self._lines.median, "before", band=True)
        if y in usual:
            return Span(self._lines.shade if self.drawing.shaded else " ", "before", band=True)
        return Span(" ")

    def _label_row(self, picture: Sequence[str], limit: int | None) -> int | None:
        """Where the limit's name stands: on its line, or beside it where samples have come that far."""
        start = self.times.width - len(self.drawing.label)
        if limit is None or not self.drawing.label or start <= self.times.deploy:
            return None
        past = limit - 1 if self.drawing.upward else limit + 1
        for y in (limit, past, 2 * limit - past):
            if 0 <= y < self.height and set(picture[y][start:]) <= UNTOUCHED:
                return y
        return limit


def joined(spans: Iterable[Span]) -> Row:
    """Neighbours of one look become one span."""
    kept: list[Span] = []
    for span in spans:
        last = kept[-1] if kept else None
        if last is not None and (last.look, last.band, last.bold) == (span.look, span.band, span.bold):
            kept[-1] = Span(last.text + span.text, span.look, span.band, span.bold)
        else:
            kept.append(span)
    return tuple(kept)


def _is_past(y: int, limit: int | None, *, upward: bool) -> bool:
    """Whether a whole row lies on the bad side of the limit."""
    if limit is None:
        return False
    return y < limit if upward else y > limit
