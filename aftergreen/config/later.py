"""Keys of the contract whose behaviour comes later: refused, never ignored."""

from __future__ import annotations

from aftergreen.config.findings import Report, shown, shown_duration
from aftergreen.config.schema import Document, RuleTable, SignalTable
from aftergreen.units import format_limit

_ALPHA = 0.001
_GRACE = 10.0


def refuse_later_keys(document: Document, report: Report) -> None:
    """Report every key that is set to something that this version cannot do."""
    service, rollback = document.service, document.rollback
    _unless_default(report, "service.tier", service.tier, "standard")
    _unless_default(report, "baseline.source", document.baseline.source, "before")
    alpha = document.evidence.alpha
    if alpha is not None and alpha != _ALPHA:
        _other(report, "evidence.alpha", shown(format_limit(alpha, "%")), '"0.1%"')
    for index, signal in enumerate(document.signals):
        _signal(report, f"signals[{index}]", signal)
    if rollback is not None:
        if rollback.automatic:
            _other(report, "rollback.automatic", "true", "false")
        if rollback.grace is not None and rollback.grace != _GRACE:
            _other(report, "rollback.grace", shown_duration(rollback.grace), '"10s"')
    if document.notices.urls_env is not None:
        _absent(report, "notices.urls_env", shown(document.notices.urls_env))


def _signal(report: Report, place: str, signal: SignalTable) -> None:
    _unless_default(report, f"{place}.baseline", signal.baseline, "before")
    for index, rule in enumerate(signal.rules):
        _rule(report, f"{place}.rules[{index}]", rule)


def _rule(report: Report, place: str, rule: RuleTable) -> None:
    if rule.fast:
        _other(report, f"{place}.fast", "true", "false")
    for key in ("climbing_for", "exhausts_within", "silent_for"):
        length = getattr(rule, key)
        if length is not None:
            _absent(report, f"{place}.{key}", shown_duration(length))
    if rule.capacity is not None:
        _absent(report, f"{place}.capacity", shown(rule.capacity.written))


def _unless_default(report: Report, place: str, value: str | None, default: str) -> None:
    if value not in (None, default):
        _other(report, place, shown(value), shown(default))


def _other(report: Report, place: str, found: str, default: str) -> None:
    report.add(place, found, f"{default}: anything else is not available yet")


def _absent(report: Report, place: str, found: str) -> None:
    report.add(place, found, "this key to be absent: it is not available yet")
