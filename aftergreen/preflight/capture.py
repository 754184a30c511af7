"""Reads the past that a watch begins with: the samples of the baselines and of the charts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aftergreen.model import BaselineSource, Instant, Kind, Plan, Release, Signal, SignalKey, View
from aftergreen.sources.protocol import Source
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.ranges import (
    DAYS,
    NOTHING_KNOWN,
    Earlier,
    Range,
    level_instants,
    ranges,
    shown_before,
)
from aftergreen.verdict.state import EPSILON, Baseline

FEW = 4
"""Instants that tell whether the backend holds anything of a time."""


@dataclass(frozen=True, slots=True)
class Past:
    """The frozen baselines, and the instants before the deployment that the charts show.

    ``companions`` are the baselines of the other sources that could be had. ``absent`` says of each signal
    without a frozen baseline why it has none; a control is none of the past, and not absent.
    """

    baselines: Mapping[SignalKey, Baseline]
    instants: tuple[Instant, ...]
    companions: Mapping[SignalKey, tuple[Baseline, ...]] = field(default_factory=dict)
    absent: Mapping[SignalKey, str] = field(default_factory=dict)

    def of(self, key: SignalKey, source: BaselineSource) -> Baseline | None:
        """The baseline of a signal from one source, committed or not; None where it cannot be had."""
        committed = self.baselines.get(key)
        known = (*(() if committed is None else (committed,)), *self.companions.get(key, ()))
        return next((baseline for baseline in known if baseline.source is source), None)


def grid(deployed_at: float, interval: float, until: float, after: float | None = None) -> tuple[float, ...]:
    """The instants deployed-at + k · interval with k ≥ 1, past ``after`` and up to ``until``."""
    first = 1 if after is None else math.floor((after - deployed_at) / interval + 1e-6) + 1
    last = math.floor((until - deployed_at) / interval + 1e-6)
    return tuple(round(deployed_at + k * interval, 3) for k in range(max(first, 1), last + 1))


def compared_with(plan: Plan, source: BaselineSource) -> Plan:
    """The plan with the source of baselines that was chosen at the start.

    A control compares versions: a signal whose queries do not ask for one keeps the source it has.
    """
    signals = tuple(
        signal
        if source is BaselineSource.CONTROL and not signal.versioned
        else replace(signal, baseline=source)
        for signal in plan.signals
    )
    return replace(plan, baseline=replace(plan.baseline, source=source), signals=signals)


async def capture(source: Source, plan: Plan, release: Release, earlier: Earlier = NOTHING_KNOWN) -> Past:
    """Read the range of every source once, all at the same time, and summarise what was found.

    What no baseline was committed to decides nothing, and is waited for no longer than for one answer.
    """
    found = ranges(plan, release, earlier)
    async with asyncio.TaskGroup() as group:
        reading = {name: group.create_task(_read(source, plan, range_)) for name, range_ in found.items()}
    read = {name: task.result() for name, task in reading.items()}
    history = read[BaselineSource.BEFORE]
    older = await _rest_of_the_level(source, plan, release, read)
    by_source = {
        name: summarise(plan, release.deployed_at, (*older, *history), range_, read[name])
        for name, range_ in found.items()
    }
    shown = release.deployed_at - shown_before(plan)
    baselines = {
        signal.key: by_source[signal.baseline][signal.key]
        for signal in plan.signals
        if signal.key in by_source.get(signal.baseline, {})
    }
    return Past(
        baselines=baselines,
        instants=tuple(i for i in history if i.at >= shown - EPSILON),
        companions={signal.key: tuple(_companions(signal, by_source)) for signal in plan.signals},
        absent={
            signal.key: _why_absent(signal, release, found.get(signal.baseline), read)
            for signal in plan.signals
            if signal.key not in baselines
            and signal.probe is None
            and signal.baseline is not BaselineSource.CONTROL
        },
    )


async def _read(source: Source, plan: Plan, range_: Range) -> tuple[Instant, ...]:
    # No window reaches back over a deployment from within a range; a view that began with one would have
    # the events since then counted as well, instant by instant.
    view = View(range_.version, None)
    if range_.source is BaselineSource.BEFORE:
        # The charts show it, whatever is compared with.
        return await source.history(plan.signals, range_.asked, view)
    measured = [signal for signal in plan.signals if signal.probe is None]
    committed = [signal for signal in measured if signal.baseline is range_.source]
    others = [signal for signal in measured if signal.baseline is not range_.source]
    companions = _if_there(source, others, range_.asked, view)
    return _joined(
        *await asyncio.gather(
            _history(source, committed, range_.asked, view), _briefly(companions, plan.backend.timeout)
        )
    )


async def _rest_of_the_level(
    source: Source, plan: Plan, release: Release, read: Mapping[BaselineSource, Sequence[Instant]]
) -> tuple[Instant, ...]:
    """What is missing of the half hour before the deployment, where something is scaled to it."""
    if not any(read.get(name) for name in DAYS):
        return ()
    begins = min((instant.at for instant in read[BaselineSource.BEFORE]), default=release.deployed_at)
    missing = [at for at in level_instants(plan, release.deployed_at) if at < begins - EPSILON]
    signals = [signal for signal in plan.signals if signal.probe is None]
    reading = _history(source, signals, missing, View(release.previous, None))
    if any(signal.baseline in DAYS for signal in signals):
        return await reading
    return await _briefly(reading, plan.backend.timeout)


async def _if_there(
    source: Source, signals: Sequence[Signal], instants: Sequence[float], view: View
) -> tuple[Instant, ...]:
    """What the backend holds of that time; a few instants tell whether it is anything at all."""
    few = instants[:: max(1, len(instants) // FEW)]
    found = await _history(source, signals, few, view)
    if not any(reading.compared for instant in found for reading in instant.readings.values()):
        return ()
    return await _history(source, signals, instants, view)


async def _history(
    source: Source, signals: Sequence[Signal], instants: Sequence[float], view: View
) -> tuple[Instant, ...]:
    return await source.history(signals, instants, view) if signals and instants else ()


async def _briefly(reading: Awaitable[tuple[Instant, ...]], seconds: float) -> tuple[Instant, ...]:
    """What was read, or nothing where that takes long."""
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError:
        return ()


def _joined(first: Sequence[Instant], second: Sequence[Instant]) -> tuple[Instant, ...]:
    if not first or not second:
        return tuple(first or second)
    return tuple(
        replace(one, readings={**one.readings, **other.readings})
        for one, other in zip(first, second, strict=True)
    )


def _companions(
    signal: Signal, by_source: Mapping[BaselineSource, Mapping[SignalKey, Baseline]]
) -> Iterable[Baseline]:
    for source, summaries in by_source.items():
        if source is not signal.baseline and signal.key in summaries:
            yield summaries[signal.key]


def _why_absent(
    signal: Signal,
    release: Release,
    range_: Range | None,
    read: Mapping[BaselineSource, Sequence[Instant]],
) -> str:
    if range_ is None:
        return f"the journal holds no finished release of {release.service} in {release.environment}"
    if signal.versioned and range_.version is None:
        return "its queries ask for $version, and the previous one is not known: pass --previous"
    readings = [i.readings[signal.key] for i in read[range_.source] if signal.key in i.readings]
    unknown = next((reading for reading in reversed(readings) if not reading.compared), None)
    if unknown is None or unknown.kind is Kind.NO_SERIES:
        return "the backend holds no samples of that time"
    detail = f": {unknown.detail}" if unknown.detail else ""
    return f"every sample of that time is unknown ({unknown.kind.value}{detail})"
