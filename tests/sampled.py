"""What the simulated service has left in its store."""

from __future__ import annotations

from aftergreen.drill.promql.store import Series
from aftergreen.drill.service.simulated import SimulatedService

START = 1_800_000_000.0


def series(service: SimulatedService, name: str, **labels: str) -> list[Series]:
    wanted = set(labels.items())
    return [one for one in service.store.select(name, ()) if wanted <= set(one.labels)]


def total(service: SimulatedService, name: str, **labels: str) -> float:
    return sum(one.values[-1] for one in series(service, name, **labels))
