"""Readings from anything that speaks the Prometheus HTTP API."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aftergreen.model import Backend, Instant, Kind, Reading, Signal, SignalKey, View
from aftergreen.promql import selectors, span, substitute
from aftergreen.sources.answer import Answer, parse
from aftergreen.sources.classify import Found, judged_for_age, noted, ratio_reading, value_reading
from aftergreen.sources.http import Client
from aftergreen.sources.protocol import SourceUnavailable

POINTS = 1000
"""Instants of one range query; Prometheus refuses more than 11,000."""

AT_ONCE = 8
"""Range queries under way at a time."""

SPANS = (300.0, 60.0)
"""Seconds over which samples are counted to measure a scrape interval; the short one knows young series."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one text gave over a range, by evaluation time in milliseconds; ``otherwise`` holds elsewhere."""

    found: Mapping[int, Found]
    otherwise: Found

    def at(self, at: float) -> Found:
        """What it gave at one instant."""
        return self.found.get(_milliseconds(at), self.otherwise)


@dataclass(frozen=True, slots=True)
class Asked:
    """The texts that one signal asks at one look-back: its queries by role, and its freshness queries."""

    queries: Mapping[str, str]
    ages: Mapping[str, tuple[str, ...]]

    @property
    def texts(self) -> Iterable[str]:
        """Every text that has to be asked."""
        yield from self.queries.values()
        for ages in self.ages.values():
            yield from ages


