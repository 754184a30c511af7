"""The evaluator by hand-made samples; that its numbers are Prometheus' is tested against the real one."""

from __future__ import annotations

import math

import pytest

from aftergreen.drill.promql.evaluate import evaluate, parse
from aftergreen.drill.promql.store import Store
from aftergreen.drill.promql.vectors import CannotEvaluate, Value

AT = 60_000


@pytest.fixture
def store() -> Store:
    """Two counters sampled every ten seconds, one of them reset at 40 s; two gauges; a series that ended."""
    store = Store()
    a = store.series({"__name__": "c", "job": "x", "instance": "a"})
    b = store.series({"__name__": "c", "job": "x", "instance": "b"})
    for index in range(7):
        a.append(index * 10_000, 100.0 + index * 10)
        b.append(index * 10_000, index * 5.0 if index < 4 else (index - 4) * 5.0)
    store.series({"__name__": "g", "instance": "a"}).append(55_000, 3.0)
    store.series({"__name__": "g", "instance": "b"}).append(50_000, -4.0)
    ended = store.series({"__name__": "gone"})
    ended.append(40_000, 1.0)
    ended.end(50_000)
    for bound, count in (("1", 10.0), ("2", 30.0), ("+Inf", 40.0)):
        store.series({"__name__": "h_bucket", "le": bound}).append(AT, count)
    return store


def value_of(store: Store, query: str, at: int = AT) -> Value:
    return evaluate(store, parse(query), at)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("-(2 ^ 3) % 5", -3.0),
        ("1 > bool 2", 0.0),
        ("time()", 60.0),
        ("0 / 0", math.nan),
        ("-1 / 0", -math.inf),
        ("5 % 0", math.nan),
        ("10 ^ 400", math.inf),
        ("(-8) ^ 0.5", math.nan),
        ("0 ^ -1", math.inf),
        ("scalar(g)", math.nan),
        ('scalar(g{instance="a"})', 3.0),
    ],
)
def test_numbers(store: Store, query: str, expected: float) -> None:
    assert value_of(store, query) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(g)", -1.0),
        ("max(g)", 3.0),
        ("min(g)", -4.0),
        ("avg(g)", -0.5),
        ("count(g)", 2.0),
        ('sum(g{instance!="b"})', 3.0),
        ('sum(g{instance=~"a|z"})', 3.0),
        ('sum(g{instance=~"."})', -1.0),
        ('sum(g{instance!~"a.*"})', -4.0),
        ('sum({__name__="g"})', -1.0),
        ("sum(g offset 6s)", -4.0),
        ("sum(-g)", 1.0),
        ("vector(7)", 7.0),
        ("sum(increase(c[60s]))", 60.0 + 15.0 + 10.0),
        ('sum(rate(c{instance="a"}[30s]))', 1.0),
        ("max(timestamp(g))", 55.0),
        ("max(timestamp((g)))", 55.0),
        ("max(timestamp(g + 1))", 60.0),
        ("sum(count_over_time(g[10s]))", 2.0),
        ("max(max_over_time(c[20s]))", 160.0),
        ("sum(nothing) or vector(0)", 0.0),
        ("histogram_quantile(0.5, h_bucket)", 1.5),
        ("histogram_quantile(0.25, h_bucket)", 1.0),
        ("histogram_quantile(0.9, h_bucket)", 2.0),
        ("histogram_quantile(2, h_bucket)", math.inf),
        ('histogram_quantile(0.5, h_bucket{le!="+Inf"})', math.nan),
        ("histogram_quantile(0.5, h_bucket * 0)", math.nan),
    ],
)
def test_vectors_of_one_element(store: Store, query: str, expected: float) -> None:
    value = value_of(store, query)
    assert isinstance(value, dict)
    assert value == {(): pytest.approx(expected, nan_ok=True)}


@pytest.mark.parametrize(
    "query", ["gone", "nothing", "sum(nothing)", "rate(g[60s])", "g > 100", "g / nothing", "c offset 10m"]
)
def test_what_has_no_value_is_empty_not_zero(store: Store, query: str) -> None:
    assert value_of(store, query) == {}


def test_a_comparison_keeps_the_elements_and_their_name(store: Store) -> None:
    assert value_of(store, "g > 0") == {(("__name__", "g"), ("instance", "a")): 3.0}
    assert value_of(store, "0 < g") == {(("__name__", "g"), ("instance", "a")): 3.0}
    assert value_of(store, "g > bool 0") == {(("instance", "a"),): 1.0, (("instance", "b"),): 0.0}


def test_vectors_match_one_to_one_by_their_labels(store: Store) -> None:
    assert value_of(store, "g * g") == {(("instance", "a"),): 9.0, (("instance", "b"),): 16.0}
    assert value_of(store, "c - on (instance) g") == {(("instance", "a"),): 157.0, (("instance", "b"),): 14.0}
    assert value_of(store, "c - ignoring (job) g") == value_of(store, "c - on (instance) g")


@pytest.mark.parametrize(
    ("replacement", "label"),
    [
        ("7", "7"),
        ("$1", "a"),
        ("<${1}${word}$word>", "<aaa>"),
        ("<$2${9}$x$1x>", "<>"),
        ("$$1 $", "$1 $"),
    ],
)
def test_a_label_is_set_where_the_whole_of_another_matches(
    store: Store, replacement: str, label: str
) -> None:
    query = f'sum by (n) (label_replace(g, "n", "{replacement}", "instance", "(?P<word>a)"))'
    assert value_of(store, query) == {(("n", label),): 3.0, (): -4.0}


def test_a_label_that_is_set_to_nothing_goes(store: Store) -> None:
    query = 'label_replace(g{instance="a"}, "instance", "", "instance", ".")'
    assert value_of(store, query) == {(("__name__", "g"),): 3.0}


def test_the_last_sample_keeps_its_name(store: Store) -> None:
    assert value_of(store, "last_over_time(gone[1m])") == {(("__name__", "gone"),): 1.0}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("topk(1, g)", "does not support the aggregation topk"),
        ("abs(g)", "does not support the function abs"),
        ("g[5m:1m]", "does not support subqueries"),
        ("max_over_time(g[5m:1m])", "does not support subqueries"),
        ("g @ 10", "does not support the modifier @"),
        ('"text"', "does not support strings"),
        ("g atan2 g", "does not support the operator atan2"),
        ("c * on (instance) group_left g", "does not support group_left"),
        ("c + on (job) c", "many-to-many matching not allowed"),
        ('rate({job="x"}[5m])', "same labelset"),
        ('label_replace(g, "a-b", "x", "", "")', "invalid destination label name in label_replace"),
        ('label_replace(g, "a", "x", "b", "(")', "invalid regular expression in label_replace"),
        ('label_replace(g, "instance", "x", "", "")', "same labelset"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(store: Store, query: str, reason: str) -> None:
    # A second counter whose labels are those of the first but for its name.
    store.series({"__name__": "d", "job": "x", "instance": "a"}).append(50_000, 1.0)
    store.series({"__name__": "d", "job": "x", "instance": "a"}).append(60_000, 2.0)
    with pytest.raises(CannotEvaluate, match=reason):
        value_of(store, query)


def test_a_query_that_is_none_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        parse("sum(")
