"""The five indicators as the lines of the small screen."""

from __future__ import annotations

from aftergreen import words
from aftergreen.verdict.snapshot import IndicatorView, Mark
from aftergreen.verdict.walk import SEVERITY, signal_mark
from widgets.frame import Frame
from widgets.header import LOOK_OF
from widgets.rows import Row, Span, fit, row, shares_of
from widgets.signal_rows import Columns, columns_of, signal_line

HEAD = 11
"""Cells of the indicator's name on the small screen."""


def compact_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The five indicators on the small screen: at least one line each, the worst signal first."""
    snapshot = frame.snapshot
    if snapshot is None:
        return ()
    budget = max(len(snapshot.indicators), height)
    shares = shares_of([max(1, len(view.signals)) for view in snapshot.indicators], budget)
    hidden = [len(v.signals) - lines for v, lines in zip(snapshot.indicators, shares, strict=True)]
    # One column for what is not shown, so that the small charts stay below each other.
    tail = max(len(_more(number)) for number in hidden)
    columns = columns_of([s for v in snapshot.indicators for s in v.signals], width=width - tail - HEAD)
    rows: list[Row] = []
    for view, lines in zip(snapshot.indicators, shares, strict=True):
        rows.extend(_compact_view(view, frame, width - tail, columns, lines))
    return tuple(rows[:height])


def _more(hidden: int) -> str:
    return f" +{hidden}" if hidden > 0 else ""


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
        tail = _more(hidden) if index == len(chosen) - 1 else ""
        rows.append((head, *signal_line(signal, frame, width - HEAD, columns), Span(tail, "dim")))
    return rows
