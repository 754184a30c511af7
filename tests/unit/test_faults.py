"""What goes wrong with the simulated service, and what its load makes of that."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import fmean, variance

import pytest

from aftergreen.drill.service.behaviour import Behaviour, under_load
from aftergreen.drill.service.chance import clustered
from aftergreen.drill.service.faults import Effect, Fault, On, changed
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService, Simulation
from tests.sampled import START, series, total

NORMAL = Behaviour()
LONG_AGO = -900.0


def deployed(*faults: Fault, to: float = 300.0, **how: object) -> SimulatedService:
    """A service with these faults, all of whose instances run the release, so long after that."""
    simulation = Simulation(faults=faults, **how)  # type: ignore[arg-type]  # its own fields
    service = SimulatedService(7, START, START, simulation)
    service.deploy(RELEASED, START)
    service.advance(START + to)
    return service


@pytest.mark.parametrize(
    ("age", "share"),
    [(0, 0), (9.9, 0), (10, 0), (15, 0.5), (20, 1), (59, 1), (60, 1), (70, 0.5), (80, 0), (1e6, 0)],
)
def test_a_fault_ramps_up_lasts_and_fades(age: float, share: float) -> None:
    fault = Fault(10, Effect(), ramp=10, until=60, fade=20)
    assert fault.share(age) == pytest.approx(share)


@pytest.mark.parametrize(("age", "share"), [(29, 0), (30, 1), (59, 1), (60, 0), (119, 0), (120, 1), (150, 0)])
def test_a_fault_may_come_and_go(age: float, share: float) -> None:
    assert Fault(30, Effect(), every=90, lasts=30).share(age) == share


def test_factors_and_shares_grow_with_the_fault() -> None:
    effect = Effect(errors=0.1, latency=2.0, dependency="payments", dependency_latency=3.0, business=0.5)
    half = changed(NORMAL, [Fault(0, effect, ramp=100)], 50, LONG_AGO)
    assert half.error_rate == pytest.approx(0.051)
    assert half.latency == pytest.approx(NORMAL.latency * 1.5)
    assert half.registrations == pytest.approx(NORMAL.registrations * 0.75)
    assert [one.latency for one in half.dependencies] == pytest.approx([0.008, 0.0012, 0.42])


@pytest.mark.parametrize(("started", "minutes"), [(LONG_AGO, 5.0), (0.0, 5.0), (120.0, 4.0), (360.0, 0.0)])
def test_a_leak_begins_anew_with_every_process(started: float, minutes: float) -> None:
    leaking = changed(NORMAL, [Fault(60, Effect(connection_leak=10))], 360, started)
    assert leaking.db_connections == pytest.approx(NORMAL.db_connections + 10 * minutes)


def test_what_is_normal_stays_so_under_load() -> None:
    assert under_load(NORMAL, NORMAL) == NORMAL


def test_a_slow_database_holds_connections_and_a_full_pool_turns_requests_away() -> None:
    database, *others = NORMAL.dependencies
    slow = replace(NORMAL, dependencies=(replace(database, latency=0.5), *others))
    found = under_load(slow, NORMAL)
    # Little's law: 120 requests a second, 0.6 queries each, of half a second.
    assert found.db_connections == pytest.approx(41 + 120 * 0.6 * 0.492)
    assert found.latency == pytest.approx(0.175 + 0.6 * 0.492)
    assert found.error_rate == NORMAL.error_rate
    full = under_load(replace(slow, pool=50.0), NORMAL)
    assert full.db_connections == 50.0
    assert full.error_rate > 0.1
    assert full.latency > found.latency
    assert full.registrations < found.registrations * 0.9


def test_what_is_called_in_the_background_slows_nobody() -> None:
    effect = Effect(dependency="orders-db", dependency_latency=100, dependency_errors=0.5, waited=0.0)
    found = under_load(changed(NORMAL, [Fault(0, effect)], 10, LONG_AGO), NORMAL)
    assert (found.latency, found.error_rate) == (NORMAL.latency, NORMAL.error_rate)
    assert found.dependencies[0].latency == pytest.approx(0.8)


def test_a_busy_processor_makes_requests_wait_and_retries_make_it_busier() -> None:
    assert under_load(replace(NORMAL, cpu=0.95), NORMAL).latency > NORMAL.latency * 1.5
    failing = replace(NORMAL, error_rate=0.5, retries=0.4)
    assert under_load(failing, NORMAL).requests == pytest.approx(NORMAL.requests * 1.2)


def test_failures_come_together_where_they_do() -> None:
    rng = Random(1)
    alone = [clustered(rng, 4.0, 1.0) for _ in range(5000)]
    together = [clustered(rng, 4.0, 5.0) for _ in range(5000)]
    assert fmean(alone) == pytest.approx(4, rel=0.05)
    assert fmean(together) == pytest.approx(4, rel=0.1)
    assert variance(alone) == pytest.approx(4, rel=0.1)
    assert variance(together) == pytest.approx(4 * 9, rel=0.15)


def test_a_fault_of_one_instance_leaves_the_others_alone() -> None:
    service = deployed(Fault(0, Effect(errors=0.5), on=On.INSTANCE))
    failed = [
        total(service, "http_requests_total", version=RELEASED, instance=name, status="500")
        for name in Simulation().names
    ]
    assert failed[0] > 1000
    assert max(failed[1:]) < 60


def test_a_fault_of_the_service_stays_after_a_rollback_and_one_of_the_release_goes() -> None:
    for on, stays in ((On.SERVICE, True), (On.RELEASE, False)):
        service = deployed(Fault(0, Effect(errors=0.2), on=on), to=60)
        service.deploy(PREVIOUS, START + 60)
        service.advance(START + 120)
        failed = total(service, "http_requests_total", version=PREVIOUS, status="500")
        assert (failed > 500) is stays


def test_a_process_that_has_used_up_its_memory_is_started_anew() -> None:
    service = deployed(Fault(0, Effect(memory_leak=200 * 1024**2)), to=600)
    (memory,) = series(service, "process_resident_memory_bytes", version=RELEASED, instance="checkout-api-1")
    assert max(memory.values) < 1.1 * NORMAL.memory_limit
    (served,) = series(
        service, "http_requests_total", version=RELEASED, instance="checkout-api-1", status="200"
    )
    restarts = sum(later < earlier for earlier, later in pairwise(served.values))
    # It has 412 MiB to use up, which takes two minutes.
    assert restarts == 4


def test_an_instance_that_serves_nothing_counts_nothing() -> None:
    service = deployed(Fault(0, Effect(serves=0.0)))
    assert total(service, "http_requests_total", version=RELEASED) == 0
    assert total(service, "registrations_total", version=RELEASED) == 0


def test_labels_that_a_release_renames_are_written_by_their_new_name() -> None:
    service = deployed(renamed={"status": "code"})
    assert not series(service, "http_requests_total", version=RELEASED, status="200")
    assert total(service, "http_requests_total", version=RELEASED, code="200") > 1000
    assert series(service, "http_requests_total", version=PREVIOUS, status="200")


def test_jobs_that_workers_cannot_keep_up_with_wait() -> None:
    slow = Fault(60, Effect(latency=4.0))
    service = deployed(slow, worker=True, at_once=40.0, normal=replace(NORMAL, requests=120.0))
    (waiting,) = series(service, "jobs_waiting", version=RELEASED, instance="checkout-api-1")
    (oldest,) = series(service, "jobs_oldest_seconds", version=RELEASED, instance="checkout-api-1")
    # Of 120 a second they do 40 at a time in 0.7 s, 57 a second; before, they did all.
    assert max(waiting.values[:30]) == 0
    assert waiting.values[-1] == pytest.approx((120 - 40 / 0.7) * 240, rel=0.02)
    assert oldest.values[-1] == pytest.approx(waiting.values[-1] / (40 / 0.7), rel=0.02)
    assert not series(service, "http_requests_total")


def test_a_day_has_busy_and_quiet_hours() -> None:
    noon, night = (
        SimulatedService(7, at, at, Simulation(daily=0.6))
        for at in (START // 86400 * 86400 + 14 * 3600, START // 86400 * 86400 + 2 * 3600)
    )
    for service, at in ((noon, 14), (night, 2)):
        service.advance(START // 86400 * 86400 + at * 3600 + 300)
    assert total(noon, "http_requests_total") == pytest.approx(120 * 300 * 1.6, rel=0.1)
    assert total(night, "http_requests_total") == pytest.approx(120 * 300 * 0.4, rel=0.1)
