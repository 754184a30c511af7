"""Readings from anything that speaks the Prometheus HTTP API."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

from aftergreen.model import Backend, Condition, Instant, Reading, Signal, SignalKey, View
from aftergreen.promql import newest, samples, substitute
from aftergreen.sources.answer import Answer, Refused, parse
from aftergreen.sources.classify import Found, classified, counted
from aftergreen.sources.freshness import SPANS, STALE_SCRAPES, Query, age, interval, judged
from aftergreen.sources.http import Client
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.questions import Catalogue, Questions, milliseconds, runs

AT_ONCE = 8
"""Questions about the past that are under way at a time."""

SCRAPE = 60.0
"""Seconds between two scrapes where they could not be measured: the longest that is usual."""

Sheet = dict[tuple[str, int], Found]
"""What was found, by the text that was asked and the evaluation time in milliseconds."""


class PrometheusSource:
    """Reads signals from one backend.

    ``running`` is the query that counts serving instances by version; ``window`` is its ``$window``.
    Connections are opened by the first question, in the event loop that asks it.
    """

    def __init__(self, backend: Backend, running: str | None = None, window: float = 60.0) -> None:
        self._backend = backend
        self._running = running
        self._window = window
        self._client = Client(backend)
        self._scrapes: dict[SignalKey, float | None] = {}

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; equal texts are asked once. ``at`` lies after the beginning of the view."""
        catalogue = Catalogue(signals, view)
        texts = [*catalogue.texts(at), *self._running_text(at, view), *_freshness_texts(signals)]
        sheet = await self._together(texts, at)
        return self._instant(catalogue, at, view, sheet)

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """See `Source.history`.

        A text that is asked at evenly spaced instants is asked by range queries that evaluate at exactly
        these times. Where windows are cut off by the view, each instant has its own text, asked on its own.
        """
        catalogue = Catalogue(signals, view)
        wanted: dict[str, list[float]] = {}
        for at in instants:
            for text in (*catalogue.texts(at), *self._running_text(at, view), *_freshness_texts(signals)):
                wanted.setdefault(text, []).append(at)
        sheet: Sheet = {}
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for text, times in wanted.items():
                for run in runs(times):
                    group.create_task(self._fill(sheet, text, run, slots))
        return tuple(self._instant(catalogue, at, view, sheet) for at in instants)

    async def prepare(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, float | None]:
        """See `Source.prepare`; a signal is as slow as the slowest of its selectors."""
        catalogue = Catalogue(signals, view)
        found = {signal.key: catalogue.selectors(signal) for signal in catalogue.signals}
        wanted = dict.fromkeys(
            samples(one, length) for selectors in found.values() for one in selectors for length in SPANS
        )
        sheet = await self._together(wanted, at)
        self._scrapes = {signal.key: None for signal in signals}
        for key, selectors in found.items():
            intervals = [_interval(one, at, sheet) for one in selectors]
            self._scrapes[key] = max((known for known in intervals if known is not None), default=None)
        return dict(self._scrapes)

    async def now(self) -> float:
        """See `Source.now`."""
        try:
            async with asyncio.timeout(self._backend.timeout):
                answer = await self._answer("query", {"query": "time()"})
        except TimeoutError:
            raise SourceUnavailable(self._too_late()) from None
        times = [value for series in answer.series for _, value in series.samples]
        if len(times) != 1 or not math.isfinite(times[0]):
            raise SourceUnavailable("the backend does not tell the time: it is no Prometheus API")
        return times[0]

    async def close(self) -> None:
        """See `Source.close`."""
        await self._client.close()

    # Asking

    def _running_text(self, at: float, view: View) -> tuple[str, ...]:
        if self._running is None:
            return ()
        window = self._window if view.since is None else min(self._window, at - view.since)
        return (substitute(self._running, window=window, version=view.version),)

    async def _together(self, texts: Iterable[str], at: float) -> Sheet:
        """Ask all texts at once under one deadline; what has no answer by then is blind."""
        sheet: Sheet = {}
        deadline = asyncio.get_running_loop().time() + self._backend.timeout
        async with asyncio.TaskGroup() as group:
            for text in dict.fromkeys(texts):
                group.create_task(self._fill(sheet, text, (at,), deadline=deadline))
        return sheet

    async def _fill(
        self,
        sheet: Sheet,
        text: str,
        run: tuple[float, ...],
        slots: asyncio.Semaphore | None = None,
        deadline: float | None = None,
    ) -> None:
        """Ask one text at the instants of a run, and note at each what was found."""
        async with slots or nullcontext():
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + self._backend.timeout
            try:
                async with asyncio.timeout_at(deadline):
                    found = await (self._moment(text, run[0]) if len(run) == 1 else self._range(text, run))
            except TimeoutError:
                found = _everywhere(run, Found(failure=self._too_late()))
            except SourceUnavailable as error:
                found = _everywhere(run, Found(failure=str(error), refused=isinstance(error, Refused)))
        sheet.update({(text, at): one for at, one in found.items()})

    async def _moment(self, text: str, at: float) -> dict[int, Found]:
        answer = await self._answer("query", {"query": text, "time": f"{at:.3f}"})
        values = tuple(series.samples[0][1] for series in answer.series)
        labels = tuple(series.labels for series in answer.series)
        return {milliseconds(at): Found(values, labels, partial=answer.partial, notes=answer.notes)}

    async def _range(self, text: str, run: tuple[float, ...]) -> dict[int, Found]:
        step = (milliseconds(run[1]) - milliseconds(run[0])) / 1000
        form = {
            "query": text,
            "start": f"{run[0]:.3f}",
            "end": f"{run[-1]:.3f}",
            "step": f"{step:.3f}",
            # VictoriaMetrics moves the times of a range query so that it can cache it, unless told not to.
            "nocache": "1",
        }
        return _columns(await self._answer("query_range", form), run)

    async def _answer(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        status, body = await self._client.ask(endpoint, form)
        return parse(status, body, ranged=endpoint == "query_range")

    def _too_late(self) -> str:
        return f"Prometheus did not answer within {self._backend.timeout:g} s: raise metrics.timeout"

    # Reading what was found

    def _instant(self, catalogue: Catalogue, at: float, view: View, sheet: Sheet) -> Instant:
        when = milliseconds(at)
        readings = {
            signal.key: self._reading(signal, catalogue.of(signal, at), at, sheet)
            for signal in catalogue.signals
        }
        running = [_running(sheet[text, when]) for text in self._running_text(at, view)]
        fresh = [self._fresh(sheet[text, when], at) for text in _freshness_texts(catalogue.signals)]
        return Instant(at, readings, running[0] if running else None, fresh[0] if fresh else None)

    def _fresh(self, found: Found, at: float) -> bool:
        """Whether the backend's own series of scrapes goes on, whatever the targets say."""
        slowest = max((known for known in self._scrapes.values() if known is not None), default=SCRAPE)
        return any(at - taken <= STALE_SCRAPES * slowest for taken in found.values)

    def _reading(self, signal: Signal, asked: Questions, at: float, sheet: Sheet) -> Reading:
        when = milliseconds(at)
        found = {role: sheet[text, when] for role, text in asked.queries.items()}
        queries = [
            Query(found[role], tuple(sheet[text, when] for text in asked.ages[role]), role in asked.alone)
            for role in asked.queries
        ]
        reading = judged(classified(signal, found), age(queries), at, self._scrapes.get(signal.key))
        if not asked.totals:
            return reading
        return replace(reading, total=counted(signal, {r: sheet[t, when] for r, t in asked.totals.items()}))


def _freshness_texts(signals: Sequence[Signal]) -> tuple[str, ...]:
    """Asked where silence is a fault: a backend that is silent itself must not be taken for that."""
    silence = any(rule.condition is Condition.SILENT for signal in signals for rule in signal.rules)
    return (newest("up"),) if silence else ()


def _everywhere(run: tuple[float, ...], found: Found) -> dict[int, Found]:
    return {milliseconds(at): found for at in run}


def _columns(answer: Answer, run: tuple[float, ...]) -> dict[int, Found]:
    """The answer to a range query, instant by instant, as if each had been asked on its own."""
    rows: dict[int, list[tuple[float, Mapping[str, str]]]] = {milliseconds(at): [] for at in run}
    for series in answer.series:
        for at, value in series.samples:
            row = rows.get(milliseconds(at))
            if row is None:
                raise SourceUnavailable("Prometheus answered for other times than were asked")
            row.append((value, series.labels))
    return {
        at: Found(
            tuple(value for value, _ in row),
            tuple(labels for _, labels in row),
            partial=answer.partial,
            notes=answer.notes,
        )
        for at, row in rows.items()
    }


def _interval(selector: str, at: float, sheet: Sheet) -> float | None:
    when = milliseconds(at)
    counted = {length: sheet[samples(selector, length), when].values for length in SPANS}
    return interval({length: values[0] for length, values in counted.items() if values})


def _running(found: Found) -> Mapping[str, float] | None:
    """Serving instances by version; None where the query was not answered, or not wholly."""
    if found.failure or found.partial:
        return None
    counts: dict[str, float] = {}
    for labels, count in zip(found.labels, found.values, strict=True):
        if "version" in labels and math.isfinite(count):
            counts[labels["version"]] = counts.get(labels["version"], 0.0) + count
    return counts
