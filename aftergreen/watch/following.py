"""A release after an entry of the journal, whoever wrote it: this console, or another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aftergreen.journal import Entry, EntryKind
from aftergreen.journal.codec import decode
from aftergreen.model import Rule, SignalKey
from aftergreen.verdict.automatic import counted_down, dry_run, held, released, stopped
from aftergreen.verdict.override import override
from aftergreen.verdict.state import Countdown, Events, Hold, Override, Rollback, RuleState, State
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.watch.overrides import Change, after, changed

OVERRIDE = "override"
"""The action of an operator's entry that changes a threshold."""

HOLD, RELEASE = "hold", "release"
"""The actions of an operator's entry that keep a release from an automatic rollback, and end that."""

COUNTDOWN, STOPPED, DRY_RUN = "countdown", "stopped", "dry-run"
"""The actions of an entry about what happens without a person."""


def followed(state: State, entry: Entry) -> tuple[State, Events]:
    """The release after the entry, and what happened; as it was where the entry changes nothing.

    An intent and its outcome count once, however often they are read; where that is unknown, what a person
    says of it counts after it.
    """
    rollback, attempt = state.rollback, entry.attempt or 1
    if entry.kind is EntryKind.INTENT and (rollback is None or rollback.attempt < attempt):
        command = tuple(str(part) for part in _list(entry.body.get("command")))
        output, reason = (str(entry.body.get(key) or "") for key in ("output", "reason"))
        started = Rollback(attempt, entry.by, command, entry.at, output=output, reason=reason)
        return rollback_started(state, started)
    told = entry.kind in (EntryKind.OUTCOME, EntryKind.SAID)
    if told and rollback is not None and rollback.attempt == attempt and _awaits(rollback, entry):
        return rollback_ended(state, _ended(rollback, entry))
    return acted(state, entry)


def acted(state: State, entry: Entry) -> tuple[State, Events]:
    """The release after what a person or a console did beside a rollback; it counts for the past as well."""
    action = entry.body.get("action")
    if entry.kind is EntryKind.OPERATOR and action == OVERRIDE:
        return overridden(state, entry)
    if entry.kind is EntryKind.OPERATOR and action == HOLD:
        return held(state, Hold(entry.by, entry.at, str(entry.body.get("reason") or "")))
    if entry.kind is EntryKind.OPERATOR and action == RELEASE:
        return released(state, entry.at, entry.by)
    if entry.kind is EntryKind.AUTOMATIC and action == COUNTDOWN:
        return counted_down(state, _countdown(state, entry))
    if entry.kind is EntryKind.AUTOMATIC and action == STOPPED:
        return stopped(state, entry.at, str(entry.body.get("why") or ""))
    if entry.kind is EntryKind.AUTOMATIC and action == DRY_RUN:
        return dry_run(state, entry.at)
    return state, ()


def _countdown(state: State, entry: Entry) -> Countdown:
    grace = entry.body.get("grace")
    due = entry.at + (float(grace) if isinstance(grace, int | float) else 0.0)
    return Countdown(entry.at, due, _rule(state, entry), bool(entry.body.get("dry")))


def _rule(state: State, entry: Entry) -> RuleState | None:
    """The rule that an entry names; None where this configuration does not have it."""
    signal, written = entry.body.get("signal"), entry.body.get("rule")
    found = state.signals.get(SignalKey(str(signal)))
    if found is None or not isinstance(written, Mapping):
        return None
    rule = decode(written, Rule)
    return next((status for status in found.rules if status.rule == rule), None)


def overridden(state: State, entry: Entry) -> tuple[State, Events]:
    """The release under the threshold that somebody changed."""
    change = decode(entry.body, Change)
    # Who looks on with another configuration may not have the signal.
    if change.signal not in state.signals:
        return state, ()
    plan = state.setup.plan
    made = Override(
        signal=plan.signal(change.signal),
        rule=change.rule,
        now=after(change),
        reason=change.reason,
        by=entry.by,
        at=entry.at,
        against=str(entry.body.get("against")),
        seal=str(entry.body.get("seal")),
    )
    return override(state, changed(plan, change), made)


def _awaits(rollback: Rollback, outcome: Entry) -> bool:
    """Whether this is what came of it, or what a person says came of it where nobody knows."""
    return rollback.running if outcome.kind is EntryKind.OUTCOME else rollback.unknown


def _ended(started: Rollback, outcome: Entry) -> Rollback:
    body = outcome.body
    code, said = body.get("exit_code"), str(body.get("said") or "")
    return replace(
        started,
        ended_at=outcome.at,
        exit_code=code if isinstance(code, int) else None,
        timed_out=bool(body.get("timed_out")),
        unknown=bool(body.get("unknown")),
        said=said,
        said_by=outcome.by if said else "",
        error=_error(code, str(body.get("error") or "")),
    )


def _error(code: object, error: str) -> str:
    return error if error or code == 0 else f"exit code {code}"


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()
