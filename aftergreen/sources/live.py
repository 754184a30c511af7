"""The source of a live watch: queries go to the backend, probes are made from here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aftergreen.model import Instant, Plan, Reading, Signal, SignalKey, View
from aftergreen.sources.http import Client
from aftergreen.sources.probe import Prober
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import Absence


class LiveSource:
    """Joins the backend's readings with the probes'."""

    def __init__(self, plan: Plan, client: Client | None = None) -> None:
        self._backend = PrometheusSource(plan.backend, plan.service.running, plan.timing.window, client)
        self._prober = Prober(plan.backend.timeout)

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; a probe is made now, whatever the instant."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._backend.read(signals, at, view))
            probing = group.create_task(self._prober.read(signals))
        instant = asking.result()
        return replace(instant, readings=_in_order(signals, {**instant.readings, **probing.result()}))

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """See `Source.history`."""
        return await self._backend.history(signals, instants, view)

    async def prepare(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, float | None]:
        """See `Source.prepare`."""
        return await self._backend.prepare(signals, at, view)

    async def absences(self, signals: Sequence[Signal], at: float, view: View) -> Mapping[SignalKey, Absence]:
        """See `Source.absences`."""
        return await self._backend.absences(signals, at, view)

    async def buckets(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, tuple[float, ...]]:
        """See `Source.buckets`."""
        return await self._backend.buckets(signals, at, view)

    async def now(self) -> float:
        """See `Source.now`."""
        return await self._backend.now()

    async def close(self) -> None:
        """See `Source.close`."""
        await self._prober.close()
        await self._backend.close()


def _in_order(signals: Sequence[Signal], readings: Mapping[SignalKey, Reading]) -> dict[SignalKey, Reading]:
    return {signal.key: readings[signal.key] for signal in signals}
