"""What would show that a metric is there although a selector of it finds nothing."""

from __future__ import annotations

import pytest

from aftergreen.promql import falls_back, joins_terms, selectors, syntax_error, witnesses

ALL = 'sum(increase(requests_total{job="shop",version="$version"}[$window]))'


@pytest.mark.parametrize(
    ("query", "beside", "labels", "carrying", "same"),
    [
        (
            'sum(increase(requests_total{code=~"5..",job="shop",version="$version"}[$window]))',
            ALL,
            ("code",),
            'requests_total{job="shop",version="v2",code!=""}',
            'requests_total{job="shop",version="v2"}',
        ),
        # Of all codes but 1xx, those of 5xx.
        (
            'sum(increase(requests_total{code=~"5.."}[$window]))',
            'sum(increase(requests_total{code!~"1.."}[$window]))',
            ("code",),
            'requests_total{code!~"1..",code!=""}',
            'requests_total{code!~"1.."}',
        ),
        # The service is written in another way: it is still the service.
        (
            'sum(increase(requests_total{job=~"shop",code="500"}[$window]))',
            'sum(increase(requests_total{job="shop"}[$window]))',
            ("job", "code"),
            'requests_total{job="shop",job!="",code!=""}',
            'requests_total{job="shop"}',
        ),
        # A counter of its own, which picks by nothing.
        (
            'sum(increase(failures_total{job="shop",version="$version"}[$window]))',
            ALL,
            (),
            'failures_total{job="shop",version="v2"}',
            'failures_total{job="shop",version="v2"}',
        ),
        (
            'sum(increase(failures_total{job="shop",reason!="user"}[$window]))',
            ALL,
            ("reason",),
            'failures_total{job="shop",reason!=""}',
            'failures_total{job="shop"}',
        ),
        # Failures that are told by a label that they do not have.
        (
            'sum(increase(requests_total{grpc_message="",job="shop",version="$version"}[$window]))',
            ALL,
            ("grpc_message",),
            'requests_total{job="shop",version="v2"}',
            'requests_total{job="shop",version="v2"}',
        ),
        # Only the numerator asks for a version: those of another one vouch for nothing.
        (
            'sum(increase(requests_total{code="500",release=~"$version-.*"}[$window]))',
            "sum(increase(requests_total[$window]))",
            ("code",),
            'requests_total{release=~"v2-.*",code!=""}',
            'requests_total{release=~"v2-.*"}',
        ),
        # The spelling of Prometheus 3.
        (
            'sum(increase({"http.requests","http.status"=~"5..",job="shop"}[$window]))',
            'sum(increase({"http.requests",job="shop"}[$window]))',
            ("http.status",),
            '{__name__="http.requests",job="shop","http.status"!=""}',
            '{__name__="http.requests",job="shop"}',
        ),
        # A bucket is there from the first observation on, or it is spelt wrongly: others vouch for nothing.
        (
            'sum(increase(seconds_bucket{le="1",path="/",job="shop"}[$window]))',
            'sum(increase(seconds_count{job="shop"}[$window]))',
            ("le", "path"),
            'seconds_bucket{job="shop",path!="",le="1"}',
            'seconds_bucket{job="shop"}',
        ),
        ('sum(mails{kind="bounced",version="$version"}) or vector(0)', None, ("kind",), *["mails"] * 2),
    ],
)
def test_a_wider_selector_tells_whether_the_label_is_there(
    query: str, beside: str | None, labels: tuple[str, ...], carrying: str, same: str
) -> None:
    (witness,) = witnesses(query, beside, "v2")
    if beside is None:
        carrying, same = 'mails{version="v2",kind!=""}', 'mails{version="v2"}'
    assert (witness.labels, witness.carrying, witness.same) == (labels, carrying, same)
    assert syntax_error(witness.carrying) is None


def test_the_selector_is_the_one_whose_age_is_asked_for() -> None:
    query = 'sum(increase(a{code=~"5..",path="/x\\"y"}[$window])) or sum(increase(b[$window]))'
    found = witnesses(query, ALL, None)
    assert tuple(one.selector for one in found) == selectors(query.replace("$window", "60s"))
    assert [one.metric for one in found] == ["a", "b"]


def test_a_version_never_ends_a_string() -> None:
    (witness,) = witnesses('sum(a{version="$version",code="500"})', None, 'v"2\\')
    assert witness.same == 'a{version="v\\"2\\\\"}'
    assert witness.versioned == ("version",)
    assert (witness.any_version, witness.exact) == ("a", 'a{code="500"}')


def test_what_the_grammar_does_not_know_has_no_witness() -> None:
    assert witnesses("sum(increase(a[$window]) keep_metric_names", ALL, "v2") == ()


@pytest.mark.parametrize(
    ("query", "fallen"),
    [
        ("sum(increase(a[$window])) or vector(0)", True),
        ("sum(increase(a[$window])) or on() vector(0)", True),
        ("(sum(a) or vector(0)) * 60", True),
        ("sum(increase(a[$window]))", False),
        # It asks for absence, and a number is its answer.
        ("absent(a) or vector(0)", False),
        ("absent_over_time(a[$window]) or vector(0)", False),
        # There is nothing that could be missing.
        ("vector(42)", False),
        ("no promql at all", False),
    ],
)
def test_a_number_that_was_given_for_nothing_is_known_by_its_query(query: str, *, fallen: bool) -> None:
    assert falls_back(query) is fallen


@pytest.mark.parametrize(
    ("query", "joined"),
    [
        ("sum(increase(a[$window])) + sum(increase(b[$window]))", True),
        ("sum(a) - sum(b) or vector(0)", True),
        ("sum(increase(a[$window])) or sum(increase(b[$window]))", False),
        ("sum(increase(a[$window])) * 60", False),
        ("sum(increase({__name__=~'a|b'}[$window]))", False),
        ("sum(a) > 1", False),
    ],
)
def test_terms_that_are_lost_together_are_known_by_their_query(query: str, *, joined: bool) -> None:
    assert joins_terms(query) is joined
