"""What is read from the bodies that real servers send."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.sources.answer import Answer, Refused, parse
from aftergreen.sources.protocol import SourceUnavailable
from tests.scripted import answer, error, matrix, vector

EXAMPLES = Path(__file__).parents[1] / "vectors" / "prometheus_api_examples.json"
DOCUMENTED = [example["answer"] for example in json.loads(EXAMPLES.read_text(encoding="utf-8"))]


def test_the_documented_instant_vector() -> None:
    found = parse(200, json.dumps(DOCUMENTED[0]).encode())
    assert [series.labels["job"] for series in found.series] == ["prometheus", "node"]
    assert [series.samples for series in found.series] == [((1435781451.781, 1.0),), ((1435781451.781, 0.0),)]


def test_the_documented_range() -> None:
    found = parse(200, json.dumps(DOCUMENTED[1]).encode(), ranged=True)
    assert [len(series.samples) for series in found.series] == [3, 3]
    assert found.series[1].samples[-1] == (1435781460.781, 1.0)


@pytest.mark.parametrize("number", range(2, len(DOCUMENTED)))
def test_no_other_answer_of_the_api_is_taken_for_numbers(number: int) -> None:
    with pytest.raises(SourceUnavailable):
        parse(200, json.dumps(DOCUMENTED[number]).encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("+Inf", math.inf), ("-Inf", -math.inf), ("Inf", math.inf), ("1e-9", 1e-9)],
)
def test_numbers_come_as_strings(text: str, value: float) -> None:
    assert parse(200, vector(text)).series[0].samples == ((1000.0, value),)


def test_nan_is_kept_to_be_classified() -> None:
    assert math.isnan(parse(200, vector("NaN")).series[0].samples[0][1])


def test_a_scalar_is_one_series_without_labels() -> None:
    assert parse(200, answer("scalar", [1000.25, "42"])).series[0].samples == ((1000.25, 42.0),)


@pytest.mark.parametrize("result", [[], None])
def test_an_empty_answer_has_no_series(result: object) -> None:
    assert parse(200, answer("vector", result)) == Answer(())


def test_warnings_and_partial_answers_say_what_is_missing() -> None:
    thanos = vector("1", warnings=["No StoreAPIs matched for this query", "receive\x1b[31m series: EOF"])
    assert parse(200, thanos).partial == "No StoreAPIs matched for this query; receive [31m series: EOF"
    victoria = vector("1", isPartial=True)
    assert parse(200, victoria).partial == "the backend says that its answer is partial"
    assert parse(200, vector("1", isPartial=False)).partial == ""


def test_informational_annotations_are_notes_wherever_they_stand() -> None:
    remark = 'PromQL info: metric might not be a counter, name does not end in _total: "x" (1:6)'
    assert parse(200, vector("1", infos=[remark])).notes == (remark,)
    older = parse(200, vector("1", warnings=[remark]))
    assert (older.notes, older.partial) == ((remark,), "")
    both = parse(
        200, vector("1", warnings=[remark, "PromQL warning: quantile value should be between 0 and 1"])
    )
    assert both.partial == "PromQL warning: quantile value should be between 0 and 1"


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (400, error("bad_data", "parse error"), "Prometheus answered 400: bad_data: parse error"),
        (422, error("execution", "many-to-many"), "Prometheus answered 422: execution: many-to-many"),
        (503, error("timeout", "query timed out"), "Prometheus answered 503: timeout: query timed out"),
        (503, b"no available server\n", "Prometheus answered 503: no available server"),
        (503, b"<html><h1>503</h1></html>", "Prometheus answered 503 Service Unavailable"),
        (502, b"", "Prometheus answered 502 Bad Gateway"),
        (599, b"", "Prometheus answered 599"),
        (401, b"no org id", "Prometheus answered 401: no org id: check bearer_token_env"),
        (404, b"404 page not found", "Prometheus answered 404: 404 page not found: check metrics.url"),
        (302, b"", "Prometheus answered 302 Found: put the address that it leads to into metrics.url"),
        (204, b"", "Prometheus answered 204 No Content"),
        (200, error("execution", "x"), "Prometheus refused the query: execution: x"),
        (200, b"", "Prometheus's answer is not JSON: check that metrics.url"),
        (
            200,
            b"<!doctype html><title>Grafana</title>",
            "Prometheus's answer is not JSON: check that metrics.url",
        ),
        (200, vector("1")[:-20], "Prometheus's answer cannot be parsed: it is cut off"),
        (200, b"\xff\xfe\x00", "Prometheus's answer is not JSON"),
        (200, b"[" * 100_000, "Prometheus's answer is not JSON"),
        (200, b"[]", "Prometheus's answer is not JSON"),
        (200, b'{"status":"fine","data":{}}', "Prometheus's answer has no status and data"),
        (200, b'{"data":{"resultType":"vector","result":[]}}', "Prometheus's answer has no status and data"),
        (200, b'{"status":"success"}', "Prometheus's answer has no status and data"),
        (200, answer("matrix", []), "the query gives ranges of samples, not a number"),
        (200, answer("string", [1, "a"]), "the query gives a string, not a number"),
        (200, answer("vector", {}), "Prometheus's answer cannot be parsed: a sample is malformed"),
        (200, answer("vector", ["x"]), "Prometheus's answer cannot be parsed"),
        (200, answer("vector", [{"metric": {}}]), "Prometheus's answer cannot be parsed"),
        (200, answer("vector", [{"value": [1, "1"]}]), "Prometheus's answer cannot be parsed"),
        (200, answer("vector", [{"metric": {}, "value": [1, 1]}]), "Prometheus's answer cannot be parsed"),
        (
            200,
            answer("vector", [{"metric": {}, "value": [1, "one"]}]),
            "Prometheus's answer cannot be parsed",
        ),
        (
            200,
            answer("vector", [{"metric": {}, "value": ["now", "1"]}]),
            "Prometheus's answer cannot be parsed",
        ),
        (200, answer("vector", [{"metric": {}, "value": [1]}]), "Prometheus's answer cannot be parsed"),
        (
            200,
            answer("vector", [{"metric": {}, "histogram": [1, {"count": "1"}]}]),
            "the query gives native histograms",
        ),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(status: int, body: bytes, text: str) -> None:
    with pytest.raises(SourceUnavailable) as raised:
        parse(status, body)
    assert str(raised.value).startswith(text)


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (422, True), (401, False), (500, False), (503, False)]
)
def test_a_query_that_is_refused_is_told_from_a_backend_that_is_down(status: int, refused: bool) -> None:  # noqa: FBT001  # a column
    with pytest.raises(SourceUnavailable) as raised:
        parse(status, error("execution", "x"))
    assert isinstance(raised.value, Refused) is refused


def test_a_vector_is_no_answer_to_a_range_query() -> None:
    with pytest.raises(SourceUnavailable, match="gives a vector"):
        parse(200, vector("1"), ranged=True)
    assert parse(200, matrix({1.0: "2"}), ranged=True).series[0].samples == ((1.0, 2.0),)


def test_a_hostile_error_is_one_clean_short_line() -> None:
    with pytest.raises(SourceUnavailable) as raised:
        parse(500, error("internal", "\x1b]52;c;AAAA\x07" + "x\n" * 5000))
    text = str(raised.value)
    assert text.isprintable()
    assert len(text) < 300


@given(st.binary(max_size=200), st.sampled_from([200, 204, 400, 503, 999]))
def test_no_body_makes_it_fail_otherwise(body: bytes, status: int) -> None:
    try:
        parse(status, body)
    except SourceUnavailable as unavailable:
        assert str(unavailable).isprintable()  # noqa: PT017  # either outcome is right
