"""Judges a release that lies in the past, from what the backend has stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aftergreen.clock import Clock
from aftergreen.model import Plan, Release
from aftergreen.preflight.capture import grid
from aftergreen.preflight.checks import deployment_time
from aftergreen.preflight.earlier import known_in
from aftergreen.preflight.opening import Opening, opened
from aftergreen.sources.protocol import Source
from aftergreen.units import format_duration
from aftergreen.verdict.begin import begin
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Event, EventKind, Events, State
from aftergreen.verdict.step import conclude, over, step
from aftergreen.watch.wanted import Report, Wanted

CHUNKS = 8
"""Requests for the planned watch: few, and a verdict early in it reads little of the rest."""


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

    async def identify(now: float) -> tuple[Plan, Release]:
        deployed_at = deployment_time(wanted.deployed_at, now)
        return plan, Release.of(plan.service, wanted.version, wanted.previous, deployed_at)

    try:
        opening = await opened(
            source,
            clock,
            plan,
            identify=identify,
            earlier=known_in(journal),
            chosen=wanted.baseline,
        )
        return await _Judged(opening.sound(), wanted, report).walk()
    finally:
        await source.close()


class _Judged:
    """A past watch under way."""

    def __init__(self, opening: Opening, wanted: Wanted, report: Report) -> None:
        self._opening = opening
        self._report = report
        why = "the release lies in the past"
        self._context = Context(wanted.operator, opening.checked.offset, read_only=why)
        self._told: list[Event] = []
        report.findings(opening.checked.findings)
        self._state: State
        # Nothing is run here, so that nothing is waited for that would be run.
        setup = replace(opening.setup(advice_ends=wanted.advice_ends), looks_on=True)
        self._take(begin(setup, opening.checked.past.instants))
        if wanted.choice:
            chosen = Event(self._state.at, EventKind.NOTE, text=wanted.choice, by=wanted.operator)
            self._told.append(chosen)

    async def walk(self) -> Snapshot:
        timing, deployed_at = self._opening.plan.timing, self._opening.release.deployed_at
        until = self._opening.at - self._opening.plan.backend.lag
        chunk = max(timing.interval, timing.duration / CHUNKS)
        # Never the whole grid up to now: the release may be years old.
        while not over(self._state):
            judged = self._state.at
            due = grid(deployed_at, timing.interval, min(until, judged + chunk), after=judged)
            if not due:
                break
            await self._judge(due)
            watched, total = format_duration(self._state.watched), format_duration(self._state.total)
            self._report.progress(f"judged {watched} of {total}")
        self._take(conclude(self._state))
        return self._publish()

    async def _judge(self, times: Sequence[float]) -> None:
        signals, view = self._opening.plan.signals, self._state.view
        for instant in await self._opening.source.history(signals, times, view):
            self._take(step(self._state, instant))
        self._publish()

    def _take(self, result: tuple[State, Events]) -> None:
        self._state, events = result
        self._told.extend(events)

    def _publish(self) -> Snapshot:
        snapshot = present(self._state, self._context, events=self._told)
        self._report.snapshot(snapshot)
        return snapshot