class PrometheusSource:
    """Reads signals from one backend; ``running`` is the query that counts instances by version."""

    def __init__(self, backend: Backend, running: str | None = None) -> None:
        self._backend = backend
        self._running = running
        self._client = Client(backend)
        self._scrapes: dict[SignalKey, float | None] = {}

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; equal texts are asked once."""
        asked = _ask(signals, at, view)
        columns = await self._columns(asked, lambda text: self._moment(text, at))
        return self._judged(signals, asked, at, columns)

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """See `Source.history`.

        Instants whose windows are cut off by the view need a look-back of their own and are asked one by
        one; all others come from range queries that evaluate at exactly the same times.
        """
        widest = max((signal.window for signal in signals if signal.windowed), default=0.0)
        cut = [at for at in instants if view.since is not None and at - view.since < widest]
        whole = instants[len(cut) :]
        slots = asyncio.Semaphore(AT_ONCE)

        async def early(at: float) -> Instant:
            async with slots:
                return await self.read(signals, at, view)

        async def chunk(part: Sequence[float]) -> tuple[Instant, ...]:
            async with slots:
                return await self._range(signals, part, view)

        parts = [whole[first : first + POINTS] for first in range(0, len(whole), POINTS)]
        firsts = await asyncio.gather(*(early(at) for at in cut))
        rest = await asyncio.gather(*(chunk(part) for part in parts))
        return (*firsts, *(instant for part in rest for instant in part))

    async def prepare(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, float | None]:
        """See `Source.prepare`: as many samples as a span holds lie a scrape interval apart."""
        wanted = {signal.key: _selectors_of(signal, view) for signal in signals}
        texts = {_counting(one, length) for found in wanted.values() for one in found for length in SPANS}
        columns = await self._all(texts, lambda text: self._moment(text, at))
        self._scrapes = {key: _interval(found, columns, at) for key, found in wanted.items()}
        return self._scrapes

    async def now(self) -> float:
        """See `Source.now`."""
        try:
            async with asyncio.timeout(self._backend.timeout):
                answer = await self._answer("query", {"query": "time()"})
        except TimeoutError as error:
            raise SourceUnavailable(f"no answer within {self._backend.timeout:g} s") from error
        if len(answer.series) != 1:
            raise SourceUnavailable("the backend does not tell the time")
        return answer.series[0].samples[0][1]

    async def close(self) -> None:
        """See `Source.close`."""
        await self._client.close()

    async def _range(
        self, signals: Sequence[Signal], part: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        asked = _ask(signals, part[-1], view)
        columns = await self._columns(asked, lambda text: self._span(text, part))
        return tuple(self._judged(signals, asked, at, columns) for at in part)

    async def _columns(
        self, asked: Mapping[SignalKey, Asked], ask: Callable[[str], Awaitable[Column]]
    ) -> Mapping[str, Column]:
        texts = {text for one in asked.values() for text in one.texts}
        return await self._all(texts | ({self._running} if self._running else set()), ask)

    async def _all(
        self, texts: Iterable[str], ask: Callable[[str], Awaitable[Column]]
    ) -> Mapping[str, Column]:
        """Ask all texts at once, under one deadline; what has no answer by then has none."""
        tasks = {text: asyncio.ensure_future(ask(text)) for text in texts}
        if not tasks:
            return {}
        _, late = await asyncio.wait(tasks.values(), timeout=self._backend.timeout)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        missed = Column({}, Found(failure=f"no answer within {self._backend.timeout:g} s"))
        return {text: missed if task in late else task.result() for text, task in tasks.items()}

    async def _moment(self, text: str, at: float) -> Column:
        try:
            answer = await self._answer("query", {"query": text, "time": f"{at:.3f}"})
        except SourceUnavailable as error:
            return Column({}, Found(failure=str(error)))
        # The answer's own time is the evaluation time, whatever digits the server gives it.
        values = tuple(series.samples[0][1] for series in answer.series if series.samples)
        labels = tuple(series.labels for series in answer.series if series.samples)
        return Column({}, Found(values, labels, partial=answer.partial, notes=answer.notes))

    async def _span(self, text: str, part: Sequence[float]) -> Column:
        step = part[1] - part[0] if len(part) > 1 else 1.0
        form = {"query": text, "start": f"{part[0]:.3f}", "end": f"{part[-1]:.3f}", "step": f"{step:.3f}"}
        try:
            answer = await self._answer("query_range", form)
        except SourceUnavailable as error:
            return Column({}, Found(failure=str(error)))
        rows: dict[int, list[tuple[float, Mapping[str, str]]]] = {}
        for series in answer.series:
            for at, value in series.samples:
                rows.setdefault(_milliseconds(at), []).append((value, series.labels))
        found = {
            at: Found(
                tuple(value for value, _ in row),
                tuple(labels for _, labels in row),
                partial=answer.partial,
                notes=answer.notes,
            )
            for at, row in rows.items()
        }
        return Column(found, Found(partial=answer.partial, notes=answer.notes))

    async def _answer(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        status, body = await self._client.ask(endpoint, form)
        return parse(status, body)

    def _judged(
        self,
        signals: Sequence[Signal],
        asked: Mapping[SignalKey, Asked],
        at: float,
        columns: Mapping[str, Column],
    ) -> Instant:
        found = {text: column.at(at) for text, column in columns.items()}
        readings = {}
        for signal in signals:
            if signal.probe:
                readings[signal.key] = Reading.unknown(Kind.BLIND, "a probe has no past")
            else:
                scrape = self._scrapes.get(signal.key)
                readings[signal.key] = _reading(signal, asked[signal.key], at, found, scrape)
        return Instant(at, readings, _running(found.get(self._running or "")))


def _ask(signals: Sequence[Signal], at: float, view: View) -> dict[SignalKey, Asked]:
    return {signal.key: _asked(signal, at, view) for signal in signals if not signal.probe}


def _asked(signal: Signal, at: float, view: View) -> Asked:
    window = span(signal, at, view)
    roles = {
        "query": signal.query,
        "count": signal.count,
        "numerator": signal.numerator,
        "denominator": signal.denominator,
    }
    queries = {
        role: substitute(text, window=window, version=view.version) for role, text in roles.items() if text
    }
    ages = {
        role: tuple(f"max(timestamp({one}))" for one in selectors(text)) for role, text in queries.items()
    }
    return Asked(queries, ages)


def _reading(
    signal: Signal, asked: Asked, at: float, found: Mapping[str, Found], scrape: float | None
) -> Reading:
    answers = {role: found[text] for role, text in asked.queries.items()}
    if signal.query is not None:
        reading = value_reading(signal, answers["query"], answers.get("count"))
    else:
        reading = ratio_reading(signal, answers["numerator"], answers["denominator"])
    newest = _newest(asked, found)
    return noted(judged_for_age(reading, newest, at, scrape), tuple(answers.values()))


def _newest(asked: Asked, found: Mapping[str, Found]) -> float | None:
    """The newest sample behind each query, and of those the oldest: a signal is as old as its oldest half.

    A query whose selectors have no samples says nothing: failures that never happened have no series.
    """
    newest = []
    for texts in asked.ages.values():
        times = [value for text in texts for value in found[text].values if math.isfinite(value)]
        if times:
            newest.append(max(times))
    return min(newest, default=None)


def _selectors_of(signal: Signal, view: View) -> tuple[str, ...]:
    filled = (substitute(text, window=signal.window, version=view.version) for text in signal.queries)
    return tuple(dict.fromkeys(one for text in filled for one in selectors(text)))


def _counting(selector: str, length: float) -> str:
    return f"max(count_over_time({selector}[{length:.0f}s]))"


def _interval(found: Sequence[str], columns: Mapping[str, Column], at: float) -> float | None:
    intervals = [
        length / count
        for one in found
        for length in SPANS
        for count in columns[_counting(one, length)].at(at).values
        if count >= 1
    ]
    return min(intervals, default=None)


def _running(found: Found | None) -> Mapping[str, float] | None:
    if found is None or not found.values:
        return None
    pairs = zip(found.labels, found.values, strict=True)
    return {labels.get("version", "?"): count for labels, count in pairs if math.isfinite(count)}


def _milliseconds(at: float) -> int:
    return round(at * 1000)
