"""Drives the real engine through made-up readings: the one builder of plans and samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aftergreen import words
from aftergreen.model import (
    Backend,
    BaselinePlan,
    Condition,
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Release,
    RollbackPlan,
    Rule,
    Service,
    Signal,
    SignalKey,
    Then,
    Timing,
)
from aftergreen.promql import reaches
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.begin import begin
from aftergreen.verdict.ranges import baseline_instants
from aftergreen.verdict.state import Event, EventKind, Phase, ReleaseState, Setup, State
from aftergreen.verdict.step import step

DEPLOYED_AT = 1_700_000_000.0

GOOD: dict[str, Reading] = {
    "error-rate/HTTP 5xx": Reading(Kind.VALUE, 0.001, 3000.0, 3.0),
    "latency/average": Reading.of(0.175, 3000.0),
    "saturation/db connections": Reading.of(41.0),
    "dependency/orders-db/connect": Reading.of(0.008),
    "business/registrations": Reading.of(312.0),
}


def errors(rate: float, count: float = 3000.0) -> Reading:
    """A reading of the error rate: none of so many requests is `zero`."""
    kind = Kind.VALUE if rate else Kind.ZERO
    return Reading(kind, rate, count, rate * count)


def above(
    limit: float, *, lasting: float = 120.0, then: Then = Then.ROLLBACK, clear: float | None = None
) -> Rule:
    return Rule(Condition.ABOVE, limit, lasting, then, clear=clear, clear_for=lasting)


def below(limit: float, *, lasting: float = 120.0, then: Then = Then.ROLLBACK) -> Rule:
    return Rule(Condition.BELOW, limit, lasting, then, clear_for=lasting)


def above_baseline(change: float, *, floor: float = 0.0, lasting: float = 120.0) -> Rule:
    rule = Rule(Condition.ABOVE_BASELINE, change, lasting, Then.ROLLBACK, clear_for=lasting)
    return replace(rule, by_at_least=floor)


def below_baseline(change: float, *, floor: float = 0.0, lasting: float = 180.0) -> Rule:
    rule = Rule(Condition.BELOW_BASELINE, change, lasting, Then.ROLLBACK, clear_for=lasting)
    return replace(rule, by_at_least=floor)


def climbing(lasting: float = 300.0, *, floor: float = 0.0, then: Then = Then.ROLLBACK) -> Rule:
    return Rule(Condition.CLIMBING, lasting, 0.0, then, by_at_least=floor, clear_for=lasting)


def exhausts(within: float, capacity: float, *, lasting: float = 60.0) -> Rule:
    rule = Rule(Condition.EXHAUSTS, within, lasting, Then.ROLLBACK, clear_for=lasting)
    return replace(rule, capacity=capacity)


def silent(lasting: float = 180.0, *, then: Then = Then.ROLLBACK) -> Rule:
    return Rule(Condition.SILENT, lasting, lasting, then, clear_for=lasting)


def with_rule(key: str, *rules: Rule) -> Plan:
    """The usual plan, in which one signal has other rules."""
    usual = plan()
    changed = tuple(replace(s, rules=rules) if s.key == key else s for s in usual.signals)
    return replace(usual, signals=changed)


def signals() -> tuple[Signal, ...]:
    """Five signals, one for each indicator, with the rules of the configuration's example."""
    return (
        Signal(
            Indicator.ERROR_RATE,
            "HTTP 5xx",
            "%",
            60.0,
            (above(0.01),),
            numerator='sum(increase(http_requests_total{status=~"5.."}[$window]))',
            denominator="sum(increase(http_requests_total[$window]))",
            events=True,
        ),
        Signal(
            Indicator.LATENCY,
            "average",
            "s",
            60.0,
            (above_baseline(0.5, floor=0.02),),
            numerator="sum(increase(http_request_duration_seconds_sum[$window]))",
            denominator="sum(increase(http_request_duration_seconds_count[$window]))",
        ),
        Signal(Indicator.SATURATION, "db connections", "", 60.0, (above(80.0),), query="sum(db_pool_in_use)"),
        Signal(
            Indicator.DEPENDENCY,
            "connect",
            "s",
            60.0,
            (above(0.5, lasting=60.0, then=Then.WARN),),
            query="orders_db_connect_seconds",
            dependency="orders-db",
        ),
        Signal(
            Indicator.BUSINESS,
            "registrations",
            "/min",
            60.0,
            (below_baseline(0.3, floor=1.0),),
            query="sum(increase(registrations_total[$window])) / ($window_seconds / 60)",
        ),
    )


