"""Numbers that no series stands behind, from backends that tell more or less about themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen.model import (
    Backend,
    Condition,
    Ground,
    Indicator,
    Kind,
    Reading,
    Reduce,
    Rule,
    Signal,
    Then,
    View,
)
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import Absence
from tests.scripted import Reply, Request, Script, answer, scripted, vector
from tests.waiting import HANG

AT = 1000.0
LATE = View("v2", 700.0)
FAILED = 'sum(increase(failed{version="$version"}[$window]))'
BY_CODE = 'sum(increase(all{version="$version",code=~"5.."}[$window]))'
ALL = 'sum(increase(all{version="$version"}[$window]))'
SIGNAL = Signal(Indicator.ERROR_RATE, "5xx", "%", 60.0, numerator=FAILED, denominator=ALL, events=True)
CODED = replace(SIGNAL, numerator=BY_CODE)
NAMES = "/api/v1/label/__name__/values"
NOTHING = "no series of failed"
TARGETS = "/api/v1/targets/metadata"


def labelled(*series: Mapping[str, str]) -> bytes:
    return answer("vector", [{"metric": labels, "value": [AT, "1"]} for labels in series])


def listed(*entries: object) -> bytes:
    return json.dumps({"status": "success", "data": list(entries)}).encode()


def told(answers: dict[str, bytes], pages: Mapping[str, bytes] | None = None) -> Script:
    """Answers queries by the first key that they contain, other endpoints by their path; 404 for the rest."""

    def script(request: Request) -> Reply:
        if request.path not in ("/api/v1/query", "/api/v1/query_range"):
            body = (pages or {}).get(request.path)
            return Reply(b"404 page not found", 404) if body is None else Reply(body)
        known = (body for part, body in answers.items() if part in request.query)
        return Reply(next(known, vector()))

    return script


SERVES = {'increase(all{version="v2"}': vector("250"), 'timestamp(all{version="v2"})': vector("1000")}
"""Requests of the new version are there, and nothing else is."""


async def read(script: Script, signal: Signal) -> Reading:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG))
        try:
            return (await source.read([signal], AT, LATE)).readings[signal.key]
        finally:
            await source.close()


@pytest.mark.parametrize(
    ("signal", "answers", "kind"),
    [
        (SIGNAL, {}, Kind.ABSENT),
        (replace(SIGNAL, absent_is_zero="it never fails"), {}, Kind.ZERO),
        # The series of failures has one sample only, and nothing increases over one.
        (SIGNAL, {"timestamp(failed": vector("1000")}, Kind.ZERO),
        # It was counted since the deployment, and its instance is gone.
        (SIGNAL, {'failed{version="v2"}[300s]': vector("0")}, Kind.ZERO),
        (CODED, {'count(all{version="v2",code!=""})': vector("3")}, Kind.ZERO),
        (CODED, {'count(all{version="v2",code!=""})': vector("0")}, Kind.ABSENT),
        (replace(CODED, reduce=Reduce.WORST), {}, Kind.ABSENT),
        (replace(CODED, reduce=Reduce.WORST), {'count(all{version="v2",code!=""})': vector("3")}, Kind.ZERO),
        # Whoever adds a number for the case that there is none knows no more than others.
        (replace(SIGNAL, numerator=f"{FAILED} or vector(0)"), {"vector(0)": vector("0")}, Kind.ABSENT),
        (
            replace(CODED, numerator=f"{BY_CODE} or vector(0)"),
            {"vector(0)": vector("0"), "count(": vector("3")},
            Kind.VALUE,
        ),
        # One term is there, the other is not, and PromQL adds nothing to nothing.
        (
            replace(CODED, numerator=f"{BY_CODE} + {FAILED}"),
            {"timestamp(failed": vector("1000"), "count(": vector("3")},
            Kind.ABSENT,
        ),
        (replace(CODED, numerator=f"{BY_CODE} + {BY_CODE}"), {"count(": vector("3")}, Kind.ZERO),
        # Without traffic it does not matter which of it failed.
        (SIGNAL, {'increase(all{version="v2"}': vector("0")}, Kind.NO_TRAFFIC),
        (SIGNAL, {'increase(all{version="v2"}': vector()}, Kind.NO_SERIES),
        # What is old, or could not be asked, is not told from what is absent.
        (SIGNAL, {'timestamp(all{version="v2"})': vector("100")}, Kind.STALE),
        (SIGNAL, {"increase(failed": b"<html>"}, Kind.BLIND),
        # A query that this grammar does not know has no selectors to ask about.
        (replace(SIGNAL, numerator="sum(increase(failed[$window]) keep_metric_names)"), {}, Kind.ABSENT),
    ],
)
async def test_an_empty_numerator_is_zero_only_where_something_says_so(
    signal: Signal, answers: dict[str, bytes], kind: Kind
) -> None:
    reading = await read(told(SERVES | answers), signal)
    assert reading.kind is kind, reading
    # What was tried while nobody could see whether it failed proves nothing.
    assert reading.total is None or kind is not Kind.ABSENT


INSTANCE = {"topk(20, count by (job, instance)": labelled({"job": "shop", "instance": "a:1"})}


@pytest.mark.parametrize(
    ("answers", "pages", "kind", "detail"),
    [
        (INSTANCE, {TARGETS: listed({"type": "counter"})}, Kind.ZERO, ""),
        (INSTANCE, {TARGETS: listed()}, Kind.ABSENT, NOTHING),
        # Without an instance nobody knows whose metadata to ask for.
        ({}, {TARGETS: listed({"type": "counter"})}, Kind.ABSENT, NOTHING),
        (
            {},
            {NAMES: listed("faild", "all", "failed")},
            Kind.ABSENT,
            "no series of failed: the nearest name is faild",
        ),
        ({}, {NAMES: b'{"data": 5}'}, Kind.ABSENT, NOTHING),
        ({}, {NAMES: b"[" * 100_000}, Kind.ABSENT, NOTHING),
        (
            {"topk(20, failed)": labelled({"version": "v1"}, {"version": "v1"})},
            {},
            Kind.ABSENT,
            f"{NOTHING} for this version, only with version v1",
        ),
    ],
)
async def test_what_is_missing_is_named_as_far_as_the_backend_tells(
    answers: dict[str, bytes], pages: Mapping[str, bytes], kind: Kind, detail: str
) -> None:
    reading = await read(told(SERVES | answers, pages), SIGNAL)
    assert (reading.kind, reading.detail) == (kind, detail)


RENAMED = {'topk(20, all{version="v2"})': labelled({"__name__": "all", "version": "v2", "status": "200"})}


@pytest.mark.parametrize(
    ("before", "detail"),
    [
        (
            labelled({"version": "v1", "code": "200"}, {"version": "v2", "status": "200"}),
            "before the deployment they had code, now they have status instead",
        ),
        (
            labelled({"version": "v1", "code": "200", "status": "200"}),
            "before the deployment they had code, now they have nothing instead",
        ),
        (vector(), "they have status, version"),
    ],
)
async def test_a_label_that_changed_is_told_with_both_names(before: bytes, detail: str) -> None:
    reading = await read(told(SERVES | RENAMED | {"topk(20, all)": before}), CODED)
    assert reading.kind is Kind.ABSENT
    assert reading.detail == f"no series of all has a label code: {detail}"


async def test_what_is_missing_is_told_anew_once_the_new_version_is_there() -> None:
    before = {"topk(20, all)": labelled({"version": "v1", "code": "200"})}
    async with scripted(told(SERVES | before)) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG))

        async def detail() -> str:
            return (await source.read([CODED], AT, LATE)).readings[CODED.key].detail

        assert await detail() == "no series of all for this version, only with version v1"
        backend.script = told(SERVES | RENAMED | before)
        assert (await detail()).startswith(
            "no series of all has a label code: before the deployment they had"
        )
        await source.close()


async def test_no_series_are_listed_twice_to_find_out_what_is_missing() -> None:
    asked: list[str] = []
    backend = told(
        SERVES | RENAMED | INSTANCE | {"topk(20, all)": labelled({"version": "v1", "code": "200"})}
    )

    def noted(request: Request) -> Reply:
        asked.append(request.query)
        return backend(request)

    assert (await read(noted, CODED)).kind is Kind.ABSENT
    looks = [query for query in asked if query.startswith("topk(")]
    assert 'topk(20, all{version="v2"})' in looks
    assert sorted(looks) == sorted(set(looks))


async def test_metadata_of_a_metric_whose_label_changed_vouch_for_nothing() -> None:
    script = told(SERVES | RENAMED | INSTANCE, {TARGETS: listed({"type": "counter"})})
    assert (await read(script, CODED)).kind is Kind.ABSENT


async def test_metadata_are_asked_once_and_what_is_missing_is_looked_up_once_more() -> None:
    asked: list[str] = []

    def counting(script: Script) -> Script:
        def counted(request: Request) -> Reply:
            asked.append(request.path)
            return script(request)

        return counted

    async with scripted(counting(told(SERVES | INSTANCE, {TARGETS: listed()}))) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG))
        for expected in (Kind.ABSENT, Kind.ABSENT):
            assert (await source.read([SIGNAL], AT, LATE)).readings[SIGNAL.key].kind is expected
        assert asked.count(TARGETS) == 2
        # The names of all metrics are many: they are fetched once.
        assert asked.count(NAMES) == 1
        # A new instance has come, and its page names the metric.
        backend.script = counting(told(SERVES | INSTANCE, {TARGETS: listed({"type": "counter"})}))
        for _ in range(3):
            assert (await source.read([SIGNAL], AT, LATE)).readings[SIGNAL.key].kind is Kind.ZERO
        await source.close()
    assert asked.count(TARGETS) == 3


async def test_a_number_for_nothing_is_no_value_of_a_query_either() -> None:
    above, below = (Rule(c, 5.0, 60.0, Then.ROLLBACK) for c in (Condition.ABOVE, Condition.BELOW))
    mails = Signal(Indicator.BUSINESS, "mails", "/min", 60.0, (above,), query="sum(mails) or vector(0)")
    script = told({"or vector(0)": vector("0")})
    assert (await read(script, mails)).kind is Kind.ABSENT
    # Nothing at all is what this rule is there for.
    assert (await read(script, replace(mails, rules=(below,)))).value == 0.0
    named = told({"or vector(0)": vector("0")}, {"/api/v1/metadata": b'{"data": {"mails": [{}]}}'})
    assert (await read(named, mails)).value == 0.0


async def absence(script: Script, signal: Signal, view: View = LATE) -> Absence | None:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG))
        try:
            return (await source.absences([signal], AT, view)).get(signal.key)
        finally:
            await source.close()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"timestamp(failed": vector("1000")}, Absence(Ground.SEEN)),
        (
            {"last_over_time(failed[7d])": vector("4")},
            Absence(None, seen=True, missing=NOTHING),
        ),
        ({}, Absence(None, seen=False, missing=NOTHING)),
        ({'increase(all{version="v2"}': vector()}, Absence(None, missing=NOTHING)),
    ],
)
async def test_before_the_watch_the_last_seven_days_are_asked(
    answers: dict[str, bytes], expected: Absence
) -> None:
    assert await absence(told(SERVES | answers), SIGNAL) == expected


async def test_what_does_without_doubt_have_series_is_not_told_of() -> None:
    pool = Signal(Indicator.SATURATION, "pool", "", 60.0, query="sum(pool)")
    assert await absence(told({"sum(pool)": vector("4")}), pool) is None


async def test_a_backend_that_never_answers_explains_nothing_and_is_not_waited_for() -> None:
    def script(request: Request) -> Reply:
        explains = "topk(" in request.query or request.path == NAMES
        return Reply(hang_up=True) if explains else told(SERVES)(request)

    reading = await read(script, SIGNAL)
    assert (reading.kind, reading.detail) == (Kind.ABSENT, "nothing tells that it means zero")


FAST = 'sum(increase(seconds_bucket{version="$version",le="1"}[$window]))'
BUCKETED = replace(SIGNAL, numerator=FAST)
SPELT = 'no series of seconds_bucket has le="1"'


@pytest.mark.parametrize(
    ("bounds", "detail"),
    [
        # As Prometheus 3 writes them.
        (("0.5", "1.0", "+Inf"), f'{SPELT}: here it is "1.0"'),
        (("0.5", "1e0", "+Inf"), f'{SPELT}: here it is "1e0"'),
        (("2.5", "0.5", "10", "+Inf"), f"{SPELT}: there are 0.5, 2.5, 10, +Inf"),
        (("odd", "0.5"), f"{SPELT}: there are 0.5, odd"),
    ],
)
async def test_a_bucket_that_is_not_there_is_no_zero_and_is_told_as_it_is_written(
    bounds: tuple[str, ...], detail: str
) -> None:
    buckets = labelled(*({"le": bound} for bound in bounds))
    there = {
        'topk(20, seconds_bucket{version="v2"})': labelled({"version": "v2", "le": "0.5"}),
        "count by (le)": buckets,
        # Its metadata are there as well, and vouch for nothing.
        **INSTANCE,
    }
    reading = await read(told(SERVES | there, {TARGETS: listed({"type": "histogram"})}), BUCKETED)
    assert (reading.kind, reading.detail) == (Kind.ABSENT, detail)


async def test_a_bucket_that_was_there_before_is_zero_once_nothing_falls_into_it() -> None:
    seen = {'timestamp(seconds_bucket{version="v2",le="1"})': vector("1000")}
    assert (await read(told(SERVES | seen), BUCKETED)).kind is Kind.ZERO
