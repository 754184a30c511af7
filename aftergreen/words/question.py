"""What a person is told who is asked whether to roll back: why, what speaks against it, what stays."""

from __future__ import annotations

from aftergreen.model import Plan
from aftergreen.units import format_duration
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Phase, RuleState
from aftergreen.words.advice import counted, doubt
from aftergreen.words.rules import tripped
from aftergreen.words.values import local_clock, reading

MOST = 3
"""Signals that are named."""

UNKNOWN = "nobody knows what came of the one before: it may have worked, and something of it may still run"


def why(snapshot: Snapshot | None, rule: RuleState | None) -> str:
    """What it stands on: ``HTTP 5xx 4.98 % > 1 % for 2m at 14:05:21 (49 of 984 requests)``."""
    if snapshot is None or rule is None:
        return "no rule is over its limit: this is your own decision"
    numbers = counted(rule.receipt)
    return f"{tripped(rule, snapshot.context.offset)}{f' ({numbers})' if numbers else ''}"


def against(snapshot: Snapshot | None, rule: RuleState | None, now: float) -> tuple[str, ...]:
    """What speaks against it, worst first: an attempt nobody knows of, blindness, every doubt.

    ``now`` is the time on the backend's clock.
    """
    if snapshot is None:
        return ("nothing has been measured yet",)
    found = [UNKNOWN] if snapshot.rollback is not None and snapshot.rollback.unknown else []
    since = snapshot.state.blind_since
    if since is not None:
        found.append(f"nothing has been measured for {format_duration(max(0.0, round(now - since)))}")
    elif rule is not None:
        found += _of_now(snapshot, rule)
    return (*found, *map(doubt, snapshot.doubts), *_not_known(snapshot, rule))


def _of_now(snapshot: Snapshot, rule: RuleState) -> list[str]:
    """What has become of a rule since it was decided on: it is unknown, or on its way back."""
    signal, label = snapshot.signals[rule.signal.key], rule.signal.label
    value = reading(signal.reading, rule.signal.unit)
    if signal.reading is not None and not signal.reading.compared:
        return [f"{label} is {value} now"]
    now = next((one for one in signal.rules if one.rule == rule.rule), rule)
    if now.phase is Phase.CLEARING and now.clear_since is not None:
        since = local_clock(now.clear_since, snapshot.context.offset)
        return [f"{label} is {value} and clearing since {since}"]
    return []


def _not_known(snapshot: Snapshot, rule: RuleState | None) -> list[str]:
    """Which other signals say nothing now, so that nobody takes their silence for health."""
    if snapshot.state.blind_since is not None:
        return []
    own = rule.signal.key if rule is not None else None
    unknown = [
        signal.signal.label
        for view in snapshot.indicators
        for signal in view.signals
        if signal.signal.key != own and signal.reading is not None and not signal.reading.compared
    ]
    more = f" and {len(unknown) - MOST} more" if len(unknown) > MOST else ""
    return [f"not known now: {', '.join(unknown[:MOST])}{more}"] if unknown else []


def stays(plan: Plan, version: str) -> str:
    """What rolling back does not undo: what the owner of the service wrote down, and what is always so."""
    written = plan.rollback.irreversible if plan.rollback is not None else ""
    return f"{written or f'what {version} wrote or migrated'}; a command that runs is not called back"
