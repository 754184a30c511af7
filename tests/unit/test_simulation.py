"""The simulated service: its traffic, its versions, and what its scrapes leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from random import Random
from statistics import fmean, variance

import pytest

from aftergreen.drill.promql.store import Series, labels_of
from aftergreen.drill.service.behaviour import ORDERS_DB, Behaviour
from aftergreen.drill.service.chance import BUCKETS, latency_buckets, poisson
from aftergreen.drill.service.simulated import (
    INTERVAL,
    PREVIOUS,
    RELEASED,
    SimulatedService,
    Simulation,
    UnknownDeployment,
)
from tests.sampled import START, series, total

NORMAL = Behaviour()
INSTANCES = Simulation().names


def simulated(**how: object) -> SimulatedService:
    """A service that is deployed a minute after its first scrape."""
    return SimulatedService(7, START, START + 60, Simulation(**how))  # type: ignore[arg-type]  # its own fields


@pytest.fixture
def service() -> SimulatedService:
    return simulated()


def test_time_moves_only_when_told_to(service: SimulatedService) -> None:
    assert not list(service.store.select("app_info", ())[0].times)
    service.advance(START + 7)
    assert series(service, "app_info")[0].times == [round((START + at) * 1000) for at in (0, 2, 4, 6)]
    service.advance(START + 3)
    assert len(series(service, "app_info")[0].times) == 4


def test_every_counter_starts_at_zero_and_never_falls(service: SimulatedService) -> None:
    service.advance(START + 60)
    counters = [
        one for one in service.store if dict(one.labels)["__name__"].endswith(("_total", "_count", "_sum"))
    ]
    assert len(counters) == len(INSTANCES) * 17
    for counter in counters:
        assert counter.values[0] == 0
        assert all(before <= after for before, after in pairwise(counter.values))


def test_traffic_errors_and_latency_are_those_of_the_behaviour(service: SimulatedService) -> None:
    service.advance(START + 600)
    behaviour = NORMAL
    requests = total(service, "http_requests_total")
    assert requests == pytest.approx(behaviour.requests * 600, rel=0.1)
    failed = total(service, "http_requests_total", status="500")
    assert failed / requests == pytest.approx(behaviour.error_rate, rel=0.5)
    assert total(service, "http_request_duration_seconds_count") == requests
    latency = total(service, "http_request_duration_seconds_sum") / requests
    assert latency == pytest.approx(behaviour.latency, rel=0.02)
    assert total(service, "registrations_total") / 10 == pytest.approx(behaviour.registrations, rel=0.1)
    calls = total(service, "dependency_request_duration_seconds_count", dependency="orders-db")
    seconds = total(service, "dependency_request_duration_seconds_sum", dependency="orders-db")
    assert seconds / calls == pytest.approx(ORDERS_DB.latency, rel=0.05)


def test_histogram_buckets_are_cumulative_and_end_at_the_count(service: SimulatedService) -> None:
    service.advance(START + 100)
    for instance in INSTANCES:
        buckets = series(service, "http_request_duration_seconds_bucket", instance=instance)
        counts = [bucket.values[-1] for bucket in buckets]
        assert counts == sorted(counts)
        assert counts[-1] == total(service, "http_request_duration_seconds_count", instance=instance)


def test_gauges_stay_near_what_the_behaviour_says(service: SimulatedService) -> None:
    service.advance(START + 600)
    for one in series(service, "process_cpu_ratio"):
        assert all(0.3 < value < 0.55 for value in one.values)
    together = zip(*(one.values for one in series(service, "db_pool_connections_in_use")), strict=True)
    assert all(33 <= sum(values) <= 49 for values in together)


def test_a_deployment_ends_the_old_series_and_begins_new_ones_at_zero(service: SimulatedService) -> None:
    service.deploy(RELEASED, START + 10)
    service.advance(START + 20)
    at = round((START + 10) * 1000)
    (old,) = series(service, "app_info", version=PREVIOUS, instance=INSTANCES[0])
    assert (old.times[-1], old.at(at), old.at(at - 1)) == (at, None, (at - 2000, 1.0))
    (new,) = series(service, "http_requests_total", version=RELEASED, instance=INSTANCES[0], status="200")
    assert (new.times[0], new.values[0]) == (at, 0.0)


def test_instances_are_replaced_one_by_one(service: SimulatedService) -> None:
    service.deploy(RELEASED, START + 10, INSTANCES[2])
    service.advance(START + 20)
    assert service.running == {**dict.fromkeys(INSTANCES, PREVIOUS), INSTANCES[2]: RELEASED}
    at = round((START + 20) * 1000)
    serving = [one for one in series(service, "app_info") if one.at(at)]
    assert sorted(dict(one.labels)["version"] for one in serving) == [PREVIOUS, PREVIOUS, PREVIOUS, RELEASED]


def test_a_version_that_returns_starts_its_counters_anew_in_the_same_series(
    service: SimulatedService,
) -> None:
    service.deploy(RELEASED, START + 10)
    service.deploy(PREVIOUS, START + 20)
    service.advance(START + 30)
    (one,) = series(service, "http_requests_total", version=PREVIOUS, instance=INSTANCES[0], status="200")
    times, values = one.within(round((START + 8) * 1000), round((START + 22) * 1000))
    assert [round(at / 1000 - START) for at in times] == [8, 20, 22]
    assert values[0] > values[2] > values[1] == 0


def test_of_several_deployments_between_two_scrapes_only_the_last_is_seen(service: SimulatedService) -> None:
    service.advance(START + 10)
    service.deploy(RELEASED, START + 11)
    service.deploy(PREVIOUS, START + 11.5)
    service.advance(START + 20)
    assert set(service.running.values()) == {PREVIOUS}
    assert not series(service, "app_info", version=RELEASED)


@pytest.mark.parametrize(
    ("version", "instance", "known"),
    [("v9", None, f"only {PREVIOUS}, {RELEASED}"), (RELEASED, "x", f"only {INSTANCES[0]}")],
)
def test_what_it_does_not_have_cannot_be_deployed(
    service: SimulatedService, version: str, instance: str | None, known: str
) -> None:
    with pytest.raises(UnknownDeployment, match=known):
        service.deploy(version, START, instance)


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.7, 5.0, 29.9, 30.0, 400.0])
def test_poisson_counts_have_the_mean_as_mean_and_variance(mean: float) -> None:
    rng = Random(1)
    counts = [poisson(rng, mean) for _ in range(20_000)]
    assert fmean(counts) == pytest.approx(mean, rel=0.05, abs=0.01)
    assert variance(counts) == pytest.approx(mean, rel=0.06, abs=0.01)
    assert min(counts) >= 0


@pytest.mark.parametrize(("mean", "tail"), [(0.175, 0.5), (0.236, 0.5), (2.0, 1.0), (0.01, 0.2)])
def test_latency_buckets_add_up_to_all_requests_and_to_their_mean(mean: float, tail: float) -> None:
    buckets = latency_buckets(mean, tail)
    assert len(buckets) == len(BUCKETS)
    assert sum(bucket.share for bucket in buckets) == pytest.approx(1)
    assert sum(bucket.share * bucket.mean for bucket in buckets) == pytest.approx(mean)
    within = zip((0.0, *BUCKETS), BUCKETS, buckets, strict=False)
    assert all(low <= bucket.mean <= high for low, high, bucket in within if bucket.share)


def test_a_series_takes_only_newer_samples_that_are_numbers() -> None:
    one = Series(labels_of({"__name__": "x", "empty": ""}))
    assert one.labels == (("__name__", "x"),)
    one.append(1000, 1.0)
    with pytest.raises(ValueError, match="not newer"):
        one.append(1000, 2.0)
    with pytest.raises(ValueError, match="is a number"):
        one.append(2000, float("nan"))


def test_a_series_has_a_value_for_five_minutes_and_none_once_it_has_ended() -> None:
    one = Series(labels_of({"__name__": "x"}))
    one.append(1000, 1.0)
    seen: Mapping[int, bool] = {at: one.at(at) is not None for at in (999, 1000, 301_000, 301_001)}
    assert seen == {999: False, 1000: True, 301_000: True, 301_001: False}
    one.end(3000)
    assert one.at(2999) == (1000, 1.0)
    assert one.at(3000) is None
    assert one.within(0, 5000) == ([1000], [1.0])


def test_scrapes_lie_on_the_interval(service: SimulatedService) -> None:
    service.advance(START + 100)
    times = series(service, "app_info")[0].times
    assert {after - before for before, after in pairwise(times)} == {INTERVAL * 1000}
