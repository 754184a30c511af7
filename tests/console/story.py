"""Releases told through the real engine, so that every snapshot a test shows is a true one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace

from aftergreen.model import Indicator, Instant, Kind, Plan, Reading, Signal, SignalKey, Then
from aftergreen.verdict.automatic import acting_on, counted_down, held
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.begin import begin
from aftergreen.verdict.present import present
from aftergreen.verdict.ranges import baseline_instants
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Countdown, Event, EventKind, Hold, Rollback, Setup, State
from aftergreen.verdict.step import abandon, step
from aftergreen.verdict.verify import rollback_ended, rollback_started
from tests.scenario import DEPLOYED_AT, above, plan, setup, signals, with_totals

ERRORS = SignalKey("error-rate/HTTP 5xx")
LATENCY = SignalKey("latency/average")
CONNECTIONS = SignalKey("saturation/db connections")
ORDERS = SignalKey("dependency/orders-db/connect")
REGISTRATIONS = SignalKey("business/registrations")

COMMAND = ("kubectl", "rollout", "undo", "deployment/checkout-api")


@dataclass(frozen=True)
class Usual:
    """What a signal reads while all is well, and by which share it varies."""

    value: float
    noise: float = 0.05
    count: float | None = None


USUAL: Mapping[str, Usual] = {
    "error-rate/HTTP 5xx": Usual(0.001, 0.3, 1244.0),
    "latency/average": Usual(0.175, 0.03, 1244.0),
    "latency/p95": Usual(0.402, 0.03),
    "saturation/db connections": Usual(41.0, 0.05),
    "saturation/cpu": Usual(0.41, 0.05),
    "saturation/memory": Usual(1.18 * 1024**3, 0.01),
    "saturation/disk i/o": Usual(11 * 1024.0**2, 0.1),
    "dependency/orders-db/connect": Usual(0.008, 0.1),
    "dependency/session-cache/get": Usual(0.0004, 0.1),
    "dependency/payments/authorise": Usual(0.059, 0.05),
    "dependency/events/publish": Usual(0.003, 0.1),
    "business/registrations": Usual(312.0, 0.04),
}


def busy_plan() -> Plan:
    """A plan as a real service has it: several signals of saturation, latency and dependencies."""

    def gauge(
        indicator: Indicator, name: str, unit: str, limit: float, dependency: str | None = None
    ) -> Signal:
        rule = above(limit, lasting=60.0, then=Then.WARN)
        return Signal(indicator, name, unit, 60.0, (rule,), query="up", dependency=dependency)

    errors, latency, connections, orders, registrations = signals()
    return plan(
        signals=(
            errors,
            latency,
            gauge(Indicator.LATENCY, "p95", "s", 0.9),
            connections,
            gauge(Indicator.SATURATION, "cpu", "%", 0.85),
            gauge(Indicator.SATURATION, "memory", "bytes", 2.0 * 1024**3),
            gauge(Indicator.SATURATION, "disk i/o", "bytes", 90.0 * 1024**2),
            orders,
            gauge(Indicator.DEPENDENCY, "get", "s", 0.05, "session-cache"),
            gauge(Indicator.DEPENDENCY, "authorise", "s", 0.5, "payments"),
            gauge(Indicator.DEPENDENCY, "publish", "s", 0.2, "events"),
            registrations,
        )
    )


class Story:
    """A release that is fed instant by instant; ``snapshot`` is what the watch would publish.

    Readings are given by the signal's key; a number is a value of about that height.
    """

    def __init__(self, given: Plan | None = None, context: Context | None = None) -> None:
        self.plan = given or busy_plan()
        self.context = context or Context(operator="ana@bastion2", journal="this user only")
        self._random = random.Random(7)
        before = tuple(
            Instant(at, self._readings(at, {})) for at in baseline_instants(self.plan, DEPLOYED_AT)
        )
        baselines = summarise(self.plan, DEPLOYED_AT, before)
        self.setup: Setup = replace(setup(self.plan), baselines=baselines)
        self.output: tuple[str, ...] = ()
        self.state: State
        self.state, events = begin(self.setup, before)
        self.events: list[Event] = list(events)

    def copy(self) -> Story:
        """The same story, to be told on in another way."""
        other = copy(self)
        other.events = list(self.events)
        other._random = deepcopy(self._random)
        return other

    @property
    def snapshot(self) -> Snapshot:
        return present(self.state, self.context, events=self.events, output=self.output)

    @property
    def now(self) -> float:
        """The backend's time at which a poll of the newest instant is done."""
        return self.state.at + self.plan.backend.lag + 1

    def feed(self, seconds: float, readings: Mapping[SignalKey, Reading | float] | None = None) -> Story:
        """So many seconds that are well except for ``readings``."""
        for _ in range(round(seconds / self.plan.timing.interval)):
            at = round(self.state.at + self.plan.timing.interval, 3)
            known = with_totals(self.state, self._readings(at, readings or {}))
            self._take(step(self.state, Instant(at, known)))
        return self

    def blind(self, seconds: float, detail: str = "connection refused") -> Story:
        lost = Reading.unknown(Kind.BLIND, detail)
        return self.feed(seconds, {signal.key: lost for signal in self.plan.signals})

    def roll_back(self, *, output: Sequence[str] = (), by: str = "ana@bastion2", reason: str = "") -> Story:
        """The command has started."""
        attempt = self.state.rollback.attempt + 1 if self.state.rollback is not None else 1
        self.output = tuple(output)
        return self._take(
            rollback_started(self.state, Rollback(attempt, by, COMMAND, self.state.at, reason=reason))
        )

    def count_down(self, grace: float = 10.0, *, dry: bool = False) -> Story:
        """A console has announced, as soon as it knew, that the release will be rolled back."""
        at = self.state.at + self.plan.backend.lag
        return self._take(counted_down(self.state, Countdown(at, at + grace, acting_on(self.state), dry)))

    def hold(self, reason: str = "", by: str = "ana@bastion2") -> Story:
        """Somebody holds it."""
        return self._take(held(self.state, Hold(by, self.now, reason)))

    def rolled_back(
        self,
        *,
        after: float = 15.0,
        exit_code: int | None = 0,
        error: str = "",
        timed_out: bool = False,
        unknown: bool = False,
    ) -> Story:
        """The command has ended, or nobody knows how."""
        started = self.state.rollback
        assert started is not None
        ended = replace(
            started,
            ended_at=started.started_at + after,
            exit_code=exit_code,
            error=error,
            timed_out=timed_out,
            unknown=unknown,
        )
        return self._take(rollback_ended(self.state, ended))

    def abandoned(self) -> Story:
        return self._take(abandon(self.state, "nobody watches any more", by="ana@bastion2"))

    def noted(self, text: str) -> Story:
        self.events.append(Event(self.state.at, EventKind.NOTE, text=text, by="ana@bastion2"))
        return self

    def _take(self, result: tuple[State, Sequence[Event]]) -> Story:
        self.state = result[0]
        self.events.extend(result[1])
        return self

    def _readings(self, at: float, given: Mapping[SignalKey, Reading | float]) -> dict[SignalKey, Reading]:
        readings = {}
        for signal in self.plan.signals:
            usual = USUAL.get(signal.key, Usual(1.0))
            wanted = given.get(signal.key, usual.value)
            read = wanted if isinstance(wanted, Reading) else self._read(signal, usual, wanted)
            readings[signal.key] = replace(read, newest=at) if read.compared else read
        return readings

    def _read(self, signal: Signal, usual: Usual, value: float) -> Reading:
        noisy = max(0.0, value * (1 + usual.noise * self._random.uniform(-1, 1)))
        if signal.events and usual.count is not None:
            failures = round(noisy * usual.count)
            kind = Kind.VALUE if failures else Kind.ZERO
            return Reading(kind, failures / usual.count, usual.count, float(failures))
        return Reading(Kind.VALUE, noisy, usual.count)
