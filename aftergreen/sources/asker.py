"""Asks a backend texts at times, each of them in as few questions as give the same answers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext

from aftergreen.promql import ends_with_its_range
from aftergreen.sources.answer import Answer, Refused, is_time, parse
from aftergreen.sources.classify import Found
from aftergreen.sources.http import Client, Late
from aftergreen.sources.joined import NotJoined, joined, packs, parted
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.questions import milliseconds, runs

AT_ONCE = 8
"""Questions about the past that are under way at a time."""

RECENT = 90.0
"""Seconds for which VictoriaMetrics may hold back what is new, and by which clocks may differ, twice over."""

_AS_ASKED = {"nocache": "1", "latency_offset": "1ms"}
"""Has VictoriaMetrics evaluate at the times that are asked for; otherwise it moves them to suit its cache,
and back from late samples. Others do not know these parameters, and pass over them."""

Sheet = dict[tuple[str, int], Found]
"""What was found, by the text that was asked and the evaluation time in milliseconds."""


class OtherTimes(SourceUnavailable):
    """A range query was answered for other times than were asked, as by fronts that align it to its step."""


class Asker:
    """Asks through one client, and remembers which ways of asking its backend does not have."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._backend = client.backend
        self._aligns = False
        self._joins = True

    def _runs(self, times: Sequence[float]) -> Iterator[tuple[float, ...]]:
        """The instants in runs that one range query can evaluate; alone those that it would get wrong."""
        settled = time.time() - RECENT if self._client.moves_what_is_new else math.inf
        yield from runs(at for at in times if at <= settled)
        yield from ((at,) for at in times if at > settled)

    async def together(self, texts: Iterable[str], at: float, ages: Iterable[str] = ()) -> Sheet:
        """Ask all texts at once under one deadline; what has no answer by then is blind.

        Of the ``ages`` many are one request. Queries of users stay apart: a slow one blinds no other.
        """
        sheet: Sheet = {}
        small = dict.fromkeys(ages)
        async with self._client.turns:
            deadline = asyncio.get_running_loop().time() + self._backend.timeout
            async with asyncio.TaskGroup() as group:
                for text in dict.fromkeys(texts):
                    if text not in small:
                        group.create_task(self._fill(sheet, text, (at,), deadline=deadline))
                for pack in packs(tuple(small)):
                    group.create_task(self._fill_joined(sheet, pack, at, deadline))
        return sheet

    async def _fill_joined(self, sheet: Sheet, texts: Sequence[str], at: float, deadline: float) -> None:
        """Ask several texts in one request, and one by one where that gives nothing.

        A backend that cannot answer them so is not asked so again; half the time is kept to find out.
        """
        when, late = milliseconds(at), False
        if self._joins and len(texts) > 1:
            try:
                half = deadline - self._backend.timeout / 2
                found = parted(texts, await self.found(joined(texts), at, half))
            except Late:
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
                asking = (
                    self._moment(text, run[0], deadline)
                    if len(run) == 1
                    else self._range(text, run, deadline)
                )
                found = await asking
            except OtherTimes:
                self._aligns = True
                await self._fill_each(sheet, text, run)
                return
            except SourceUnavailable as error:
                found = _everywhere(run, Found(failure=str(error), refused=isinstance(error, Refused)))
        sheet.update({(text, at): one for at, one in found.items()})

    async def _fill_each(self, sheet: Sheet, text: str, run: tuple[float, ...]) -> None:
        """Ask instant by instant, each under a deadline of its own."""
        for at in run:
            await self._fill(sheet, text, (at,))

    async def over_time(self, wanted: Mapping[str, Sequence[float]]) -> Sheet:
        """Ask each text at its instants, each question under a deadline of its own.

        A text that is asked at evenly spaced instants is asked by range queries that evaluate at exactly
        these times.
        """
        sheet: Sheet = {}
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for text, times in wanted.items():
                for run in self._runs(times):
                    group.create_task(self._fill(sheet, text, run, slots))
        return sheet

    async def found(self, text: str, at: float, deadline: float | None = None) -> Found:
        """What one query gives at one time; raises `SourceUnavailable`."""
        return (await self._moment(text, at, deadline))[milliseconds(at)]

    async def _moment(self, text: str, at: float, deadline: float | None) -> dict[int, Found]:
        form = {"query": text, "time": f"{at:.3f}", **_AS_ASKED}
        answer = await self._answer("query", form, deadline)
        values = tuple(series.samples[0][1] for series in answer.series)
        labels = tuple(series.labels for series in answer.series)
        return {milliseconds(at): Found(values, labels, partial=answer.partial, notes=answer.notes)}

    async def _range(self, text: str, run: tuple[float, ...], deadline: float) -> dict[int, Found]:
        step = (milliseconds(run[1]) - milliseconds(run[0])) / 1000
        form = {
            "query": text,
            "start": f"{run[0]:.3f}",
            "end": f"{run[-1]:.3f}",
            "step": f"{step:.3f}",
            **_AS_ASKED,
        }
        return _columns(await self._answer("query_range", form, deadline), run)

    async def now(self) -> float:
        """The backend's time, in seconds since the epoch; raises `SourceUnavailable`."""
        deadline = asyncio.get_running_loop().time() + self._backend.timeout
        answer = await self._answer("query", {"query": "time()", **_AS_ASKED}, deadline)
        times = [value for series in answer.series for _, value in series.samples]
        if len(times) != 1 or not is_time(times[0]):
            raise SourceUnavailable("the backend does not tell the time: it is no Prometheus API")
        return times[0]

    async def _answer(self, endpoint: str, form: Mapping[str, str], deadline: float | None) -> Answer:
        status, body = await self._client.ask(endpoint, form, deadline=deadline)
        answer = parse(status, body, ranged=endpoint == "query_range")
        # No deadline ends what does not wait.
        if deadline is not None and asyncio.get_running_loop().time() > deadline:
            raise self._client.late(len(body))
        return answer


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
