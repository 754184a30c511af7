"""What speaks against comparing a release with its past, told before the watch begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from aftergreen.model import BaselineSource, Condition, Plan, Release, Signal
from aftergreen.preflight.capture import Past
from aftergreen.verdict.ranges import DAYS, Earlier, days_before
from aftergreen.verdict.state import Baseline

FRACTION_AT_MOST = 1.5
"""Percentages are fractions: a signal in % whose past lies above this was surely given in percent."""

_FROZEN = tuple(source for source in BaselineSource if source is not BaselineSource.CONTROL)


def baseline_errors(plan: Plan, release: Release, past: Past, chosen: BaselineSource | None) -> Iterator[str]:
    """Why nothing could be compared the way it is asked for; ``chosen`` is what was chosen at the start."""
    yield from _control_errors(plan, release, chosen)
    absent = [past.absent[signal.key] for signal in plan.signals if signal.key in past.absent]
    if chosen not in (None, BaselineSource.CONTROL) and absent and not past.baselines:
        other = _fit_for_all(_relative(plan), past)
        instead = "leave out --baseline" if other is None else f"choose another with --baseline {other.value}"
        yield f"nothing can be compared with the baseline {chosen}: {absent[0]}; {instead}"


def baseline_warnings(plan: Plan, past: Past, earlier: Earlier) -> Iterator[str]:
    """What would make ``finished`` impossible or looks like a slip, each with its cure."""
    if earlier.problem:
        # One sentence among others there, part of a longer one here.
        yield f"no baseline was held against other deployments: {earlier.problem.removesuffix('.')}"
    relative = _relative(plan)
    needing = [s for s in plan.signals if s in relative or (s.key in past.absent and _silent(s))]
    for signal in plan.signals:
        known = next(filter(None, (past.of(signal.key, source) for source in _sources(signal))), None)
        if known is not None and signal.unit == "%" and known.median > FRACTION_AT_MOST:
            text = f"{signal.label}: percentages are fractions, and the query gave {known.median:.3g}"
            yield f"{text} before the deployment: divide it by 100"
        why = _why_not(past.baselines.get(signal.key), past.absent.get(signal.key, ""))
        if signal in needing and why:
            yield f"{signal.label}: {why}, so the release cannot end finished{_cure(signal, needing, past)}"


def clock_warnings(plan: Plan, deployed_at: float) -> Iterator[str]:
    """Where clocks here were set since the day that is compared with, and no zone says which are meant."""
    if plan.baseline.zone:
        return
    here = _offset(deployed_at)
    for source, days in DAYS.items():
        compared = any(signal.baseline is source for signal in plan.signals)
        if compared and _offset(days_before(deployed_at, days, "")) != here:
            yield (
                f"the clocks here were set since, and {source} is {24 * days} hours ago: to compare with the "
                'same clock time, name the zone of its users, as zone = "Europe/Berlin" in [baseline]'
            )


def _offset(at: float) -> timedelta | None:
    return datetime.fromtimestamp(at, UTC).astimezone().utcoffset()


def _control_errors(plan: Plan, release: Release, chosen: BaselineSource | None) -> Iterator[str]:
    compared = [s for s in plan.signals if s.baseline is BaselineSource.CONTROL and s.probe is None]
    if chosen is BaselineSource.CONTROL and not any(signal.versioned for signal in plan.signals):
        yield (
            "a control baseline compares two versions, and no query asks for $version: put it into the "
            "queries, or choose another with --baseline before"
        )
    elif compared and release.previous is None:
        yield "a control baseline compares with the previous version: pass --previous"
    for signal in _relative(plan):
        if signal in compared and not signal.versioned:
            yield (
                f"{signal.label}: a control baseline compares two versions, and its queries do not ask for "
                'one: put $version into them, or set baseline = "before"'
            )


def _relative(plan: Plan) -> list[Signal]:
    """The signals that have to be compared."""
    return [s for s in plan.signals if any(rule.condition.relative for rule in s.rules)]


def _silent(signal: Signal) -> bool:
    """Whether it has to be known how many events are to be expected."""
    return any(rule.condition is Condition.SILENT for rule in signal.rules)


def _sources(signal: Signal) -> Iterator[BaselineSource]:
    yield signal.baseline
    yield BaselineSource.BEFORE


def _why_not(baseline: Baseline | None, absent: str) -> str:
    if absent:
        return f"there is no baseline for it: {absent}"
    unfit = baseline.unfit if baseline is not None else ""
    return f"its baseline is not fit to compare with: {unfit}" if unfit else ""


def _cure(signal: Signal, needing: Sequence[Signal], past: Past) -> str:
    for_all = _fit_for_all(needing, past)
    if for_all is not None:
        return f": commit another with --baseline {for_all.value}"
    for_it = _fit_for_all([signal], past)
    return "" if for_it is None else f': set baseline = "{for_it.value}" on it'


def _fit_for_all(signals: Sequence[Signal], past: Past) -> BaselineSource | None:
    """The first source whose baselines are fit for all of these signals."""
    for source in _FROZEN:
        found = [past.of(signal.key, source) for signal in signals]
        if found and all(baseline is not None and baseline.fit for baseline in found):
            return source
    return None
