"""The watch without a screen: one plain line per event, or JSON Lines, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import TextIO

from aftergreen import words
from aftergreen.cards import curl_line, finish_card
from aftergreen.preflight import Finding, Severity
from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import Event, ReleaseState, RuleState
from aftergreen.watch import Report

SCHEMA = 1


def plain_report(out: TextIO | None = None, err: TextIO | None = None) -> Report:
    """Event lines on ``out`` or stdout; findings and progress on ``err`` or stderr."""

    def write(event: Event, snapshot: Snapshot) -> None:
        at = words.local_time(event.at, snapshot.context.offset)
        print(f"{at} {words.SYMBOLS[words.event_mark(event)]} {words.event(event)}", file=out, flush=True)

    return Report(_each_event(write), _findings(err or sys.stderr), _progress(err or sys.stderr))


def json_report(out: TextIO | None = None, err: TextIO | None = None) -> Report:
    """One JSON object per event on ``out`` or stdout; findings and progress on ``err`` or stderr."""

    def write(event: Event, snapshot: Snapshot) -> None:
        body: dict[str, object] = {"event": event.kind.value, "text": words.event(event)}
        if event.signal is not None:
            body |= {"indicator": event.signal.indicator.value, "signal": event.signal.label}
        _emit(out, "event", event.at, snapshot, body)

    return Report(_each_event(write), _findings(err or sys.stderr), _progress(err or sys.stderr))


def print_card(snapshot: Snapshot, out: TextIO | None = None) -> None:
    """The finish card, for people."""
    print(file=out)
    for line in finish_card(snapshot):
        print(line, file=out, flush=True)


def print_finish(snapshot: Snapshot, out: TextIO | None = None) -> None:
    """The finish line, for machines; always the last line."""
    state = snapshot.state
    rollback = state.rollback
    release = state.setup.release
    decided = state.decided or (rollback.leading if rollback is not None else None)
    body: dict[str, object] = {
        "state": state.state.value,
        "exit_code": int(exit_code(state)),
        "production_version": _production(snapshot),
        "version": release.version,
        "previous": release.previous,
        "deployed_at": iso(release.deployed_at),
        "seal": state.seal,
        "overrides": [
            {"at": iso(made.at), "by": made.by, "rule": words.override(made)} for made in state.overrides
        ],
        "decided_at": iso(at) if decided and (at := decided.decided_at) is not None else None,
        "indicator": decided.signal.indicator.value if decided else None,
        "signal": decided.signal.label if decided else None,
        "rule": words.rule(decided) if decided else None,
        "receipt": _receipt(decided, snapshot) if decided else None,
        "doubts": [words.doubt(doubted) for doubted in snapshot.doubts],
        "missing": list(state.missing),
        "near_misses": [
            {"at": iso(near.at), "rule": words.rule(near.rule), "burnt": near.rule.burnt}
            for near in state.near_misses
        ],
    }
    _emit(out, "finish", state.at, snapshot, body)


def print_refused(findings: Sequence[Finding], at: float, out: TextIO | None = None) -> None:
    """The finish line of a watch that did not begin; ``at`` is the local time."""
    body = {
        "schema": SCHEMA,
        "at": iso(at),
        "type": "finish",
        "state": ReleaseState.PREFLIGHT.value,
        "exit_code": int(ExitCode.PREFLIGHT),
        "missing": [finding.text for finding in findings],
    }
    print(json.dumps(body, ensure_ascii=False), file=out, flush=True)


def iso(at: float) -> str:
    """A time for machines: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _emit(out: TextIO | None, kind: str, at: float, snapshot: Snapshot, body: Mapping[str, object]) -> None:
    head = {"schema": SCHEMA, "at": iso(at), "type": kind, "release": snapshot.state.setup.release.name}
    print(json.dumps(head | dict(body), ensure_ascii=False, allow_nan=False), file=out, flush=True)


def _receipt(decided: RuleState, snapshot: Snapshot) -> dict[str, object] | None:
    receipt = decided.receipt
    if receipt is None:
        return None
    down = receipt.value == float("inf")
    return {
        "at": iso(receipt.at),
        "value": "down" if down else receipt.value,
        "n": receipt.count,
        "limit": receipt.limit,
        "baseline": receipt.baseline.median if receipt.baseline else None,
        "once_in": decided.evidence.once_in if decided.evidence is not None else None,
        "window": receipt.window,
        "query": receipt.query,
        "curl": curl_line(receipt, snapshot.state.setup.plan.backend),
    }


def _production(snapshot: Snapshot) -> str | None:
    state = snapshot.state
    if state.running:
        serving = [version for version, number in state.running.items() if number]
        return serving[0] if len(serving) == 1 else None
    rollback = state.rollback
    if rollback is None:
        return state.setup.release.version
    return state.setup.release.previous if rollback.succeeded else None


def _each_event(write: Callable[[Event, Snapshot], None]) -> Callable[[Snapshot], None]:
    last: Event | None = None

    def tell(snapshot: Snapshot) -> None:
        nonlocal last
        for event in reversed(list(takewhile(lambda event: event is not last, snapshot.events))):
            write(event, snapshot)
        last = snapshot.events[0] if snapshot.events else last

    return tell


def _findings(err: TextIO) -> Callable[[Sequence[Finding]], None]:
    def tell(findings: Sequence[Finding]) -> None:
        for finding in findings:
            mark = Mark.BAD if finding.severity is Severity.ERROR else Mark.WARN
            print(f"{words.SYMBOLS[mark]} {finding.text}", file=err, flush=True)

    return tell


def _progress(err: TextIO) -> Callable[[str], None]:
    return lambda text: print(f"… {text}", file=err, flush=True)
