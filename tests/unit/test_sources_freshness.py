"""How old a reading is, when it is stale, and how the scrape interval is measured."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.model import Kind, Reading
from aftergreen.sources.classify import Found
from aftergreen.sources.freshness import SPANS, Age, Query, age, interval, judged

AT = 1000.0
FIVE = Reading.of(5.0)
GIVEN = Found((5.0,), ({},))
NOTHING = Found()


def taken(*times: float) -> tuple[Found, ...]:
    return tuple(Found((time,), ({},)) for time in times)


def test_a_query_is_as_fresh_as_its_freshest_selector() -> None:
    assert age([Query(GIVEN, taken(980.0, 995.0), alone=False)]) == Age(995.0)


def test_a_signal_is_as_fresh_as_its_oldest_query() -> None:
    assert age([Query(GIVEN, taken(980.0), alone=False), Query(GIVEN, taken(995.0), alone=False)]) == Age(
        980.0
    )


def test_a_numerator_without_series_says_nothing() -> None:
    queries = [Query(NOTHING, (NOTHING,), alone=False), Query(GIVEN, taken(995.0), alone=False)]
    assert age(queries) == Age(995.0)


def test_an_answer_whose_targets_have_all_gone_is_told() -> None:
    assert age([Query(GIVEN, (NOTHING,), alone=False)]) == Age(gone=True)
    assert age([Query(GIVEN, (NOTHING,), alone=True)]) == Age()
    assert age([Query(GIVEN, (), alone=False)]) == Age()
    # Failures of an instance that was replaced, beside fresh requests of the others.
    queries = [Query(GIVEN, (NOTHING,), alone=False), Query(GIVEN, taken(995.0), alone=False)]
    assert age(queries) == Age(995.0)


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_says_so_and_takes_no_targets_for_gone(time: float) -> None:
    found = age([Query(GIVEN, taken(time), alone=False)])
    assert judged(FIVE, found, AT, 10.0) == Reading.unknown(
        Kind.BLIND,
        "the age of the samples could not be asked: the backend gives NaN or an infinite number for it",
    )
    assert age([Query(GIVEN, taken(time, 990.0), alone=False)]) == Age(990.0)


def test_an_age_that_could_not_be_asked_is_told() -> None:
    failed, refused = Found(failure="cut off"), Found(failure="unknown function", refused=True)
    assert age([Query(GIVEN, (failed,), alone=False)]).failure == "cut off"
    # A dialect without timestamp() is not blind for it, nor are its targets gone.
    assert age([Query(GIVEN, (refused,), alone=False)]) == Age()
    assert age([Query(GIVEN, (refused, *taken(990.0)), alone=False)]) == Age(990.0)


@pytest.mark.parametrize(
    ("newest", "scrape", "kind"),
    [
        (999.0, 15.0, Kind.VALUE),
        (970.0, 15.0, Kind.VALUE),
        (969.0, 15.0, Kind.VALUE),
        (968.0, 15.0, Kind.STALE),
        (997.0, 1.0, Kind.STALE),
        (700.0, None, Kind.VALUE),
        (699.0, None, Kind.STALE),
        (None, 15.0, Kind.VALUE),
        (1000.5, 1.0, Kind.VALUE),
    ],
)
def test_older_than_two_scrape_intervals_is_stale(
    newest: float | None, scrape: float | None, kind: Kind
) -> None:
    reading = judged(FIVE, Age(newest), AT, scrape)
    assert reading.kind is kind
    assert reading.newest == newest
    assert (reading.value is None) is (kind is Kind.STALE)


def test_a_stale_reading_says_how_old_it_is() -> None:
    assert (
        judged(FIVE, Age(940.0), AT, 15.0).detail == "the newest sample is 1m old, and one is due every 15s"
    )


@pytest.mark.parametrize("kind", [Kind.NO_SERIES, Kind.NO_TRAFFIC, Kind.ZERO])
def test_missing_data_are_stale_where_the_samples_are(kind: Kind) -> None:
    assert judged(Reading.unknown(kind), Age(900.0), AT, 15.0).kind is Kind.STALE


@pytest.mark.parametrize("kind", [Kind.BLIND, Kind.PARTIAL, Kind.AMBIGUOUS])
def test_what_is_worse_than_stale_stays(kind: Kind) -> None:
    reading = judged(Reading.unknown(kind, "why"), Age(900.0), AT, 15.0)
    assert (reading.kind, reading.detail, reading.newest) == (kind, "why", 900.0)


def test_an_old_number_looks_like_any_other_so_an_unknown_age_is_blind() -> None:
    reading = judged(replace(FIVE, notes=("a",)), Age(failure="cut off"), AT, 15.0)
    assert (reading.kind, reading.value, reading.notes) == (Kind.BLIND, None, ("a",))


def test_gone_targets_are_stale() -> None:
    assert judged(FIVE, Age(gone=True), AT, 15.0).kind is Kind.STALE


@given(st.floats(0.5, 30.0), st.floats(0.0, 1.0))
def test_a_steady_scrape_interval_is_measured(seconds: float, phase: float) -> None:
    counts = {length: float(math.floor((length - 0.001) / seconds + phase)) for length in SPANS}
    measured = interval(counts)
    assert measured == pytest.approx(seconds, rel=0.17)


@pytest.mark.parametrize("seconds", [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.999])
def test_usual_scrape_intervals_come_out_within_a_tenth(seconds: float, phase: float) -> None:
    first = phase * seconds
    counts = {
        length: float(sum(1 for n in range(1000) if first + n * seconds < length - 0.001)) for length in SPANS
    }
    assert interval(counts) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize(
    ("counts", "measured"),
    [
        ({300.0: 20.0, 60.0: 20.0, 10.0: 10.0}, 1.0),  # a series that is 20 s old
        ({300.0: 30.0, 60.0: 30.0, 10.0: 5.0}, 2.0),
        ({300.0: 2.0, 60.0: 2.0, 10.0: 2.0}, 10.0),  # two samples: a failure that has just happened
        ({300.0: 1.0, 60.0: 1.0}, None),
        ({300.0: 2.0}, 150.0),
        ({}, None),
    ],
)
def test_young_series_are_measured_over_a_shorter_span(
    counts: dict[float, float], measured: float | None
) -> None:
    assert interval(counts) == measured
