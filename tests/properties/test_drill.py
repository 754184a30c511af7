"""Properties of the simulation and of the evaluator."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.drill.promql.evaluate import evaluate, parse
from aftergreen.drill.promql.store import Store
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService, Simulation
from tests.properties.examples import tried

START = 1_800_000_000.0

Samples = list[tuple[tuple[tuple[str, str], ...], list[int], list[float]]]


def samples(service: SimulatedService) -> Samples:
    # Marks of ended series are NaN, which equals nothing.
    return [
        (one.labels, one.times, [-1.0 if math.isnan(value) else value for value in one.values])
        for one in service.store
    ]


def story(seed: int) -> SimulatedService:
    simulation = find("slow-query").simulation
    service = SimulatedService(seed, START, START + 20, simulation)
    service.deploy(RELEASED, START + 20)
    service.deploy(PREVIOUS, START + 40, simulation.names[1])
    return service


@tried(0.5)
@given(seed=st.integers(0, 2**32), stops=st.lists(st.floats(0, 80), max_size=8))
def test_the_same_seed_gives_the_same_samples_however_time_is_cut(seed: int, stops: list[float]) -> None:
    at_once, in_steps = story(seed), story(seed)
    at_once.advance(START + 80)
    for stop in (*stops, 80.0):
        in_steps.advance(START + stop)
    assert samples(at_once) == samples(in_steps)


def test_another_seed_gives_other_samples() -> None:
    one, other = story(1), story(2)
    one.advance(START + 80)
    other.advance(START + 80)
    assert samples(one) != samples(other)


@given(
    steps=st.lists(st.tuples(st.integers(500, 5000), st.floats(0, 1e6)), min_size=2, max_size=40),
    late=st.integers(0, 4000),
)
def test_an_increase_lies_between_what_was_seen_and_what_its_extrapolation_allows(
    steps: list[tuple[int, float]], late: int
) -> None:
    store = Store()
    series = store.series({"__name__": "c"})
    at, count = 0, 0.0
    for gap, rise in steps:
        at, count = at + gap, count + rise
        series.append(at, count)
    seen = series.values[-1] - series.values[0]
    value = evaluate(store, parse("increase(c[600s])"), at + late)
    assert isinstance(value, dict)
    found = value[()]
    # At each end at most 1.1 of the mean distance of samples is added, and a counter never began below zero.
    assert seen * (1 - 1e-9) <= found <= seen * (1 + 2.2 / (len(steps) - 1)) * (1 + 1e-9)


@given(values=st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_a_counter_reset_never_gives_a_negative_increase(values: list[float]) -> None:
    store = Store()
    series = store.series({"__name__": "c"})
    for index, value in enumerate(values):
        series.append(index * 1000, value)
    result = evaluate(store, parse("increase(c[1h])"), len(values) * 1000)
    assert isinstance(result, dict)
    assert all(value >= 0 for value in result.values())


@given(
    counts=st.lists(st.integers(0, 1000), min_size=2, max_size=10),
    quantiles=st.lists(st.floats(0, 1), min_size=2, max_size=5),
)
def test_quantiles_rise_with_their_rank_and_stay_within_the_buckets(
    counts: list[int], quantiles: list[float]
) -> None:
    store = Store()
    total = 0
    for index, count in enumerate(counts):
        total += count
        last = index == len(counts) - 1
        store.series({"__name__": "b", "le": "+Inf" if last else str(index + 1)}).append(0, float(total))
    found = []
    for quantile in sorted(quantiles):
        value = evaluate(store, parse(f"histogram_quantile({quantile:.9f}, b)"), 0)
        assert isinstance(value, dict)
        found.append(value[()])
    if total == 0:
        assert all(map(math.isnan, found))
        return
    assert all(0 <= value <= len(counts) - 1 for value in found if not math.isnan(value))
    assert all(before <= after for before, after in pairwise(found) if not math.isnan(before + after))


@pytest.mark.parametrize("seed", range(5))
def test_all_seeds_serve_every_metric_of_every_instance(seed: int) -> None:
    service = story(seed)
    service.advance(START + 60)
    names = {dict(one.labels)["__name__"] for one in service.store}
    versions = (PREVIOUS, RELEASED)
    for name in names:
        for version in versions:
            carriers = {
                dict(one.labels)["instance"]
                for one in service.store.select(name, ())
                if dict(one.labels)["version"] == version
            }
            assert carriers == set(Simulation().names)
