"""The five indicators as charts below each other, on one axis and between shared gutters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aftergreen import words
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.state import SignalState
from aftergreen.verdict.walk import SEVERITY, signal_mark
from widgets.axes import Gutters, between, gutters_of
from widgets.chart import Drawing, times_row
from widgets.frame import Frame
from widgets.header import LOOK_OF, mark_span
from widgets.rows import Row, Span, beside, fit, row, width_of
from widgets.signal_rows import DIGITS, drawing_of, fit_text, main_rule, unknown_since, value_spans

HEAD = 11
"""Cells of the indicator's name."""

NARROWEST = 70
"""Cells below which there is no room for a chart beside the words."""

TEXT = (36, 45)
"""Cells of the words beside a chart, at least and at most."""

NOTHING_CHOSEN = "nothing has that name; esc shows all"

TALL = 2
"""Rows of a chart, at least."""


@dataclass(frozen=True, slots=True)
class Stack:
    """How charts stand below each other: the rows of each, whether blanks and their times are between them.

    ``left`` are the rows that nothing was put on.
    """

    tall: int
    axis: bool
    apart: bool
    left: int

    def taller(self, most: int) -> Stack:
        """The stack with what is left given to its ``most`` charts, the same to each."""
        more = self.left // most
        return Stack(self.tall + more, self.axis, self.apart, self.left - more * most)


def charts_in(snapshot: Snapshot) -> int:
    """How many charts there are: one for each indicator of which anything is shown."""
    return sum(bool(view.signals) and not view.waived for view in snapshot.indicators)


def stack_of(snapshot: Snapshot, width: int, height: int) -> Stack | None:
    """The lowest charts in so much room, with times and blanks where they fit; None where no charts do."""
    charts = charts_in(snapshot)
    left = height - TALL * charts - (len(snapshot.indicators) - charts)
    if width < NARROWEST or left < 0 or not charts:
        return None
    axis = left >= 1
    left -= axis
    apart = left >= charts - 1
    return Stack(TALL, axis, apart, left - (charts - 1) * apart)


def stack_rows(frame: Frame, width: int, stack: Stack) -> tuple[Row, ...]:
    """The charts with what is said beside each, in the order of the walk."""
    snapshot = frame.snapshot
    if snapshot is None:
        return ()
    text = min(TEXT[1], max(TEXT[0], width * 2 // 5))
    shown = [view for view in snapshot.indicators if view.signals and not view.waived]
    drawings = {view.indicator: drawing_of(_worst(view, snapshot), snapshot, frame) for view in shown}
    gutters = gutters_of(drawings.values())
    rows: list[Row] = []
    for view in snapshot.indicators:
        drawing = drawings.get(view.indicator)
        if drawing is None:
            rows.append(_without_chart(view, width))
            continue
        if rows and stack.apart:
            rows.append(())
        said = _beside_chart(view, snapshot, text, stack.tall)
        drawn = between(drawing, frame.moment, width - text, stack.tall, gutters)
        rows += [(*fit(left, text), *right) for left, right in zip(said, drawn, strict=True)]
    if stack.axis and drawings:
        rows.append(_times(next(iter(drawings.values())), frame.moment, width - text, gutters, text))
    return tuple(rows)


def _worst(view: IndicatorView, snapshot: Snapshot) -> SignalState:
    """The signal to look at first; the one that leads before others that are as bad."""
    lead = snapshot.leading

    def order(signal: SignalState) -> tuple[int, bool]:
        return SEVERITY.index(signal_mark(signal)), lead is None or lead.signal.key != signal.signal.key

    return min(view.signals, key=order)


def _beside_chart(view: IndicatorView, snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """What is said beside a chart: indicator and signal, value and what it was, the limit, the others."""
    signal = _worst(view, snapshot)
    others = [other for other in view.signals if other is not signal]
    # A blank before the numbers of the chart.
    side = width - HEAD - 5
    lead = snapshot.leading
    leads = lead is not None and lead.signal.key == signal.signal.key and view.mark is Mark.BAD
    bar = Span("┃", "bad") if leads else Span(" ")
    look = LOOK_OF[view.mark] if view.mark in (Mark.BAD, Mark.WARN, Mark.UNKNOWN) else "strong"
    more = _more(others)
    name = fit_text(words.indicator_short(view.indicator), HEAD)
    head = row(bar, mark_span(view.mark), " ", Span(name, look, bold=True))
    label = row(fit_text(signal.signal.label, min(len(signal.signal.label), side)))
    old = unknown_since(signal, side - width_of(more))
    was = (
        Span(old, "unknown")
        if old
        else Span(f"was {words.median(signal.baseline, signal.signal.unit)}", "dim")
    )
    value = row(bar, " ", *_value(signal))
    value += (Span(" " * max(1, HEAD + 3 - width_of(value))),)
    said: list[Row] = [(*head, *label), (*value, was, *more)]
    rule = main_rule(signal)
    if rule is not None:
        said.append(row(bar, " " * (HEAD + 2), Span(f"limit {words.limit(rule)}", "dim")))
    said += [row(bar, "  ", *_other(other, width - 6)) for other in others]
    return (said + [row(bar)] * height)[:height]


def _value(signal: SignalState) -> Row:
    spans = value_spans(signal, number=DIGITS)
    return tuple(Span(span.text.rstrip(), span.look, span.band, span.bold) for span in spans)


def _other(signal: SignalState, width: int) -> Row:
    name = row(mark_span(signal_mark(signal)), " ", Span(signal.signal.label, "dim"))
    return beside(name, _value(signal), width, gap=1)


def _more(others: Sequence[SignalState]) -> Row:
    """How many signals are not drawn, and how the worst of them stands where it does not stand well."""
    if not others:
        return ()
    mark = min((signal_mark(other) for other in others), key=SEVERITY.index)
    worst = (Span(" "), mark_span(mark)) if mark in (Mark.BAD, Mark.WARN, Mark.UNKNOWN) else ()
    return (Span(f" +{len(others)}", "dim"), *worst)


def _without_chart(view: IndicatorView, width: int) -> Row:
    """An indicator that is waived, or of which the filter leaves nothing."""
    why = f"waived: {view.waived}" if view.waived else NOTHING_CHOSEN
    said = Span(f"{words.indicator_short(view.indicator).ljust(HEAD)}{why}", "dim")
    return fit(row(" ", mark_span(view.mark), " ", said), width)


def _times(drawing: Drawing, now: float, width: int, gutters: Gutters, text: int) -> Row:
    return (Span(" " * (text + gutters.left + 1)), *times_row(drawing, now, width - gutters.width))
