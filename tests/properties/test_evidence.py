"""What holds for the evidence whatever the requests do."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aftergreen.verdict.evidence import Evidence, no_evidence, weigh

counts = st.integers(0, 40).flatmap(lambda trials: st.tuples(st.just(trials), st.integers(0, trials)))
runs = st.lists(counts, max_size=30)
limits = st.sampled_from([0.001, 0.01, 0.05, 0.5])


def after(limit: float, increments: list[tuple[int, int]]) -> Evidence:
    evidence = no_evidence(limit, 60, 0.001)
    for trials, failures in increments:
        evidence = weigh(evidence, trials, failures)
    return evidence


@given(limits, runs, st.integers(0, 50))
def test_good_requests_never_add_to_it(limit: float, increments: list[tuple[int, int]], good: int) -> None:
    # The first one tells that a burst is over, so that the next failure would be a new one; that may add.
    before = weigh(after(limit, increments), 1, 0)
    assert weigh(before, good, 0).once_in <= max(before.once_in, 1.0) * (1 + 1e-9)


@given(limits, runs, st.integers(0, 10))
def test_instants_without_requests_change_nothing(
    limit: float, increments: list[tuple[int, int]], empty: int
) -> None:
    before = after(limit, increments)
    evidence = before
    for _ in range(empty):
        evidence = weigh(evidence, 0, 0)
    assert evidence.once_in == before.once_in or abs(evidence.once_in / before.once_in - 1) < 1e-9


@given(limits, runs)
def test_it_is_a_number_and_never_negative(limit: float, increments: list[tuple[int, int]]) -> None:
    evidence = after(limit, increments)
    assert 0 <= evidence.once_in < 1e15
    assert -1e-9 <= evidence.unstarted <= 1


def test_at_the_limit_it_is_hardly_ever_reached() -> None:
    """The promise itself, on 300 watches of half an hour; the scorecard shows it on many more."""
    drawn = random.Random(7)
    reached = 0
    for _ in range(300):
        evidence = no_evidence(0.01, 120, 0.001)
        for _ in range(120):
            evidence = weigh(evidence, 15, sum(drawn.random() < 0.01 for _ in range(15)))
            if evidence.once_in >= 1000:
                reached += 1
                break
    assert reached <= 2
