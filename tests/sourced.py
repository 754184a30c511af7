"""The Prometheus source over a real socket, asked for signals of these tests."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from aftergreen.model import Backend, Indicator, Instant, Reading, Signal, View
from aftergreen.sources.prometheus import PrometheusSource
from tests.scripted import (
    Reply,
    Request,
    Script,
    ScriptedBackend,
    answer,
    scripted,
    vector,
)
from tests.waiting import HANG

AT = 1000.0


ANY = View("v2", None)


POOL = Signal(Indicator.SATURATION, "pool", "none", 60.0, query="sum(pool)")
ERRORS = Signal(
    Indicator.ERROR_RATE,
    "5xx",
    "%",
    60.0,
    numerator='sum(increase(failed{version="$version"}[$window]))',
    denominator='sum(increase(all{version="$version"}[$window]))',
    events=True,
)


def by_query(answers: Mapping[str, bytes], otherwise: bytes = vector()) -> Script:
    """Answers a request by the first key that its query contains; freshness and counts apart.

    Several questions in one are answered each by itself, as a backend would; one that fails fails them all.
    """

    def script(request: Request) -> Reply:
        if several := JOINED.findall(request.query):
            return together([(number, script(asking(request, text))) for text, number in several])
        if "timestamp(" in request.query and "timestamp(" not in answers:
            return Reply(vector(request.form.get("time", str(AT))))
        for part, body in answers.items():
            if part in request.query:
                return Reply(body)
        return Reply(otherwise)

    return script


JOINED = re.compile(r'label_replace\((.*?), "question", "(\d+)", "", ""\)(?: or |$)')
"""A question among several in one request, and its number."""


def asking(request: Request, query: str) -> Request:
    """The request with another query."""
    return replace(request, form={**request.form, "query": query})


def together(replies: Sequence[tuple[str, Reply]]) -> Reply:
    """One answer to several questions, each series with the number of its question; or the first failure."""
    series: list[object] = []
    for number, reply in replies:
        try:
            found = json.loads(reply.body)["data"]["result"]
        except (ValueError, KeyError):
            return reply
        series += [{"metric": {"question": number}, "value": one["value"]} for one in found]
    return Reply(answer("vector", series))


def always(reply: Reply) -> Script:
    return lambda _: reply


async def read(script: Script, *signals: Signal, **options: str | float) -> Instant:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, **{"timeout": HANG, **options}))  # type: ignore[arg-type]  # fields by name
        try:
            return await source.read(signals or (POOL,), AT, ANY)
        finally:
            await source.close()


async def reading(script: Script, signal: Signal = POOL, **options: str | float) -> Reading:
    return (await read(script, signal, **options)).readings[signal.key]


async def source_over(
    script: Script,
    act: Callable[[PrometheusSource, ScriptedBackend], Awaitable[None]],
    running: str | None = None,
) -> None:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG), running)
        await act(source, backend)
        await source.close()
