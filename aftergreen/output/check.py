"""Preflight on request: every finding at once, and what each signal and rule stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aftergreen import words
from aftergreen.clock import Clock
from aftergreen.config.tiers import tier_rules, too_long
from aftergreen.journal.sharing import misshared
from aftergreen.model import BaselineSource, Plan, Release
from aftergreen.preflight.acting import acts_alone, traffic_before
from aftergreen.preflight.checks import Finding, Preflight, Severity
from aftergreen.preflight.earlier import known_in
from aftergreen.preflight.opening import Opening, opened
from aftergreen.preflight.scrapes import remark
from aftergreen.sources.protocol import Source
from aftergreen.units import format_duration
from aftergreen.verdict.begin import begin
from aftergreen.verdict.detect import soonest
from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import Baseline, SignalState

AGREES = 0.1
"""Seconds between two clocks that no verdict depends on."""


async def check(
    plan: Plan,
    source: Source,
    clock: Clock,
    *,
    version: str,
    previous: str | None,
    journal: Path | None = None,
) -> tuple[Preflight, tuple[str, ...]]:
    """Run preflight as if the deployment were now; the findings, and the lines that `check` prints.

    Where there is a ``journal``, its releases are looked at and nothing is recorded. Raises `PreflightFailed`
    where the backend cannot be asked.
    """

    async def identify(now: float) -> tuple[Plan, Release]:
        return plan, Release.of(plan.service, version, previous, round(now, 3))

    try:
        opening = await opened(source, clock, plan, identify=identify, earlier=known_in(journal))
    finally:
        await source.close()
    found = [Finding(Severity.ERROR, text) for text in misshared(journal)] if journal is not None else []
    checked = replace(opening.checked, findings=(*opening.checked.findings, *found))
    opening = replace(opening, checked=_beforehand(checked))
    return opening.checked, tuple(_lines(opening))


def _beforehand(checked: Preflight) -> Preflight:
    """The findings as they weigh while everything can still be mended.

    A watch is worth something without a rollback; whoever asks before it wants to know that there is one.
    """
    findings = (
        replace(found, severity=Severity.ERROR) if found.mend_before else found for found in checked.findings
    )
    return replace(checked, findings=tuple(findings))


def _lines(opening: Opening) -> Iterator[str]:
    plan, checked = opening.plan, opening.checked
    state, _ = begin(opening.setup())
    timing = plan.timing
    yield (
        f"{plan.service.name} in {plan.service.environment}: watched for {format_duration(timing.duration)} "
        f"after {format_duration(timing.warmup)} of warm-up, every {format_duration(timing.interval)}"
    )
    yield f"this machine's clock {_apart(checked.offset)} the backend's"
    for signal in state.signals.values():
        yield from _signal(plan, signal, checked)
        absence = checked.absences.get(signal.signal.key)
        if absence is not None and absence.ground is not None:
            yield f"    {words.absence(signal.signal, absence.ground)}"
        noticed = words.noticeable(plan, signal.signal, traffic_before(checked.past, signal.signal))
        if noticed:
            yield f"    {noticed}"
    for indicator, reason in plan.waived.items():
        yield f"{words.SYMBOLS[Mark.WAIVED]} {words.indicator_title(indicator)}: waived, {reason}"
    yield ""
    for finding in checked.findings:
        yield f"{words.SYMBOLS[finding.mark]} {finding.text}"
    errors = sum(finding.severity is Severity.ERROR for finding in checked.findings)
    warned = len(checked.findings) - errors
    counted = f"{_number(errors, 'error')}, {_number(warned, 'warning')}"
    yield counted if checked.findings else "everything is ready"


def _apart(offset: float) -> str:
    if abs(offset) < AGREES:
        return "agrees with"
    return f"is {abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _whence(baseline: Baseline | None) -> str:
    """Where a baseline is from, unless it is the time before, and how it was scaled."""
    if baseline is None or baseline.source is BaselineSource.BEFORE:
        return ""
    scaled = f", scaled by {baseline.factor:.2f}" if baseline.factor != 1.0 else ""
    remark = f", {baseline.remark}" if baseline.remark else ""
    return f" ({baseline.source}{scaled}{remark})"


def _signal(plan: Plan, state: SignalState, checked: Preflight) -> Iterator[str]:
    signal = state.signal
    reading = checked.newest.readings.get(signal.key)
    mark = Mark.OK if reading is not None and reading.compared else Mark.UNKNOWN
    now = words.reading(reading, signal.unit)
    was = f"{words.baseline(state.baseline, signal.unit)}{_whence(state.baseline)}"
    title = words.indicator_title(signal.indicator)
    yield f"{words.SYMBOLS[mark]} {title}, {signal.label}: {now}, was {was}"
    usual = dict(tier_rules(plan.service.tier, signal, plan.timing))
    from_tier = tuple(usual) == signal.rules
    scrape = checked.intervals.get(signal.key)
    for rule in state.rules:
        reason = f"  ({plan.service.tier} tier: {usual[rule.rule]})" if from_tier else ""
        slowly = remark(plan, signal, rule.rule, scrape)
        yield f"    {words.rule(rule)}{f', {slowly}' if slowly else ''}{reason}"
        if acts_alone(plan, rule.rule):
            found = soonest(plan, signal, rule.rule, state.baseline, traffic_before(checked.past, signal))
            yield f"        {words.acts(found)}"
    taken = too_long(plan.service.tier, signal, plan.timing) if from_tier else None
    if taken is not None:
        takes, left = format_duration(taken), format_duration(plan.timing.duration - plan.timing.warmup)
        yield f"    no climb is judged: telling one takes {takes}, of {left} that are judged"
