"""What is checked before a watch begins: every finding at once, each with its cure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile

from aftergreen.clock import Clock
from aftergreen.config import warnings_of
from aftergreen.model import BaselineSource, Instant, Kind, Plan, Release, Signal, SignalKey, View
from aftergreen.preflight.acting import never_acting
from aftergreen.preflight.capture import Past, capture
from aftergreen.preflight.comparable import baseline_errors, baseline_warnings, clock_warnings
from aftergreen.preflight.histograms import unseen_limits
from aftergreen.preflight.scrapes import coarse, too_coarse
from aftergreen.rollback.startable import unstartable
from aftergreen.sources.protocol import Absence, Source, SourceUnavailable
from aftergreen.units import format_duration
from aftergreen.verdict.ranges import NOTHING_KNOWN, Earlier
from aftergreen.verdict.refusals import unprepared
from aftergreen.verdict.snapshot import Mark

OFFSET_REFUSED = 30.0
"""Seconds between the local and the backend's clock at which times can no longer be trusted."""


class Severity(StrEnum):
    """Whether a finding stops the watch."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something preflight found, in one sentence with its cure.

    ``mend_before`` is for what a watch can do without, and who checks before it has to mend.
    """

    severity: Severity
    text: str
    mend_before: bool = False

    @property
    def mark(self) -> Mark:
        """The mark that stands before it."""
        return Mark.BAD if self.severity is Severity.ERROR else Mark.WARN


@dataclass(frozen=True, slots=True)
class Preflight:
    """What preflight learned: the findings, the clock offset, the newest readings, the captured past.

    ``offset`` is local time minus the backend's. ``unstartable`` says why the rollback command
    could not be started. ``absences`` tell what it would mean if no series stood behind a number,
    ``intervals`` how many seconds lie between two samples of a signal, where that is known.
    """

    findings: tuple[Finding, ...]
    offset: float
    newest: Instant
    past: Past
    unstartable: str
    absences: Mapping[SignalKey, Absence] = field(default_factory=dict)
    intervals: Mapping[SignalKey, float | None] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the watch may begin."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


class PreflightFailed(Exception):
    """The watch cannot begin; carries the findings that say why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(f.text for f in findings if f.severity is Severity.ERROR))


async def measure_offset(source: Source, clock: Clock) -> float:
    """Local time minus the backend's, half of the round trip allowed for; raises `SourceUnavailable`."""
    before = clock.now()
    theirs = await source.now()
    return (before + clock.now()) / 2 - theirs


async def preflight(
    source: Source,
    plan: Plan,
    release: Release,
    offset: float,
    *,
    earlier: Earlier = NOTHING_KNOWN,
    chosen: BaselineSource | None = None,
) -> Preflight:
    """Check everything that can be checked before the first instant is judged.

    ``earlier`` are the other releases of the service. ``chosen`` is the source of baselines that somebody
    chose at the start; the plan has it already. Raises `PreflightFailed` at once where the backend cannot be
    asked at all.
    """
    at = release.deployed_at
    before = View(release.previous, None)
    intervals = await source.prepare(plan.signals, at, before)
    newest = await source.read(plan.signals, at, before)
    if newest.readings and all(r.kind is Kind.BLIND for r in newest.readings.values()):
        details = {r.detail for r in newest.readings.values() if r.detail}
        raise PreflightFailed((Finding(Severity.ERROR, min(details, default="the backend cannot be read")),))
    async with asyncio.TaskGroup() as group:
        capturing = group.create_task(capture(source, plan, release, earlier))
        asking = group.create_task(source.absences(plan.signals, at, before))
        looking = group.create_task(source.buckets(plan.signals, at, before))
    past, absences = capturing.result(), asking.result()
    # One sentence among others there, part of a longer one here.
    problem = unstartable(plan.rollback.command).removesuffix(".") if plan.rollback is not None else ""
    first = _is_first(plan, release, newest, past)
    findings = [
        *_clock_findings(offset),
        *_deployment_findings(plan, release, past),
        *(Finding(Severity.WARNING, text) for text in warnings_of(plan)),
        *(Finding(Severity.ERROR, text) for text in too_coarse(plan, intervals)),
        *(Finding(Severity.WARNING, text) for text in coarse(plan, intervals, past.baselines)),
        *(Finding(Severity.WARNING, text) for text in unseen_limits(plan, looking.result())),
        *_signal_findings(plan, _expected(newest) if first else newest, past, absences),
        *_first_findings(first=first),
        *_absence_findings(plan, newest, absences),
        *(Finding(Severity.ERROR, text) for text in baseline_errors(plan, release, past, chosen)),
        *(Finding(Severity.WARNING, text) for text in baseline_warnings(plan, past, earlier)),
        *(Finding(Severity.WARNING, text) for text in clock_warnings(plan, at)),
        *_rollback_findings(unprepared(plan, release), problem),
        *(Finding(Severity.WARNING, text) for text in never_acting(plan, past)),
    ]
    return Preflight(tuple(findings), offset, newest, past, problem, absences, intervals)


async def backend_time(source: Source, plan: Plan, clock: Clock) -> float:
    """The clock offset, or `PreflightFailed` where the backend does not even tell the time."""
    try:
        return await measure_offset(source, clock)
    except SourceUnavailable as error:
        text = f"the metrics backend at {plan.backend.shown} cannot be asked: {error}"
        raise PreflightFailed((Finding(Severity.ERROR, text),)) from error


def deployment_time(when: Callable[[float], float], now: float) -> float:
    """The deployment on the backend's clock; `PreflightFailed` where it is still to come."""
    at = round(when(now), 3)
    # The clock of the pipeline that wrote the time may be as wrong as ours.
    if at > now + OFFSET_REFUSED:
        ahead = format_duration(round(at - now))
        text = f"the deployment lies {ahead} in the future: give the time at which its first instance served"
        raise PreflightFailed((Finding(Severity.ERROR, text),))
    return at


