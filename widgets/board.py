"""The five indicators on screens that have no room for panels: as charts below each other, or as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aftergreen import words
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.state import SignalState
from aftergreen.verdict.walk import SEVERITY, signal_mark
from widgets.axes import Gutters, between, gutters_of
from widgets.chart import Drawing, times_row
from widgets.decision import advice_rows, checklist_row, walk_row
from widgets.frame import Frame
from widgets.header import LOOK_OF, mark_span
from widgets.rows import Row, Span, beside, fit, row, shares_of, shortened, width_of
from widgets.signal_rows import (
    DIGITS,
    Columns,
    columns_of,
    drawing_of,
    fit_text,
    main_rule,
    signal_line,
    unknown_since,
    value_spans,
)

HEAD = 11
"""Cells of the indicator's name."""

CHARTED = 72
"""Cells below which there is no room for a chart beside the words."""

TEXT = (36, 45)
"""Cells of the words beside a chart, at least and at most."""

TALL = 2
"""Rows of a chart, at least."""

ADVICE = 3
"""Rows of advice and doubts at most; their page has them all."""


def board_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """All that stands between the head and the log: charts where there is room for them, else lines."""
    snapshot = frame.snapshot
    if snapshot is None or height < 1:
        return ()
    layout = _layout(snapshot, width, height)
    return (
        _lined(frame, snapshot, width, height) if layout is None else _charted(frame, snapshot, width, layout)
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the rows of a charted board are given to; ``tall`` are the rows of each chart."""

    tall: int
    axis: bool
    apart: bool
    advice: int
    checklist: bool


def _layout(snapshot: Snapshot, width: int, height: int) -> _Layout | None:
    """What there is room for: the charts first, then the advice, their times, blanks between them."""
    charts = sum(not view.waived for view in snapshot.indicators)
    left = height - TALL * charts - (len(snapshot.indicators) - charts) - 1
    if width < CHARTED or left < 0 or not charts:
        return None
    axis = left >= 1
    left -= axis
    apart = left >= charts - 1
    left -= (charts - 1) * apart
    advice = 1 + min(left, ADVICE - 1, len(advice_rows(snapshot, width)) - 1)
    left -= advice - 1
    taller = left // charts
    return _Layout(TALL + taller, axis, apart, advice, checklist=left - taller * charts >= 1)


def _charted(frame: Frame, snapshot: Snapshot, width: int, layout: _Layout) -> tuple[Row, ...]:
    text = min(TEXT[1], max(TEXT[0], width * 2 // 5))
    shown = [
        (view, _worst(view, snapshot)) for view in snapshot.indicators if view.signals and not view.waived
    ]
    drawings = {view.indicator: drawing_of(signal, snapshot, frame) for view, signal in shown}
    gutters = gutters_of(drawings.values())
    rows: list[Row] = []
    for view in snapshot.indicators:
        drawing = drawings.get(view.indicator)
        if drawing is None:
            rows.append(_waived(view, width))
            continue
        if rows and layout.apart:
            rows.append(())
        said = _beside_chart(view, snapshot, text, layout.tall)
        drawn = between(drawing, frame.moment, width - text, layout.tall, gutters)
        rows += [(*fit(left, text), *right) for left, right in zip(said, drawn, strict=True)]
    if layout.axis and drawings:
        rows.append(_times(next(iter(drawings.values())), frame.moment, width - text, gutters, text))
    rows += shortened(advice_rows(snapshot, width), layout.advice, width)
    return (*rows, checklist_row(snapshot, width)) if layout.checklist else tuple(rows)


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
    bar = Span("┃", "bad") if lead is not None and lead.signal.key == signal.signal.key else Span(" ")
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


def _waived(view: IndicatorView, width: int) -> Row:
    name = words.indicator_short(view.indicator)
    return fit(
        row(" ", mark_span(view.mark), " ", Span(f"{name.ljust(HEAD)}waived: {view.waived}", "dim")), width
    )


def _times(drawing: Drawing, now: float, width: int, gutters: Gutters, text: int) -> Row:
    return (Span(" " * (text + gutters.left + 1)), *times_row(drawing, now, width - gutters.width))


def _lined(frame: Frame, snapshot: Snapshot, width: int, height: int) -> tuple[Row, ...]:
    """A line for each signal, the walk, the advice and the checklist."""
    # Beside the walk and a line for each indicator.
    room = max(1, min(ADVICE, height - len(snapshot.indicators) - 1))
    advice = shortened(advice_rows(snapshot, width), room, width)
    decision: list[Row] = [walk_row(snapshot), *advice, checklist_row(snapshot, width)]
    lines = compact_rows(frame, width, max(len(snapshot.indicators), height - len(decision)))
    # Blank rows tell the parts apart where there are some to spare.
    spare = max(0, height - len(lines) - len(decision))
    return tuple([*((),) * (spare > 1), *lines, *((),) * (spare > 0), *decision][:height])


def compact_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The five indicators as lines: at least one each, the worst signal first."""
    snapshot = frame.snapshot
    if snapshot is None:
        return ()
    budget = max(len(snapshot.indicators), height)
    shares = shares_of([max(1, len(view.signals)) for view in snapshot.indicators], budget)
    hidden = [len(v.signals) - lines for v, lines in zip(snapshot.indicators, shares, strict=True)]
    # One column for what is not shown, so that the small charts stay below each other.
    tail = max(len(_hidden(number)) for number in hidden)
    columns = columns_of([s for v in snapshot.indicators for s in v.signals], width=width - tail - HEAD)
    rows: list[Row] = []
    for view, lines in zip(snapshot.indicators, shares, strict=True):
        rows.extend(_compact_view(view, frame, width - tail, columns, lines))
    return tuple(rows[:height])


def _hidden(number: int) -> str:
    return f" +{number}" if number > 0 else ""


def _compact_view(view: IndicatorView, frame: Frame, width: int, columns: Columns, lines: int) -> list[Row]:
    short = words.indicator_short(view.indicator).ljust(HEAD)
    look = LOOK_OF[view.mark] if view.mark in (Mark.BAD, Mark.WARN, Mark.UNKNOWN) else "dim"
    if view.waived:
        return [fit(row(Span(short, "dim"), Span(f"– waived: {view.waived}", "dim")), width)]
    worst_first = sorted(view.signals, key=lambda s: SEVERITY.index(signal_mark(s)))
    chosen = worst_first[:lines] if len(view.signals) > lines else list(view.signals)
    hidden = len(view.signals) - len(chosen)
    rows = []
    for index, signal in enumerate(chosen):
        head = Span(short if index == 0 else " " * HEAD, look)
        tail = _hidden(hidden) if index == len(chosen) - 1 else ""
        rows.append((head, *signal_line(signal, frame, width - HEAD, columns), Span(tail, "dim")))
    return rows
