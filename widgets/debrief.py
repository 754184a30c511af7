"""The debrief of a rehearsal in rows: what it was worth, its timeline with charts, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aftergreen import words
from aftergreen.drill.debriefing.debrief import headline, told
from aftergreen.drill.debriefing.rehearsed import Rehearsed
from aftergreen.drill.debriefing.timeline import lanes
from aftergreen.model import Indicator
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import SignalState
from widgets.frame import Frame
from widgets.rows import Row, Span, beside, folded, labelled, row, width_of
from widgets.signal_rows import charted
from widgets.timeline import Titled, timeline_rows

MOST_CHARTS = 2

TEXT_WIDTH = 100
"""Cells of a timeline that is written into a text."""


def debrief_rows(rehearsed: Rehearsed, frame: Frame, width: int) -> list[Row]:
    """Everything, in ``width`` cells."""
    rows = [*_headline(rehearsed, width), ()]
    if frame.snapshot is not None:
        shown = _timeline(rehearsed, frame.snapshot, width, frame.drawing, shaded=frame.shaded)
        rows += [*shown, ()] if shown else []
    for paragraph in rehearsed.scenario.story.split("\n\n"):
        rows += [row(line) for line in folded(" ".join(paragraph.split()), width)]
    return [*rows, (), *labelled(list(told(rehearsed)), width)]


def _headline(rehearsed: Rehearsed, width: int) -> list[Row]:
    """What it was and who rehearsed it; what that was worth beside it, or below where it is narrow."""
    found, scenario = rehearsed.score, rehearsed.scenario
    look = "dim" if found is None or found.right is None else "ok" if found.right else "bad"
    parts = (f"{scenario.name} · {scenario.title}", f"seed {rehearsed.seed}", rehearsed.operator)
    left = row(Span(" · ".join(part for part in parts if part), "strong", bold=True))
    right = row(Span(headline(rehearsed), look, bold=True))
    if width_of(left) + width_of(right) + 2 <= width:
        return [beside(left, right, width)]
    lines = folded("".join(span.text for span in left), width)
    said = folded(headline(rehearsed), width)
    return [
        *(row(Span(line, "strong", bold=True)) for line in lines),
        *(row(Span(line, look, bold=True)) for line in said),
    ]


def drawn(rehearsed: Rehearsed, snapshot: Snapshot | None) -> list[str]:
    """The timeline as lines of a text, for whoever reads it elsewhere; none where the watch had not begun."""
    rows = () if snapshot is None else _timeline(rehearsed, snapshot, TEXT_WIDTH, "block")
    return ["".join(span.text for span in one).rstrip() for one in rows]


def _timeline(
    rehearsed: Rehearsed, snapshot: Snapshot, width: int, mode: str, *, shaded: bool = False
) -> tuple[Row, ...]:
    """The lanes with the charts of what showed it."""
    charts = [
        Titled(
            f"{words.indicator_title(one.signal.indicator)} · {one.signal.label}",
            replace(charted(one, snapshot), mode=mode, shaded=shaded),
        )
        for one in _showing(rehearsed, snapshot)
    ]
    return timeline_rows(lanes(rehearsed), charts, snapshot.axis, width, mode)


def _showing(rehearsed: Rehearsed, snapshot: Snapshot) -> Sequence[SignalState]:
    """The signals that showed it: what led the rules, then the first of the indicator that shows it first."""
    expected, truth = rehearsed.scenario.expected, rehearsed.true.truth
    first = truth.indicator or Indicator.ERROR_RATE
    signals = list(snapshot.signals.values())
    led = [one for one in signals if one.signal.label == expected.leading]
    shows = [one for one in signals if one.signal.indicator is first]
    return list(dict.fromkeys((*led[:1], *shows[:1])))[:MOST_CHARTS]