def _clock_findings(offset: float) -> Iterator[Finding]:
    if abs(offset) > OFFSET_REFUSED:
        side = "ahead of" if offset > 0 else "behind"
        apart = format_duration(abs(offset))
        text = f"this machine's clock is {apart} {side} the backend's: synchronise it (NTP)"
        yield Finding(Severity.ERROR, text)


def _deployment_findings(plan: Plan, release: Release, past: Past) -> Iterator[Finding]:
    """That the version served in the time that it would be compared with: it was deployed before that."""
    before = [instant for instant in past.instants if instant.at < release.deployed_at - plan.baseline.gap]
    serving = list(takewhile(lambda instant: _serves(instant, release.version), reversed(before)))
    if release.previous == release.version or not serving:
        return
    ago = format_duration(round(release.deployed_at - serving[-1].at))
    text = f"{release.version} served {ago} before the time that is taken for its deployment"
    yield Finding(
        Severity.WARNING, f"{text}: give the time at which its first instance served (--deployed-at)"
    )


def _serves(instant: Instant, version: str) -> bool:
    return instant.running is not None and instant.running.get(version, 0.0) > 0


def _is_first(plan: Plan, release: Release, newest: Instant, past: Past) -> bool:
    """Whether the backend knows nothing of the service, and nobody says that there was a version before."""
    asked = [newest.readings[s.key] for s in plan.signals if s.probe is None and s.key in newest.readings]
    nothing = bool(asked) and all(reading.kind is Kind.NO_SERIES for reading in asked)
    return release.previous is None and nothing and not past.baselines


def _expected(newest: Instant) -> Instant:
    """The readings without those that a first release cannot have yet."""
    there = {key: reading for key, reading in newest.readings.items() if reading.kind is not Kind.NO_SERIES}
    return replace(newest, readings=there)


def _first_findings(*, first: bool) -> Iterator[Finding]:
    if first:
        text = "nothing is known of the service before this deployment: it is watched on fixed limits alone"
        cure = "if it is not its first release, check the queries' metric names and labels"
        yield Finding(Severity.WARNING, f"{text}; {cure}")


def _signal_findings(
    plan: Plan, newest: Instant, past: Past, absences: Mapping[SignalKey, Absence]
) -> Iterator[Finding]:
    for signal in plan.signals:
        reading = newest.readings.get(signal.key)
        if reading is None:
            continue
        known_before = signal.key in past.baselines or past.of(signal.key, BaselineSource.BEFORE) is not None
        if reading.kind is Kind.AMBIGUOUS:
            cure = 'aggregate in the query, or set reduce = "worst" or "sum"'
            yield Finding(Severity.ERROR, f"{signal.label}: {reading.detail or 'several series'}: {cure}")
        elif reading.kind is Kind.NO_SERIES and not known_before:
            yield Finding(Severity.ERROR, _nowhere(signal, past, absences))
        elif reading.kind is Kind.BLIND and signal.probe is None and not known_before:
            yield Finding(Severity.ERROR, f"{signal.label}: {reading.detail}")
        elif reading.kind is Kind.ABSENT and signal.key in absences:
            # Told with what is missing.
            continue
        elif not reading.compared and not known_before and signal.probe is None:
            detail = f" ({reading.detail})" if reading.detail else ""
            yield Finding(Severity.WARNING, f"{signal.label} is unknown now: {reading.kind.value}{detail}")
        elif reading.kind is Kind.DOWN:
            yield Finding(
                Severity.WARNING, f"{signal.label} is down before the watch begins: {reading.detail}"
            )


def _nowhere(signal: Signal, past: Past, absences: Mapping[SignalKey, Absence]) -> str:
    """What is said of a signal without series: that there never was one, unless nobody knows."""
    if unread := _unread(past, signal.key):
        return f"{signal.label}: no such series now, and the time before cannot be read: {unread}"
    known = absences.get(signal.key)
    named = f" ({known.missing})" if known is not None and known.missing else ""
    text = f"{signal.label}: no such series, neither now nor before the deployment{named}"
    return f"{text}: check the query's metric names and labels"


def _unread(past: Past, key: SignalKey) -> str:
    """Why the backend could not be asked for the time before; empty where it could."""
    found = (instant.readings.get(key) for instant in past.instants)
    return next((reading.detail for reading in found if reading and reading.kind is Kind.BLIND), "")


def _absence_findings(
    plan: Plan, newest: Instant, absences: Mapping[SignalKey, Absence]
) -> Iterator[Finding]:
    """Numbers that would read as nothing although nobody knows whether they are."""
    for signal in plan.signals:
        reading, absence = newest.readings.get(signal.key), absences.get(signal.key)
        if absence is None or absence.ground is not None or reading is None:
            continue
        if reading.kind in (Kind.BLIND, Kind.NO_SERIES, Kind.STALE, Kind.PARTIAL):
            continue
        what = f"{signal.label}: {absence.missing}"
        cure = 'check its names and labels, or say why that means zero with absent_is_zero = "the reason"'
        if absence.seen:
            text = "there was one in the last 7 days, but nothing tells that there being none means zero"
            yield Finding(Severity.WARNING, f"{what}; {text}: {cure}")
        else:
            yield Finding(Severity.ERROR, f"{what}, and there was none in the last 7 days: {cure}")


def _rollback_findings(unprepared: str, unstartable: str) -> Iterator[Finding]:
    problem = unprepared or unstartable
    if problem:
        text = f"{problem}; without it the release cannot end finished"
        yield Finding(Severity.WARNING, text, mend_before=not unprepared)
