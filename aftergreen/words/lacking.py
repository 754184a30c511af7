"""The checklist, and what is missing for a release to be finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from aftergreen.model import Indicator
from aftergreen.units import format_duration, format_limit
from aftergreen.verdict.state import (
    Breach,
    CutShort,
    Held,
    Hold,
    Lacking,
    NotBorneOut,
    NotServing,
    RuleState,
    SeldomJudged,
    SignalState,
    TooShort,
    Unticked,
    WasBreached,
)
from aftergreen.words.rules import limit
from aftergreen.words.values import count, local_time, reading

_CHECKLIST: Mapping[Indicator | None, str] = {
    Indicator.ERROR_RATE: "error rate in range",
    Indicator.LATENCY: "latency not risen",
    Indicator.SATURATION: "resources stable",
    Indicator.DEPENDENCY: "dependencies responding",
    Indicator.BUSINESS: "business as expected",
    None: "rollback defined",
}


def checklist_name(indicator: Indicator | None) -> str:
    """What the line of an indicator says; None for that of the rollback."""
    return _CHECKLIST[indicator]


def rests_on(signals: Iterable[SignalState]) -> str:
    """What the tick of an indicator rests on: its first judged signal, and how many more there are."""
    judged = [(signal, rule) for signal in signals for rule in signal.rules if rule.limit is not None]
    if not judged:
        return ""
    first, rule = judged[0]
    others = len({signal.signal.key for signal, _ in judged}) - 1
    more = f", {others} more in range" if others else ""
    return f"{first.signal.label} {reading(first.reading, first.signal.unit)}, limit {limit(rule)}{more}"


def lacking(found: Lacking, offset: float = 0.0) -> str:
    """What is missing, in one phrase: ``HTTP 5xx: 225 clean requests, a claim of at most 1 % takes 300``.

    ``offset`` is local time minus the backend's, in seconds.
    """
    match found:
        case Unticked(indicator, why):
            return f"{checklist_name(indicator)}: {why}"
        case SeldomJudged(signal, share):
            return f"{signal.label}: could be judged in {share:.0%} of the watch only"
        case TooShort(rule):
            return f"{rule.signal.label}: {_course(rule)} could not be judged, the watch is too short"
        case NotBorneOut():
            return _not_borne_out(found)
        case NotServing(version, None):
            return f"which version runs could not be measured (expected {version})"
        case NotServing(version, serving, total):
            return f"{version} serves on {serving:.0f} of {total:.0f} instances"
        case WasBreached(breach):
            return _was_breached(breach, offset)
        case Held(hold):
            return held(hold)
        case CutShort(watched, total):
            return f"only {format_duration(watched)} of {format_duration(total)} could be watched"
        case _:
            assert_never(found)


def held(hold: Hold) -> str:
    """``ana holds it because a load test runs``."""
    return f"{hold.by} holds it{f' because {hold.reason}' if hold.reason else ''}"


def _was_breached(breach: Breach, offset: float) -> str:
    since = local_time(breach.since, offset)
    until = local_time(breach.until, offset) if breach.until is not None else "now"
    told = f"{breach.rule.signal.label} was breached from {since} to {until}"
    return f"{told}, and nobody rolled back or accepted it"


def _course(rule: RuleState) -> str:
    """``climbing_for 1h``, as the file says it."""
    return f"{rule.rule.condition.value} {format_duration(rule.rule.limit)}"


def _not_borne_out(claim: NotBorneOut) -> str:
    signal, limit = claim.rule.signal, format_limit(claim.rule.limit or 0.0, claim.rule.signal.unit)
    at = f"at {'most' if claim.rule.rule.condition.upward else 'least'} {limit}"
    had = f"{signal.label}: {count(claim.failures)} of {count(claim.trials)} requests failed"
    if round(claim.failures) == 0:
        had = f"{signal.label}: {claim.trials:,.0f} clean requests"
    if claim.failures > claim.rate * claim.trials:
        return f"{had}, which is not {at}"
    if claim.trials >= claim.needed:
        return f"{had}, of late more than chance gives {at}"
    return f"{had}, a claim of {at} takes {claim.needed:,.0f}"
