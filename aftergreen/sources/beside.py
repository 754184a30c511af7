"""The previous version at the same instants: a source that reads both, for signals that are compared so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aftergreen.model import Instant, Signal, SignalKey, View
from aftergreen.sources.protocol import Absence, Source


class ControlledSource:
    """Reads the signals whose baseline is a control for the previous version as well.

    Looks through a view that nothing bounds, or that of the previous version itself, have no control.
    """

    def __init__(self, source: Source, previous: str) -> None:
        self._source = source
        self._previous = previous

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; both versions are read at once."""
        compared = self._compared(signals, view)
        if not compared:
            return await self._source.read(signals, at, view)
        new, old = await asyncio.gather(
            self._source.read(signals, at, view),
            self._source.read(compared, at, View(self._previous, view.since)),
        )
        return replace(new, control=old.readings)

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """See `Source.history`."""
        compared = self._compared(signals, view)
        if not compared:
            return await self._source.history(signals, instants, view)
        new, old = await asyncio.gather(
            self._source.history(signals, instants, view),
            self._source.history(compared, instants, View(self._previous, view.since)),
        )
        return tuple(replace(n, control=o.readings) for n, o in zip(new, old, strict=True))

    async def prepare(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, float | None]:
        """See `Source.prepare`."""
        return await self._source.prepare(signals, at, view)

    async def absences(self, signals: Sequence[Signal], at: float, view: View) -> Mapping[SignalKey, Absence]:
        """See `Source.absences`."""
        return await self._source.absences(signals, at, view)

    async def buckets(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, tuple[float, ...]]:
        """See `Source.buckets`."""
        return await self._source.buckets(signals, at, view)

    async def now(self) -> float:
        """See `Source.now`."""
        return await self._source.now()

    async def close(self) -> None:
        """See `Source.close`."""
        await self._source.close()

    def _compared(self, signals: Sequence[Signal], view: View) -> tuple[Signal, ...]:
        if view.since is None or view.version == self._previous:
            return ()
        return tuple(signal for signal in signals if signal.controlled)


def with_control(source: Source, signals: Sequence[Signal], previous: str | None) -> Source:
    """The source itself, or one that reads the previous version too where a signal is compared with it."""
    if previous is None or not any(signal.controlled for signal in signals):
        return source
    return ControlledSource(source, previous)
