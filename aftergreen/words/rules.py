"""What a rule asks, what is compared, and how rarely chance would do it."""

from __future__ import annotations

import math

from aftergreen.model import Condition, Plan, Signal, Then
from aftergreen.units import format_duration, format_limit, format_value
from aftergreen.verdict import detect
from aftergreen.verdict.detect import Soonest
from aftergreen.verdict.state import RuleState
from aftergreen.verdict.trend import left_until
from aftergreen.words.values import local_clock, share

SELDOM = "hardly ever"


CHANCE, ENORMOUS = 2.0, 1e6
"""Odds below which evidence is none, and above which their number means nothing to anybody."""


def condition(status: RuleState) -> str:
    """What the rule asks, with its effective limit: ``> 1 % for 2m``, ``silent for 3m``."""
    asked = status.rule.condition
    if asked is Condition.CLIMBING:
        return f"climbing for {format_duration(status.rule.limit)}"
    if asked is Condition.SILENT:
        return f"silent for {format_duration(status.rule.limit)}"
    return f"{_beyond(status)}{_lasting(status)}"


def _lasting(status: RuleState) -> str:
    """Nothing where a single instant is enough, because the condition looks back itself."""
    return f" for {format_duration(status.rule.sustained)}" if status.rule.sustained else ""


def _beyond(status: RuleState) -> str:
    asked = status.rule.condition
    if asked is Condition.EXHAUSTS:
        return f"full at {limit_value(status)} within {format_duration(status.rule.limit)}"
    if not asked.compares:
        return "climbing" if asked is Condition.CLIMBING else "silent"
    sign = ">" if asked.upward else "<"
    return f"{sign} {'its baseline' if status.limit is None else limit_value(status)}"


def where(status: RuleState) -> str:
    """Where a signal is that burns the fuse: ``over 1 %``, ``silent``, ``climbing``, ``filling up``."""
    if status.rule.condition is Condition.SILENT:
        return "silent"
    if status.rule.condition.trend:
        return "climbing" if status.rule.capacity is None else "filling up"
    return f"{'over' if status.rule.condition.upward else 'under'} {limit_value(status)}"


def rule(status: RuleState) -> str:
    """The rule as it was written: ``HTTP 5xx above 1 % for 2m: roll back``."""
    then = "roll back" if status.rule.then is Then.ROLLBACK else "warn"
    fast = ", fast" if status.rule.fast else ""
    return f"{status.signal.label} {_written(status)}: {then}{fast}"


def _written(status: RuleState) -> str:
    written, unit = status.rule, status.signal.unit
    floors = [format_limit(written.by_at_least, unit)] if written.by_at_least else []
    floors += [f"{share(written.by_share)} of its value"] if written.by_share else []
    floor = f", by at least {' and '.join(floors)}" if floors else ""
    if written.condition is Condition.CLIMBING:
        return f"climbing for {format_duration(written.limit)}{floor}{_held(status)}"
    if not written.condition.compares:
        return f"{condition(status)}"
    if not written.condition.relative:
        return f"{written.condition.value} {format_limit(written.limit, unit)}{_lasting(status)}"
    direction = "above" if written.condition.upward else "below"
    each = " per request" if written.per_request else ""
    return f"{share(written.limit)} {direction} baseline{each}{floor}{_lasting(status)}"


def _held(status: RuleState) -> str:
    return f", held for {format_duration(status.rule.sustained)}" if status.rule.sustained else ""


def course(status: RuleState) -> str:
    """Where the course of a signal leads: ``full in 11m (9m to 15m)``, ``climbing by 2.1 ms a minute``."""
    trend = status.trend
    if trend is None or not trend.steady:
        return ""
    if status.rule.capacity is None:
        return f"climbing by {format_value(trend.slope * 60, status.signal.unit)} a minute"
    left = left_until(trend, status.rule.capacity)
    if left is None or left.seconds == 0:
        return "full"
    earliest, latest = _rounded(left.earliest), _rounded(left.latest)
    between = "" if earliest == latest else f" ({earliest} to {latest})"
    return f"full in {_rounded(left.seconds)}{between}"


def _rounded(seconds: float) -> str:
    """A time to come, no more precise than it is known: whole minutes from two on."""
    if math.isinf(seconds):
        return "never"
    step = 60 if seconds >= 120 else 5  # noqa: PLR2004  # two minutes
    return format_duration(max(step, round(seconds / step) * step))


def limit_value(status: RuleState) -> str:
    """The effective limit alone: as it was written, or as it follows from the baseline."""
    if status.limit is None:
        return "no limit"
    unit = status.signal.unit
    return (format_value if status.rule.condition.relative else format_limit)(status.limit, unit)


