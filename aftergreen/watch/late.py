"""Judges a release that lies in the past, from what the backend has stored."""

from __future__ import annotations

from pathlib import Path

from aftergreen.clock import Clock
from aftergreen.journal.codec import encode, seal
from aftergreen.model import Plan, Release
from aftergreen.preflight.capture import grid
from aftergreen.preflight.checks import PreflightFailed, backend_time, deployment_time, preflight
from aftergreen.preflight.earlier import earlier_in
from aftergreen.sources.beside import with_control
from aftergreen.sources.protocol import Source
from aftergreen.units import format_duration
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Event, EventKind, Setup
from aftergreen.verdict.step import begin, conclude, over, step
from aftergreen.watch.wanted import Report, Wanted

CHUNK = 200
"""Instants asked at a time: few requests, and a verdict early in the watch reads little of the rest."""


async def judged_late(
    plan: Plan,
    wanted: Wanted,
    *,
    source: Source,
    clock: Clock,
    report: Report,
    journal: Path | None = None,
) -> Snapshot:
    """Walk the whole grid of a past watch at full speed and return its last snapshot.

    Nothing is recorded and nothing is run; where there is a ``journal``, its other releases are looked at.
    Raises `PreflightFailed`.
    """
    plan = wanted.of(plan)
    try:
        offset = await backend_time(source, plan, clock)
        now = clock.now() - offset
        service = plan.service
        deployed_at = deployment_time(wanted.deployed_at, now)
        release = Release(service.name, service.environment, wanted.version, wanted.previous, deployed_at)
        others = earlier_in(journal, release)
        source = with_control(source, plan.signals, wanted.previous)
        checked = await preflight(source, plan, release, offset, earlier=others, chosen=wanted.baseline)
        if not checked.passed:
            raise PreflightFailed(checked.findings)
        report.findings(checked.findings)
        baselines = checked.past.baselines
        setup = Setup(
            plan=plan,
            release=release,
            seal=seal(plan, {str(key): encode(value) for key, value in baselines.items()}),
            baselines=baselines,
            advice_ends=wanted.advice_ends,
            rollback_problem=checked.rollback_problem,
            companions=checked.past.companions,
        )
        context = Context(wanted.operator, offset, read_only="the release lies in the past")
        state, events = begin(setup, checked.past.instants)
        told: list[Event] = list(events)
        if wanted.choice:
            told.append(Event(deployed_at, EventKind.NOTE, text=wanted.choice, by=wanted.operator))
        instants = grid(deployed_at, plan.timing.interval, now - plan.backend.lag)
        for first in range(0, len(instants), CHUNK):
            watched, total = format_duration(state.watched), format_duration(state.total)
            report.progress(f"judged {watched} of {total}")
            for instant in await source.history(plan.signals, instants[first : first + CHUNK], state.view):
                state, events = step(state, instant)
                told.extend(events)
            report.snapshot(present(state, context, events=told))
            if over(state):
                break
        state, events = conclude(state)
        snapshot = present(state, context, events=[*told, *events])
        report.snapshot(snapshot)
        return snapshot
    finally:
        await source.close()
