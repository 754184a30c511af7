"""What every output without a screen has in common: each event once, findings and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TextIO

from aftergreen import words
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event
from aftergreen.watch.wanted import Report


def reporting(write: Callable[[Event, Snapshot], None], err: TextIO | None, name: str = "") -> Report:
    """A report that hands every event to ``write``, once and in order; all else goes to ``err`` or stderr.

    Among several releases ``name`` says which of them the latter is about.
    """
    said, whose = err or sys.stderr, f"{name}: " if name else ""
    return Report(_each_event(write), _findings(said, whose), _progress(said, whose))


def _each_event(write: Callable[[Event, Snapshot], None]) -> Callable[[Snapshot], None]:
    last: Event | None = None

    def tell(snapshot: Snapshot) -> None:
        nonlocal last
        for event in reversed(list(takewhile(lambda event: event is not last, snapshot.events))):
            write(event, snapshot)
        last = snapshot.events[0] if snapshot.events else last

    return tell


def _findings(err: TextIO, whose: str) -> Callable[[Sequence[Finding]], None]:
    def tell(findings: Sequence[Finding]) -> None:
        for finding in findings:
            print(f"{words.SYMBOLS[finding.mark]} {whose}{finding.text}", file=err, flush=True)

    return tell


def _progress(err: TextIO, whose: str) -> Callable[[str], None]:
    return lambda text: print(f"… {whose}{text}", file=err, flush=True)
