"""The watch as JSON Lines, for machines: one object an event, and the finish line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from aftergreen import words
from aftergreen.output.report import reporting
from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event, EventKind, ReleaseState, RuleState
from aftergreen.watch.wanted import Report
from aftergreen.words.cards import asked, curl_line

SCHEMA = 1


def json_report(out: TextIO | None = None, err: TextIO | None = None, *, name: str = "") -> Report:
    """One JSON object per event on ``out`` or stdout; findings and progress on ``err`` or stderr.

    Each object names its release; among several, ``name`` says on stderr what a line is about.
    """

    def write(event: Event, snapshot: Snapshot) -> None:
        body: dict[str, object] = {"event": event.kind.value, "text": words.event(event)}
        signal = event.signal or (event.rule.signal if event.rule is not None else None)
        if signal is not None:
            body |= {"indicator": signal.indicator.value, "signal": signal.label}
        if event.by:
            body["by"] = event.by
        if event.kind is EventKind.BREACHED and event.rule is not None:
            body["receipt"] = _receipt(event.rule, snapshot)
        if event.kind is EventKind.COUNTDOWN:
            body |= {
                "due": iso(event.at + event.seconds),
                "grace": event.seconds,
                "dry_run": bool(event.text),
            }
        _emit(out, "event", event.at, snapshot, body)

    return reporting(write, err, name)


def print_finish(snapshot: Snapshot, out: TextIO | None = None) -> None:
    """The finish line, for machines; always the last line."""
    state = snapshot.state
    release = state.setup.release
    decided = state.grounds
    body: dict[str, object] = {
        "state": state.state.value,
        "exit_code": int(exit_code(state)),
        "reason": state.reason or None,
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
        "missing": [words.lacking(found) for found in state.missing],
        "near_misses": [
            {"at": iso(near.at), "rule": words.rule(near.rule), "burnt": near.rule.burnt, "left": near.left}
            for near in state.near_misses
        ],
        "dry_runs": [
            {"at": iso(dry.at), "rule": words.rule(dry.rule) if dry.rule is not None else None}
            for dry in state.dry_runs
        ],
        "hold": {"at": iso(hold.at), "by": hold.by, "reason": hold.reason} if (hold := state.hold) else None,
        "rollback_by": rollback.by if (rollback := state.rollback) else None,
        "rollback_output": rollback.output or None if rollback else None,
        "next": list(words.next_steps(snapshot)),
    }
    _emit(out, "finish", state.at, snapshot, body)


def print_refused(
    code: ExitCode, texts: Sequence[str], at: float, out: TextIO | None = None, *, name: str = ""
) -> None:
    """The finish line of a watch that did not begin, or came to no end; the texts say why.

    ``at`` is the local time, ``name`` the service's.
    """
    body = {
        "schema": SCHEMA,
        "at": iso(at),
        "type": "finish",
        "state": _REFUSED[code],
        "exit_code": int(code),
        "missing": list(texts),
        **({"service": name} if name else {}),
    }
    print(json.dumps(body, ensure_ascii=False), file=out, flush=True)


_REFUSED = {
    ExitCode.INTERNAL: "internal error",
    ExitCode.USAGE: "usage",
    ExitCode.PREFLIGHT: ReleaseState.PREFLIGHT.value,
    ExitCode.ABANDONED: ReleaseState.ABANDONED.value,
}
"""What a finish line calls the state of what was never watched."""


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
        "query": asked(receipt),
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
