"""Readings from anything that speaks the Prometheus HTTP API."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial

from aftergreen.model import Backend, Condition, Instant, Reading, Signal, SignalKey, View
from aftergreen.promql import bucket_selectors, ends_with_its_range, newest, samples, substitute
from aftergreen.sources.absence import Lookup, unfounded
from aftergreen.sources.answer import Answer, Refused, parse
from aftergreen.sources.classify import NOTHING, Found, classified, counted
from aftergreen.sources.explain import Explainer
from aftergreen.sources.freshness import SPANS, STALE_SCRAPES, Query, age, interval, judged
from aftergreen.sources.http import Client
from aftergreen.sources.joined import NotJoined, joined, packs, parted
from aftergreen.sources.protocol import Absence, SourceUnavailable
from aftergreen.sources.questions import Catalogue, Questions, milliseconds, runs

AT_ONCE = 8
"""Questions about the past that are under way at a time."""

RECENT = 90.0
"""Seconds for which VictoriaMetrics may hold back what is new, and by which clocks may differ, twice over."""

SCRAPE = 60.0
"""Seconds between two scrapes where they could not be measured: the longest that is usual."""

_AS_ASKED = {"nocache": "1", "latency_offset": "1ms"}
"""Has VictoriaMetrics evaluate at the times that are asked for; otherwise it moves them to suit its cache,
and back from late samples. Others do not know these parameters, and pass over them."""

Sheet = dict[tuple[str, int], Found]
"""What was found, by the text that was asked and the evaluation time in milliseconds."""


class OtherTimes(SourceUnavailable):
    """A range query was answered for other times than were asked, as by fronts that align it to its step."""


class PrometheusSource:
    """Reads signals from one backend.

    ``running`` is the query that counts serving instances by version; ``window`` is its ``$window``.
    Connections are opened by the first question, in the event loop that asks it. A ``client`` is one that
    others ask through as well.
    """

    def __init__(
        self,
        backend: Backend,
        running: str | None = None,
        window: float = 60.0,
        client: Client | None = None,
    ) -> None:
        self._backend = backend
        self._running = running
        self._window = window
        self._client = client or Client(backend)
        self._scrapes: dict[SignalKey, float | None] = {}
        self._aligns = False
        self._joins = True
        self._explainer = Explainer(self._found, partial(self._client.ask, method="GET"))

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; equal texts are asked once. ``at`` lies after the beginning of the view."""
        catalogue = Catalogue(signals, view)
        texts = [*catalogue.texts(at), *self._running_text(at, view)]
        sheet = await self._together(texts, at, [*catalogue.newest(at), *_freshness_texts(signals)])
        await self._look_into(catalogue, (at,), view, sheet)
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
                for run in self._runs(times):
                    group.create_task(self._fill(sheet, text, run, slots))
        await self._look_into(catalogue, instants, view, sheet)
        return tuple(self._instant(catalogue, at, view, sheet) for at in instants)

    async def absences(self, signals: Sequence[Signal], at: float, view: View) -> Mapping[SignalKey, Absence]:
        """See `Source.absences`; what cannot be asked is not known."""
        catalogue = Catalogue(signals, view)
        asked = {signal.key: catalogue.of(signal, at) for signal in catalogue.signals}
        sheet = await self._together((t for one in asked.values() for t in one.texts), at)
        async with asyncio.TaskGroup() as group:
            told = {
                signal.key: group.create_task(self._told(signal, asked[signal.key], at, view, sheet))
                for signal in catalogue.signals
            }
        return {key: absence for key, task in told.items() if (absence := task.result()) is not None}

    async def _told(
        self, signal: Signal, asked: Questions, at: float, view: View, sheet: Sheet
    ) -> Absence | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backend.timeout):
                return await self._explainer.told(signal, asked, at, view, _at(sheet, at))
        return None

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

    async def buckets(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, tuple[float, ...]]:
        """See `Source.buckets`; what cannot be asked has none."""
        asked = {
            signal.key: [
                f"count by (le) ({one})"
                for one in bucket_selectors(substitute(signal.query, window=60.0, version=view.version))
            ]
            for signal in signals
            if signal.query is not None
        }
        sheet = await self._together((text for texts in asked.values() for text in texts), at)
        found = {
            key: _bounds(sheet[text, milliseconds(at)] for text in texts) for key, texts in asked.items()
        }
        return {key: bounds for key, bounds in found.items() if bounds}

    async def now(self) -> float:
        """See `Source.now`."""
        try:
            async with asyncio.timeout(self._backend.timeout):
                answer = await self._answer("query", {"query": "time()", **_AS_ASKED})
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

    def _runs(self, times: Sequence[float]) -> Iterator[tuple[float, ...]]:
        """The instants in runs that one range query can evaluate; alone those that it would get wrong."""
        settled = time.time() - RECENT if self._client.moves_what_is_new else math.inf
        yield from runs(at for at in times if at <= settled)
        yield from ((at,) for at in times if at > settled)

    async def _together(self, texts: Iterable[str], at: float, ages: Iterable[str] = ()) -> Sheet:
        """Ask all texts at once under one deadline; what has no answer by then is blind.

        Of the ``ages`` many are one request. Queries of users stay apart: a slow one blinds no other.
        """
        sheet: Sheet = {}
        small = tuple(dict.fromkeys(ages))
        async with self._client.turns:
            deadline = asyncio.get_running_loop().time() + self._backend.timeout
            async with asyncio.TaskGroup() as group:
                for text in dict.fromkeys(texts):
                    if text not in small:
                        group.create_task(self._fill(sheet, text, (at,), deadline=deadline))
                for pack in packs(small):
                    group.create_task(self._fill_joined(sheet, pack, at, deadline))
        return sheet

    async def _fill_joined(self, sheet: Sheet, texts: Sequence[str], at: float, deadline: float) -> None:
        """Ask several texts in one request, and one by one where that gives nothing.

        A backend that cannot answer them so is not asked so again; half the time is kept to find out.
        """
        when, late = milliseconds(at), False
        if self._joins and len(texts) > 1:
            try:
                async with asyncio.timeout_at(deadline - self._backend.timeout / 2):
                    found = parted(texts, await self._found(joined(texts), at))
            except TimeoutError:
                late = True
            except (Refused, NotJoined):
                self._joins = False
            except SourceUnavailable:
                pass  # As it may be for each of them, which says why.
            else:
                sheet.update({(text, when): one for text, one in found.items()})
                return
        async with asyncio.TaskGroup() as group:
            for text in texts:
                group.create_task(self._fill(sheet, text, (at,), deadline=deadline))
        # Where they are answered one by one, it was the joining that took so long, and no outage.
        if late and not any(sheet[text, when].failure for text in texts):
            self._joins = False

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
            if len(run) > 1 and (self._aligns or ends_with_its_range(text)):
                await self._fill_each(sheet, text, run)
                return
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + self._backend.timeout
            try:
                async with asyncio.timeout_at(deadline):
                    found = await (self._moment(text, run[0]) if len(run) == 1 else self._range(text, run))
            except OtherTimes:
                self._aligns = True
                await self._fill_each(sheet, text, run)
                return
            except TimeoutError:
                found = _everywhere(run, Found(failure=self._too_late()))
            except SourceUnavailable as error:
                found = _everywhere(run, Found(failure=str(error), refused=isinstance(error, Refused)))
        sheet.update({(text, at): one for at, one in found.items()})

    async def _fill_each(self, sheet: Sheet, text: str, run: tuple[float, ...]) -> None:
        """Ask instant by instant, each under a deadline of its own."""
        for at in run:
            await self._fill(sheet, text, (at,))

    async def _found(self, text: str, at: float) -> Found:
        """What one query gives at one time; raises `SourceUnavailable`."""
        return (await self._moment(text, at))[milliseconds(at)]

    async def _moment(self, text: str, at: float) -> dict[int, Found]:
        form = {"query": text, "time": f"{at:.3f}", **_AS_ASKED}
        answer = await self._answer("query", form)
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
            **_AS_ASKED,
        }
        return _columns(await self._answer("query_range", form), run)

    async def _answer(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        status, body = await self._client.ask(endpoint, form)
        return parse(status, body, ranged=endpoint == "query_range")

    def _too_late(self) -> str:
        return f"Prometheus did not answer within {self._backend.timeout:g} s: raise metrics.timeout"

    # Reading what was found

    async def _look_into(
        self, catalogue: Catalogue, instants: Sequence[float], view: View, sheet: Sheet
    ) -> None:
        """Find out what stands behind numbers without series, where the queries do not tell."""
        wanted: dict[SignalKey, tuple[Signal, float]] = {}
        for at in instants:
            for signal in catalogue.signals:
                if unfounded(signal, catalogue.of(signal, at), _at(sheet, at)):
                    wanted[signal.key] = signal, at
        if not wanted:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backend.timeout), asyncio.TaskGroup() as group:
                for signal, at in wanted.values():
                    asking = self._explainer.look_into(signal, catalogue.of(signal, at), at, view)
                    group.create_task(asking)

    def _absence(self, signal: Signal, asked: Questions, view: View, look: Lookup) -> str:
        """Why a number that no series stands behind is not known to mean zero; empty where it is."""
        if not unfounded(signal, asked, look) or self._explainer.named(signal, view):
            return ""
        return self._explainer.why(signal, view)

    def _instant(self, catalogue: Catalogue, at: float, view: View, sheet: Sheet) -> Instant:
        when = milliseconds(at)
        readings = {
            signal.key: self._reading(signal, catalogue.of(signal, at), at, view, sheet)
            for signal in catalogue.signals
        }
        running = [_running(sheet[text, when]) for text in self._running_text(at, view)]
        fresh = [self._fresh(sheet[text, when], at) for text in _freshness_texts(catalogue.signals)]
        return Instant(at, readings, running[0] if running else None, fresh[0] if fresh else None)

    def _fresh(self, found: Found, at: float) -> bool:
        """Whether the backend's own series of scrapes goes on, whatever the targets say."""
        slowest = max((known for known in self._scrapes.values() if known is not None), default=SCRAPE)
        return any(at - taken <= STALE_SCRAPES * slowest for taken in found.values)

    def _reading(self, signal: Signal, asked: Questions, at: float, view: View, sheet: Sheet) -> Reading:
        look = _at(sheet, at)
        found = {role: look(text) for role, text in asked.queries.items()}
        queries = [
            Query(found[role], tuple(look(text) for text in asked.ages[role]), role in asked.alone)
            for role in asked.queries
        ]
        absence = self._absence(signal, asked, view, look)
        reading = classified(signal, found, absence)
        reading = judged(reading, age(queries), at, self._scrapes.get(signal.key))
        # What was tried while nobody could see whether it failed proves nothing.
        if absence or not asked.totals:
            return reading
        return replace(reading, total=counted(signal, {r: look(t) for r, t in asked.totals.items()}))


def _bounds(found: Iterable[Found]) -> tuple[float, ...]:
    """The finite upper bounds of buckets, by their label."""
    bounds = set()
    for answer in found:
        for labels in answer.labels:
            with suppress(ValueError):
                bounds.add(float(labels.get("le", "")))
    return tuple(sorted(bound for bound in bounds if math.isfinite(bound)))


def _at(sheet: Sheet, at: float) -> Lookup:
    when = milliseconds(at)
    return lambda text: sheet.get((text, when), NOTHING)


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
                raise OtherTimes("Prometheus answered for other times than were asked")
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
