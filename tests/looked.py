"""Preflight over a made-up backend, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from aftergreen.model import (
    BaselineSource,
    Plan,
    Reading,
    Release,
    RollbackPlan,
    SignalKey,
    View,
)
from aftergreen.preflight.capture import compared_with
from aftergreen.preflight.checks import (
    Preflight,
    preflight,
)
from aftergreen.sources.protocol import Absence
from aftergreen.verdict.ranges import NOTHING_KNOWN, Earlier
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, GOOD, plan, signals

ERRORS, LATENCY, POOL, CONNECT, BUSINESS = signals()


READY = plan(rollback=RollbackPlan(("true",)))


RELEASE = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)


def with_reading(key: str, reading: Reading, *, since: float = 0.0) -> World:
    """A world in which one signal reads this, from ``since`` on; well before that."""

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        return GOOD | ({key: reading} if at >= DEPLOYED_AT + since else {})

    return world


async def looked(
    given: Plan = READY,
    world: World = fine,
    *,
    scraped_every: float | None = 15.0,
    offset: float = 0.0,
    previous: str | None = "v2.4.0",
    earlier: Earlier = NOTHING_KNOWN,
    chosen: BaselineSource | None = None,
    absences: Mapping[SignalKey, Absence] | None = None,
    running: Callable[[float], Mapping[str, float]] | None = None,
) -> Preflight:
    source = MadeUpSource(FakeClock(DEPLOYED_AT), world)
    source.running = running
    source.missing = absences or {}
    source.scraped_every = scraped_every
    release = replace(RELEASE, previous=previous)
    given = given if chosen is None else compared_with(given, chosen)
    return await preflight(source, given, release, offset, earlier=earlier, chosen=chosen)


def told(checked: Preflight) -> list[str]:
    return [f"{finding.severity.value}: {finding.text}" for finding in checked.findings]
