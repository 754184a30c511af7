"""Ages of many signals are one request; a backend that cannot answer it is asked one by one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.drill.promql.evaluate import evaluate, parse
from aftergreen.drill.promql.store import Store
from aftergreen.model import Backend, Kind
from aftergreen.promql import newest
from aftergreen.sources.classify import Found
from aftergreen.sources.joined import AT_MOST, NotJoined, joined, packs, parted
from aftergreen.sources.prometheus import PrometheusSource
from tests.scripted import Reply, Request, Script, answer, error, scripted, vector
from tests.sourced import ANY, AT, JOINED, POOL, always, by_query

FIVE = tuple(replace(POOL, name=f"pool {n}", query=f"sum(pool_{n})") for n in range(5))
FULL = by_query({}, otherwise=vector("7"))


def is_joined(request: Request) -> bool:
    return bool(JOINED.search(request.query))


async def polls(script: Script, count: int = 1, seconds: float = 60.0) -> list[list[Request]]:
    """The requests of some polls, each of which finds all five pools full of fresh sevens."""
    asked: list[list[Request]] = []
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=seconds))
        for _ in range(count):
            backend.requests.clear()
            instant = await source.read(FIVE, AT, ANY)
            found = [instant.readings[pool.key] for pool in FIVE]
            assert [(one.kind, one.value, one.newest) for one in found] == [(Kind.VALUE, 7.0, AT)] * 5
            asked.append(list(backend.requests))
        await source.close()
    return asked


async def test_the_ages_of_five_signals_are_one_request_and_their_queries_stay_apart() -> None:
    (asked,) = await polls(FULL)
    assert {request.query for request in asked if not is_joined(request)} == {s.query for s in FIVE}
    (together,) = (request.query for request in asked if is_joined(request))
    assert [text for text, _ in JOINED.findall(together)] == [newest(f"pool_{n}") for n in range(5)]


NOT_TELLING = {
    "no label": vector("1000"),
    "an unknown number": answer("vector", [{"metric": {"question": "9"}, "value": [AT, "1000"]}]),
    "twice the same": answer("vector", [{"metric": {"question": "0"}, "value": [AT, "1000"]}] * 2),
    "another label": answer("vector", [{"metric": {"question": "0", "a": "b"}, "value": [AT, "1000"]}]),
    "refused": error("bad_data", "unknown function label_replace"),
}


@pytest.mark.parametrize("body", NOT_TELLING.values(), ids=NOT_TELLING)
async def test_a_backend_that_cannot_answer_several_in_one_is_asked_so_once(body: bytes) -> None:
    asked = await polls(lambda request: Reply(body) if is_joined(request) else FULL(request), 2)
    assert [sum(map(is_joined, poll)) for poll in asked] == [1, 0]
    assert [len(poll) for poll in asked] == [11, 10]


async def test_half_of_the_time_is_kept_for_asking_one_by_one() -> None:
    never = Reply(after=asyncio.Event())
    asked = await polls(lambda request: never if is_joined(request) else FULL(request), 2, seconds=2.0)
    assert [sum(map(is_joined, poll)) for poll in asked] == [1, 0]


async def test_a_backend_that_hung_is_asked_several_in_one_again() -> None:
    never = Reply(after=asyncio.Event())
    async with scripted(always(never)) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=0.2))
        hung = (await source.read(FIVE, AT, ANY)).readings
        assert {one.kind for one in hung.values()} == {Kind.BLIND}
        backend.script = FULL
        backend.requests.clear()
        await source.read(FIVE, AT, ANY)
        assert sum(map(is_joined, backend.requests)) == 1
        await source.close()


async def test_after_an_outage_several_are_asked_in_one_again() -> None:
    failures = [Reply(status=503)]

    def script(request: Request) -> Reply:
        return failures.pop() if failures and is_joined(request) else FULL(request)

    asked = await polls(script, 2)
    assert [sum(map(is_joined, poll)) for poll in asked] == [1, 1]
    assert [len(poll) for poll in asked] == [11, 6]


async def test_one_that_fails_alone_takes_no_other_along() -> None:
    def script(request: Request) -> Reply:
        too_many = Reply(error("execution", "too many samples"), 422)
        return too_many if newest("pool_3") in request.query else FULL(request)

    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url))
        readings = (await source.read(FIVE, AT, ANY)).readings
        await source.close()
    # Its age is not known, as where a dialect has no timestamp(); those of the others are.
    assert [readings[pool.key].newest for pool in FIVE] == [AT, AT, AT, None, AT]
    assert {readings[pool.key].value for pool in FIVE} == {7.0}


def test_a_request_holds_so_many_and_no_more() -> None:
    texts = [newest(f"x{n}") for n in range(2 * AT_MOST + 1)]
    assert [len(pack) for pack in packs(texts)] == [AT_MOST, AT_MOST, 1]
    assert [text for pack in packs(texts) for text in pack] == texts


def test_what_was_remarked_of_the_whole_is_remarked_of_each() -> None:
    found = Found((5.0,), ({"question": "1"},), partial="a store is down", notes=("slow",))
    assert parted(["a", "b"], found) == {
        "a": Found(partial="a store is down", notes=("slow",)),
        "b": Found((5.0,), ({},), partial="a store is down", notes=("slow",)),
    }


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8, unique=True), st.sets(st.integers(0, 9)))
def test_each_gets_what_it_would_have_got_alone(asked: list[int], there: set[int]) -> None:
    store = Store()
    for number in there:
        store.series({"__name__": f"x{number}", "question": "3"}).append(1000 * number, 1.0)
    texts = [newest(f"x{number}") for number in asked]

    def found(query: str) -> Found:
        value = evaluate(store, parse(query), 60_000)
        assert isinstance(value, dict)
        return Found(tuple(value.values()), tuple(dict(labels) for labels in value))

    assert parted(texts, found(joined(texts))) == {text: found(text) for text in texts}


def test_an_answer_to_something_else_is_not_taken_for_one() -> None:
    with pytest.raises(NotJoined):
        parted(["a"], Found((5.0,), ({},)))