def plan(**changes: object) -> Plan:
    """A plan for a 15-minute watch at 15 s; keyword arguments replace its fields."""
    usual = Plan(
        service=Service("checkout-api"),
        backend=Backend("http://127.0.0.1:9090"),
        timing=Timing(),
        baseline=BaselinePlan(),
        signals=signals(),
        rollback=RollbackPlan(("kubectl", "rollout", "undo", "deployment/{service}")),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # a test's own keyword arguments


def past(
    plan: Plan, readings: Mapping[str, Reading] | None = None, deployed_at: float = DEPLOYED_AT
) -> tuple[Instant, ...]:
    """The instants of the baseline, all alike."""
    known = keyed(GOOD | dict(readings or {}), plan)
    return tuple(Instant(at, known) for at in baseline_instants(plan, deployed_at))


def setup(
    plan: Plan,
    *,
    before: Mapping[str, Reading] | None = None,
    advice_ends: bool = False,
    deployed_at: float = DEPLOYED_AT,
) -> Setup:
    release = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", deployed_at, 7)
    baselines = summarise(plan, deployed_at, past(plan, before, deployed_at))
    return Setup(plan, release, "7f3a9c21", baselines, advice_ends=advice_ends, reach=reaches(plan.signals))


def share_of(reading: Reading, seconds: float, window: float) -> tuple[float, float]:
    """Trials and failures of the last ``seconds``, if the whole window was like them."""
    share = seconds / window
    return (reading.count or 0.0) * share, (reading.failures or 0.0) * share


def with_totals(state: State, readings: Mapping[SignalKey, Reading]) -> dict[SignalKey, Reading]:
    """The readings with what was counted since the view began, as a backend would have it."""
    plan, counted = state.setup.plan, dict(readings)
    for signal in plan.signals:
        reading = readings.get(signal.key)
        if not signal.events or reading is None or reading.count is None or reading.total is not None:
            continue
        trials, failures = share_of(reading, plan.timing.interval, signal.window)
        before = state.signals[signal.key].counts.total
        counted[signal.key] = replace(reading, total=(before[0] + trials, before[1] + failures))
    return counted


class Scenario:
    """A release under way: feed it readings, look at its state and at what it told."""

    def __init__(self, given: Plan | None = None, **how: object) -> None:
        self.plan = given or plan()
        self.setup = setup(self.plan, **how)  # type: ignore[arg-type]  # a test's own keyword arguments
        self.state: State
        self.state, events = begin(self.setup, past(self.plan, deployed_at=self.setup.release.deployed_at))
        self.events: list[Event] = list(events)
        self.control: Mapping[str, Reading] = {}

    def feed(
        self,
        seconds: float,
        readings: Mapping[str, Reading] | None = None,
        running: Mapping[str, float] | None = None,
        *,
        fresh: bool | None = None,
    ) -> Scenario:
        """So many seconds of instants that are good except for ``readings``."""
        for _ in range(round(seconds / self.plan.timing.interval)):
            self.instant(readings, running, fresh=fresh)
        return self

    def instant(
        self,
        readings: Mapping[str, Reading] | None = None,
        running: Mapping[str, float] | None = None,
        *,
        fresh: bool | None = None,
    ) -> Scenario:
        at = round(self.state.at + self.plan.timing.interval, 3)
        known = with_totals(self.state, keyed(GOOD | dict(readings or {}), self.plan))
        control = keyed(self.control, self.plan)
        return self.take(step(self.state, Instant(at, known, running, fresh, control)))

    def course(self, seconds: float, key: str, value: Callable[[float], float]) -> Scenario:
        """So many seconds in which a signal is a function of the release's age."""
        for _ in range(round(seconds / self.plan.timing.interval)):
            self.instant({key: Reading.of(value(self.age + self.plan.timing.interval))})
        return self

    def blind(self, seconds: float, detail: str = "connection refused") -> Scenario:
        return self.feed(seconds, dict.fromkeys(GOOD, Reading.unknown(Kind.BLIND, detail)))

    def take(self, result: tuple[State, Sequence[Event]]) -> Scenario:
        self.state = result[0]
        self.events.extend(result[1])
        return self

    def told(self, *kinds: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]

    def stands(self) -> ReleaseState:
        """Where the release stands; a call, because it is another state after each instant."""
        return self.state.state

    def phase(self, rule: int = 0) -> Phase:
        """Where one of its rules stands."""
        return self.state.rules[rule].phase

    @property
    def age(self) -> float:
        """Seconds since the deployment."""
        return self.state.at - self.setup.release.deployed_at


def what_is_missing(state: State) -> tuple[str, ...]:
    """What keeps a release from being finished, in words."""
    return tuple(words.lacking(found) for found in state.missing)


def keyed(readings: Mapping[str, Reading], plan: Plan) -> dict[SignalKey, Reading]:
    return {signal.key: readings[signal.key] for signal in plan.signals if signal.key in readings}


def only(plan: Plan, keep: Callable[[Signal], bool]) -> Plan:
    """The plan with some of its signals, the other indicators waived."""
    kept: Iterable[Signal] = tuple(signal for signal in plan.signals if keep(signal))
    there = {signal.indicator for signal in kept}
    waived = {indicator: "not part of this test" for indicator in Indicator if indicator not in there}
    return replace(plan, signals=tuple(kept), waived=waived)
