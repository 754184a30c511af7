"""The five indicators as panels."""

from __future__ import annotations

from aftergreen import words
from aftergreen.model import BaselineSource, Indicator
from aftergreen.verdict.snapshot import IndicatorView, Mark
from aftergreen.verdict.state import SignalState
from aftergreen.verdict.walk import SEVERITY, signal_mark
from widgets.axes import axed
from widgets.frame import Frame
from widgets.header import mark_span
from widgets.rows import Row, Span, beside, fit, row, width_of
from widgets.signal_rows import columns_of, drawing_of, main_rule, signal_line, unknown_since, value_spans
from widgets.stack import NOTHING_CHOSEN

TEXT = 26
"""Cells of the column beside a chart."""

SMALLEST_CHART = 4
"""Rows below which a chart tells less than blank space."""

LISTED = (Indicator.SATURATION, Indicator.DEPENDENCY)
"""Indicators with several signals of equal weight: one line each, with a small chart."""


def panel_title(view: IndicatorView) -> tuple[str, str]:
    """The heading of a panel and, where there is something to say, its word in capitals."""
    number = list(Indicator).index(view.indicator) + 1
    active = [rule for signal in view.signals for rule in signal.rules if rule.burning or rule.breached]
    word = "UNKNOWN" if view.mark is Mark.UNKNOWN else ""
    if active:
        order = ("breached", "over limit", "clearing", "warning")
        word = min((words.stands(rule) for rule in active), key=order.index).upper()
    return f"{number} {words.indicator_title(view.indicator)}", word


def panel_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The inside of a panel in ``width`` by ``height`` cells."""
    snapshot = frame.snapshot
    if snapshot is None or height < 1:
        return ()
    if not view.signals:
        return (row(Span(NOTHING_CHOSEN, "dim")),)
    if view.indicator in LISTED:
        return _list_rows(view, frame, width, height)
    return _chart_rows(view, frame, width, height)


def _chart_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    snapshot = frame.snapshot
    if snapshot is None or not view.signals:
        return ()
    first, *others = view.signals
    text = min(TEXT, width)
    left: list[Row] = [
        *_named(first, text),
        row(
            Span("old    " if first.signal.baseline is BaselineSource.CONTROL else "was    ", "dim"),
            words.baseline(first.baseline, first.signal.unit),
        ),
    ]
    rule = main_rule(first)
    if rule is not None:
        left.append(row(Span("limit  ", "dim"), words.limit(rule)))
    seen = words.seen(first.reading)
    if seen:
        left.append(row(Span("seen   ", "dim"), seen))
    length, counted = words.look_back(first)
    if length:
        left.append(row(Span(f"in {length}".ljust(7), "dim"), counted))
    if rule is not None and words.chance(rule):
        left.append(row(Span("chance ", "dim"), words.chance(rule).removesuffix(" releases")))
    left.extend(_other_rows(others, height - len(left), text))
    room = width - text - 2
    drawn = axed(drawing_of(first, snapshot, frame), frame.moment, room, height)
    return tuple(
        (*fit(left[y] if y < len(left) else (), text), Span("  "), *(drawn[y] if y < len(drawn) else ()))
        for y in range(height)
    )


def _named(signal: SignalState, width: int) -> tuple[Row, ...]:
    """Name and value on two rows: the value ends at the edge, so that nothing moves with its digits."""
    name = row(mark_span(signal_mark(signal)), " ", signal.signal.label)
    value = _tight(value_spans(signal))
    old = unknown_since(signal, width - 2)
    below = (row(Span(f"  {old}", "unknown")),) if old else ()
    if width_of(name) + 1 + width_of(value) <= width:
        return (beside(name, value, width, gap=1), *(below or ((),)))
    return (fit(name, width), beside((), value, width, gap=1), *below)


def _other_rows(others: list[SignalState], room: int, width: int) -> list[Row]:
    rows: list[Row] = []
    for other in others:
        head = row(mark_span(signal_mark(other)), " ", Span(other.signal.label, "dim"))
        was = Span(f" was {words.median(other.baseline, other.signal.unit)}", "dim")
        value = _tight(value_spans(other))
        known = (*head, was) if width_of((*head, was, *value)) < width else head
        rows.append(beside(known, value, width, gap=1))
    if len(rows) > room:
        hidden = len(rows) - max(0, room - 1)
        return [*rows[: max(0, room - 1)], row(Span(f"+{hidden} more", "dim"))]
    return rows


def _tight(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(Span(span.text.rstrip(), span.look, span.band, span.bold) for span in spans)


def _list_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    columns = columns_of(view.signals, width=width)
    lines = [signal_line(signal, frame, width, columns) for signal in view.signals]
    if len(lines) > height:
        hidden = len(lines) - (height - 1)
        return (*lines[: height - 1], row(Span(f"  +{hidden} more: {_zoom_key(view)} shows all", "dim")))
    return (*lines, *_worst_chart(view, frame, width, height - len(lines) - 1))


def _worst_chart(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """Where a list leaves room, the chart of the signal that most needs looking at."""
    if frame.snapshot is None or not view.signals or height < SMALLEST_CHART:
        return ()
    worst = min(view.signals, key=lambda signal: SEVERITY.index(signal_mark(signal)))
    drawn = axed(drawing_of(worst, frame.snapshot, frame), frame.moment, width - TEXT - 2, height)
    rule = main_rule(worst)
    left: list[Row] = [row("  ", Span(worst.signal.label, "dim"))]
    if rule is not None:
        left.append(row("  ", Span(f"limit {words.limit(rule)}", "dim")))
    return (
        (),
        *((*fit(left[y] if y < len(left) else (), TEXT), Span("  "), *line) for y, line in enumerate(drawn)),
    )


def _zoom_key(view: IndicatorView) -> str:
    return str(list(Indicator).index(view.indicator) + 1)
