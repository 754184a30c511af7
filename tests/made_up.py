"""A backend and a clock that are made up: the answers are a function of the instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aftergreen.clock import Clock
from aftergreen.model import Instant, Kind, Reading, Signal, SignalKey, View
from aftergreen.sources.protocol import Absence, SourceUnavailable
from tests.scenario import DEPLOYED_AT, GOOD, errors, share_of
from tests.waiting import until

ERRORS = "error-rate/HTTP 5xx"
INTERVAL = 15.0
World = Callable[[float, View], Mapping[str, Reading]]


class FakeClock:
    """Time that passes only while somebody waits for it, and not while `held` says that it stands.

    `asleep` says for how many seconds the machine sleeps on when somebody wanted to wake at a time.
    """

    def __init__(self, start: float) -> None:
        self.time = start
        self.held: Callable[[], bool] = lambda: False
        self.set_by = 0.0
        self.speed = 0.0
        self.asleep: Callable[[float], float] = lambda _at: 0.0

    def now(self) -> float:
        return self.time

    def stepped(self) -> float:
        return self.set_by

    async def sleep(self, seconds: float) -> None:
        # A turn of the loop lets real processes and orders come in between.
        await asyncio.sleep(0.002)
        # A command takes as long as the machine needs for it, which is no time of this clock.
        await until(lambda: not self.held(), "a real command to end")
        self.time += max(0.0, seconds)
        self.time += self.asleep(self.time)


@dataclass
class HeldClock:
    """A clock that stands still until somebody moves it, or waits by it."""

    time: float
    speed: float = 0.0

    def now(self) -> float:
        return self.time

    def stepped(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


class MadeUpSource:
    """A backend whose answers are a function of the instant; down in the spans of ``outages``."""

    def __init__(self, clock: Clock, world: World, outages: Sequence[tuple[float, float]] = ()) -> None:
        self._clock = clock
        self._world = world
        self._outages = outages
        self.asked: list[float] = []
        self.asked_again: list[float] = []
        self.scraped_every: float | None = 15.0
        self.closed = False
        self.bounds: Mapping[SignalKey, tuple[float, ...]] = {}
        self.missing: Mapping[SignalKey, Absence] = {}
        self.running: Callable[[float], Mapping[str, float]] | None = None

    def _up(self) -> bool:
        return not any(start <= self._clock.now() < end for start, end in self._outages)

    def _world_at(self, at: float, view: View) -> Mapping[str, Reading]:
        """The made-up readings, with what was counted since the view began."""
        world = dict(self._world(at, view))
        if view.since is None or world[ERRORS].count is None:
            return world
        total = (0.0, 0.0)
        for step in range(1, round((at - view.since) / INTERVAL) + 1):
            reading = self._world(view.since + step * INTERVAL, view)[ERRORS]
            trials, failures = share_of(reading, INTERVAL, 60.0)
            total = total[0] + trials, total[1] + failures
        world[ERRORS] = replace(world[ERRORS], total=total)
        return world

    def _instant(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        world = self._world_at(at, view)
        if not self._up():
            blind = Reading.unknown(Kind.BLIND, "connection refused")
            return Instant(at, {s.key: blind if s.probe is None else world[s.key] for s in signals})
        running = None if self.running is None else self.running(at)
        return Instant(at, {signal.key: world[signal.key] for signal in signals}, running)

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        self.asked.append(at)
        return self._instant(signals, at, view)

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        self.asked_again.extend(instants)
        return tuple(self._instant(signals, at, view) for at in instants)

    async def prepare(
        self,
        signals: Sequence[Signal],
        at: float,  # noqa: ARG002  # the protocol's
        view: View,  # noqa: ARG002  # the protocol's
    ) -> Mapping[SignalKey, float | None]:
        return {signal.key: self.scraped_every for signal in signals}

    async def absences(
        self,
        signals: Sequence[Signal],  # noqa: ARG002  # the protocol's
        at: float,  # noqa: ARG002  # the protocol's
        view: View,  # noqa: ARG002  # the protocol's
    ) -> Mapping[SignalKey, Absence]:
        return self.missing

    async def buckets(
        self,
        signals: Sequence[Signal],  # noqa: ARG002  # the protocol's
        at: float,  # noqa: ARG002  # the protocol's
        view: View,  # noqa: ARG002  # the protocol's
    ) -> Mapping[SignalKey, tuple[float, ...]]:
        return self.bounds

    async def now(self) -> float:
        if not self._up():
            raise SourceUnavailable("connection refused")
        return self._clock.now()

    async def close(self) -> None:
        self.closed = True


def fine(at: float, view: View) -> Mapping[str, Reading]:
    assert at > 0
    assert view.since is None or view.since > 0
    return GOOD


def bad_from(start: float, until_version: str = "v2.4.0") -> World:
    """Errors from ``start`` seconds after the deployment, as long as the new version is looked at."""

    def world(at: float, view: View) -> Mapping[str, Reading]:
        broken = at >= DEPLOYED_AT + start and view.version != until_version
        return GOOD | ({ERRORS: errors(0.0498)} if broken else {})

    return world
