"""What a facilitator does to a rehearsal changes its faults, and what is right to do."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from aftergreen.drill.directing.direction import as_directed, told_of, with_ready
from aftergreen.drill.directing.ready import READY
from aftergreen.drill.played import left_alone
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.drill.scenario.model import Cause, Decision, Truth
from aftergreen.drill.service.directed import Act, Direction, directed
from aftergreen.drill.service.effects import course, told
from aftergreen.drill.service.faults import Effect, Fault, On
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService
from aftergreen.model import Indicator
from tests.sampled import START, total

LATER = Fault(60.0, Effect(errors=0.08, latency=3.0), ramp=10.0, until=180.0, fade=20.0)
FOR_EVER = Fault(60.0, Effect(errors=0.08))
READIED = Fault(math.inf, Effect(errors=0.08))
SOFT = Effect(errors=0.04, latency=2.0)


@pytest.mark.parametrize(
    ("fault", "act", "at", "after"),
    [
        (LATER, Act.INJECT, 30.0, Fault(30.0, LATER.effect, ramp=10.0, until=150.0, fade=20.0)),
        (FOR_EVER, Act.INJECT, 200.0, Fault(200.0, FOR_EVER.effect)),
        (READIED, Act.INJECT, 90.0, Fault(90.0, READIED.effect)),
        (LATER, Act.END, 100.0, Fault(60.0, LATER.effect, ramp=10.0, until=100.0)),
        (LATER, Act.END, 30.0, Fault(math.inf, LATER.effect, ramp=10.0, until=180.0, fade=20.0)),
        (LATER, Act.SOFTEN, 100.0, Fault(60.0, SOFT, ramp=10.0, until=180.0, fade=20.0)),
    ],
)
def test_what_an_act_makes_of_a_fault(fault: Fault, act: Act, at: float, after: Fault) -> None:
    faults = (FOR_EVER, fault)
    assert directed(faults, Direction(at, act, 1), faults) == (FOR_EVER, after)


def test_a_softened_effect_keeps_what_is_no_measure() -> None:
    effect = Effect(dependency="payments", dependency_latency=5.0, waited=0.2, memory_leak=60.0)
    faults = (Fault(0.0, effect),)
    (softer,) = directed(faults, Direction(1.0, Act.SOFTEN, 0), faults)
    assert softer.effect == Effect(
        dependency="payments", dependency_latency=3.0, waited=0.2, memory_leak=30.0
    )


@pytest.mark.parametrize("act", [Act.END, Act.SOFTEN])
@pytest.mark.parametrize("at", [30.0, 100.0])
def test_what_is_injected_once_more_is_whole_again_and_lasts_as_long(act: Act, at: float) -> None:
    faults = directed((LATER,), Direction(at, act, 0), (LATER,))
    again = directed(faults, Direction(200.0, Act.INJECT, 0), (LATER,))
    assert again == (Fault(200.0, LATER.effect, ramp=10.0, until=320.0, fade=20.0),)


def failures(directions: list[Direction], until: float = 120.0, *, live: bool = False) -> float:
    """Failed requests of a service that is well by itself, told in advance or while it runs."""
    simulation = with_ready(find("healthy")).simulation
    service = SimulatedService(7, START - 60, START, simulation)
    service.deploy(RELEASED, START)
    for direction in directions:
        if live:
            service.advance(START + direction.at)
        service.direct(direction)
    service.advance(START + until)
    return total(service, "http_requests_total", status="500", version=RELEASED)


def test_an_injected_fault_begins_and_an_ended_one_is_over() -> None:
    usual = failures([])
    inject, end = Direction(30.0, Act.INJECT, 0), Direction(60.0, Act.END, 0)
    assert failures([inject]) > 5 * failures([inject, end]) / 3 > 10 * usual
    softer = failures([inject, Direction(31.0, Act.SOFTEN, 0)])
    assert 0.4 < softer / failures([inject]) < 0.65


def test_what_was_directed_is_repeated_to_the_sample() -> None:
    acts = [Direction(31.0, Act.INJECT, 0), Direction(65.0, Act.SOFTEN, 0), Direction(81.0, Act.END, 0)]
    assert failures(acts) == failures(acts, live=True)


def test_a_fault_that_waits_for_its_injection_changes_no_sample() -> None:
    plain = find("error-spike")
    services = [
        SimulatedService(7, START - 60, START, scenario.simulation) for scenario in (plain, with_ready(plain))
    ]
    for service in services:
        service.deploy(RELEASED, START)
        service.advance(START + 120)
    requests = [total(service, "http_requests_total", version=RELEASED) for service in services]
    assert requests[0] == requests[1]
    assert set(services[0].running.values()) == {RELEASED} != {PREVIOUS}


SPIKE, WELL, OURS = "error-spike", "healthy", 1
ROLL_BACK = Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, until=340.0, hurts=100.0)


@pytest.mark.parametrize(
    ("name", "directions", "before", "truth"),
    [
        (SPIKE, [], math.inf, Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 240.0, 20.0)),
        (
            SPIKE,
            [Direction(50.0, Act.INJECT, 0)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 270.0, 50.0),
        ),
        (
            SPIKE,
            [Direction(50.0, Act.END, 0)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.KEEP, None, 20.0),
        ),
        # What is done after the rollback says nothing about whether that was right.
        (
            SPIKE,
            [Direction(150.0, Act.END, 0)],
            100.0,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 240.0, 20.0),
        ),
        (WELL, [Direction(100.0, Act.INJECT, 0)], math.inf, ROLL_BACK),
        (
            WELL,
            [Direction(100.0, Act.INJECT, 0), Direction(110.0, Act.SOFTEN, 0)],
            math.inf,
            ROLL_BACK,
        ),
        (
            WELL,
            [Direction(100.0, Act.INJECT, 3)],
            math.inf,
            Truth(Indicator.DEPENDENCY, Cause.DEPENDENCY, Decision.CALL),
        ),
        # What is ended and injected again has to be answered again.
        (
            SPIKE,
            [Direction(50.0, Act.END, 0), Direction(80.0, Act.INJECT, 0)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 300.0, 80.0),
        ),
        # More traffic is no reason to keep a release that harms, and a slow database outranks it.
        (
            SPIKE,
            [Direction(40.0, Act.INJECT, OURS + 4), Direction(50.0, Act.END, 0)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.KEEP, None, 20.0),
        ),
        (
            WELL,
            [Direction(40.0, Act.INJECT, 3), Direction(50.0, Act.INJECT, 4)],
            math.inf,
            Truth(Indicator.DEPENDENCY, Cause.DEPENDENCY, Decision.CALL),
        ),
        (
            WELL,
            [Direction(40.0, Act.INJECT, 3), Direction(50.0, Act.END, 3)],
            math.inf,
            Truth(Indicator.DEPENDENCY, Cause.DEPENDENCY, Decision.KEEP),
        ),
        # What was waited through is not undone by its end, nor what has leaked.
        (
            SPIKE,
            [Direction(250.0, Act.END, 0)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 240.0, 20.0),
        ),
        (
            WELL,
            [Direction(100.0, Act.INJECT, 2), Direction(150.0, Act.END, 2)],
            math.inf,
            Truth(Indicator.SATURATION, Cause.RELEASE, Decision.ROLL_BACK, 340.0, 160.0),
        ),
        # A surge goes on and is no fault: there is nothing left to answer.
        (
            "traffic-surge",
            [Direction(80.0, Act.INJECT, 1), Direction(100.0, Act.END, 1)],
            math.inf,
            find("traffic-surge").truth,
        ),
        ("database-outage", [Direction(80.0, Act.INJECT, 5)], math.inf, find("database-outage").truth),
        # A fault of the past was no part of what has to be answered.
        ("polluted-baseline", [Direction(100.0, Act.INJECT, 0)], math.inf, find("polluted-baseline").truth),
        # A release that has to be rolled back has to be, whatever comes on top.
        (
            SPIKE,
            [Direction(100.0, Act.INJECT, OURS + 3)],
            math.inf,
            Truth(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 240.0, 20.0),
        ),
    ],
)
def test_what_is_right_follows_what_was_directed(
    name: str, directions: list[Direction], before: float, truth: Truth
) -> None:
    assert as_directed(find(name), directions, before).truth == truth


def test_a_scenario_has_the_faults_that_came_to_be() -> None:
    found = as_directed(find(WELL), [Direction(100.0, Act.INJECT, 0)])
    assert [(fault.at, told(fault)) for fault in found.simulation.faults] == [(100.0, "errors +8.00 %")]
    assert as_directed(find(SPIKE), []) == find(SPIKE)


def test_the_rules_meet_what_was_directed(tmp_path: Path) -> None:
    alone = left_alone(find(WELL), 7, tmp_path, [Direction(30.0, Act.INJECT, 0)])
    assert alone.ruled is not None
    assert alone.ruled.rolled_back is not None
    assert 60.0 < alone.ruled.rolled_back < 150.0
    assert alone.others["one bad sample (Argo Rollouts, Flagger)"] is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", names())
def test_every_fault_can_be_told_in_a_line(name: str) -> None:
    for fault in with_ready(find(name)).simulation.faults:
        assert told(fault)
        assert len(f"{told(fault)} {course(fault)}") < 78


@pytest.mark.parametrize(
    ("fault", "line", "comes"),
    [
        (Fault(0.0, Effect(serves=0.0), On.INSTANCE), "serves nothing on one instance", ""),
        (
            Fault(0.0, Effect(traffic=2.0, cpu=0.5), On.SERVICE, every=120.0, lasts=40.0),
            "traffic ×2, cpu ×0.5, whatever version runs",
            "every 2m for 40s",
        ),
        (
            Fault(0.0, Effect(memory_leak=62914560.0), ramp=30.0, until=90.0, fade=15.0),
            "memory leaks 60.0 MiB a minute",
            "over 30s, fades in 15s",
        ),
        (
            Fault(0.0, Effect(dependency="payments", dependency_latency=6.0, dependency_errors=0.03)),
            "payments ×6 as slow, payments fails 3.00 %",
            "",
        ),
    ],
)
def test_a_fault_in_words(fault: Fault, line: str, comes: str) -> None:
    assert (told(fault), course(fault)) == (line, comes)


def test_what_was_done_is_told_with_the_fault() -> None:
    assert told_of(find(SPIKE), Direction(50.0, Act.END, 0)) == "ended errors +8.00 %"
    assert len(READY) == 5
