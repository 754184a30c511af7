"""Readings are what semantics §1 says, for every combination of answers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aftergreen.model import Condition, Indicator, Kind, Reading, Reduce, Rule, Signal, Then
from aftergreen.sources.classify import Found, classified

UP = Rule(Condition.ABOVE, 1.0, 60.0, Then.WARN)
DOWN = Rule(Condition.BELOW, 1.0, 60.0, Then.WARN)
VALUE = Signal(Indicator.SATURATION, "pool", "none", 60.0, query="x")
AVERAGE = Signal(Indicator.LATENCY, "average", "s", 60.0, numerator="s", denominator="c")
EVENTS = Signal(Indicator.ERROR_RATE, "5xx", "%", 60.0, numerator="f", denominator="a", events=True)
NAN, INF = math.nan, math.inf
NOTHING = Found()
FAILED = Found(failure="Prometheus answered 503")
PARTIAL = Found((1.0,), ({},), partial="a store is missing")


def found(*values: float) -> Found:
    return Found(values, tuple({"pod": f"p{n}"} for n in range(len(values))))


def labelled(**values: float) -> Found:
    return Found(tuple(values.values()), tuple({"__name__": "x", "pod": pod} for pod in values))


@pytest.mark.parametrize(
    ("answer", "kind", "value"),
    [
        (found(0.5), Kind.VALUE, 0.5),
        (found(0.0), Kind.VALUE, 0.0),
        (found(-3.0), Kind.VALUE, -3.0),
        (found(NAN), Kind.NO_TRAFFIC, None),
        (found(INF), Kind.BLIND, None),
        (found(-INF), Kind.BLIND, None),
        (NOTHING, Kind.NO_SERIES, None),
        (found(1.0, 2.0), Kind.AMBIGUOUS, None),
        (FAILED, Kind.BLIND, None),
        (PARTIAL, Kind.PARTIAL, None),
    ],
)
def test_a_value_query(answer: Found, kind: Kind, value: float | None) -> None:
    reading = classified(VALUE, {"query": answer})
    assert (reading.kind, reading.value) == (kind, value)
    assert reading.detail or reading.compared


@pytest.mark.parametrize(
    ("signal", "answer", "kind", "value"),
    [
        (replace(VALUE, reduce=Reduce.SUM), found(1.0, 2.0), Kind.VALUE, 3.0),
        (replace(VALUE, reduce=Reduce.SUM), found(1.0, NAN), Kind.NO_TRAFFIC, None),
        (replace(VALUE, reduce=Reduce.SUM), found(INF, -INF), Kind.NO_TRAFFIC, None),
        (replace(VALUE, reduce=Reduce.SUM), found(1.0, INF), Kind.BLIND, None),
        (replace(VALUE, reduce=Reduce.WORST), found(1.0, 2.0), Kind.VALUE, 2.0),
        (replace(VALUE, reduce=Reduce.WORST, rules=(UP,)), found(1.0, 2.0), Kind.VALUE, 2.0),
        (replace(VALUE, reduce=Reduce.WORST, rules=(DOWN,)), found(1.0, 2.0), Kind.VALUE, 1.0),
        (replace(VALUE, reduce=Reduce.WORST), found(NAN, 2.0), Kind.VALUE, 2.0),
        (replace(VALUE, reduce=Reduce.WORST), found(NAN, NAN), Kind.NO_TRAFFIC, None),
        (replace(VALUE, reduce=Reduce.WORST), NOTHING, Kind.NO_SERIES, None),
    ],
)
def test_several_series_become_one_number_as_promql_would_do_it(
    signal: Signal, answer: Found, kind: Kind, value: float | None
) -> None:
    reading = classified(signal, {"query": answer})
    assert (reading.kind, reading.value) == (kind, value)


@pytest.mark.parametrize(
    ("counted", "count", "noted"),
    [
        (found(120.5), 120.5, False),
        (found(20.0, 30.0), 50.0, False),
        # Nothing happened, and that is what the value says too: it is compared.
        (found(0.0), 0.0, False),
        (NOTHING, None, False),
        (found(NAN), None, False),
        (FAILED, None, True),
        (PARTIAL, None, True),
    ],
)
def test_a_count_stands_behind_a_value_and_never_hides_it(
    counted: Found,
    count: float | None,
    noted: bool,  # noqa: FBT001  # a column
) -> None:
    reading = classified(VALUE, {"query": found(0.2), "count": counted})
    assert (reading.kind, reading.value, reading.count) == (Kind.VALUE, 0.2, count)
    assert bool(reading.notes) is noted


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (found(3.0), found(100.0), Reading.of(0.03, 100.0, failures=3.0)),
        (found(0.0), found(100.0), Reading.of(0.0, 100.0, failures=0.0)),
        (found(2.5), found(61.25), Reading.of(2.5 / 61.25, 61.25, failures=2.5)),
        # increase() extrapolates both halves, so that the part may come out above the whole.
        (found(10.2), found(10.0), Reading.of(1.02, 10.0, failures=10.2)),
        (NOTHING, found(100.0), Reading(Kind.ZERO, 0.0, 100.0, 0.0)),
    ],
)
def test_an_event_ratio_knows_its_trials(numerator: Found, denominator: Found, expected: Reading) -> None:
    assert classified(EVENTS, {"numerator": numerator, "denominator": denominator}) == expected


@pytest.mark.parametrize("signal", [EVENTS, AVERAGE])
@pytest.mark.parametrize(
    ("numerator", "denominator", "kind"),
    [
        (found(0.0), found(0.0), Kind.NO_TRAFFIC),
        (found(1.0), found(0.0), Kind.NO_TRAFFIC),
        (NOTHING, found(0.0), Kind.NO_TRAFFIC),
        (found(1.0), found(NAN), Kind.NO_TRAFFIC),
        (found(NAN), found(1.0), Kind.NO_TRAFFIC),
        (found(NAN), found(NAN), Kind.NO_TRAFFIC),
        (found(INF), found(1.0), Kind.BLIND),
        (found(1.0), found(INF), Kind.BLIND),
        (NOTHING, found(-INF), Kind.BLIND),
        (found(1e308), found(1e-308), Kind.BLIND),
        (found(1.0), NOTHING, Kind.NO_SERIES),
        (NOTHING, NOTHING, Kind.NO_SERIES),
        (NOTHING, found(-1.0), Kind.NO_SERIES),
        (found(1.0, 2.0), found(10.0), Kind.AMBIGUOUS),
        (found(1.0), found(10.0, 20.0), Kind.AMBIGUOUS),
        (FAILED, found(10.0), Kind.BLIND),
        (found(1.0), FAILED, Kind.BLIND),
        (PARTIAL, found(10.0), Kind.PARTIAL),
        (found(1.0), PARTIAL, Kind.PARTIAL),
        # A failed half says less than a missing one.
        (PARTIAL, FAILED, Kind.BLIND),
        (NOTHING, FAILED, Kind.BLIND),
        (NOTHING, PARTIAL, Kind.PARTIAL),
    ],
)
def test_a_ratio_without_a_number_is_unknown(
    signal: Signal, numerator: Found, denominator: Found, kind: Kind
) -> None:
    reading = classified(signal, {"numerator": numerator, "denominator": denominator})
    assert (reading.kind, reading.value, reading.count) == (kind, None, None)
    assert reading.detail


def test_other_ratios_have_neither_zero_nor_trials() -> None:
    assert classified(AVERAGE, {"numerator": found(3.0), "denominator": found(10.0)}) == Reading.of(0.3)
    missing = classified(AVERAGE, {"numerator": NOTHING, "denominator": found(10.0)})
    assert missing.kind is Kind.NO_SERIES


def test_sums_of_a_ratio_are_divided() -> None:
    signal = replace(EVENTS, reduce=Reduce.SUM)
    reading = classified(signal, {"numerator": found(1.0, 2.0), "denominator": found(10.0, 20.0)})
    assert reading == Reading.of(0.1, 30.0, failures=3.0)


WORST = replace(EVENTS, reduce=Reduce.WORST)
LEAST = replace(WORST, rules=(DOWN,))


@pytest.mark.parametrize(
    ("signal", "numerator", "denominator", "expected"),
    [
        # The pod with most failures is not the one that fails most.
        (WORST, labelled(a=5.0, b=6.0), labelled(a=10.0, b=1000.0), Reading.of(0.5, 10.0, failures=5.0)),
        (WORST, labelled(b=6.0), labelled(a=10.0, b=1000.0), Reading.of(0.006, 1000.0, failures=6.0)),
        (WORST, NOTHING, labelled(a=10.0, b=1000.0), Reading(Kind.ZERO, 0.0, 1000.0, 0.0)),
        (WORST, labelled(a=1.0), labelled(a=10.0, b=0.0), Reading.of(0.1, 10.0, failures=1.0)),
        (LEAST, labelled(a=1.0, b=9.0), labelled(a=10.0, b=10.0), Reading.of(0.1, 10.0, failures=1.0)),
        (replace(AVERAGE, reduce=Reduce.WORST), labelled(a=1.0), labelled(a=10.0, b=10.0), Reading.of(0.1)),
    ],
)
def test_the_worst_ratio_is_found_series_by_series(
    signal: Signal, numerator: Found, denominator: Found, expected: Reading
) -> None:
    assert classified(signal, {"numerator": numerator, "denominator": denominator}) == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "kind"),
    [
        (labelled(c=5.0), labelled(a=10.0, b=1000.0), Kind.AMBIGUOUS),
        (Found((1.0, 2.0), ({"pod": "a"}, {"pod": "a"})), labelled(a=10.0), Kind.AMBIGUOUS),
        (labelled(a=5.0), labelled(a=0.0, b=0.0), Kind.NO_TRAFFIC),
        (labelled(a=INF), labelled(a=1.0, b=2.0), Kind.BLIND),
        (labelled(a=1.0), NOTHING, Kind.NO_SERIES),
    ],
)
def test_series_that_do_not_pair_are_no_ratio(numerator: Found, denominator: Found, kind: Kind) -> None:
    assert classified(WORST, {"numerator": numerator, "denominator": denominator}).kind is kind


def test_remarks_of_the_backend_are_kept_once() -> None:
    half = replace(found(1.0), notes=("PromQL info: a",))
    reading = classified(EVENTS, {"numerator": half, "denominator": half})
    assert reading.notes == ("PromQL info: a",)
