"""Answers that are too large, too deep, packed, or no numbers of this world: blind, with one sentence."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from aftergreen.model import Backend, Kind
from aftergreen.sources.answer import MOST_VALUES, parse
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import SourceUnavailable
from tests.scripted import Reply, answer, matrix, scripted, vector
from tests.sourced import always, reading

MALFORMED = "Prometheus's answer cannot be parsed: a sample is malformed"
NO_JSON = "Prometheus's answer is not JSON: check that metrics.url"
CUT = "Prometheus's answer cannot be parsed: it is cut off"
TOO_MANY = f"Prometheus's answer holds more than {MOST_VALUES:,} values: aggregate the query"


def packed(body: bytes, *codings: str, status: int = 200) -> Reply:
    for coding in codings:
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    return Reply(body, status, {"Content-Encoding": ", ".join(codings)})


def asked_for(codings: str) -> str:
    return f"Prometheus's answer comes packed ({codings}), which was not asked for: have the proxy"


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        # A gigabyte of blanks.
        (packed(b" " * 2**24, "gzip", "gzip"), asked_for("gzip, gzip")),
        (packed(vector("1"), "gzip"), asked_for("gzip")),
        (packed(vector("1"), "deflate"), asked_for("deflate")),
        (Reply(b"\x1f\x8bbroken", 200, {"Content-Encoding": "gzip"}), asked_for("gzip")),
        (Reply(b"", 200, {"Content-Encoding": "x\x1b[31m"}), asked_for("x [31m")),
        (packed(b"secret", "gzip", status=500), "Prometheus answered 500 Internal Server Error"),
        (Reply(vector("1"), headers={"X-Long": "x" * 2**20}), "no answer from http://127.0.0.1"),
        (Reply(vector("1"), headers={f"X-{n}": "x" for n in range(50_000)}), "no answer from"),
    ],
)
async def test_what_is_packed_or_has_too_long_a_head_is_not_read(reply: Reply, detail: str) -> None:
    got = await reading(always(reply))
    assert (got.kind, got.detail[: len(detail)]) == (Kind.BLIND, detail)


async def test_an_answer_that_says_identity_is_read() -> None:
    assert (
        await reading(always(Reply(vector("1000"), headers={"Content-Encoding": "identity"})))
    ).value == 1000.0


async def test_the_limit_is_the_configurations() -> None:
    reply = Reply(vector("1000", notes=" " * 70_000))
    assert (await reading(always(reply))).value == 1000.0
    got = await reading(always(reply), answer_limit=65_536)
    assert (
        got.detail == "Prometheus sent more than 64 KiB: aggregate the query, or raise metrics.answer_limit"
    )


def sample(at: str, value: str = '"1"') -> bytes:
    """An instant vector whose time and value are written as given."""
    return answer("vector", [{"metric": {}, "value": ["AT", "VALUE"]}]).replace(
        b'["AT", "VALUE"]', f"[{at}, {value}]".encode()
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (sample("9" * 400), MALFORMED),
        (sample("1e308"), MALFORMED),
        (sample("1e400"), MALFORMED),
        (sample("-1"), MALFORMED),
        (sample("NaN"), MALFORMED),
        (sample("Infinity"), MALFORMED),
        (sample("253402300800"), MALFORMED),
        (sample("9" * 5000), CUT),
        (sample("true", "1"), MALFORMED),
        (sample("1", "9" * 400), MALFORMED),
        (sample("1", '"' + "x" * 5000 + '"'), MALFORMED),
        (answer("vector", [{"metric": {"pod": 1}, "value": [1, "1"]}]), MALFORMED),
        (answer("vector", [{"metric": {"pod": {}}, "value": [1, "1"]}]), MALFORMED),
        (answer([["vector"]] * 9, []), "the query gives a nothing known, not a number"),  # type: ignore[arg-type]  # no string
        (b"[" * 100_000, NO_JSON),
        (b'{"a":' * 100_000, CUT),
        (b'{"status":' + b"[" * 900 + b"]" * 900 + b"}", "Prometheus's answer has no status and data"),
        (b"[" + b"[]," * MOST_VALUES, TOO_MANY),
        (b'{"status":"error","error":"' + b"," * (MOST_VALUES + 1) + b'"}', TOO_MANY),
        (b'{"status":"error","error":{"a":["\\u001b]0;x"]}}', "Prometheus refused the query: "),
        (b'{"status":"error","error":"\\ud800\\u202ex"}', "Prometheus refused the query: x"),
    ],
)
def test_no_answer_is_taken_apart_beyond_what_an_answer_is(body: bytes, detail: str) -> None:
    with pytest.raises(SourceUnavailable) as raised:
        parse(200, body)
    assert str(raised.value)[: len(detail)] == detail


@pytest.mark.parametrize("at", [1e308, -5.0, 2.6e11])
def test_a_range_outside_all_calendars_is_malformed(at: float) -> None:
    with pytest.raises(SourceUnavailable, match="a sample is malformed"):
        parse(200, matrix({at: "1"}), ranged=True)


@pytest.mark.parametrize("told", ["1e308", "253402300800", "-1", "NaN", "+Inf"])
async def test_a_clock_that_no_calendar_knows_is_not_believed(told: str) -> None:
    async with scripted(always(Reply(vector(told)))) as backend:
        source = PrometheusSource(Backend(backend.url))
        with pytest.raises(SourceUnavailable, match="does not tell the time"):
            await source.now()
        await source.close()


def test_a_partial_answer_with_remarks_of_no_known_kind_is_partial() -> None:
    body = vector("1", isPartial=True, warnings=[1, {}, "late\x9b31m"], infos={"a": 1})
    found = parse(200, body)
    assert (found.partial, found.notes) == ("late 31m; the backend says that its answer is partial", ())


def test_an_error_deeper_than_its_text_may_be_is_told_by_its_status() -> None:
    body = json.dumps({"status": "error", "error": "x"}).replace('"x"', "[" * 900 + "]" * 900)
    with pytest.raises(SourceUnavailable, match=r"^Prometheus answered 500 Internal Server Error$"):
        parse(500, body.encode())
