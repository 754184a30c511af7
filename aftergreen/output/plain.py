"""The watch in plain lines, for people: one line an event, and the finish card."""

from __future__ import annotations

from typing import TextIO

from aftergreen import words
from aftergreen.output.report import reporting
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event
from aftergreen.watch.wanted import Report
from aftergreen.words.cards import finish_card


def plain_report(out: TextIO | None = None, err: TextIO | None = None) -> Report:
    """Event lines on ``out`` or stdout; findings and progress on ``err`` or stderr."""

    def write(event: Event, snapshot: Snapshot) -> None:
        at = words.local_time(event.at, snapshot.context.offset)
        print(f"{at} {words.SYMBOLS[words.event_mark(event)]} {words.event(event)}", file=out, flush=True)

    return reporting(write, err)


def print_card(snapshot: Snapshot, out: TextIO | None = None) -> None:
    """The finish card, for people."""
    print(file=out)
    for line in finish_card(snapshot):
        print(line, file=out, flush=True)
