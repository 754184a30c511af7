"""What stands between the head and the log where there is no room for panels."""

from __future__ import annotations

from dataclasses import replace

from aftergreen import words
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.walk import SEVERITY, signal_mark
from widgets.decision import advice_rows, checklist_row, walk_row
from widgets.frame import Frame
from widgets.header import LOOK_OF
from widgets.rows import Row, Span, fit, row, shares_of, shortened
from widgets.signal_rows import Columns, columns_of, signal_line
from widgets.stack import HEAD, NOTHING_CHOSEN, Stack, charts_in, stack_of, stack_rows

ADVICE = 3
"""Rows of advice and doubts at most; their page has them all."""


def board_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """Charts where there is room for them and a row of advice, else a line for each signal."""
    snapshot = frame.snapshot
    if snapshot is None or height < 1:
        return ()
    stack = stack_of(snapshot, width, height - 1)
    if stack is None:
        return _lined(frame, snapshot, width, height)
    return _charted(frame, snapshot, width, stack)


def _charted(frame: Frame, snapshot: Snapshot, width: int, stack: Stack) -> tuple[Row, ...]:
    """Charts and advice; what is left makes the charts taller, or shows the checklist."""
    told = advice_rows(snapshot, width)
    advice = min(ADVICE, len(told), 1 + stack.left)
    stack = replace(stack, left=stack.left - advice + 1).taller(charts_in(snapshot))
    rows = (*stack_rows(frame, width, stack), *shortened(told, advice, width))
    return (*rows, checklist_row(snapshot, width)) if stack.left else rows


def _lined(frame: Frame, snapshot: Snapshot, width: int, height: int) -> tuple[Row, ...]:
    """A line for each signal, the walk, the advice and the checklist."""
    # Beside the walk and a line for each indicator.
    room = max(1, min(ADVICE, height - len(snapshot.indicators) - 1))
    advice = shortened(advice_rows(snapshot, width), room, width)
    decision: list[Row] = [walk_row(snapshot), *advice, checklist_row(snapshot, width)]
    lines = _lines(frame, snapshot, width, max(len(snapshot.indicators), height - len(decision)))
    # Blank rows tell the parts apart where there are some to spare.
    spare = max(0, height - len(lines) - len(decision))
    return tuple([*((),) * (spare > 1), *lines, *((),) * (spare > 0), *decision][:height])


def _lines(frame: Frame, snapshot: Snapshot, width: int, height: int) -> tuple[Row, ...]:
    """The five indicators as lines: at least one each, the worst signal first."""
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
    if not view.signals:
        return [fit(row(Span(short, look), Span(NOTHING_CHOSEN, "dim")), width)]
    worst_first = sorted(view.signals, key=lambda s: SEVERITY.index(signal_mark(s)))
    chosen = worst_first[:lines] if len(view.signals) > lines else list(view.signals)
    hidden = len(view.signals) - len(chosen)
    rows = []
    for index, signal in enumerate(chosen):
        head = Span(short if index == 0 else " " * HEAD, look)
        tail = _hidden(hidden) if index == len(chosen) - 1 else ""
        rows.append((head, *signal_line(signal, frame, width - HEAD, columns), Span(tail, "dim")))
    return rows
