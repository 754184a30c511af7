"""Queries as text: what is filled in, which selectors are found, and what reproduces a number."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.model import Backend, Condition, Indicator, Reduce, Rule, Signal, Then, View
from aftergreen.promql import (
    curl,
    ends_with_its_range,
    expression,
    newest,
    samples,
    selectors,
    stands_alone,
    substitute,
    syntax_error,
)

ANY = View(None, None)
UP = Rule(Condition.ABOVE, 1.0, 60.0, Then.WARN)
DOWN = Rule(Condition.BELOW, 1.0, 60.0, Then.WARN)
VALUE = Signal(Indicator.SATURATION, "pool", "none", 60.0, query="pool_in_use")
RATIO = Signal(
    Indicator.ERROR_RATE,
    "HTTP 5xx",
    "%",
    60.0,
    numerator="increase(failed[$window])",
    denominator="increase(all[$window])",
    events=True,
)


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ("rate(x[$window])", "rate(x[60s])"),
        ("rate(x[${window}])", "rate(x[60s])"),
        ("x / $window_seconds", "x / 60"),
        ("x / (${window_seconds} / 60)", "x / (60 / 60)"),
        ('x{version="$version"}', 'x{version="v2.4.1"}'),
        ('x{version=~"${version}-.*"}', 'x{version=~"v2.4.1-.*"}'),
        ("x[$windows] $versions", "x[$windows] $versions"),
    ],
)
def test_placeholders_are_filled_in(query: str, filled: str) -> None:
    assert substitute(query, window=60.0, version="v2.4.1") == filled


@pytest.mark.parametrize(
    ("window", "duration", "seconds"),
    [
        (60.0, "60s", "60"),
        (1.5, "1500ms", "1.5"),
        (0.25, "250ms", "0.25"),
        (90000.0, "90000s", "90000"),
        (0.1 + 0.2, "300ms", "0.3"),
    ],
)
def test_a_window_is_written_so_that_prometheus_reads_it(window: float, duration: str, seconds: str) -> None:
    assert substitute("$window $window_seconds", window=window, version=None) == f"{duration} {seconds}"


def test_an_unknown_version_matches_nothing() -> None:
    filled = substitute('x{version="$version"}', window=60.0, version=None)
    # The empty string would match every series without the label.
    assert filled == 'x{version="no version at all"}'


@pytest.mark.parametrize("quote", ['"', "'"])
@given(version=st.text(st.characters(codec="ascii", exclude_characters="\0\r")))
def test_no_version_gets_out_of_its_quotes(quote: str, version: str) -> None:
    query = substitute(f"x{{version={quote}$version{quote}}}", window=60.0, version=version)
    escaped = version.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert selectors(query) == (f'x{{version="{escaped}"}}',)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("up", ("up",)),
        ('sum(rate(x{a="1",b!="2"}[60s]))', ('x{a="1",b!="2"}',)),
        ('x{a=~"b.*",c!~"d|e"}', ('x{a=~"b.*",c!~"d|e"}',)),
        ("sum(rate(x[1m])) / sum(rate(x[5m]))", ("x",)),
        ("a / b", ("a", "b")),
        ('{__name__="odd name"}', ('{__name__="odd name"}',)),
        (r'x{path="C:\\dir \"a\""}', (r'x{path="C:\\dir \"a\""}',)),
        ("max_over_time(sum(rate(x[1m]))[5m:10s])", ("x",)),
        ("1 + time()", ()),
        ("vector(0)", ()),
        # These look at another time on purpose.
        ("rate(x[1m] offset 1d)", ()),
        ("x - x offset 1d", ("x",)),
        ("x @ 1700000000", ()),
        ("rate(x[1m] @ end())", ()),
        ("max_over_time(sum(rate(x[1m]))[5m:] offset 1h) + y", ("y",)),
        # MetricsQL, which the grammar does not know.
        ("rate(x) keep_metric_names", ()),
    ],
)
def test_selectors_of_a_query(query: str, found: tuple[str, ...]) -> None:
    assert selectors(query) == found
    assert all(syntax_error(newest(selector)) is None for selector in found)


@pytest.mark.parametrize(
    ("query", "alone"),
    [
        ("sum(rate(x[1m]))", False),
        ("sum(rate(x[1m])) or vector(0)", True),
        ("absent(x)", True),
        ("what is this", True),
    ],
)
def test_a_query_with_a_fallback_answers_without_samples(query: str, alone: bool) -> None:  # noqa: FBT001  # a column
    assert stands_alone(query) is alone


def test_freshness_and_scrape_interval_are_asked_of_a_selector() -> None:
    assert newest('x{a="1"}') == 'max(timestamp(x{a="1"}))'
    assert samples("x", 300.0) == "max(count_over_time(x[299999ms]))"


@pytest.mark.parametrize("query", ["sum(rate(x[60s]))", "1", 'x{a="b"} > bool 3'])
def test_a_sound_query_has_no_syntax_error(query: str) -> None:
    assert syntax_error(query) is None


HARD = [
    'sum(increase({"http.server.requests_total", "service.name"="checkout", "http.status"=~"5.."}[$window]))',
    'sum(increase(http_requests_total{code=~"5.."}[$window])) # errors of the last window',
    'sum by () (increase(http_requests_total{path!~"/health|/metrics", note="a # is no comment"}[$window]))',
    'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{le!="+Inf"}[$window])))',
    "sum(rate(http_requests_total[$window] offset 5m)) or vector(0)",
    'max_over_time((sum(rate(http_requests_total{version="$version"}[30s])))[$window:15s])',
    'sum(increase(http_requests_total{handler="/a\\"b\\\\c"}[$window] @ end()))',
    'label_replace(sum(up{job="checkout"}), "x", "$1", "job", "(.*)")',
    'sum(\n  increase(http_requests_total{code=~"5.."}[$window])  # one line\n)',
    "sum(\r\n  increase(a[$window]) # 'quoted\r\n) # and more",
]
"""Queries as people write them."""


@pytest.mark.parametrize("query", HARD)
def test_a_query_survives_its_age_its_version_and_its_receipt(query: str) -> None:
    """The cases quoted-labels and trailing-comment, and all others of the kind."""
    filled = substitute(query, window=60.0, version="v2")
    assert syntax_error(filled) is None
    assert all(syntax_error(newest(selector)) is None for selector in selectors(filled))
    for signal in (
        replace(VALUE, query=query),
        replace(VALUE, query=query, reduce=Reduce.SUM),
        replace(RATIO, numerator=query),
        replace(RATIO, denominator=query, reduce=Reduce.WORST),
    ):
        written = expression(signal, 1000.0, View("v2", None))
        assert syntax_error(written) is None, written
        assert not set(written) & set("\r\n")
        assert curl(Backend("http://a"), written, 1000.0).count("\n") == 0


@pytest.mark.parametrize(
    ("query", "ends"),
    [
        ("x @ end()", True),
        ("rate(x[1m] @  start ())", True),
        ("x @ 1700000000", False),
        # Asked instant by instant, it gives the same.
        ('x{a="@ end()"}', True),
        ("x # @ end()", False),
        ("x", False),
    ],
)
def test_a_query_that_ends_with_its_range_is_known(query: str, *, ends: bool) -> None:
    assert ends_with_its_range(query) is ends


@pytest.mark.parametrize("query", ["", "sum(", "rate(x)", "x{a=}", "rate(x[60])x"])
def test_a_broken_query_is_told(query: str) -> None:
    assert syntax_error(query)


@pytest.mark.parametrize(
    ("at", "since", "expected"),
    [(1000.0, None, 60.0), (1000.0, 900.0, 60.0), (1000.0, 985.0, 15.0), (1000.0, 1000.0, 0.0)],
)
def test_no_window_reaches_across_the_deployment(at: float, since: float | None, expected: float) -> None:
    assert View(None, since).span(VALUE, at) == expected


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (VALUE, "pool_in_use"),
        (replace(VALUE, reduce=Reduce.SUM), "sum(pool_in_use)"),
        (replace(VALUE, reduce=Reduce.WORST), "max(pool_in_use)"),
        (replace(VALUE, reduce=Reduce.WORST, rules=(UP,)), "max(pool_in_use)"),
        (replace(VALUE, reduce=Reduce.WORST, rules=(DOWN,)), "min(pool_in_use)"),
        (replace(VALUE, query="scalar(pool_in_use)", reduce=Reduce.SUM), "scalar(pool_in_use)"),
        (RATIO, "(sum(increase(failed[60s])) or vector(0)) / sum(increase(all[60s]))"),
        (replace(RATIO, events=False), "sum(increase(failed[60s])) / sum(increase(all[60s]))"),
        (replace(RATIO, denominator="10 * 6"), "(sum(increase(failed[60s])) or vector(0)) / (10 * 6)"),
        (
            replace(RATIO, numerator="sum(f)", denominator="count(a)"),
            "(sum(f) or vector(0)) / count(a)",
        ),
        (
            replace(RATIO, numerator="sum by (pod) (f)", denominator="topk(1, a)"),
            "(sum(sum by (pod) (f)) or vector(0)) / sum(topk(1, a))",
        ),
        (
            replace(RATIO, numerator="sum without () (f)", denominator="sum by () (a)"),
            "(sum(sum without () (f)) or vector(0)) / sum by () (a)",
        ),
        (
            replace(RATIO, reduce=Reduce.WORST),
            "max(((increase(failed[60s])) or (increase(all[60s])) * 0) / (increase(all[60s])))",
        ),
        (
            replace(RATIO, events=False, reduce=Reduce.WORST, rules=(DOWN,)),
            "min((increase(failed[60s])) / (increase(all[60s])))",
        ),
        (Signal(Indicator.DEPENDENCY, "connect", "s", 60.0, probe="tcp://db:5432"), ""),
    ],
)
def test_one_expression_reproduces_the_number(signal: Signal, expected: str) -> None:
    text = expression(signal, 1000.0, ANY)
    assert text == expected
    assert not text or syntax_error(text) is None


def test_the_expression_uses_the_window_that_was_in_use() -> None:
    signal = replace(VALUE, query='sum(rate(x{v="$version"}[$window])) * $window_seconds')
    assert expression(signal, 1000.0, View("v2", 985.0)) == 'sum(rate(x{v="v2"}[15s])) * 15'


BACKEND = Backend("http://prom:9090/prefix/")


def test_a_curl_line_asks_for_the_expression_at_its_time() -> None:
    line = curl(BACKEND, """sum(x{a="it's"})""", 1700000000.25)
    assert shlex.split(line) == [
        "curl",
        "-sG",
        "http://prom:9090/prefix/api/v1/query",
        "--data-urlencode",
        """query=sum(x{a="it's"})""",
        "--data-urlencode",
        "time=1700000000.250",
        "-d",
        "nocache=1",
    ]


@pytest.mark.parametrize(
    ("backend", "part"),
    [
        (replace(BACKEND, bearer_token_env="PROM_TOKEN"), ' -H "Authorization: Bearer $PROM_TOKEN"'),  # noqa: S106  # a name
        (
            replace(BACKEND, bearer_token_file="/run/my token"),  # noqa: S106  # a path
            """ -H "Authorization: Bearer $(cat '/run/my token')\"""",
        ),
        (
            replace(BACKEND, bearer_token_file="~/my token"),  # noqa: S106  # a path
            """ -H "Authorization: Bearer $(cat ~/'my token')\"""",
        ),
        (replace(BACKEND, basic_auth_env="PROM_USER"), ' -u "$PROM_USER"'),
        (replace(BACKEND, headers={"X-Scope-OrgID": "prod team"}), " -H 'X-Scope-OrgID: prod team'"),
        (replace(BACKEND, ca_file="/etc/my ca.pem"), " --cacert '/etc/my ca.pem'"),
        (replace(BACKEND, client_cert="c.pem", client_key="k.pem"), " --cert c.pem --key k.pem"),
    ],
)
def test_a_curl_line_names_secrets_and_never_holds_them(
    backend: Backend, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROM_TOKEN", "very-secret")
    monkeypatch.setenv("PROM_USER", "ana:very-secret")
    line = curl(backend, "up", 1000.0)
    assert line.endswith(part)
    assert "very-secret" not in line
