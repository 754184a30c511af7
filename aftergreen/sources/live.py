"""The source of a live watch: queries go to the backend, probes are made from here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aftergreen.model import Instant, Plan, Signal, SignalKey, View
from aftergreen.sources.probe import Prober
from aftergreen.sources.prometheus import PrometheusSource


class LiveSource:
    """Joins the backend's readings with the probes'."""

    def __init__(self, plan: Plan) -> None:
        self._backend = PrometheusSource(plan.backend, plan.service.running)
        self._prober = Prober(plan.backend.timeout)

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; a probe is made now, whatever the instant."""
        probes = [signal for signal in signals if signal.probe]
        instant, probed = await asyncio.gather(
            self._backend.read(signals, at, view), self._prober.read(probes)
        )
        return replace(instant, readings={**instant.readings, **probed})

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

    async def now(self) -> float:
        """See `Source.now`."""
        return await self._backend.now()

    async def close(self) -> None:
        """See `Source.close`."""
        await self._backend.close()
