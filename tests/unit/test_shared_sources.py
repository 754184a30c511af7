"""Several watches in one loop: who asks the same backend does so over shared connections, in turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aftergreen.model import Backend, Kind, Plan
from aftergreen.sources.http import CONNECTIONS, POLLS
from aftergreen.sources.protocol import Source
from aftergreen.sources.shared import SharedSources
from tests.scenario import plan
from tests.scripted import Reply, scripted, vector
from tests.sourced import ANY, AT, POOL, always
from tests.waiting import HANG, skip, until


def watched(url: str) -> Plan:
    return plan(signals=(POOL,), backend=Backend(url, timeout=HANG))


async def kind(source: Source, at: float = AT) -> Kind:
    signals = [replace(POOL, name=f"pool {n}", query=f"sum(pool{n})") for n in range(10)]
    instant = await source.read(signals, at, ANY)
    kinds = {reading.kind for reading in instant.readings.values()}
    assert len(kinds) == 1
    return kinds.pop()


async def test_twenty_watches_of_one_backend_share_its_connections() -> None:
    async with scripted(always(Reply(vector(f"{AT}")))) as backend:
        sources = SharedSources()
        opened = [sources(watched(backend.url)) for _ in range(20)]
        assert await asyncio.gather(*map(kind, opened)) == [Kind.VALUE] * 20
        assert backend.connections <= CONNECTIONS
        for source in opened:
            await source.close()


async def test_the_watch_that_ends_first_leaves_the_others_their_connections() -> None:
    async with scripted(always(Reply(vector(f"{AT}")))) as backend:
        sources = SharedSources()
        first, second = sources(watched(backend.url)), sources(watched(backend.url))
        assert await kind(first) is Kind.VALUE
        held = backend.connections
        await first.close()
        assert await kind(second) is Kind.VALUE
        assert backend.connections == held
        await second.close()
        # And whoever comes after all have gone opens new ones.
        late = sources(watched(backend.url))
        assert await kind(late) is Kind.VALUE
        assert backend.connections > held
        await late.close()


async def test_a_watch_waits_for_its_turn_before_its_deadline_begins() -> None:
    answered = asyncio.Event()
    async with scripted(lambda _request: Reply(vector(f"{AT}"), after=answered)) as backend:
        sources = SharedSources()
        opened = [sources(watched(backend.url)) for _ in range(POLLS + 1)]
        polls = [asyncio.create_task(kind(source, AT + n)) for n, source in enumerate(opened)]
        await until(lambda: backend.connections == CONNECTIONS, "connections that are all in use")

        def asked() -> bool:
            return f"{AT + POLLS:.3f}" in {request.form["time"] for request in backend.requests}

        assert not asked(), "the last one has to wait"
        # All the others are given up; what it waited is no time of its own.
        skip(HANG + 1)
        await until(asked, "the turn of the last one")
        answered.set()
        assert await asyncio.gather(*polls) == [*[Kind.BLIND] * POLLS, Kind.VALUE]
        for source in opened:
            await source.close()


async def test_watches_of_other_backends_are_asked_on_their_own() -> None:
    async with (
        scripted(always(Reply(vector(f"{AT}")))) as one,
        scripted(always(Reply(vector(f"{AT}")))) as other,
    ):
        sources = SharedSources()
        opened = [sources(watched(backend.url)) for backend in (one, other)]
        assert await asyncio.gather(*map(kind, opened)) == [Kind.VALUE] * 2
        assert one.connections > 0
        assert other.connections > 0
        for source in opened:
            await source.close()
