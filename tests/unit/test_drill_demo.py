"""The demo: its configuration, its story and its timeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import pytest

from aftergreen.config import loads, warnings_of
from aftergreen.drill import demo as demonstration
from aftergreen.drill.demo import SCENARIO, start_demo
from aftergreen.drill.promql.evaluate import evaluate, parse
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService
from aftergreen.drill.world import PAST, Drill
from aftergreen.model import Indicator, Kind, Plan, Signal, Then, View
from aftergreen.promql import substitute
from aftergreen.sources import live_source
from tests.made_up import HeldClock

SIMULATION = find(SCENARIO).simulation
DEPLOYED = 1_800_000_000.0
SPEED = 8.0
COMMAND_TAKES = 2.5 * SPEED
"""What the rollback command's two and a half real seconds are in simulated time."""


@pytest.fixture
def demo() -> Iterator[Drill]:
    demo = start_demo()
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return loads(demonstration.configuration("http://127.0.0.1:1"))


class Story:
    """The demo's service without its server, read as the engine's windows read it."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.service = SimulatedService(seed, DEPLOYED - PAST, DEPLOYED, SIMULATION)
        self.service.deploy(RELEASED, DEPLOYED)

    def read(self, signal: Signal, age: float, since: float | None, version: str = RELEASED) -> float | None:
        """The signal's value ``age`` seconds after the deployment; no window reaches back past ``since``."""
        self.service.advance(DEPLOYED + age)
        window = signal.window if since is None else min(signal.window, age - since)
        answers = []
        for query in signal.queries:
            text = substitute(query, window=window, version=version)
            vector = evaluate(self.service.store, parse(text), round((DEPLOYED + age) * 1000))
            assert isinstance(vector, dict)
            answers.append(next(iter(vector.values()), None))
        if signal.numerator is None or answers[0] is None or not answers[1]:
            return answers[0]
        return answers[0] / answers[1]

    def fires(self, signal: Signal, limit: float, sustained: float, until: float) -> float | None:
        """When a fuse above ``limit`` would fire, in seconds after the deployment; None if not until then."""
        burning: float | None = None
        age = 30.0
        while age <= until:
            value = self.read(signal, age, since=0.0)
            if value is None or value <= limit:
                burning = None
            elif burning is None:
                burning = age
            elif age - burning >= sustained:
                return age
            age += self.plan.timing.interval
        return None

    def median(self, signal: Signal) -> float:
        """The signal's median over the ten minutes before the deployment."""
        values = []
        for back in range(40, 640, 5):
            value = self.read(signal, -float(back), since=None, version=PREVIOUS)
            assert value is not None
            values.append(value)
        return sorted(values)[len(values) // 2]


def signals(plan: Plan) -> Mapping[str, Signal]:
    return {signal.label: signal for signal in plan.signals}


def test_the_configuration_is_an_ordinary_one_without_warnings(plan: Plan) -> None:
    assert warnings_of(plan) == ()
    assert {signal.indicator for signal in plan.signals} == set(Indicator)
    assert plan.service.environment == "drill"
    assert plan.rollback is not None
    assert plan.rollback.command[:3] == (sys.executable, "-m", "aftergreen.drill.switch")


def test_an_interpreter_with_braces_in_its_path_is_no_placeholder() -> None:
    plan = loads(demonstration.configuration("http://127.0.0.1:1", '/opt/{py}/"3"\\ü'))
    assert plan.rollback is not None
    assert plan.rollback.command[0] == '/opt/{{py}}/"3"\\ü'


@pytest.mark.parametrize("seed", [7, 1, 2, 3])
def test_the_error_rate_breaks_first_of_the_rules_that_roll_back(plan: Plan, seed: int) -> None:
    story = Story(plan, seed)
    named = signals(plan)
    latency_before = story.median(named["average"])
    fired = story.fires(named["HTTP 5xx"], 0.01, 60, until=300)
    assert fired is not None
    # In real seconds on the screen.
    assert 25 <= fired / SPEED <= 30
    assert story.read(named["HTTP 5xx"], 300, since=0.0) == pytest.approx(0.05, rel=0.2)
    average = story.read(named["average"], 300, since=0.0)
    assert average == pytest.approx(latency_before * 1.35, rel=0.05)
    connections = story.read(named["db connections"], 300, since=0.0)
    assert connections == pytest.approx(63, abs=6)
    for quiet, limit in (("cpu", 0.85), ("memory", 900 * 1024**2), ("session-cache latency", 0.05)):
        value = story.read(named[quiet], 300, since=0.0)
        assert value is not None
        assert value < limit * 0.9


@pytest.mark.parametrize("seed", [7, 1, 2, 3])
def test_the_database_was_slow_about_forty_seconds_before_the_errors(plan: Plan, seed: int) -> None:
    named = signals(plan)
    slow = Story(plan, seed).fires(named["orders-db latency"], 0.5, 0.1, until=300)
    failing = Story(plan, seed).fires(named["HTTP 5xx"], 0.01, 0.1, until=300)
    assert slow is not None
    assert failing is not None
    assert 25 <= failing - slow <= 55
    assert all(rule.then is Then.WARN for rule in named["orders-db latency"].rules)


@pytest.mark.parametrize("seed", [7, 1, 2, 3])
def test_registrations_sag_without_reaching_their_rule(plan: Plan, seed: int) -> None:
    story = Story(plan, seed)
    registrations = signals(plan)["registrations"]
    before = story.median(registrations)
    values = [story.read(registrations, float(age), since=0.0) for age in range(35, 400, 5)]
    assert all(value is not None and value > 0.62 * before for value in values)


@pytest.mark.parametrize("seed", [7, 1, 2, 3])
def test_after_the_rollback_everything_is_as_before(plan: Plan, seed: int) -> None:
    story = Story(plan, seed)
    named = signals(plan)
    usual = {label: story.median(signal) for label, signal in named.items()}
    started = 230.0
    story.service.advance(DEPLOYED + started)
    for number, instance in enumerate(SIMULATION.names, 1):
        story.service.deploy(PREVIOUS, DEPLOYED + started + number * COMMAND_TAKES / 4, instance)
    ended = started + COMMAND_TAKES + 2
    for age in (ended + plan.timing.window + at for at in range(0, 65, 5)):
        value = {label: story.read(signal, age, ended, PREVIOUS) for label, signal in named.items()}
        assert value["HTTP 5xx"] is not None
        assert value["HTTP 5xx"] < 0.005
        for label in ("average", "p95", "db connections", "orders-db latency", "cpu", "memory"):
            assert value[label] == pytest.approx(usual[label], rel=0.2), label
        assert value["registrations"] == pytest.approx(usual["registrations"], rel=0.38)
    # Windows fill, then everything stays clear for a minute: recovery is told within twenty real seconds.
    assert (ended + plan.timing.window + 60 - started) / SPEED < 20


async def test_the_very_same_source_reads_the_demo() -> None:
    demo = start_demo(clock=lambda _: HeldClock(DEPLOYED))
    source = live_source(demo.plan)
    deployed_at = demo.release.deployed_at
    before = View(PREVIOUS, None)
    try:
        assert await source.now() == pytest.approx(DEPLOYED, abs=1)
        scrapes = await source.prepare(demo.plan.signals, deployed_at - 60, before)
        assert all(scrape == pytest.approx(2, rel=0.1) for scrape in scrapes.values())
        past = await source.history(demo.plan.signals, [deployed_at - 640, deployed_at - 40], before)
        await demo.clock.sleep(deployed_at + 9 - demo.clock.now())
        now = await source.read(demo.plan.signals, deployed_at + 9, View(RELEASED, deployed_at))
    finally:
        await source.close()
        demo.close()
    for instant in past:
        assert {reading.kind for reading in instant.readings.values()} == {Kind.VALUE}
        assert instant.running == {PREVIOUS: 4.0}
    assert all(reading.compared for reading in now.readings.values())
    assert now.running == {RELEASED: 4.0}


def test_its_release_was_deployed_just_now(demo: Drill) -> None:
    release = demo.release
    assert (release.version, release.previous, release.number) == (RELEASED, PREVIOUS, 0)
    assert release.deployed_at == round(release.deployed_at, 3)
    assert release.name == "checkout-api/drill/v2.4.1#0"