def comparison(status: RuleState, value: float | None = None) -> str:
    """What is being judged now: ``HTTP 5xx 4.98 % > 1 % for 2m``, ``pool 41 of 100, full in 11m …``."""
    if status.rule.condition is Condition.SILENT:
        return f"{status.signal.label} {condition(status)}"
    seen = value if value is not None else (status.receipt.value if status.receipt else None)
    shown = "" if seen is None else f" {format_value(seen, status.signal.unit)}"
    if status.rule.condition.trend and course(status):
        capacity = "" if status.limit is None else f" of {limit_value(status)}"
        return f"{status.signal.label}{shown}{capacity}, {course(status)}"
    return f"{status.signal.label}{shown} {condition(status)}"


def tripped(status: RuleState, offset: float = 0.0) -> str:
    """What a breach stands on, with its moment: ``HTTP 5xx 4.98 % > 1 % for 2m at 14:05:21``.

    What has not been breached is judged now, and has no such moment.
    """
    at = status.breached_at if status.breached else None
    return f"{comparison(status)}{f' at {local_clock(at, offset)}' if at is not None else ''}"


def stands(status: RuleState) -> str:
    """The phase of a rule in a word; what proposes nothing is a warning and no breach."""
    return status.phase.value if status.standing is status.phase else "warning"


def last_seen(status: RuleState) -> str:
    """What was compared before nothing could be: ``HTTP 5xx was 4.98 % > 1 %``."""
    value = "" if status.receipt is None else f" {format_value(status.receipt.value, status.signal.unit)}"
    return f"{status.signal.label} was{value} {_beyond(status)}"


def evidence(status: RuleState) -> str:
    """Whether it may be chance: ``a run this bad would come once in 1,200 releases if …``."""
    if status.evidence is None or status.limit is None:
        return ""
    rate = f"if the true rate were {limit_value(status)}"
    if status.evidence.once_in < CHANCE:
        return f"none: an ordinary run {rate}"
    seldom = chance(status)
    return f"a run this bad would {'hardly ever come' if seldom == SELDOM else f'come {seldom}'} {rate}"


def chance(status: RuleState) -> str:
    """How rarely chance gives such a run: ``once in 1,200 releases``; empty where it is an ordinary one."""
    odds = 0.0 if status.evidence is None else status.evidence.once_in
    if odds < CHANCE:
        return ""
    if odds > ENORMOUS:
        return SELDOM
    digits = 10 ** max(0, math.floor(math.log10(odds)) - 1)
    return f"once in {odds // digits * digits:,.0f} releases"


def acts(found: Soonest) -> str:
    """When a rule rolls back without a person, or why it never does."""
    if found.after is None:
        return f"never acts without a person: {found.never}"
    after, grace = format_duration(round(found.after)), format_duration(found.grace)
    return f"acts without a person from {after} after the deployment on, with {grace} of grace"


def noticeable(plan: Plan, signal: Signal, per_second: float) -> str:
    """What the traffic lets one notice: ``at 60 requests/min it would typically notice 10 % in 3m, …``."""
    found = detect.noticeable(plan, signal, per_second)
    if not found:
        return ""
    seen = [noticed for noticed in found if noticed.after is not None]
    soonest = min((noticed.after for noticed in seen if noticed.after is not None), default=None)
    quick = [noticed for noticed in seen if noticed.after == soonest][-1:]
    slow = [noticed for noticed in seen[-1:] if noticed not in quick]
    upward = any(rule.condition is Condition.ABOVE for rule in signal.rules)
    fault = {n: share(n.rate) if upward else f"a fall to {share(1.0 - n.rate)}" for n in found}
    parts = [f"{fault[n]} within {format_duration(n.after or 0.0)}" for n in (*quick, *slow)]
    parts += [f"{fault[n]} not before the end" for n in found if n.after is None][:1]
    # Half of all such faults take longer.
    noticing = f"at {format_value(per_second * 60, '')} requests/min it would typically notice"
    return f"{noticing} {', '.join(parts)}"


def limit(status: RuleState) -> str:
    """The effective limit and where it comes from: ``263 ms (+50 %)``, ``1 % for 2m``."""
    written = status.rule
    if written.condition is Condition.EXHAUSTS:
        return f"{limit_value(status)} in {format_duration(written.limit)}"
    if not written.condition.compares:
        return condition(status)
    if status.limit is None:
        return "none: " + (status.unknown.why if status.unknown else "no baseline yet")
    lasting = f"for {format_duration(written.sustained)}"
    if not written.condition.relative:
        return f"{limit_value(status)} {lasting}"
    sign = "+" if written.condition.upward else "−"
    return f"{limit_value(status)} ({sign}{share(written.limit)})"
