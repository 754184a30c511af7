"""The watch in plain lines, for people: one line an event, and the finish card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TextIO

from aftergreen import words
from aftergreen.clock import Clock, SystemClock
from aftergreen.output.report import reporting
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event
from aftergreen.watch.wanted import Report
from aftergreen.words.banner import banner_of
from aftergreen.words.cards import finish_card


def plain_report(
    out: TextIO | None = None, err: TextIO | None = None, *, clock: Clock | None = None, name: str = ""
) -> Report:
    """Event lines on ``out`` or stdout; findings and progress on ``err`` or stderr.

    Among several releases each line says the ``name`` of the one that it is about. While a countdown runs,
    each snapshot is a line that says by the ``clock`` how much of it is left.
    """

    def write(event: Event, snapshot: Snapshot) -> None:
        at = words.local_time(event.at, snapshot.context.offset)
        print(
            f"{at} {whose}{words.SYMBOLS[words.event_mark(event)]} {words.event(event)}", file=out, flush=True
        )

    whose = f"{name} " if name else ""
    report = reporting(write, err, name)
    counting = _counting_down(report.snapshot, out, clock or SystemClock(), whose)
    return replace(report, snapshot=counting)


def _counting_down(
    tell: Callable[[Snapshot], None], out: TextIO | None, clock: Clock, whose: str
) -> Callable[[Snapshot], None]:
    last = ""

    def told(snapshot: Snapshot) -> None:
        nonlocal last
        tell(snapshot)
        offset, counting = snapshot.context.offset, snapshot.state.countdown
        now = clock.now() - offset
        if counting is None or counting.lapsed(now):
            return
        banner = banner_of(snapshot, now)
        line = banner.fuse.text if banner.fuse is not None else banner.word
        if line != last:
            last = line
            at = words.local_time(now, offset)
            print(f"{at} {whose}{words.SYMBOLS[banner.mark]} {line}", file=out, flush=True)

    return told


def print_card(snapshot: Snapshot, out: TextIO | None = None) -> None:
    """The finish card, for people."""
    print(file=out)
    for line in finish_card(snapshot):
        print(line, file=out, flush=True)
