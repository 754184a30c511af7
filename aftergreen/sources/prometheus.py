"""Readings from anything that speaks the Prometheus HTTP API."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from aftergreen.model import Backend, Condition, Instant, Reading, Signal, SignalKey, View
from aftergreen.promql import bucket_selectors, newest, samples, substitute
from aftergreen.sources.absence import Lookup, unfounded
from aftergreen.sources.asker import Asker, Sheet
from aftergreen.sources.classify import NOTHING, Found, classified, counted
from aftergreen.sources.explain import Explainer
from aftergreen.sources.freshness import SPANS, STALE_SCRAPES, Query, age, interval, judged
from aftergreen.sources.http import Client
from aftergreen.sources.protocol import Absence
from aftergreen.sources.questions import Catalogue, Questions, milliseconds

SCRAPE = 60.0
"""Seconds between two scrapes where they could not be measured: the longest that is usual."""


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
        self._asker = Asker(self._client)
        self._explainer = Explainer(self._asker.found, partial(self._client.ask, method="GET"))

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """See `Source.read`; equal texts are asked once. ``at`` lies after the beginning of the view."""
        catalogue = Catalogue(signals, view)
        texts = [*catalogue.texts(at), *self._running_text(at, view)]
        sheet = await self._asker.together(texts, at, [*catalogue.newest(at), *_freshness_texts(signals)])
        await self._look_into(catalogue, (at,), view, sheet)
        return self._instant(catalogue, at, view, sheet)

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """See `Source.history`; where windows are cut off by the view, each instant has its own text."""
        catalogue = Catalogue(signals, view)
        wanted: dict[str, list[float]] = {}
        for at in instants:
            for text in (*catalogue.texts(at), *self._running_text(at, view), *_freshness_texts(signals)):
                wanted.setdefault(text, []).append(at)
        sheet = await self._asker.over_time(wanted)
        await self._look_into(catalogue, instants, view, sheet)
        return tuple(self._instant(catalogue, at, view, sheet) for at in instants)

    async def absences(self, signals: Sequence[Signal], at: float, view: View) -> Mapping[SignalKey, Absence]:
        """See `Source.absences`; what cannot be asked is not known."""
        catalogue = Catalogue(signals, view)
        asked = {signal.key: catalogue.of(signal, at) for signal in catalogue.signals}
        sheet = await self._asker.together((t for one in asked.values() for t in one.texts), at)
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
        sheet = await self._asker.together(wanted, at)
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
        sheet = await self._asker.together((text for texts in asked.values() for text in texts), at)
        found = {
            key: _bounds(sheet[text, milliseconds(at)] for text in texts) for key, texts in asked.items()
        }
        return {key: bounds for key, bounds in found.items() if bounds}

    async def now(self) -> float:
        """See `Source.now`."""
        return await self._asker.now()

    async def close(self) -> None:
        """See `Source.close`."""
        await self._client.close()

    def _running_text(self, at: float, view: View) -> tuple[str, ...]:
        if self._running is None:
            return ()
        window = self._window if view.since is None else min(self._window, at - view.since)
        return (substitute(self._running, window=window, version=view.version),)

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
